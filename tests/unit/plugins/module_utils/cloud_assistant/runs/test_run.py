# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs against a service in memory that is slow to show what it did, forgets instances, or stops answering."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Reply
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.readiness import (
    Unavailable,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations import (
    results,
    waiting,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import rollout, run, sending
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.request import RunRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    TransportError,
    WaitTimeout,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from support.memory_service import Service, ids


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_LOOK", 0.0)
    monkeypatch.setattr(waiting, "pause_after", lambda elapsed, invocations: 0.01)
    monkeypatch.setattr(results, "RECORD_GRACE", 0.1)
    monkeypatch.setattr(results, "REREAD_PAUSE", 0.01)


def start(service: Service, instances: list[str], **options: Any) -> RunOutcome:
    request = RunRequest.of(Targets.of(instances), ScriptContent(b"echo hello"), **options)
    return run.run(service, request)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 100, 101, 1000])
def test_the_number_of_calls_is_the_floor(count: int):
    service = Service()
    outcome = start(service, ids(count))
    assert [result.instance_id for result in outcome.results] == ids(count)
    assert outcome.summary.success == count
    batches = -(-count // 100)
    assert service.requests["RunCommand"] == batches
    reads = 0 if count <= rollout.FEW_INSTANCES else batches
    # whether many still run, the state of all, then the outputs of each batch
    assert service.requests["DescribeInvocations"] == (batches >= waiting.MANY_UNSEEN) + 1 + reads
    assert service.requests["DescribeInvocationResults"] == 0
    assert sorted(item for params in service.sent for item in params["InstanceId"]) == ids(count)


def test_one_batch_carries_the_users_token():
    service = Service()
    outcome = start(service, ids(3), client_token="mine")
    assert service.sent[0]["ClientToken"] == "mine"
    assert outcome.client_token == "mine"


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"tags": {"team": "ops"}}])
def test_a_run_started_again_with_the_token_that_it_was_given_makes_the_same_calls(options: dict[str, Any]):
    service = Service()
    outcome = start(service, ids(3), **options)
    again = Service()
    start(again, ids(3), client_token=outcome.client_token, **options)
    assert sorted(again.sent, key=str) == sorted(service.sent, key=str)


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"tags": {"team": "ops"}}])
def test_a_run_started_again_under_its_key_makes_the_same_calls(options: dict[str, Any]):
    first, again = Service(), Service()
    for service in (first, again):
        assert start(service, ids(3), idempotency_key="k", **options).client_token is None
    assert sorted(again.sent, key=str) == sorted(first.sent, key=str)


def test_other_scripts_and_other_keys_make_other_calls():
    sent = []
    for script, key in ((b"a", "k"), (b"b", "k"), (b"a", "l")):
        service = Service()
        run.run(service, RunRequest.of(Targets.of(ids(1)), ScriptContent(script), idempotency_key=key))  # type: ignore[arg-type]
        sent += [params["ClientToken"] for params in service.sent]
    assert len(set(sent)) == 3


def test_the_token_of_a_key_does_not_depend_on_secret_values():
    """Tokens are written into logs, where a short secret could be found by trying."""
    tokens = set()
    for value in ("one", "two"):
        service = Service()
        script = ScriptContent(b"echo {{pw}}")
        wanted = RunRequest.of(Targets.of(ids(1)), script, secret_parameters={"pw": value}, idempotency_key="k")
        run.run(service, wanted)  # type: ignore[arg-type]
        tokens.add(service.sent[0]["ClientToken"])
    assert len(tokens) == 1


def test_a_refusal_that_the_service_remembers_does_not_hold_up_a_key():
    """The token of a key comes again at the next start; a service that answers it from memory is asked anew."""
    quota = ApiError("RunCommand", "Invocation.ExceedQuota", "no more today", "R-1", 403, "host")
    remembered: set[str] = set()

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        return quota if operation == "RunCommand" and (full or params["ClientToken"] in remembered) else None

    full = True
    service = Service(refuse=refuse)
    assert start(service, ids(2), idempotency_key="k").summary.failed == 2
    assert service.requests["RunCommand"] == 2
    first = Service()
    start(first, ids(2), idempotency_key="k")
    remembered, full = {first.sent[0]["ClientToken"]}, False
    assert start(service, ids(2), idempotency_key="k").summary.success == 2
    assert start(Service(refuse=refuse), ids(2), client_token=first.sent[0]["ClientToken"]).summary.failed == 2


def test_a_lost_call_under_a_key_is_continued_by_the_key():
    lost = TransportError("RunCommand", "host", "the connection was closed", may_have_arrived=True)
    service = Service(refuse=lambda operation, params: lost if operation == "RunCommand" else None)
    failure = start(service, ids(2), idempotency_key="k").failure()
    assert (
        "run the task again: with its idempotency_key, instances that succeeded or are still running are skipped"
        in str(failure)
    )
    assert "client_token" not in str(failure)


def test_a_lost_call_counts_as_a_change_and_advises_how_to_continue():
    lost = TransportError("RunCommand", "host", "the connection was closed", may_have_arrived=True)
    outcome = start(Service(refuse=lambda operation, params: lost if operation == "RunCommand" else None), ids(2))
    failure = outcome.failure()
    assert failure is not None
    assert failure.result["changed"] is True
    assert f"add client_token: {outcome.client_token} to the task" in str(failure)


def test_twenty_tags_of_the_users_leave_no_room_and_each_batch_is_asked_for_by_id():
    service = Service()
    outcome = start(service, ids(4), batch_size=2, tags={f"k{number}": "v" for number in range(20)})
    assert outcome.summary.success == 4
    assert all(len(params["Tag"]) == 20 for params in service.sent)
    assert service.requests["DescribeInvocations"] == 2


def test_an_invocation_that_is_not_visible_yet_is_waited_for():
    service = Service(hidden_looks=3, late_reads=2)
    outcome = start(service, ids(2))
    assert outcome.summary.success == 2
    assert outcome.failure() is None
    # the state comes without the output as long as the records are late, and so do the results
    assert (service.requests["DescribeInvocations"], service.requests["DescribeInvocationResults"]) == (5, 3)


def test_a_record_that_stays_open_is_read_less_and_less_often(monkeypatch: pytest.MonkeyPatch):
    """An instance that was released while the script ran: a read a second of each batch would be throttled."""
    monkeypatch.setattr(results, "REREAD_PAUSE", 1.0)
    service, now = Service(running=frozenset({"i-0000"})), [0.0]
    service.invocations["t-1"] = {"InstanceId": ids(2)}
    deadline = Deadline(3600, clock=lambda: now[0], sleep=lambda seconds: now.append(now.pop() + seconds))
    found = results.read_results(service, "t-1", ids(2), deadline)  # type: ignore[arg-type]
    assert [found[item].status for item in ids(2)] == ["Running", "Success"]
    assert service.requests["DescribeInvocationResults"] < 500


def test_an_instance_without_a_record_has_failed_with_that_reason():
    outcome = start(Service(no_record=frozenset({"i-0001"})), ids(3))
    assert outcome.failed_instances == ["i-0001"]
    assert [result.status for result in outcome.results] == ["Success", "Failed", "Success"]
    assert "has no record" in str(outcome.failure())


@pytest.mark.parametrize(("age", "changed"), [(timedelta(0), True), (timedelta(seconds=10), False)])
def test_an_invocation_older_than_the_call_is_a_replay(age: timedelta, changed: bool):
    assert start(Service(created_before=age), ids(2), client_token="mine").changed is changed


def test_under_a_token_of_its_own_nothing_is_a_replay():
    assert start(Service(created_before=timedelta(hours=1)), ids(2)).changed


def test_an_invocation_seen_before_the_call_is_a_replay():
    service = Service()
    start(service, ids(2), client_token="mine")
    service.sent.clear()  # the service would answer with the first invocation again
    assert not start(service, ids(2), client_token="mine").changed


def test_a_read_that_fails_fails_the_run_and_keeps_the_rest():
    lost = TransportError("DescribeInvocationResults", "host", "the answer ended early", may_have_arrived=False)

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        broken = operation == "DescribeInvocationResults" or params.get("IncludeOutput")
        return lost if broken and params["InvokeId"] == "t-1" else None

    outcome = start(Service(refuse=refuse), ids(8), batch_size=4, max_concurrent_batches=1)
    failure = outcome.failure()
    assert failure is not None
    assert "ended early" in str(failure)
    assert failure.result["invoke_ids"] == ["t-1", "t-2"]
    assert [("stdout" in result) for result in failure.result["results"]] == [False] * 4 + [True] * 4
    assert [result["status"] for result in failure.result["results"]] == ["Success"] * 8


def test_states_that_cannot_be_read_end_the_run_with_what_is_known():
    denied = ApiError("DescribeInvocations", "Forbidden.RAM", "not authorized", "R-1", 403, "host")

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        return denied if operation == "DescribeInvocations" else None

    failure = start(Service(refuse=refuse, running=frozenset(ids(2))), ids(2)).failure()
    assert failure is not None
    assert failure.result["error"]["code"] == "Forbidden.RAM"
    assert failure.result["invoke_ids"] == ["t-1"]
    assert failure.result["changed"] is True
    assert "Still running on 2 instances (i-0000, i-0001). The script continues there; wait for it" in str(failure)


def transient(error: CloudError) -> CloudError:
    error.transient = True
    return error


@pytest.mark.parametrize(
    "trouble",
    [
        ApiError("DescribeInvocations", "Throttling.User", "flow control", "R-1", 400, "host"),
        TransportError("DescribeInvocations", "host", "the network is unreachable", may_have_arrived=False),
    ],
)
def test_a_wait_outlasts_transient_errors(trouble: CloudError):
    """A script of an hour is not given up because of a minute without its state."""
    looks = iter([transient(trouble)] * 3)

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        return next(looks, None) if operation == "DescribeInvocations" else None

    outcome = start(Service(refuse=refuse), ids(2))
    assert (outcome.summary.success, outcome.failure()) == (2, None)


def test_an_error_that_lasts_is_reported_with_the_expired_wait():
    down = transient(ApiError("DescribeInvocations", "ServiceUnavailable", "try later", "R-1", 503, "host"))
    service = Service(refuse=lambda operation, params: down if operation == "DescribeInvocations" else None)
    # the results, which another operation gives, show that all is over
    assert start(service, ids(2), wait_timeout=0.1).failure() is None
    service.running = frozenset(ids(1))
    failure = start(service, ids(2), wait_timeout=0.1).failure()
    assert isinstance(failure, WaitTimeout)
    assert "invocation t-2: not finished after 0 s: the time limit has expired; its status cannot be read" in str(
        failure
    )
    assert failure.result["error"]["code"] == "ServiceUnavailable"
    assert failure.result["invoke_ids"] == ["t-2"]


def test_a_batch_that_fails_leaves_the_others_and_is_reported_once():
    quota = ApiError("RunCommand", "Invocation.ExceedQuota", "no more today", "R-1", 403, "host")

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        return quota if operation == "RunCommand" and params["InstanceId"][0] == "i-0002" else None

    outcome = start(Service(refuse=refuse), ids(6), batch_size=2)
    assert [result.status for result in outcome.results] == ["Success", "Success", "Failed", "Failed"] + ["Success"] * 2
    assert outcome.results[2].error_code == "Invocation.ExceedQuota"
    failure = outcome.failure()
    assert failure is not None
    assert failure.result["error"]["code"] == "Invocation.ExceedQuota"
    assert str(failure).count("no more today") == 1
    assert str(failure).startswith("2 of 6 instances failed:")


def test_a_thousand_failures_make_a_short_message():
    quota = ApiError("RunCommand", "Invocation.ExceedQuota", "no more today", "R-1", 403, "host")
    failure = start(Service(refuse=lambda operation, params: quota), ids(1000)).failure()
    assert failure is not None
    assert len(str(failure)) < 500
    assert len(failure.result["failed_instances"]) == 1000


def test_the_time_for_waiting_ends_with_what_is_known():
    outcome = start(Service(running=frozenset({"i-0001"})), ids(4), batch_size=2, wait_timeout=0.2)
    failure = outcome.failure()
    assert isinstance(failure, WaitTimeout)
    assert "invocation t-1: not finished after 0 s" in str(failure)
    assert "Still running on instance i-0001" in str(failure)
    assert "ecs_invocation_info" in str(failure)
    assert [result["status"] for result in failure.result["results"]] == ["Success", "Running", "Success", "Success"]
    assert failure.result["summary"]["running"] == 1
    assert failure.result["results"][0]["stdout"] == "hello"


def test_max_failures_leaves_the_rest_unstarted():
    outcome = start(Service(no_record=frozenset({"i-0001"})), ids(6), batch_size=2, max_failures=0)
    assert [result.status for result in outcome.results] == ["Success", "Failed"] + ["Skipped"] * 4
    assert "max_failures (0)" in outcome.results[5].error_info
    assert start(Service(no_record=frozenset({"i-0001"})), ids(6), batch_size=2, max_failures=1).summary.success == 5


def test_dropped_output_causes_a_warning():
    told: list[str] = []
    request = RunRequest.of(Targets.of(ids(2)), ScriptContent(b"x"))
    run.run(Service(dropped=7), request, warn=told.append)  # type: ignore[arg-type]
    assert "i-0000 lost 7 bytes, i-0001 lost 7 bytes" in told[0]


def test_without_waiting_only_the_call_is_made():
    service = Service()
    outcome = start(service, ids(150), wait=False)
    assert outcome.summary.running == 150
    assert outcome.changed
    assert dict(service.requests) == {"RunCommand": 2}


def test_a_dry_run_carries_neither_schedule_nor_the_users_token():
    service = Service()
    outcome = start(service, ids(150), dry_run=True, frequency="0 0 3 * * ?", client_token="mine", keep_command=True)
    assert {params["RepeatMode"] for params in service.sent} == {"DryRun"}
    assert {params["Frequency"] for params in service.sent} == {None}
    assert {params["KeepCommand"] for params in service.sent} == {None}
    assert "mine" not in {params["ClientToken"] for params in service.sent}
    assert (outcome.changed, outcome.invoke_ids, outcome.summary.skipped) == (True, [], 150)


@pytest.mark.parametrize("operation", ["DescribeInvocations", "DescribeInvocationResults"])
@pytest.mark.parametrize("wait", [True, False])
def test_what_was_started_is_reported_however_odd_the_answers_are_then(operation: str, wait: bool):
    """A row of another type is a defect somewhere; the scripts run all the same, and their ids must not be lost."""
    odd = Reply(
        {
            "Invocations": {"Invocation": [None]},
            "Invocation": {"InvocationResults": {"InvocationResult": ["odd"]}},
        }
    )

    class Odd(Service):
        def pages(self, name: str, params: Mapping[str, Any], **options: Any) -> Iterator[Reply]:
            if name == operation or operation == "DescribeInvocations":
                yield odd
            else:
                yield from super().pages(name, params, **options)

    outcome = start(Odd(late_reads=10**6), ids(3), wait=wait, batch_size=2, wait_timeout=0.2)
    failure = outcome.failure()
    assert (failure is None) is (not wait)
    record = failure.result if failure else outcome.as_dict()
    assert record["invoke_ids"] == ["t-1", "t-2"]
    assert record["client_token"]
    assert [result["instance_id"] for result in record["results"]] == ids(3)
    assert record["summary"]["total"] == 3
    assert record["changed"] is True


def test_a_call_that_ends_in_a_defect_leaves_the_others_and_may_have_started_something():
    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        if operation == "RunCommand" and params["InstanceId"][0] == "i-0002":
            raise KeyError("InvokeId")
        return None

    outcome = start(Service(refuse=refuse), ids(4), batch_size=2)
    assert outcome.invoke_ids == ["t-1"]
    assert [result.status for result in outcome.results] == ["Success", "Success", "Failed", "Failed"]
    assert "defect of the collection" in str(outcome.failure())
    assert outcome.changed


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, "ProcessTree"),
        ({"termination_mode": "process"}, "Process"),
        ({"frequency": "rate(1h)"}, None),
        ({"dry_run": True}, "ProcessTree"),
    ],
)
def test_everything_that_the_script_has_started_ends_with_it_by_default(options: dict[str, Any], mode: str | None):
    service = Service()
    start(service, ids(1), **options)
    assert [params["TerminationMode"] for params in service.sent] == [mode]


class Old(Service):
    """The agent of the first instance does not know the termination mode that is our default."""

    def _row(self, instance_id: str, invoke_id: str | None) -> dict[str, Any]:
        row = super()._row(instance_id, invoke_id)
        newest = list(self.invocations.values())[-1]
        if instance_id == "i-0001" and newest["TerminationMode"]:
            row |= {"InvocationStatus": "Aborted", "ErrorCode": "ClientNeedUpgrade"}
            row.pop("ExitCode")
        return row


@pytest.mark.parametrize("options", [{}, {"client_token": "mine"}, {"idempotency_key": "k"}])
def test_an_agent_too_old_for_our_default_runs_the_script_with_the_services(options: dict[str, Any]):
    told: list[str] = []
    service = Old()
    request = RunRequest.of(Targets.of(ids(2)), ScriptContent(b"x"), **options)
    outcome = run.run(service, request, warn=told.append)  # type: ignore[arg-type]
    assert outcome.summary.success == 2
    assert [(params["TerminationMode"], params["InstanceId"]) for params in service.sent] == [
        ("ProcessTree", ids(2)),
        (None, ["i-0001"]),
    ]
    assert service.sent[0]["ClientToken"] != service.sent[1]["ClientToken"]
    assert "too old for termination_mode process_tree on instance i-0001" in told[0]
    asked = Old()
    assert start(asked, ids(2), termination_mode="process_tree").failed_instances == ["i-0001"]


def test_the_wait_starts_again_with_the_second_start_on_old_agents(monkeypatch: pytest.MonkeyPatch):
    class Slow(Old):
        """Its first run is as long as its timeout."""

        def _row(self, instance_id: str, invoke_id: str | None) -> dict[str, Any]:
            now[0] = 600.0
            return super()._row(instance_id, invoke_id)

    now = [0.0]
    deadlines = [Deadline(None, lambda: now[0], lambda seconds: None)]
    monkeypatch.setattr(run, "Deadline", lambda seconds: deadlines[0])
    assert start(Slow(), ids(2), timeout=600).summary.success == 2
    assert deadlines[0].remaining() == 720.0


def test_exit_codes_that_are_accepted_count_for_failures_and_for_the_key():
    class Exits(Service):
        def _row(self, instance_id: str, invoke_id: str | None) -> dict[str, Any]:
            row = super()._row(instance_id, invoke_id)
            return row | {"InvocationStatus": "Failed", "ExitCode": 3, "ErrorCode": "ExitCodeNonzero"}

    options: dict[str, Any] = {"success_rcs": [0, 3], "batch_size": 1, "max_failures": 0, "idempotency_key": "k"}
    service = Exits()
    outcome = start(service, ids(3), **options)
    assert (outcome.failure(), outcome.summary.success) == (None, 3)
    again = start(service, ids(3), **options)
    assert (again.changed, again.summary.previous, len(service.sent)) == (False, 3, 3)
    assert start(Exits(), ids(3), batch_size=1, max_failures=0).summary.skipped == 2


class Interrupted(BaseException):
    """What a time limit of Ansible raises, wherever the task is."""


def test_a_wait_that_is_interrupted_names_its_invocations(monkeypatch: pytest.MonkeyPatch):
    def interrupt(watch: object) -> None:
        raise Interrupted

    monkeypatch.setattr(rollout.Watch, "wait", interrupt)
    told: list[str] = []
    request = RunRequest.of(Targets.of(ids(3)), ScriptContent(b"x"), batch_size=2)
    with pytest.raises(Interrupted):
        run.run(Service(), request, warn=told.append)  # type: ignore[arg-type]
    assert re.search(r"To wait for (invocation|2 invocations \()\S+, .*use ecs_invocation_info", told[-1])


def test_a_delivery_to_a_bucket_is_waited_for_and_its_failure_is_reported(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rollout, "DELIVERY_PAUSE", 0.01)
    told: list[str] = []
    looks = iter(["InProgress", "InProgress"])

    class Bucket(Service):
        def _row(self, instance_id: str, invoke_id: str | None) -> dict[str, Any]:
            row = super()._row(instance_id, invoke_id)
            if invoke_id:
                status = next(looks, "Failed")
                row |= {"OssOutputStatus": status}
                if status == "Failed":
                    row |= {"OssOutputErrorCode": "NoSuchBucket", "OssOutputErrorInfo": "there is no such bucket"}
            return row

    request = RunRequest.of(Targets.of(ids(1)), ScriptContent(b"x"), oss_output_delivery="oss://bucket/x")
    outcome = run.run(Bucket(), request, warn=told.append)  # type: ignore[arg-type]
    assert outcome.results[0].oss_output_status == "Failed"
    assert "1 of 1 outputs were not delivered: i-0000 NoSuchBucket: there is no such bucket" in told[0]


def test_results_in_check_mode_have_the_keys_that_later_tasks_read():
    real, predicted = start(Service(), ids(1)).as_dict(), start(Service(), ids(1), dry_run=True).as_dict()
    assert predicted["stdout"] == ""
    assert predicted["stdout_lines"] == []
    # what only a start can give
    assert real.keys() - predicted.keys() == {"client_token"}
    assert real["results"][0].keys() == predicted["results"][0].keys()


def test_a_rejected_first_call_starts_nothing_and_names_all_unready_instances(
    monkeypatch: pytest.MonkeyPatch,
):
    stopped = ApiError("RunCommand", "InvalidInstanceStatus", "not Running", "R-1", 403, "host")
    unready = {"i-0001": "is Stopped, not Running", "i-0005": "its agent is offline"}
    monkeypatch.setattr(
        sending,
        "examine",
        lambda client, instance_ids, kind, deadline: {
            item: Unavailable("InvalidInstanceStatus", reason)
            for item, reason in unready.items()
            if item in instance_ids
        },
    )

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        return stopped if operation == "RunCommand" and unready.keys() & set(params["InstanceId"]) else None

    service = Service(refuse=refuse)
    failure = start(service, ids(6), batch_size=2).failure()
    assert failure is not None
    assert service.requests["RunCommand"] == 1
    assert failure.result["failed_instances"] == ["i-0001", "i-0005"]
    assert failure.result["summary"]["skipped"] == 4
    assert failure.result["changed"] is False
    assert "Nothing was started. To run on the other instances, use unready: skip." in str(failure)


def test_the_first_line_of_progress_names_the_invocations():
    lines: list[str] = []
    request = RunRequest.of(Targets.of(ids(4)), ScriptContent(b"x"), batch_size=2, unready="skip")
    run.run(Service(), request, progress=lines.append)  # type: ignore[arg-type]
    assert lines[0] == "started 2 invocations (t-1, t-2) on 4 instances"
