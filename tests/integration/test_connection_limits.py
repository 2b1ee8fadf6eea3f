# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays over the connection plugin against the limits of an account: calls per minute, and invocations per day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from emulator.testing import Emulator, start_emulator
from playbook_runner import CALLBACKS, PlayResult, run_playbook

HOSTS, MINUTE = 4, 1
CALLS = 4
"""Calls of one operation in a minute; the play needs several minutes."""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: count, raw: "echo {{ item }} >>/root/ran; cat /root/ran", loop: [1, 2, 3, 4]}
"""
# the workers are forked from the process that loads the callbacks
SHORT_MINUTE = f"""
from ansible.plugins.callback import CallbackBase
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection import pace

pace.MINUTE, pace._SPREAD = {MINUTE}, 0.2


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "short_minute"
    CALLBACK_NEEDS_ENABLED = True
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with start_emulator(instances=HOSTS, throttle_window_s=MINUTE) as running:
        yield running


def play(emulator: Emulator, folder: Path, *, told: Mapping[str, int], **limits: Any) -> PlayResult:
    """Run the play on fresh instances, with minutes of a second: what the plugin is told, and the service's limits."""
    ids = emulator.reset(instances=HOSTS)
    emulator.options(throttle_window_s=MINUTE, **limits)
    (folder / "hosts.ini").write_text("\n".join(ids) + "\n", encoding="utf-8")
    (folder / "callbacks").mkdir()
    (folder / "callbacks" / "short_minute.py").write_text(SHORT_MINUTE, encoding="utf-8")
    settings = {
        "ANSIBLE_CALLBACK_PLUGINS": f"{CALLBACKS}:{folder / 'callbacks'}",
        "ANSIBLE_CALLBACKS_ENABLED": "result_lines,short_minute",
        "ANSIBLE_TRANSPORT": "cloudops.cloud_assistant.ecs_assistant",
        "ANSIBLE_ECS_ASSISTANT_POLL_INTERVAL": "0.2",
        "ANSIBLE_FORKS": str(HOSTS),
        **{f"ANSIBLE_ECS_ASSISTANT_{name.upper()}": str(value) for name, value in told.items()},
        **emulator.env(),
        # what is counted and known begins anew
        "ANSIBLE_ECS_ASSISTANT_CACHE_DIR": str(folder / "cache"),
    }
    return run_playbook(PLAY, folder, env=settings, arguments=["-i", str(folder / "hosts.ini"), "-vv"])


def starts(emulator: Emulator, code: str = "") -> int:
    """Return how many scripts were started, or with a code, how many starts the service refused with it."""
    asked = [request for request in emulator.requests() if request["action"] == "RunCommand"]
    return sum(request["code"] == code for request in asked)


@pytest.mark.parametrize("told", [CALLS, 0], ids=["the plugin knows the limit", "only the service knows it"])
def test_workers_share_the_calls_of_a_minute(emulator: Emulator, tmp_path: Path, told: int) -> None:
    limit = f"RunCommand={CALLS},DescribeInvocationResults={CALLS}"
    result = play(emulator, tmp_path, told={"calls_per_minute": told}, calls_per_minute=limit)
    assert result.rc == 0, result.output
    for row in result.results:
        # each ran once, in its turn
        outputs = [one["stdout"].split() for one in row["result"]["results"]]
        assert outputs == [["1"], ["1", "2"], ["1", "2", "3"], ["1", "2", "3", "4"]]
    # the first contact with each, and the four commands
    assert starts(emulator) == HOSTS * 5
    # of each worker no more than the one that closes the minute for all, or that arrives in the next one
    assert starts(emulator, "Throttling.User") <= HOSTS * 5


def test_the_quota_of_a_day_is_counted_and_its_end_reported(emulator: Emulator, tmp_path: Path) -> None:
    quota = HOSTS * 3
    result = play(emulator, tmp_path, told={"daily_quota": quota}, quota_invocations=quota)
    assert result.rc == 2, result.output
    assert starts(emulator) == quota
    messages = [row["result"]["results"][-1]["msg"] for row in result.results if row["outcome"] == "failed"]
    assert messages and all(
        "Invocation.ExceedQuota" in text and "max-axt-invocation-daily" in text for text in messages
    )
    # older releases break the lines of a warning
    shown = " ".join(result.output.split())
    assert shown.count("of the daily quota (ansible_ecs_assistant_daily_quota)") == 1
    assert f"{quota} invocations of the region today" in shown
