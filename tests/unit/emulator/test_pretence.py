# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that only seem to run: their rules, their ends, and that they touch nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contract.sdk import Sdk, until
from emulator.pretence import read_rules, rule_for


def _row(sdk: Sdk, invoke_id: str) -> Any:
    return sdk.finished(invoke_id).invoke_instances.invoke_instance[0]


def test_a_rule_says_how_a_script_ends(emulator: Any):
    rules = [
        {"content": "fail", "exit_code": 3, "output": "no: {instance_id}\n"},
        {"content": "long", "duration_s": 5000},
        {"content": "much", "output": "0123456789", "output_bytes": 30_000},
        {"content": "boot", "exit_code": 194},
        {"content": "^touch"},
    ]
    emulator.options(pretend=json.dumps(rules))
    sdk = Sdk(emulator)
    first, second, third = sdk.instance_ids()[:3]
    row = _row(sdk, sdk.run("touch /root/x; fail", [first]))
    assert (row.invocation_status, row.exit_code, row.output) == ("Failed", 3, f"no: {first}\n")
    row = _row(sdk, sdk.run("much", [first]))
    assert (row.invocation_status, len(row.output), row.dropped) == ("Success", 24576, 30_000 - 24576)
    row = _row(sdk, sdk.run("long", [first], timeout=1))
    assert (row.invocation_status, row.exit_code, row.output) == ("Timeout", 1, "pretended\n")
    assert _row(sdk, sdk.run("touch /root/x", [first])).output == "pretended\n"
    assert _row(sdk, sdk.run("ls /root", [first])).output == "", "no rule fits, so this one ran, and the others did not"
    before = emulator.instance(second, "state")["started"]
    sdk.run("boot", [second])
    until(lambda: emulator.instance(second, "state")["started"], lambda started: started > before)

    stopped, cut_off = sdk.run("long", [first]), sdk.run("long", [third])
    until(lambda: len(emulator.executions().get(third, [])), bool)
    sdk.call("StopInvocation", {"InvokeId": stopped})
    emulator.instance(third, "stop")
    assert _row(sdk, stopped).invocation_status in ("Terminated", "Cancelled")
    row = _row(sdk, cut_off)
    assert (row.invocation_status, row.error_code) == ("Error", "InstanceNotRunning")
    assert [run["rc"] for run in emulator.executions()[first]][:3] == [3, 0, 1]


def test_more_scripts_than_processes_seem_to_run_at_one_time(emulator_factory: Any):
    emulator = emulator_factory(instances=40, max_processes=1, pretend='{"duration_s": 3600}')
    sdk = Sdk(emulator)
    invoke_id = sdk.run("anything", sdk.instance_ids())
    until(lambda: sdk.results(invoke_id).values(), lambda rows: {row.invocation_status for row in rows} == {"Running"})


def test_lengths_and_shares_belong_to_the_instances():
    (rule,) = read_rules('{"duration_s": [10, 20], "share": 0.25, "instance": "^i-"}')
    ids = [f"i-{number}" for number in range(2000)]
    lengths = [rule.seconds(identity) for identity in ids]
    assert lengths == [rule.seconds(identity) for identity in ids]
    assert 10 <= min(lengths) < 10.5 and 19.5 < max(lengths) <= 20
    assert 400 < sum(rule_for((rule,), identity, b"") is not None for identity in ids) < 600
    assert rule_for((rule,), "mi-1", b"") is None and rule_for((), "i-1", b"") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("20", "a JSON object"),
        ("{", "is JSON"),
        ("[{}, 5]", "a JSON object"),
        ('{"seconds": 5}', "unknown keys seconds"),
        ('{"duration_s": [5]}', "duration_s must be"),
        ('{"duration_s": [5, 4]}', "duration_s must be"),
        ('{"duration_s": -1}', "duration_s must be"),
        ('{"exit_code": 256}', "exit_code must be a whole number up to 255, not 256"),
        ('{"exit_code": true}', "exit_code must be"),
        ('{"share": 2}', "share must be"),
        ('{"output": 5}', "output must be a text"),
        ('{"output_bytes": -5}', "output_bytes must be"),
        ('{"content": "("}', "content is not a regular expression"),
    ],
)
def test_wrong_rules(text: str, problem: str):
    with pytest.raises(ValueError, match=problem):
        read_rules(text)
