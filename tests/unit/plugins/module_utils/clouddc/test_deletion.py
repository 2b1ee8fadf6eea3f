# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting CloudDC instances: every way that the service may take, on a clock of its own."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.clouddc.deletion import Deletion
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    TaskFailure,
    TransportError,
    WaitTimeout,
)
from support.clouddc import BLOCK, FakeCloud, Machine, api_error, lost


def delete(cloud: FakeCloud, *ids: str, seconds: float = 1000.0, **options: Any) -> Deletion:
    """Plan and carry out a deletion."""
    deletion = Deletion(cloud, list(ids), deadline=cloud.deadline(seconds), **options)  # type: ignore[arg-type]
    deletion.plan()
    deletion.carry_out()
    return deletion


def seen(deletion: Deletion, key: str) -> list[Any]:
    return [row[key] for row in deletion.changes.results()]


@pytest.mark.parametrize("state", ["stopped", "pending", "a-state-of-next-year"])
def test_one_instance(state: str):
    cloud = FakeCloud(a=Machine(state))
    deletion = delete(cloud, "a")
    assert deletion.changes.results() == [
        {
            "id": "a",
            "name": "name-a",
            "server_id": "server-a",
            "state_before": state,
            "state": "terminated",
            "action": "delete",
            "power_off": False,
            "changed": True,
        }
    ]
    assert cloud.deletions == {"a": 1}
    assert "DeleteInstances" not in cloud.calls


def test_several_instances_go_in_batches_of_50():
    cloud = FakeCloud(**{f"i{number}": Machine("stopped") for number in range(120)})
    deletion = delete(cloud, *cloud.machines)
    assert [len(batch) for batch in cloud.batches] == [50, 50, 20]
    assert set(seen(deletion, "state")) == {"terminated"}
    assert set(cloud.deletions.values()) == {1}
    statuses = cloud.calls.count("ShowInstanceStatus")
    assert statuses <= 120, "while they are shutting down, lists tell enough"


@pytest.mark.parametrize("state", ["terminated", "teminated"])
def test_a_terminated_instance_is_not_changed(state: str):
    cloud = FakeCloud(a=Machine(state))
    deletion = delete(cloud, "a")
    assert (deletion.changes.changed, seen(deletion, "action")) == (False, ["none"])
    assert not cloud.deletions


def test_an_absent_instance_is_not_changed():
    cloud = FakeCloud()
    deletion = delete(cloud, "a")
    assert deletion.changes.changed is False
    assert seen(deletion, "state") == seen(deletion, "state_before") == ["absent"]
    assert cloud.calls == ["ListInstances", "ShowInstanceStatus"], "the list alone does not prove it"


def test_gateway_404_does_not_mean_absence():
    cloud = FakeCloud()
    for code in ("APIGW.0101", "APIG.0101"):
        cloud.trouble["ShowInstanceStatus"] = [api_error("ShowInstanceStatus", 404, code)]
        with pytest.raises(ApiError, match=code):
            delete(cloud, "a")


def test_shutting_down_is_only_waited_for():
    cloud = FakeCloud(a=Machine("shutting-down", [(0, "shutting-down"), (30, "terminated")]))
    cloud.deleted_at["a"] = 0.0
    deletion = delete(cloud, "a")
    assert (deletion.changes.changed, seen(deletion, "action"), seen(deletion, "state")) == (
        False,
        ["wait"],
        ["terminated"],
    )
    assert not cloud.deletions


def test_shutting_down_that_fails_is_a_failure():
    cloud = FakeCloud(a=Machine("shutting-down", [(0, "shutting-down"), (30, "error")], error=BLOCK))
    cloud.deleted_at["a"] = 0.0
    with pytest.raises(TaskFailure, match=r"iMetal.0099: disk does not answer") as caught:
        delete(cloud, "a")
    assert caught.value.result["changed"] is False


def test_gone_may_also_be_forgotten():
    cloud = FakeCloud(a=Machine("stopped", [(0, "shutting-down"), (5, "forgotten")]))
    deletion = delete(cloud, "a")
    assert (deletion.changes.changed, seen(deletion, "state")) == (True, ["absent"])


def test_unknown_states_are_waited_through():
    walk = [(0, "shutting-down"), (5, "scrubbing"), (10, "stopped"), (15, "teminated")]
    assert seen(delete(FakeCloud(a=Machine("stopped", walk)), "a"), "state") == ["teminated"]


@pytest.mark.parametrize("state", ["error", "failed"])
def test_error_before_may_linger(state: str):
    cloud = FakeCloud(a=Machine(state, [(0, state), (12, "shutting-down"), (20, "terminated")]))
    assert seen(delete(cloud, "a"), "state") == ["terminated"]


@pytest.mark.parametrize(
    ("walk", "latest"),
    [
        ([(0, "error"), (5, "shutting-down"), (10, "error")], 25),
        ([(0, "error")], 60),
    ],
    ids=["after shutting-down", "for too long"],
)
def test_error_again_is_a_failure(walk: list[tuple[float, str]], latest: float):
    cloud = FakeCloud(a=Machine("error", walk, error=BLOCK))
    with pytest.raises(TaskFailure, match="the deletion failed") as caught:
        delete(cloud, "a")
    assert cloud.now < latest
    assert caught.value.result["error"] == BLOCK
    assert caught.value.result["changed"] is True
    assert caught.value.result["results"][0]["state"] == "error"


def test_one_failure_lets_the_others_finish():
    cloud = FakeCloud(
        a=Machine("stopped", [(0, "shutting-down"), (5, "error")], error=BLOCK),
        b=Machine("stopped", [(0, "shutting-down"), (60, "terminated")]),
    )
    with pytest.raises(TaskFailure, match="1 of 2 instances could not be deleted: a: ") as caught:
        delete(cloud, "a", "b")
    assert [row["state"] for row in caught.value.result["results"]] == ["error", "terminated"]


def test_refused_batch_is_tried_one_by_one():
    cloud = FakeCloud(a=Machine("stopped"), b=Machine("stopped", accepts=False), c=Machine("error"))
    with pytest.raises(TaskFailure) as caught:
        delete(cloud, "a", "b", "c")
    assert [row["changed"] for row in caught.value.result["results"]] == [True, False, True]
    assert [row["state"] for row in caught.value.result["results"]] == ["terminated", "stopped", "terminated"]
    assert cloud.deletions == {"a": 1, "c": 1}


def test_running_instances_do_not_spoil_the_batches_of_the_others():
    stopped = {f"s{number}": Machine("stopped") for number in range(49)}
    cloud = FakeCloud(a=Machine("running", power="on"), b=Machine("running", power="on"), **stopped)
    with pytest.raises(TaskFailure, match="2 of 51 instances could not be deleted"):
        delete(cloud, *cloud.machines)
    assert cloud.batches[0] == list(stopped)
    assert cloud.calls.count("DeleteInstance") == 2
    assert set(cloud.deletions) == set(stopped)


def test_refused_running_instance_says_what_to_do():
    cloud = FakeCloud(a=Machine("running", power="on"))
    with pytest.raises(TaskFailure, match="it is running; set power_off_first: true"):
        delete(cloud, "a")
    assert "ShowServer" not in cloud.calls


def test_power_off_first():
    cloud = FakeCloud(a=Machine("running", power="on"), b=Machine("stopped"))
    told: list[str] = []
    deletion = delete(cloud, "a", "b", power_off_first=True, progress=told.append)
    assert cloud.calls.index("ChangeServerPowerState") < cloud.calls.index("DeleteInstances")
    assert seen(deletion, "power_off") == [True, False]
    assert seen(deletion, "state") == ["terminated", "terminated"]
    assert cloud.calls.count("ChangeServerPowerState") == 1
    assert told[0] == "powering off 1 physical server"


def test_power_off_that_fails_keeps_the_instance():
    cloud = FakeCloud(a=Machine("running", power="on", power_failed=True), b=Machine("stopped"))
    with pytest.raises(TaskFailure, match="server-a could not be powered off: iMetal.0099") as caught:
        delete(cloud, "a", "b", power_off_first=True)
    assert [row["state"] for row in caught.value.result["results"]] == ["running", "terminated"]
    assert cloud.deletions == {"b": 1}


def test_server_that_is_off_already():
    cloud = FakeCloud(a=Machine("running", power="on"))
    cloud.off_at["a"] = -100.0
    cloud.machines["a"].state = "running"
    deletion = Deletion(cloud, ["a"], deadline=cloud.deadline(), power_off_first=True)  # type: ignore[arg-type]
    cloud.state = lambda id: "running" if cloud.now == 0 and id not in cloud.deleted_at else FakeCloud.state(cloud, id)  # type: ignore[method-assign]
    deletion.plan()
    cloud.now = 1.0
    deletion.carry_out()
    assert "ChangeServerPowerState" not in cloud.calls
    assert seen(deletion, "state") == ["terminated"]


# --- lost answers ------------------------------------------------------------------------------------------------


def test_lost_reply_then_404_is_a_change():
    cloud = FakeCloud(a=Machine("stopped", [(0, "forgotten")]))
    cloud.trouble["DeleteInstance"] = [
        ("after", api_error("DeleteInstance", 404, "iMetal.0200", after_lost_reply=True))
    ]
    deletion = delete(cloud, "a")
    assert (deletion.changes.changed, seen(deletion, "state")) == (True, ["absent"])
    assert cloud.deletions == {"a": 1}


def test_404_without_a_lost_reply_means_that_another_user_deleted_it():
    cloud = FakeCloud(a=Machine("stopped", [(0, "forgotten")]))
    cloud.trouble["DeleteInstance"] = [("after", api_error("DeleteInstance", 404, "iMetal.0200"))]
    deletion = delete(cloud, "a")
    assert (deletion.changes.changed, seen(deletion, "state")) == (False, ["absent"])


@pytest.mark.parametrize(
    "error",
    [
        api_error("DeleteInstance", 400, "iMetal.0201", after_lost_reply=True),
        api_error("DeleteInstance", 500, "iMetal.0099"),
        lost("DeleteInstance"),
    ],
    ids=["refused the second time", "internal error", "no answer at all"],
)
def test_lost_reply_while_shutting_down_is_a_change(error: Exception):
    cloud = FakeCloud(a=Machine("stopped"))
    cloud.trouble["DeleteInstance"] = [("after", error)]
    deletion = delete(cloud, "a")
    assert (deletion.changes.changed, seen(deletion, "action"), seen(deletion, "state")) == (
        True,
        ["delete"],
        ["terminated"],
    )
    assert cloud.deletions == {"a": 1}


def test_lost_reply_of_a_batch():
    cloud = FakeCloud(a=Machine("stopped"), b=Machine("error"))
    cloud.trouble["DeleteInstances"] = [("after", lost("DeleteInstances"))]
    deletion = delete(cloud, "a", "b")
    assert seen(deletion, "changed") == [True, True]
    assert cloud.deletions == {"a": 1, "b": 1}


def test_request_that_never_arrived_fails_with_the_fate_of_all():
    cloud = FakeCloud(a=Machine("stopped"))
    cloud.trouble["DeleteInstance"] = [TransportError("DeleteInstance", "host", "connection refused", False)]
    with pytest.raises(TaskFailure, match="connection refused") as caught:
        delete(cloud, "a")
    assert caught.value.result["changed"] is False
    assert caught.value.result["results"][0]["state"] == "stopped"


def test_unknown_instance_in_a_batch_does_not_stop_the_others():
    cloud = FakeCloud(a=Machine("stopped"), b=Machine("stopped"))
    deletion = Deletion(cloud, ["a", "b"], deadline=cloud.deadline())  # type: ignore[arg-type]
    deletion.plan()
    del cloud.machines["b"]  # somebody else deletes it meanwhile
    deletion.carry_out()
    assert seen(deletion, "changed") == [True, False]
    assert seen(deletion, "state") == ["terminated", "absent"]


def test_partly_accepted_batch():
    cloud = FakeCloud(a=Machine("stopped"), b=Machine("stopped"), c=Machine("stopped"))
    original = cloud._DeleteInstances

    def only_first(id: Any, body: Any) -> dict[str, Any]:
        return original(id, {"instance_id_set": body["instance_id_set"][:1]})

    cloud._DeleteInstances = only_first  # type: ignore[method-assign]
    deletion = delete(cloud, "a", "b", "c")
    assert seen(deletion, "state") == ["terminated"] * 3
    assert cloud.deletions == {"a": 1, "b": 1, "c": 1}


def test_missing_permission_stops_everything():
    cloud = FakeCloud(**{f"i{number}": Machine("stopped") for number in range(60)})
    cloud.trouble["DeleteInstances"] = [api_error("DeleteInstances", 403, "iMetal.0004")]
    with pytest.raises(TaskFailure, match="iMetal.0004") as caught:
        delete(cloud, *cloud.machines)
    assert cloud.calls.count("DeleteInstances") == 0 + 1
    assert caught.value.result["error"]["code"] == "iMetal.0004"
    assert len(caught.value.result["results"]) == 60


@pytest.mark.parametrize("lost_reply", [True, False], ids=["ours", "somebody else's"])
def test_deletion_that_begins_late(lost_reply: bool):
    """The service has accepted a deletion, refuses a second one, and still shows the state of before."""
    cloud = FakeCloud(a=Machine("error", [(0, "error"), (12, "shutting-down"), (20, "terminated")], error=BLOCK))
    error = api_error("DeleteInstance", 400, "iMetal.0201", after_lost_reply=lost_reply)
    cloud.trouble["DeleteInstance"] = [("after", error)]
    deletion = delete(cloud, "a")
    assert (deletion.changes.changed, seen(deletion, "state")) == (lost_reply, ["terminated"])
    assert cloud.deletions == {"a": 1}


def test_deletion_of_a_batch_that_begins_late_is_ours():
    late = [(0.0, "error"), (12.0, "shutting-down"), (20.0, "terminated")]
    cloud = FakeCloud(a=Machine("error", late), b=Machine("stopped"))
    refused_again = api_error("DeleteInstances", 400, "iMetal.0201", after_lost_reply=True)
    cloud.trouble["DeleteInstances"] = [("after", refused_again)]
    cloud.trouble["DeleteInstance"] = [api_error("DeleteInstance", 400, "iMetal.0201")]
    deletion = delete(cloud, "a", "b")
    assert seen(deletion, "changed") == [True, True]
    assert cloud.deletions == {"a": 1, "b": 1}


def test_refused_error_instance_is_given_up_after_the_grace():
    cloud = FakeCloud(a=Machine("error", accepts=False))
    with pytest.raises(TaskFailure, match="iMetal.0201"):
        delete(cloud, "a")
    assert 25 < cloud.now < 60


# --- waiting and predicting --------------------------------------------------------------------------------------


def test_deadline():
    cloud = FakeCloud(a=Machine("stopped", [(0, "shutting-down")]), b=Machine("stopped"))
    with pytest.raises(
        WaitTimeout, match=r"waiting until the instances are gone.*Not gone yet: a \(shutting-down\)"
    ) as caught:
        delete(cloud, "a", "b", seconds=100)
    assert cloud.now <= 100
    assert [row["state"] for row in caught.value.result["results"]] == ["shutting-down", "terminated"]
    assert caught.value.result["changed"] is True


def test_without_wait():
    cloud = FakeCloud(a=Machine("stopped"), b=Machine("shutting-down"))
    deletion = delete(cloud, "a", "b", wait=False)
    assert seen(deletion, "state") == ["shutting-down", "shutting-down"]
    assert seen(deletion, "changed") == [True, False]
    assert cloud.now == 0


@pytest.mark.parametrize("wait", [True, False])
def test_prediction_is_what_happens(wait: bool):
    def make() -> FakeCloud:
        return FakeCloud(
            a=Machine("stopped"),
            b=Machine("error"),
            c=Machine("terminated"),
            d=Machine("running", power="on"),
            e=Machine("pending"),
        )

    ids = ["a", "b", "c", "d", "e", "absent"]
    cloud = make()
    plan = Deletion(cloud, ids, deadline=cloud.deadline(), power_off_first=True, wait=wait)  # type: ignore[arg-type]
    plan.plan()
    plan.predict()
    assert set(cloud.calls) == {"ListInstances", "ShowInstanceStatus"}, "check mode reads only"
    real = delete(make(), *ids, power_off_first=True, wait=wait)
    assert plan.changes.changed is real.changes.changed is True
    assert plan.changes.results() == real.changes.results()


def test_prediction_warns_of_running_instances():
    cloud = FakeCloud(a=Machine("running", power="on"))
    plan = Deletion(cloud, ["a"], deadline=cloud.deadline())  # type: ignore[arg-type]
    plan.plan()
    plan.predict()
    assert "may refuse" in plan.changes.results()[0]["msg"]
