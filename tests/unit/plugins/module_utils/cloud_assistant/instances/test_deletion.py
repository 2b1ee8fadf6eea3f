# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances are deleted once, whatever gets lost, and each one's end is reported."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.deletion import (
    Deletion,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.power import (
    PowerChange,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    TaskFailure,
    WaitTimeout,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_fleet import FakeFleet, api_error, lost


def deletion(fleet: FakeFleet, *ids: str, seconds: float = 600, **options: Any) -> Deletion:
    """Return a deletion of these instances, of all by default."""
    rows = [row for row in fleet.rows.values() if not ids or row["InstanceId"] in ids]
    missing = [instance_id for instance_id in ids if instance_id not in fleet.rows]
    return Deletion(fleet, rows, missing, deadline=fleet.deadline(seconds), **options)  # type: ignore[arg-type]


def power(fleet: FakeFleet, state: str, seconds: float = 600, **options: Any) -> PowerChange:
    """Return a change of all instances."""
    rows = [dict(row) for row in fleet.rows.values()]
    return PowerChange(fleet, rows, state, deadline=fleet.deadline(seconds), **options)  # type: ignore[arg-type]


def test_deletion_waits_until_all_are_gone():
    fleet = FakeFleet({}, {"Status": "Stopped"})
    task = deletion(fleet, "i-0001", "i-0002", "i-none", force=True)
    task.check()
    task.carry_out()
    assert fleet.rows == {}
    assert [(row["status"], row["changed"], row["action"]) for row in task.changes.results()] == [
        ("absent", True, "delete"),
        ("absent", True, "delete"),
        ("absent", False, "none"),
    ]


def test_all_undeletable_instances_are_reported_and_nothing_is_deleted():
    fleet = FakeFleet(
        {"Status": "Stopped"},
        {"DeletionProtection": True, "Status": "Stopped"},
        {"InstanceChargeType": "PrePaid"},
    )
    with pytest.raises(TaskFailure) as caught:
        deletion(fleet).check()
    text = str(caught.value)
    assert "2 of 3 instances" in text and "nothing was deleted" in text
    assert "i-0002 (name-i-0002): it is protected" in text
    assert "i-0003 (name-i-0003): it is a subscription" in text and "it is Running" in text
    assert [row["action"] for row in caught.value.result["results"]] == ["none"] * 3
    assert caught.value.result["changed"] is False
    assert not fleet.calls


def test_force_and_terminate_subscription_go_out_as_asked():
    fleet = FakeFleet({"InstanceChargeType": "PrePaid"})
    task = deletion(fleet, force=True, terminate_subscription=True, client_token="mine")
    task.check()
    task.carry_out()
    params = fleet.names("DeleteInstances")[0]
    assert (params["Force"], params["TerminateSubscription"], params["ClientToken"]) == (True, True, "mine")


def test_hundreds_go_in_calls_of_a_hundred_each_with_its_own_token():
    fleet = FakeFleet(*({} for _number in range(250)))
    deletion(fleet, force=True, client_token="mine").carry_out()
    calls = fleet.names("DeleteInstances")
    assert [len(call["InstanceId"]) for call in calls] == [100, 100, 50]
    assert len({call["ClientToken"] for call in calls} | {"mine"}) == 4
    assert set(fleet.deletions.values()) == {1} and not fleet.rows


def test_rehearsal_asks_the_service_and_deletes_nothing():
    fleet = FakeFleet({}, {})
    task = deletion(fleet, force=True)
    task.predict()
    assert task.changes.changed and len(fleet.rows) == 2 and not fleet.deletions
    assert [row["msg"] for row in task.changes.results()] == ["would be deleted"] * 2
    assert fleet.names("DeleteInstances")[0]["DryRun"] is True


def test_a_refused_dry_run_is_reported_for_each_instance():
    fleet = FakeFleet({}, {"DeletionProtection": True})
    task = deletion(fleet, force=True)
    with pytest.raises(TaskFailure, match="1 of 2 instances could not be deleted: i-0002"):
        task.predict()
    assert [row["changed"] for row in task.changes.results()] == [True, False]


def test_one_that_is_refused_does_not_keep_the_others():
    fleet = FakeFleet({}, {"DeletionProtection": True}, {})
    task = deletion(fleet, force=True)
    with pytest.raises(TaskFailure, match="1 of 3 instances could not be deleted: i-0002") as caught:
        task.carry_out()
    assert list(fleet.rows) == ["i-0002"]
    results = caught.value.result["results"]
    assert [row["changed"] for row in results] == [True, False, True]
    assert results[1]["error"]["code"] == "InvalidOperation.DeletionProtection"
    assert caught.value.result["error"]["code"] == "InvalidOperation.DeletionProtection"


def test_an_instance_that_another_user_deleted_meanwhile_is_unchanged():
    fleet = FakeFleet({}, {})
    task = deletion(fleet, force=True)
    del fleet.rows["i-0001"]
    task.carry_out()
    assert [row["changed"] for row in task.changes.results()] == [False, True]
    assert task.changes.results()[0]["msg"] == "was deleted by another user or program in the meantime"


def test_the_rest_of_a_batch_goes_together_when_one_is_gone_already():
    fleet = FakeFleet(*({} for _number in range(100)))
    task = deletion(fleet, force=True)
    del fleet.rows["i-0050"]
    task.carry_out()
    assert [len(params["InstanceId"]) for params in fleet.names("DeleteInstances")] == [100, 99]
    assert set(fleet.deletions.values()) == {1} and not fleet.rows


def test_the_rest_of_a_batch_goes_together_when_some_were_protected_meanwhile():
    fleet = FakeFleet(*({} for _number in range(100)))
    rows = [dict(row) for row in fleet.rows.values()]
    task = Deletion(fleet, rows, force=True, deadline=fleet.deadline(600))  # type: ignore[arg-type]
    task.check()
    protected = {"i-0007", "i-0050"}
    for instance_id in protected:
        fleet.rows[instance_id]["DeletionProtection"] = True

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation == "DeleteInstances" and moment == "before" and protected & set(params["InstanceId"]):
            raise api_error(operation, "InvalidOperation.DeletionProtection", 403)

    fleet.trouble = trouble
    with pytest.raises(TaskFailure, match="2 of 100 instances could not be deleted") as caught:
        task.carry_out()
    calls = fleet.names("DeleteInstances")
    assert [len(params["InstanceId"]) for params in calls] == [100, 98, 1, 1]
    assert len({params["ClientToken"] for params in calls}) == 4
    assert {row["instance_id"] for row in caught.value.result["results"] if not row["changed"]} == protected
    assert set(fleet.rows) == protected


def test_not_found_after_a_lost_reply_is_our_own_deletion():
    fleet = FakeFleet({})

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation == "DeleteInstances" and moment == "after":
            fleet.rows.clear()
            raise api_error(operation, "InvalidInstanceId.NotFound", 404, lost=True)

    fleet.trouble = trouble
    task = deletion(fleet, force=True)
    task.carry_out()
    assert [(row["status"], row["changed"]) for row in task.changes.results()] == [("absent", True)]


def test_unanswered_deletion_that_is_at_work_is_waited_for():
    fleet = FakeFleet({}, {"Status": "Stopped"})

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation == "DeleteInstances" and moment == "after":
            raise lost(operation)

    fleet.trouble = trouble
    task = deletion(fleet, force=True)
    task.carry_out()
    assert [(row["status"], row["changed"]) for row in task.changes.results()] == [("absent", True)] * 2
    assert set(fleet.deletions.values()) == {1}


def test_refused_while_the_unanswered_deletion_is_at_work():
    """The answer is lost, and the repeated call, without a client token, finds the instance on its way out."""
    fleet = FakeFleet({})

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation == "DeleteInstances" and moment == "after":
            raise api_error(operation, "IncorrectInstanceStatus", lost=True)

    fleet.trouble = trouble
    task = deletion(fleet, force=True)
    task.carry_out()
    assert [(row["status"], row["changed"]) for row in task.changes.results()] == [("absent", True)]


def test_what_goes_after_an_unanswered_batch_is_our_own_deletion():
    """The batch is refused after a lost answer; the looks in between do not see yet that the first try has worked."""
    fleet = FakeFleet({}, {})

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation != "DeleteInstances" or moment == "before":
            return
        if len(params["InstanceId"]) > 1:
            raise api_error(operation, "InvalidInstanceId.NotFound", 404, lost=True)
        raise AssertionError("what is on its way out is not deleted again")

    fleet.trouble = trouble
    task = deletion(fleet, force=True)
    task.carry_out()
    assert [(row["status"], row["changed"]) for row in task.changes.results()] == [("absent", True)] * 2


def test_deletion_that_worked_behind_a_gateway_error_is_ours():
    fleet = FakeFleet({})

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation == "DeleteInstances" and moment == "after":
            fleet.rows.clear()
            raise api_error(operation, "502", 502)

    fleet.trouble = trouble
    task = deletion(fleet, force=True)
    task.carry_out()
    assert [(row["status"], row["changed"]) for row in task.changes.results()] == [("absent", True)]


@pytest.mark.parametrize("others", [1, 2])
def test_a_token_that_another_deletion_used_deletes_nothing(others: int):
    fleet = FakeFleet(*({} for _number in range(1 + others)))
    deletion(fleet, "i-0001", force=True, client_token="mine").carry_out()
    task = deletion(fleet, *fleet.rows, force=True, client_token="mine")
    with pytest.raises(TaskFailure, match="IdempotentParameterMismatch") as caught:
        task.carry_out()
    assert list(fleet.deletions) == ["i-0001"]
    assert caught.value.result["changed"] is False


def test_error_of_another_kind_is_raised_with_every_fate():
    fleet = FakeFleet({})

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation == "DeleteInstances":
            raise api_error(operation, "InternalError", 500)

    fleet.trouble = trouble
    with pytest.raises(TaskFailure, match="InternalError") as caught:
        deletion(fleet, force=True).carry_out()
    assert caught.value.result["results"][0]["status"] == "Running"


def test_unanswered_deletion_that_took_no_effect_is_an_error():
    fleet = FakeFleet({}, {})

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation == "DeleteInstances" and moment == "before":
            raise lost(operation)

    fleet.trouble = trouble
    with pytest.raises(TaskFailure, match="no usable reply") as caught:
        deletion(fleet, force=True).carry_out()
    assert len(fleet.names("DeleteInstances")) == 1
    assert [(row["status"], row["changed"]) for row in caught.value.result["results"]] == [("Running", False)] * 2


def test_timeout_names_what_is_still_there():
    fleet = FakeFleet({})
    with pytest.raises(WaitTimeout, match=r"Not gone yet: i-0001 \(Stopping\)") as caught:
        deletion(fleet, force=True, seconds=2).carry_out()
    assert caught.value.result["changed"] is True


def test_without_waiting_the_end_is_not_claimed():
    fleet = FakeFleet({})
    task = deletion(fleet, force=True, wait=False)
    task.carry_out()
    assert [row["status"] for row in task.changes.results()] == ["deleting"]


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("state", ["absent", "running", "stopped", "rebooted"])
def test_prediction_has_the_statuses_of_the_run(state: str, wait: bool):
    def task(fleet: FakeFleet) -> Deletion | PowerChange:
        return deletion(fleet, force=True, wait=wait) if state == "absent" else power(fleet, state, wait=wait)

    statuses = ["Running"] if state == "rebooted" else ["Running", "Stopped"]
    predicted, done = (task(FakeFleet(*({"Status": status} for status in statuses))) for _turn in range(2))
    predicted.predict()
    done.carry_out()
    expected, seen = ([(row["status"], row["changed"]) for row in one.changes.results()] for one in (predicted, done))
    assert expected == seen


def test_one_that_is_just_stopping_is_waited_for():
    fleet = FakeFleet({})
    power(fleet, "stopped", wait=False).carry_out()
    task = deletion(fleet)
    task.check()
    task.carry_out()
    assert not fleet.rows and task.changes.changed


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 230),
    seed=st.integers(0, 10_000),
    protected=st.sets(st.integers(1, 230), max_size=3),
    foreign=st.sets(st.integers(1, 230), max_size=3),
)
def test_every_instance_is_deleted_once_despite_lost_replies(
    count: int, seed: int, protected: set[int], foreign: set[int]
):
    """Random lost replies, refusals and deletions by others: each instance goes once, and each change is true."""
    chance = random.Random(seed)
    fleet = FakeFleet(*({"DeletionProtection": number in protected} for number in range(1, count + 1)))
    others = {f"i-{number:04d}" for number in foreign} & set(fleet.rows)
    task = deletion(fleet, force=True)
    for instance_id in others:
        del fleet.rows[instance_id]

    def trouble(operation: str, params: dict[str, Any], moment: str) -> None:
        if operation == "DeleteInstances" and moment == "after" and chance.random() < 0.3:
            # the answer is lost, and by the time of the last try they are gone
            for instance_id in params["InstanceId"]:
                fleet.rows.pop(instance_id, None)
            raise lost(operation)

    fleet.trouble = trouble
    stuck = {f"i-{number:04d}" for number in protected} & set(fleet.rows)
    if stuck:
        with pytest.raises(TaskFailure):
            task.carry_out()
    else:
        task.carry_out()
    assert set(fleet.rows) == stuck
    assert set(fleet.deletions.values()) <= {1}
    for row in task.changes.results():
        ours = row["instance_id"] not in others | stuck
        assert row["changed"] == ours == (fleet.deletions[row["instance_id"]] == 1)
        assert row["status"] == ("Running" if row["instance_id"] in stuck else "absent")
