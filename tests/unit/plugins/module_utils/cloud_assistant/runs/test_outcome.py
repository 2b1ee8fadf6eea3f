# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages about runs: what failed, why, and never more than people read."""

from __future__ import annotations

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import outcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import TaskFailure, WaitTimeout
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


@given(st.integers(1, 1500), st.binary(max_size=2000))
def test_a_message_is_short_however_many_instances_fail(count: int, output: bytes):
    failing = RunOutcome(results=[failed(number, output) for number in range(count)]).failure()
    assert isinstance(failing, TaskFailure)
    lines = str(failing).splitlines()
    assert lines[0].startswith(f"{count} of {count} instance")
    assert len(str(failing).encode()) < 20_000
    assert len(failing.result["failed_instances"]) == count
    for number in range(min(count, outcome.SHOWN_INSTANCES)):
        assert any(line.startswith(f"i-{number:04}: exit code 1") for line in lines)


def test_what_went_well_is_no_failure():
    good = RunOutcome(results=[InstanceResult("i-1", "Success"), InstanceResult("i-2", "Skipped")])
    assert good.failure() is None
    good.raise_for_failure()


def test_under_no_log_a_failure_quotes_no_output():
    """ansible-core 2.19 and later show the message of a failed task that has no_log."""
    failure = RunOutcome([failed(1, b"the password\n")], quote_output=False).failure()
    assert str(failure) == "1 of 1 instance failed:\ni-0001: exit code 1"


def test_a_wait_that_ended_early_is_told_as_such():
    early = RunOutcome(results=[InstanceResult("i-1", "Running", "t-1")], invoke_ids=["t-1"])
    early.errors.append(WaitTimeout("invocation t-1: not done after 5 s"))
    failure = early.failure()
    assert isinstance(failure, WaitTimeout)
    assert failure.result["invoke_ids"] == ["t-1"]
    assert failure.result["summary"]["running"] == 1


def test_a_single_instances_output_is_at_the_top_where_it_is_known():
    known = RunOutcome(results=[InstanceResult("i-1", "Success", rc=0, output=b"hello\n")]).as_dict()
    assert (known["rc"], known["stdout"], known["stdout_lines"]) == (0, "hello", ["hello"])
    unknown = RunOutcome(results=[InstanceResult("i-1", "Timeout")]).as_dict()
    assert not {"rc", "stdout", "stdout_lines"} & unknown.keys()
