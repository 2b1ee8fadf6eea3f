# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the callback prints of a result: one screen, every reason, and where the rest is."""

from __future__ import annotations

import json

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import CloudError
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.outcome_text import (
    is_fleet_result,
    outcome_lines,
)


def result(failed: int = 0, succeeded: int = 0, *, shown: str = "all", errors: int = 0):
    rows = [InstanceResult(f"i-{number}", "Failed", "t-1", rc=3, output=b"full\x1b[2J") for number in range(failed)]
    rows += [InstanceResult(f"i-ok{number}", "Success", "t-1", rc=0, output=b"fine") for number in range(succeeded)]
    outcome = RunOutcome(results=rows, invoke_ids=["t-1"], shown=shown)
    outcome.errors += [CloudError(f"call {number} failed") for number in range(errors)]
    failure = outcome.failure()
    return {**failure.result, "failed": True, "msg": str(failure)} if failure else outcome.as_dict()


FULL = "Full result: register the task, set results_file, or use ecs_invocation_info"


def test_a_failure_has_totals_reasons_errors_and_the_way_to_the_rest():
    assert outcome_lines(result(94, 6, errors=1), width=100, height=20, successes=False) == [
        "100 instances: 6 succeeded, 94 failed",
        r"  94 x exit code 3: full\x1b[2J: i-0, i-1, i-2, +91",
        "  call 0 failed",
        "Invocations: t-1",
        FULL,
    ]


def test_no_id_is_cut_where_fewer_fit():
    many = {**result(9), "invoke_ids": [f"t-{number:020}" for number in range(6)]}
    lines = outcome_lines(many, width=60, height=20, successes=False)
    assert lines[-2] == f"Invocations: t-{0:020}, +5"


@pytest.mark.parametrize("shown", ["failed", "none"])
def test_reasons_are_shown_for_any_result(shown):
    lines = outcome_lines(result(94, 6, shown=shown), width=100, height=20, successes=False)
    assert lines[:2] == [
        "100 instances: 6 succeeded, 94 failed",
        r"  94 x exit code 3: full\x1b[2J: i-0, i-1, i-2, +91",
    ]
    assert len(lines) == 4


def test_a_success_is_one_line_and_more_on_demand():
    assert outcome_lines(result(0, 12), width=100, height=20, successes=False) == ["12 instances: 12 succeeded"]
    lines = outcome_lines({**result(0, 12), "results_file": "/tmp/x.jsonl"}, width=100, height=20, successes=True)
    assert lines == [
        "12 instances: 12 succeeded",
        "  12 x exit code 0: fine: i-ok0, i-ok1, i-ok2, +9",
        "Invocations: t-1",
        "Full result: /tmp/x.jsonl",
    ]


def test_it_fits_a_small_screen_and_hides_nothing_on_a_tall_one():
    many = result(300, 5, errors=40)
    for number, row in enumerate(many["results"]):
        row["stdout"] = f"reason {number}"
    small = outcome_lines(many, width=60, height=10, successes=True)
    assert len(small) <= 10
    assert all(len(line) <= 60 for line in small)
    assert len(outcome_lines(many, width=60, height=None, successes=True)) > 305


def test_only_results_per_instance_that_may_be_shown_become_a_table():
    good = result(1, 1)
    assert is_fleet_result(json.loads(json.dumps(good)))
    assert not is_fleet_result({**good, "_ansible_no_log": True})
    assert not is_fleet_result({"results": [{"item": 1}], "summary": {"total": 1}})
    assert not is_fleet_result({"results": "text"})
    assert not is_fleet_result({"censored": "hidden"})
