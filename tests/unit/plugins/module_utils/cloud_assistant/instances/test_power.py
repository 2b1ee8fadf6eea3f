# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances are started, stopped and rebooted only where needed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.power import (
    PowerChange,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    TaskFailure,
    WaitTimeout,
)
from support.fake_fleet import FakeFleet


def power(fleet: FakeFleet, state: str, seconds: float = 600, **options: Any) -> PowerChange:
    """Return a change of all instances."""
    rows = [dict(row) for row in fleet.rows.values()]
    return PowerChange(fleet, rows, state, deadline=fleet.deadline(seconds), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("state", "goal"), [("running", "Running"), ("stopped", "Stopped")])
def test_only_what_is_not_there_yet_is_changed(state: str, goal: str):
    fleet = FakeFleet({"Status": "Running"}, {"Status": "Stopped"})
    task = power(fleet, state)
    task.check()
    task.carry_out()
    assert {row["Status"] for row in fleet.rows.values()} == {goal}
    assert sorted(row["changed"] for row in task.changes.results()) == [False, True]
    again = power(fleet, state)
    again.carry_out()
    assert not again.changes.changed
    assert len(fleet.names("StartInstances") + fleet.names("StopInstances")) == 1


@pytest.mark.parametrize(
    ("before", "state", "goal"), [("Starting", "running", "Running"), ("Stopping", "stopped", "Stopped")]
)
def test_one_on_its_way_is_only_waited_for(before: str, state: str, goal: str):
    fleet = FakeFleet({"Status": before})
    fleet.coming.append((3.0, lambda: fleet.rows["i-0001"].update(Status=goal)))
    task = power(fleet, state)
    task.carry_out()
    assert task.changes.results()[0]["status"] == goal and not task.changes.changed


def test_one_that_is_going_the_other_way_is_turned_round():
    fleet = FakeFleet({"Status": "Stopping"})
    fleet.coming.append((3.0, lambda: fleet.rows["i-0001"].update(Status="Stopped")))
    task = power(fleet, "running")
    task.carry_out()
    assert task.changes.changed and fleet.rows["i-0001"]["Status"] == "Running"


def test_reboot_has_ended_when_the_instance_was_down_and_runs_again():
    fleet = FakeFleet({})
    task = power(fleet, "rebooted")
    task.carry_out()
    assert fleet.now >= 8 and fleet.rows["i-0001"]["Status"] == "Running" and task.changes.changed


def test_reboot_of_what_does_not_run_is_refused_before_anything_is_done():
    fleet = FakeFleet({}, {"Status": "Stopped"})
    with pytest.raises(TaskFailure, match="1 of 2 instances cannot be rebooted; nothing was changed: i-0002"):
        power(fleet, "rebooted").check()
    assert not fleet.calls


def test_options_of_the_actions():
    fleet = FakeFleet({})
    power(fleet, "stopped", force=True, stopped_mode="StopCharging").carry_out()
    params = fleet.names("StopInstances")[0]
    assert params["ForceStop"] is True and params["StoppedMode"] == "StopCharging"
    power(fleet, "running", force=True).carry_out()
    assert set(fleet.names("StartInstances")[0]) == {"InstanceId", "BatchOptimization"}


def test_refusal_of_one_is_its_own():
    fleet = FakeFleet({"Status": "Stopped"}, {"Status": "Stopped"})
    task = power(fleet, "running")
    fleet.rows["i-0002"]["Status"] = "Pending"
    with pytest.raises(TaskFailure, match="1 of 2 instances could not start: i-0002") as caught:
        task.carry_out()
    assert [row["changed"] for row in caught.value.result["results"]] == [True, False]


@pytest.mark.parametrize("state", ["running", "stopped", "rebooted"])
def test_power_rehearsal_changes_nothing(state: str):
    fleet = FakeFleet({"Status": "Stopped" if state == "running" else "Running"})
    before = {key: dict(row) for key, row in fleet.rows.items()}
    task = power(fleet, state)
    task.predict()
    assert task.changes.changed and fleet.rows == before and not fleet.coming


def test_power_rehearsal_says_what_would_be_refused():
    fleet = FakeFleet({}, {})
    task = power(fleet, "stopped")
    fleet.rows["i-0001"]["Status"] = "Stopped"
    with pytest.raises(TaskFailure, match="1 of 2 instances could not stop: i-0001"):
        task.predict()


def test_power_timeout_names_what_is_not_there_yet():
    fleet = FakeFleet({"Status": "Stopped"})
    with pytest.raises(WaitTimeout, match=r"Still waiting for: i-0001 \(Starting\)") as caught:
        power(fleet, "running", seconds=2).carry_out()
    assert caught.value.result["results"][0]["changed"] is True


def test_reboot_timeout_does_not_wait_for_running_to_be_running():
    with pytest.raises(WaitTimeout, match=r"instances have rebooted: .*Still waiting for: i-0001 \(Stopping\)"):
        power(FakeFleet({}), "rebooted", seconds=2).carry_out()
