# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to its call: RunCommand, InvokeCommand, the dry run, and the stored command of the classic API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import Command
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import calls
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.request import RunRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError, CloudError
from support.memory_service import Service, ids

COMMAND = Command("c-1", "greet", "RunShellScript", b"echo hi", timeout=300)


def request(script: bytes | None = b"echo hi", **options: Any) -> RunRequest:
    return RunRequest.of(Targets.of(ids(2)), None if script is None else ScriptContent(script), **options)


def test_a_script_is_run_and_a_stored_command_invoked():
    with calls.call_for(Service(), request(name="n", timeout=9), None, {"k": "v"}, print) as call:  # type: ignore[arg-type]
        assert (call.operation, call.timeout, call.script_type) == ("RunCommand", 9, "RunShellScript")
        assert call.params["Tag"] == [{"Key": "k", "Value": "v"}]
        assert call.params["Name"] == "n"
    with calls.call_for(Service(), request(None, command_id="c-1"), COMMAND, {}, print) as call:  # type: ignore[arg-type]
        assert (call.operation, call.command_id, call.timeout) == ("InvokeCommand", "c-1", 300)
        assert "CommandContent" not in call.params


def test_the_id_of_a_container_is_sent_in_lower_case():
    sent = calls.dry_run_call(request(container_id="docker://" + "AB" * 32), None)
    assert sent.params["ContainerId"] == "docker://" + "ab" * 32


def test_the_dry_run_has_neither_schedule_nor_tags():
    call = calls.dry_run_call(request(frequency="rate(1h)", keep_command=True, tags={"k": "v"}), None)
    assert call.params["RepeatMode"] == "DryRun"
    assert [call.params[name] for name in ("Frequency", "KeepCommand", "Tag")] == [None] * 3


@pytest.mark.parametrize("keep", [True, False])
def test_the_classic_api_stores_the_script_for_the_run_and_always_removes_it(keep: bool):
    service = Service(generation="classic")
    wanted = request(keep_command=keep, working_dir="/srv", timeout=77)
    with pytest.raises(KeyError), calls.call_for(service, wanted, None, {}, print) as call:  # type: ignore[arg-type]
        assert (call.operation, call.command_id, call.exclusive) == ("InvokeCommand", "c-stored", True)
        assert (call.params["WorkingDir"], call.params["Timeout"]) == (None, None)
        assert service.sent[0]["WorkingDir"] == "/srv"
        raise KeyError
    assert service.requests["DeleteCommand"] == (not keep)


def test_a_stored_script_that_cannot_be_removed_is_reported():
    denied = ApiError("DeleteCommand", "Forbidden.RAM", "not authorized", "R-1", 403, "host")

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        return denied if operation == "DeleteCommand" else None

    left: list[CloudError] = []
    service = Service(generation="classic", refuse=refuse)
    with calls.call_for(service, request(), None, {}, left.append):  # type: ignore[arg-type]
        pass
    assert "c-stored" in str(left[0])
    assert left[0].result["error"]["code"] == "Forbidden.RAM"
