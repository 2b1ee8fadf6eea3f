# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands whose instance loses its agent while they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Reply
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection import invoker
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.agent_watch import (
    AgentWatch,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.failures import (
    Unreachable,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError
from support.local_agent import LocalAgent, run, session

OFFLINE, ONLINE = "false", "true"
FORBIDDEN = ApiError("DescribeCloudAssistantStatus", "Forbidden.RAM", "not allowed", "REQUEST", 403, "host", None)


class Losing(LocalAgent):
    """Its invocations run until `looks` states of its agent were read: a status, None for no row, or an error."""

    looks: Sequence[Any] = ()
    ends = True

    def call(self, operation: str, params: Mapping[str, Any], *, deadline: Any = None) -> Reply:
        """Answer as the client does."""
        reply = super().call(operation, params, deadline=deadline)
        looked = self.count("DescribeCloudAssistantStatus")
        if operation == "DescribeCloudAssistantStatus":
            state = self.looks[min(looked, len(self.looks)) - 1]
            if isinstance(state, ApiError):
                raise state
            row = {"InstanceId": params["InstanceId"][0], "CloudAssistantStatus": state}
            rows = [] if state is None else [row]
            return Reply({"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": rows}})
        if operation == "DescribeInvocationResults" and (looked < len(self.looks) or not self.ends):
            running = {"InvokeId": params["InvokeId"], "InvocationStatus": "Running"}
            return Reply({"Invocation": {"InvocationResults": {"InvocationResult": [running]}}})
        return reply


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Losing:
    monkeypatch.setattr(invoker, "_STOP_SECONDS", 0.1)
    monkeypatch.setattr(invoker, "AgentWatch", lambda client, instance, _seconds: AgentWatch(client, instance, 0.05))
    return Losing(tmp_path / "home")


def test_the_host_is_unreachable_once_its_agent_stays_offline(tmp_path: Path, agent: Losing) -> None:
    run(session(agent, tmp_path, poll_interval=0.1), "true")
    agent.looks, agent.ends = (ONLINE, OFFLINE, ONLINE, OFFLINE, OFFLINE), False
    with pytest.raises(Unreachable, match="agent went offline while the command was running.*may still be running"):
        run(session(agent, tmp_path, poll_interval=0.1), "true")
    assert agent.count("DescribeCloudAssistantStatus") == len(agent.looks)
    assert agent.count("StopInvocation") == 1


@pytest.mark.parametrize(
    "looks",
    [(OFFLINE, ONLINE) * 2, (OFFLINE, None) * 2, (None,) * 4, (FORBIDDEN,) * 4],
    ids=["back again", "not listed in between", "not listed", "not allowed"],
)
def test_a_command_whose_agent_may_be_there_is_waited_for(tmp_path: Path, agent: Losing, looks: Sequence[Any]) -> None:
    run(session(agent, tmp_path, poll_interval=0.1), "true")
    agent.looks = looks
    assert run(session(agent, tmp_path, poll_interval=0.1), "echo fine").stdout == b"fine\n"
    assert agent.count("StopInvocation") == 0


def test_a_short_command_asks_for_no_agent(tmp_path: Path, agent: Losing) -> None:
    assert run(session(agent, tmp_path, poll_interval=0.1), "echo fine").stdout == b"fine\n"
    assert agent.count("DescribeCloudAssistantStatus") == 0
