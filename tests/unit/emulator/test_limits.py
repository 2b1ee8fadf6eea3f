# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service and its agents limit: turns of an agent, calls per minute, and options that change at run time."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from contract.sdk import Sdk, until
from emulator.options import Options, changed
from emulator.throttling import Throttle, read_limits

# waits for a file that ends it
_HELD = "while ! test -e /root/go; do sleep 0.05; done"


def _statuses(sdk: Sdk, invocations: list[str]) -> list[str]:
    return [sdk.invocation(identity).invoke_instances.invoke_instance[0].invocation_status for identity in invocations]


def test_an_agent_runs_some_scripts_holds_some_and_takes_no_more(emulator: Any):
    emulator.options(agent_slots=2, agent_queue=1)
    sdk = Sdk(emulator)
    target = sdk.instance_ids()[0]
    first = [sdk.run(_HELD, [target]) for _turn in range(2)]
    until(lambda: _statuses(sdk, first), lambda found: found == ["Running"] * 2)
    held, undelivered = sdk.run(_HELD, [target]), sdk.run(_HELD, [target])
    cancelled = sdk.run(_HELD, [target])
    sdk.call("StopInvocation", {"InvokeId": cancelled})
    emulator.advance(61)
    until(lambda: _statuses(sdk, [undelivered]), lambda found: found == ["Aborted"])
    assert _statuses(sdk, [*first, held, cancelled]) == ["Running", "Running", "Pending", "Cancelled"]
    row = sdk.invocation(undelivered).invoke_instances.invoke_instance[0]
    assert (row.error_code, row.start_time) == ("DeliveryTimeout", "")
    # a file does not wait for a turn
    sdk.call("SendFile", {"InstanceId.1": target, "Name": "go", "TargetDir": "/root", "Content": "x"})
    until(lambda: _statuses(sdk, [*first, held]), lambda found: found == ["Success"] * 3)
    assert len(emulator.executions()[target]) == 3


def test_a_place_that_becomes_free_is_taken(emulator: Any):
    emulator.options(agent_slots=1, agent_queue=0)
    sdk = Sdk(emulator)
    invocations = [sdk.run("echo $0", sdk.instance_ids()[:1]) for _turn in range(6)]
    until(lambda: _statuses(sdk, invocations), lambda found: found == ["Success"] * 6)


def test_what_an_agent_holds_is_lost_with_its_instance(emulator: Any):
    emulator.options(agent_slots=1)
    sdk = Sdk(emulator)
    target = sdk.instance_ids()[0]
    running, held = sdk.run(_HELD, [target]), sdk.run(_HELD, [target])
    until(lambda: _statuses(sdk, [running]), lambda found: found == ["Running"])
    emulator.instance(target, "reboot")
    rows = [sdk.finished(identity).invoke_instances.invoke_instance[0] for identity in (running, held)]
    assert [(row.invocation_status, row.error_code) for row in rows] == [("Error", "InstanceRestarted")] * 2
    assert [run["invoke_id"] for run in emulator.executions()[target]] == [running]


def test_calls_per_minute(emulator: Any):
    # a minute so long that the test sees one of them
    emulator.options(calls_per_minute="DescribeRegions=2,DescribeInstances=9", throttle_window_s=10**7)
    sdk = Sdk(emulator)
    codes = []
    for _turn in range(4):
        try:
            sdk.call("DescribeRegions")
            codes.append("")
        except Exception as error:  # the SDK's own class
            codes.append(error.code)
    assert codes == ["", "", "Throttling.User", "Throttling.User"]
    assert sdk.instance_ids(), "another operation has its own count"
    emulator.advance(10**7)
    sdk.call("DescribeRegions")


def test_limits_as_text():
    assert read_limits("200") == {"*": 200}
    assert read_limits("RunCommand=60, *=200") == {"RunCommand": 60, "*": 200}
    assert read_limits("") == {}
    for text in ("many", "RunCommand=", "=5", "RunCommand:5", "-1"):
        with pytest.raises(ValueError, match="OPERATION=NUMBER"):
            read_limits(text)


def test_minutes_of_operations_and_regions_are_apart():
    throttle = Throttle()
    calls = [("r", "A", 0), ("r", "A", 59), ("r", "B", 59), ("s", "A", 59), ("r", "A", 60), ("r", "A", 61)]
    refused = [throttle.refuses(region, action, "1", now, 60) for region, action, now in calls]
    assert refused == [False, True, False, False, False, True]


def test_latencies_that_change_at_run_time(emulator: Any):
    sdk = Sdk(emulator)
    emulator.options(api_latency_ms=120)
    before = time.monotonic()
    sdk.call("DescribeRegions")
    assert time.monotonic() - before >= 0.12
    emulator.options(api_latency_ms=0, report_latency_ms=10**6)
    target = sdk.instance_ids()[0]
    late = sdk.run("true", [target])
    until(lambda: emulator.executions().get(target), lambda runs: runs and runs[0]["rc"] == 0)
    assert _statuses(sdk, [late]) == ["Running"], "the agent's report is on its way"
    assert emulator.control("GET", "options")["report_latency_ms"] == 10**6
    emulator.reset()
    assert Counter(emulator.control("GET", "options").values())[10**6] == 0, "a reset restores the options"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"api_latency_ms": -1}, "api_latency_ms: a number of 0 or more is wanted, not -1"),
        ({"api_latency_ms": True}, "not True"),
        ({"agent_slots": 0}, "agent_slots: a whole number of 1 or more"),
        ({"agent_slots": 2.5}, "a whole number of 1 or more is wanted, not 2.5"),
        ({"generation": "old"}, "generation: one of auto, current, classic"),
        ({"calls_per_minute": "some"}, "calls_per_minute: a number of calls"),
        ({"install_needs_reboot": "yes"}, "true or false"),
        ({"isolation": "none"}, "isolation is not an option that can change"),
        ({"colour": 1}, "colour is not an option"),
    ],
)
def test_wrong_changes_change_nothing(changes: dict[str, Any], problem: str):
    with pytest.raises(ValueError, match=problem):
        changed(Options(), {"agent_queue": 7, **changes})


def test_the_control_api_refuses_wrong_options(emulator: Any):
    before = emulator.control("GET", "options")
    for document in ({"agent_slots": 0, "agent_queue": 1}, [], {"colour": 1}):
        with pytest.raises(ValueError, match=": 400 "):
            emulator.control("POST", "options", document)
    assert emulator.control("GET", "options") == before
