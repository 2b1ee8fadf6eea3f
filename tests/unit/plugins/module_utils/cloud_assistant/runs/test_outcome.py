# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages about runs: what failed, why, and never more than people read."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.results import FileOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import outcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    TaskFailure,
    WaitTimeout,
)
from hypothesis import given
from hypothesis import strategies as st


def failed(number: int, output: bytes = b"") -> InstanceResult:
    return InstanceResult(f"i-{number:04}", "Failed", "t-1", rc=1, output=output)


def test_an_exit_code_comes_with_the_end_of_the_output():
    text = outcome.describe(failed(1, b"one\ntwo\n\nthree\nfour\n"))
    assert text == "i-0001: exit code 1; output ends: two | three | four"


def test_another_end_comes_with_its_reason():
    aborted = InstanceResult("i-1", "Aborted", error_code="ClientNotRunning", error_info="no heartbeat")
    timeout = InstanceResult("i-1", "Timeout", error_code="ExecutionTimeout", error_info="it took long.", output=b"x")
    assert outcome.describe(timeout) == "i-1: Timeout ExecutionTimeout: it took long; output ends: x"
    assert outcome.describe(aborted) == "i-1: Aborted ClientNotRunning: no heartbeat"
    assert outcome.describe(InstanceResult("i-1", "Timeout", output=b"half")) == "i-1: Timeout; output ends: half"


def test_batches_that_fail_alike_are_counted_despite_their_request_ids():
    errors = [
        ApiError("RunCommand", "InvalidInstance.NotFound", "does not exist", f"R-{number}", 404) for number in range(12)
    ]
    for kind in (RunOutcome, FileOutcome):
        failure = kind(errors=[*errors, TaskFailure("of another kind")]).failure()
        assert str(failure).splitlines() == [f"{errors[0]} (11 more like this)", "of another kind"]


@given(st.integers(1, 1500), st.binary(max_size=2000))
def test_a_message_is_short_however_many_instances_fail(count: int, output: bytes):
    failing = RunOutcome(results=[failed(number, output) for number in range(count)]).failure()
    assert isinstance(failing, TaskFailure)
    lines = str(failing).splitlines()
    assert lines[0].startswith(f"{count} of {count} instance")
    assert len(str(failing).encode()) < 20_000
    assert len(failing.result["failed_instances"]) == count
    # all ended alike, so that one line names them all
    assert len(lines) == 2
    assert lines[1].startswith("i-0000: exit code 1" if count == 1 else f"{count} x exit code 1: ")
    assert "i-0000" in lines[1]


def test_a_message_has_one_line_per_reason_and_counts_what_it_leaves_out():
    results = [failed(number, b"disk is full" if number < 5 else b"reason %d" % number) for number in range(30)]
    lines = str(RunOutcome(results=results).failure()).splitlines()
    assert lines[:3] == [
        "30 of 30 instances failed:",
        "5 x exit code 1: disk is full: i-0000, i-0001, i-0002, +2",
        "i-0005: exit code 1; output ends: reason 5",
    ]
    assert lines[outcome.SHOWN_GROUPS + 1 :] == ["… and 16 more in 16 groups, see failed_instances"]


def test_control_characters_of_an_output_do_not_reach_the_terminal():
    [_total, line] = str(RunOutcome(results=[failed(1, b"\x1b]0;owned\x07\x00")]).failure()).splitlines()
    assert line == r"i-0001: exit code 1; output ends: \x1b]0;owned\x07\x00"


@pytest.mark.parametrize(("shown", "ids"), [("all", ["i-0001", "i-2"]), ("failed", ["i-0001"]), ("none", [])])
def test_a_task_returns_the_results_that_are_wanted(shown, ids):
    outcome = RunOutcome(results=[failed(1), InstanceResult("i-2", "Success", rc=0)], shown=shown)
    record = outcome.as_dict()
    assert [row["instance_id"] for row in record["results"]] == ids
    assert (record["summary"]["total"], record["failed_instances"]) == (2, ["i-0001"])


def test_success_is_not_a_failure():
    good = RunOutcome(results=[InstanceResult("i-1", "Success"), InstanceResult("i-2", "Skipped")])
    assert good.failure() is None
    good.raise_for_failure()


def test_under_no_log_a_failure_quotes_no_output():
    """ansible-core 2.19 and later show the message of a failed task that has no_log."""
    failure = RunOutcome([failed(1, b"the password\n")], quote_output=False).failure()
    assert str(failure) == "1 of 1 instance failed:\ni-0001: exit code 1"


def test_an_expired_wait_is_raised_as_such():
    early = RunOutcome(results=[InstanceResult("i-1", "Running", "t-1")], invoke_ids=["t-1"])
    early.errors.append(WaitTimeout("invocation t-1: not finished after 5 s"))
    failure = early.failure()
    assert isinstance(failure, WaitTimeout)
    assert failure.result["invoke_ids"] == ["t-1"]
    assert failure.result["summary"]["running"] == 1


def test_a_single_instances_output_is_at_the_top_where_it_is_known():
    known = RunOutcome(results=[InstanceResult("i-1", "Success", rc=0, output=b"hello\n")]).as_dict()
    assert (known["rc"], known["stdout"], known["stdout_lines"]) == (0, "hello", ["hello"])
    unknown = RunOutcome(results=[InstanceResult("i-1", "Timeout")]).as_dict()
    assert not {"rc", "stdout", "stdout_lines"} & unknown.keys()
