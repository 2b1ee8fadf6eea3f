# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on an emulated fleet: instances that cannot run, rolling batches, both generations of the API."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands.listing import (
    find_commands,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations import (
    query as invocation_query,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations import waiting
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import parse_time
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import run
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.request import RunRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import TaskFailure, WaitTimeout
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_LOOK", 0.02)
    monkeypatch.setattr(waiting, "pause_after", lambda elapsed, invocations: 0.05)


def client_of(emulator: Any, **options: Any) -> Client:
    ready = emulator.ready
    names = ("region", "access_key_id", "access_key_secret", "endpoint")
    client = connect({**{name: ready[name] for name in names}, **options})
    client._backoff_base = 0.01
    return client


def start(client: Client, instances: list[str], script: str = "echo hello", **options: Any) -> RunOutcome:
    options.setdefault("wait_timeout", 60)
    request = RunRequest.of(Targets.of(instances), ScriptContent.from_text(script), **options)
    return run.run(client, request)


def by_tag(client: Client, tags: dict[str, str], **options: Any) -> RunOutcome:
    return run.run(
        client, RunRequest.of(Targets.of(None, tags), ScriptContent(b"echo hello"), wait_timeout=60, **options)
    )


def executed(emulator: Any) -> set[str]:
    return {instance_id for instance_id, rows in emulator.executions().items() if rows}


def statuses(outcome: RunOutcome) -> list[str]:
    return [result.status for result in outcome.results]


def failure_of(outcome: RunOutcome) -> TaskFailure:
    failure = outcome.failure()
    assert isinstance(failure, TaskFailure)
    return failure


FLEET = [
    {"id": "i-ready", "tags": {"role": "web"}},
    {"id": "i-stopped", "status": "Stopped", "tags": {"role": "web"}},
    {"id": "i-offline", "agent": {"online": False}, "tags": {"role": "web"}},
    {"id": "i-bare", "agent": {"installed": False}},
    {"id": "i-windows", "os_type": "windows"},
]


@pytest.mark.parametrize(
    ("instance_id", "reason"),
    [
        ("i-stopped", "InvalidInstanceStatus: is Stopped, not Running"),
        ("i-offline", "InvalidInstance.NoClient: its agent is offline (last seen "),
        ("i-bare", "InvalidInstance.NoClient: its agent is not installed"),
        ("i-windows", "InvalidInstance.NotMatch: runs windows, but the task needs Linux (RunShellScript)"),
        ("i-nowhere", "InvalidInstance.NotFound: not found in"),
    ],
)
def test_an_instance_that_cannot_run_is_named_and_nothing_is_started(emulator: Any, instance_id: str, reason: str):
    emulator.reset(fleet=FLEET)
    outcome = start(client_of(emulator), ["i-ready", instance_id])
    failure = failure_of(outcome)
    assert f"{instance_id}: Failed {reason}" in str(failure)
    assert (failure.result["failed_instances"], failure.result["changed"]) == ([instance_id], False)
    assert statuses(outcome) == ["Skipped", "Failed"]
    assert outcome.results[0].error_code == "NotStarted"
    assert failure.result["error"]["code"].startswith("InvalidInstance")
    assert executed(emulator) == set()


def test_unready_instances_are_skipped_with_a_warning_and_the_rest_runs(emulator: Any):
    emulator.reset(fleet=FLEET)
    told: list[str] = []
    targets = Targets.of(["i-stopped", "i-ready", "i-offline", "i-bare"])
    request = RunRequest.of(targets, ScriptContent(b"echo hello"), unready="skip", wait_timeout=60)
    outcome = run.run(client_of(emulator), request, warn=told.append)
    assert outcome.failure() is None
    assert statuses(outcome) == ["Skipped", "Success", "Skipped", "Skipped"]
    assert told[0].startswith("Skipped 3 of 4 instances: i-stopped: is Stopped, not Running; i-offline: its agent")
    assert executed(emulator) == {"i-ready"}


def test_a_wrong_id_fails_even_when_unready_ones_are_skipped(emulator: Any):
    emulator.reset(fleet=FLEET)
    outcome = start(client_of(emulator), ["i-ready", "i-nowhere", "i-windows"], unready="skip")
    assert statuses(outcome) == ["Success", "Failed", "Failed"]
    assert failure_of(outcome).result["failed_instances"] == ["i-nowhere", "i-windows"]


def test_a_fleet_of_nothing_but_unready_instances_changes_nothing(emulator: Any):
    emulator.reset(fleet=FLEET)
    outcome = start(client_of(emulator), ["i-stopped", "i-offline"], unready="skip")
    assert (statuses(outcome), outcome.changed, outcome.failure()) == (["Skipped", "Skipped"], False, None)


@pytest.mark.parametrize("unready", ["fail", "skip"])
def test_a_dry_run_finds_the_same(emulator: Any, unready: str):
    emulator.reset(fleet=FLEET)
    outcome = start(client_of(emulator), ["i-ready", "i-stopped"], unready=unready, dry_run=True)
    assert outcome.changed is (unready == "skip")
    assert (outcome.failure() is None) is (unready == "skip")
    assert executed(emulator) == set()


def test_by_tag_all_matching_instances_run_however_many(emulator: Any):
    web = [{"id": f"i-{number:03}", "tags": {"role": "web"}} for number in range(103)]
    emulator.reset(fleet=[*web, {"id": "i-other", "tags": {"role": "db"}}])
    client = client_of(emulator)
    outcome = by_tag(client, {"role": "web"}, client_token="mine")
    assert [result.instance_id for result in outcome.results] == [row["id"] for row in web]
    assert (outcome.summary.success, outcome.changed) == (103, True)
    again = by_tag(client, {"role": "web"}, client_token="mine")
    assert (again.summary.success, again.changed) == (103, False)
    assert executed(emulator) == {row["id"] for row in web}


def test_a_larger_batch_needs_the_quota_of_the_account(emulator_factory: Any):
    pretend = '{"content": ".", "output": "done"}'
    cloud = emulator_factory(pretend=pretend)
    cloud.reset(fleet=[{"id": f"i-{number:03}", "tags": {"fleet": "all"}} for number in range(150)])
    refused = failure_of(by_tag(client_of(cloud), {"fleet": "all"}, batch_size=150))
    error = refused.result["error"]
    assert (error["code"], "require a higher quota" in error["hint"]) == ("InstanceIds.ExceedLimit", True)
    assert executed(cloud) == set()

    cloud.options(quota_instances=150)
    outcome = by_tag(client_of(cloud), {"fleet": "all"}, batch_size=150)
    assert (len(outcome.invoke_ids), outcome.summary.success) == (1, 150)


def test_by_tag_stopped_instances_are_known_before_anything_starts(emulator: Any):
    emulator.reset(fleet=FLEET)
    outcome = by_tag(client_of(emulator), {"role": "web"})
    assert outcome.failed_instances == ["i-offline", "i-stopped"]
    assert "Nothing was started. To run on the other instances, use unready: skip." in str(outcome.failure())
    assert not any(row["action"] == "RunCommand" for row in emulator.requests())
    skipping = by_tag(client_of(emulator), {"role": "web"}, unready="skip")
    assert statuses(skipping) == ["Skipped", "Success", "Skipped"]


def test_tags_that_no_instance_has(emulator: Any):
    with pytest.raises(TaskFailure, match="resource_tags: no instance in cn-hangzhou has role=none"):
        by_tag(client_of(emulator), {"role": "none"})


def test_a_rolling_run_never_has_more_batches_under_way(emulator: Any):
    ids = emulator.reset(instances=6)
    outcome = start(client_of(emulator), ids, "sleep 0.3", batch_size=1, max_concurrent_batches=2)
    assert outcome.summary.success == 6
    under_way = most = 0
    seen: set[str] = set()
    # each state read or result read after a start shows how many were begun and not yet read to the end
    for row in emulator.requests():
        if row["action"] == "RunCommand":
            under_way += 1
        elif row["params"].get("IncludeOutput") and row["params"]["InvokeId"] not in seen:
            seen.add(row["params"]["InvokeId"])
            under_way -= 1
        most = max(most, under_way)
    assert most == 2


def test_a_canary_that_fails_keeps_the_others_from_starting(emulator: Any):
    ids = emulator.reset(instances=6)
    outcome = start(client_of(emulator), ids, "exit 2", batch_size=2, max_failures=0)
    assert statuses(outcome) == ["Failed", "Failed"] + ["Skipped"] * 4
    assert executed(emulator) == set(ids[:2])
    assert "2 of 6 instances failed" in str(failure_of(outcome))


def test_an_agent_that_goes_offline_meanwhile_has_an_error_code_of_its_own(emulator: Any):
    ids = emulator.reset(instances=2)
    emulator.faults([{"action": "RunCommand", "kind": "reboot", "instance_id": ids[0], "delay_ms": 200}])
    outcome = start(client_of(emulator), ids, "sleep 1; echo done")
    assert outcome.failed_instances == [ids[0]]
    first = outcome.results[0]
    assert (first.rc, first.error_code != "") == (None, True)
    assert first.error_code in str(failure_of(outcome))


def test_only_what_failed_runs_again_under_a_key(emulator: Any):
    ids = emulator.reset(instances=3)
    script = f'[ -e /tmp/mended ] || [ "{{{{ACS::InstanceId}}}}" != {ids[1]} ] || exit 1; echo done'
    client = client_of(emulator)
    first = start(client, ids, script, idempotency_key="k")
    assert first.failed_instances == [ids[1]]
    start(client, [ids[1]], "touch /tmp/mended")
    second = start(client, ids, script, idempotency_key="k")
    assert second.failure() is None
    assert [result.previous for result in second.results] == [True, False, True]
    assert second.changed
    assert {result.stdout for result in second.results} == {"done\n"}


def test_what_still_runs_under_a_key_is_waited_for(emulator: Any):
    ids = emulator.reset(instances=2)
    client = client_of(emulator)
    start(client, ids, "sleep 1; echo done", idempotency_key="k", wait=False)
    outcome = start(client, ids, "sleep 1; echo done", idempotency_key="k")
    assert (outcome.changed, outcome.summary.success, outcome.summary.previous) == (False, 2, 2)
    assert all(len(rows) == 1 for rows in emulator.executions().values())


def test_another_script_under_the_same_key_causes_a_warning(emulator: Any):
    ids = emulator.reset(instances=1)
    told: list[str] = []
    start(client_of(emulator), ids, "echo one", idempotency_key="k")
    request = RunRequest.of(Targets.of(ids), ScriptContent(b"echo two"), idempotency_key="k")
    assert not run.run(client_of(emulator), request, warn=told.append).changed
    assert told == ["idempotency_key: an earlier invocation with this key ran a different script"]


def test_output_beyond_what_is_kept_causes_a_warning(emulator: Any):
    ids = emulator.reset(instances=1)
    told: list[str] = []
    request = RunRequest.of(Targets.of(ids), ScriptContent(b"head -c 30000 /dev/zero | tr '\\0' x"))
    outcome = run.run(client_of(emulator), request, warn=told.append)
    assert outcome.results[0].dropped == 30000 - 24576
    assert len(outcome.results[0].output or b"") == 24576
    assert f"{ids[0]} lost 5424 bytes" in told[0]


@pytest.mark.parametrize(
    ("mode", "frequency"),
    [(None, "rate(5m)"), ("period", "0 0 3 * * ?"), ("next_reboot_only", None), ("every_reboot", None)],
)
def test_what_runs_later_returns_once_it_is_known(emulator: Any, mode: str | None, frequency: str | None):
    ids = emulator.reset(instances=2)
    options = {"repeat_mode": mode, "frequency": frequency, "idempotency_key": "k"}
    outcome = start(client_of(emulator), ids, **options)
    assert (outcome.changed, outcome.failure(), outcome.summary.running) == (True, None, 2)
    again = start(client_of(emulator), ids, **options)
    assert (again.changed, again.failure(), again.summary.previous) == (False, None, 2)
    assert executed(emulator) == set()


def test_an_agent_too_old_for_the_schedule_is_reported(emulator: Any):
    emulator.reset(fleet=[{"id": "i-new"}, {"id": "i-old", "agent": {"version": "2.2.3.200"}}])
    outcome = start(client_of(emulator), ["i-new", "i-old"], frequency="rate(5m)")
    assert outcome.failed_instances == ["i-old"]
    assert "ClientNeedUpgrade" in str(failure_of(outcome))


def test_an_agent_too_old_for_the_script_is_left_out_as_check_mode_predicts(emulator: Any):
    emulator.reset(fleet=[{"id": "i-new"}, {"id": "i-old", "agent": {"version": "2.2.3.200"}}])
    for dry_run in (True, False):
        script = "echo {{ACS::InstanceId}}"
        outcome = start(client_of(emulator), ["i-new", "i-old"], script, unready="skip", dry_run=dry_run)
        [old] = [result for result in outcome.results if result.instance_id == "i-old"]
        assert (old.status, old.error_code) == ("Skipped", "ClientNeedUpgrade"), old
    assert executed(emulator) == {"i-new"}


def test_the_history_of_a_schedule_and_its_coming_runs(emulator: Any):
    ids = emulator.reset(instances=2)
    client = client_of(emulator)
    outcome = start(client, ids, "echo again", frequency="rate(60s)", timeout=30)
    emulator.advance(200)
    found = invocation_query.find(client, invocation_query.InvocationQuery(invoke_id=outcome.invoke_ids[0]))
    history = invocation_query.history_of(client, found, Deadline(60))
    assert sorted(result.instance_id for result in history) == sorted(ids * 3)
    assert {(result.rc, result.stdout) for result in history} == {(0, "again\n")}
    # the latest record of an instance has the state of the schedule
    assert {result.status for result in history} == {"Success", "Scheduled"}
    runs = [parse_time(text) for text in found.next_runs(found.invocations[0])]
    created = parse_time(found.invocations[0].created_at)
    assert created is not None
    # on the grid from its creation; what has been is not among them
    assert [(run - created).total_seconds() for run in runs if run] == [240, 300, 360, 420, 480]


# the API of 2018


def own_commands(emulator: Any) -> list[Any]:
    return find_commands(client_of(emulator))


def classic(emulator: Any) -> Client:
    return client_of(emulator, api_generation="classic")


def test_the_classic_generation_gives_the_same_result_and_leaves_no_command(emulator: Any):
    ids = emulator.reset(instances=3)
    script = f'echo "on $HOME"; [ "$(hostname)" != x ] || exit {len(ids)}'
    old = start(classic(emulator), ids, script)
    new = start(client_of(emulator), ids, script)
    assert [result.as_dict().keys() for result in old.results] == [result.as_dict().keys() for result in new.results]
    for name in ("instance_id", "status", "rc", "stdout", "dropped", "error_code", "previous"):
        assert [getattr(item, name) for item in old.results] == [getattr(item, name) for item in new.results], name
    assert (old.changed, old.failure()) == (True, None)
    assert own_commands(emulator) == []


def test_the_classic_generation_also_names_failing_instances(emulator: Any):
    ids = emulator.reset(instances=2)
    outcome = start(classic(emulator), ids, "echo broken; exit 5")
    assert f"2 x exit code 5: broken: {ids[0]}, {ids[1]}" in str(failure_of(outcome))
    assert own_commands(emulator) == []


def test_a_command_that_still_runs_when_the_time_is_up_is_named(emulator: Any):
    """The service does not delete a command that is being run."""
    ids = emulator.reset(instances=1)
    failure = start(classic(emulator), ids, "sleep 3", wait_timeout=1).failure()
    assert isinstance(failure, WaitTimeout)
    (left,) = own_commands(emulator)
    named = f"The command {left.command_id} ({left.name}) was stored for this run and could not be deleted"
    assert named in str(failure)


def test_the_command_goes_when_the_instances_are_refused(emulator: Any):
    emulator.reset(fleet=FLEET)
    outcome = start(classic(emulator), ["i-ready", "i-stopped"])
    assert outcome.failed_instances == ["i-stopped"]
    assert own_commands(emulator) == []


def test_the_command_stays_when_it_is_to_be_kept(emulator: Any):
    ids = emulator.reset(instances=1)
    outcome = start(classic(emulator), ids, keep_command=True, name="kept")
    assert [command.command_id for command in own_commands(emulator)] == [outcome.command_id]


def test_a_command_whose_creation_was_not_answered_is_found_used_and_removed(emulator: Any):
    ids = emulator.reset(instances=1)
    emulator.faults([{"action": "CreateCommand", "kind": "drop_after", "nth": [1]}])
    outcome = start(classic(emulator), ids)
    assert (statuses(outcome), own_commands(emulator)) == (["Success"], [])


def test_an_invocation_that_was_not_answered_is_found_and_not_repeated(emulator: Any):
    ids = emulator.reset(instances=2)
    emulator.faults([{"action": "InvokeCommand", "kind": "drop_after", "nth": [1]}])
    outcome = start(classic(emulator), ids)
    assert (statuses(outcome), outcome.changed) == (["Success", "Success"], True)
    assert [len(rows) for rows in emulator.executions().values()] == [1, 1]
    assert own_commands(emulator) == []


def test_a_stored_commands_invocation_that_was_not_answered_is_neither_repeated_nor_guessed(emulator: Any):
    ids = emulator.reset(instances=1)
    stored = {"Name": "c", "Type": "RunShellScript", "CommandContent": "ZGF0ZQ=="}
    made = client_of(emulator).call("CreateCommand", stored)
    emulator.faults([{"action": "InvokeCommand", "kind": "drop_after", "nth": [1]}])
    outcome = run.run(classic(emulator), RunRequest.of(Targets.of(ids), command_id=made["CommandId"], wait_timeout=60))
    assert "The request may have arrived and taken effect" in str(failure_of(outcome))
    assert "ecs_invocation_info" in str(failure_of(outcome))
    assert sum(row["action"] == "InvokeCommand" for row in emulator.requests()) == 1
