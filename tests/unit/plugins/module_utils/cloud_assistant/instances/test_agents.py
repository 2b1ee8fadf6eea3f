# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents are read whole, installed where they are missing, and waited for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.agents import (
    Installation,
    agent_states,
    check_os_type,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    InputError,
    TaskFailure,
    WaitTimeout,
)
from support.fake_fleet import FakeFleet

OFFLINE = {"online": False, "version": ""}


def installation(fleet: FakeFleet, seconds: float = 600, **options: Any) -> Installation:
    """Return an installation on all instances."""
    rows = list(fleet.rows.values())
    records = agent_states(fleet, list(fleet.rows))  # type: ignore[arg-type]
    fleet.calls.clear()
    return Installation(fleet, rows, records, deadline=fleet.deadline(seconds), **options)  # type: ignore[arg-type]


def test_states_come_in_the_order_of_the_ids_and_in_hundreds():
    fleet = FakeFleet(*({} for _number in range(120)))
    ids = list(reversed(fleet.rows))
    assert [record["instance_id"] for record in agent_states(fleet, ids)] == ids  # type: ignore[arg-type]
    assert [len(params["InstanceId"]) for params in fleet.names("DescribeCloudAssistantStatus")] == [100, 20]


def test_states_leave_out_what_does_not_exist():
    fleet = FakeFleet({}, {})
    records = agent_states(fleet, ["i-none", "i-0002"])  # type: ignore[arg-type]
    assert [record["instance_id"] for record in records] == ["i-0002"]
    assert agent_states(fleet, ["i-none"]) == []  # type: ignore[arg-type]


def test_classic_generation_asks_by_ids_only():
    fleet = FakeFleet({}, {"agent": OFFLINE})
    fleet.generation = "classic"
    assert [record["online"] for record in agent_states(fleet)] == [True, False]  # type: ignore[arg-type]
    assert all("InstanceId" in params for params in fleet.names("DescribeCloudAssistantStatus"))


def test_classic_generation_refuses_what_it_does_not_report():
    fleet = FakeFleet({})
    fleet.generation = "classic"
    with pytest.raises(InputError, match="os_type"):
        check_os_type(fleet)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="min_version"):
        installation(fleet, min_version="2.0")


def test_only_missing_agents_are_installed_and_waited_for():
    fleet = FakeFleet({}, {"agent": OFFLINE})
    task = installation(fleet)
    task.carry_out()
    assert [params["InstanceId"] for params in fleet.names("InstallCloudAssistant")] == [["i-0002"]]
    assert [(row["online"], row["online_before"], row["changed"]) for row in task.changes.results()] == [
        (True, True, False),
        (True, False, True),
    ]
    again = installation(fleet)
    again.carry_out()
    assert not again.changes.changed and not fleet.names("InstallCloudAssistant")


def test_fifty_go_in_a_call():
    fleet = FakeFleet(*({"agent": OFFLINE} for _number in range(120)))
    installation(fleet).carry_out()
    assert [len(params["InstanceId"]) for params in fleet.names("InstallCloudAssistant")] == [50, 50, 20]


def test_prediction_only_reads():
    fleet = FakeFleet({"agent": OFFLINE})
    task = installation(fleet)
    task.predict()
    assert task.changes.changed and not fleet.calls


def test_an_old_agent_is_reinstalled():
    fleet = FakeFleet(
        {"agent": {"online": True, "version": "2.2.3.9"}}, {"agent": {"online": True, "version": "2.2.10"}}
    )
    task = installation(fleet, min_version="2.2.3.189")
    task.carry_out()
    assert [row["changed"] for row in task.changes.results()] == [True, False]


def test_refusal_and_stopped_instances_do_not_keep_the_others():
    fleet = FakeFleet(
        {"agent": {**OFFLINE, "unsupported": True}}, {"agent": OFFLINE, "Status": "Stopped"}, {"agent": OFFLINE}
    )
    with pytest.raises(TaskFailure, match="2 of 3 instances") as caught:
        installation(fleet).carry_out()
    assert "the instance is Stopped" in str(caught.value)
    assert caught.value.result["error"]["code"] == "InvalidInstanceId.OSTypeUnsupported"
    assert [row["online"] for row in caught.value.result["results"]] == [False, False, True]


def test_timeout_names_who_is_offline_and_what_may_help():
    fleet = FakeFleet({"agent": {**OFFLINE, "broken": True}})
    with pytest.raises(WaitTimeout, match=r"Still waiting for: i-0001 \(offline\).*rebooted") as caught:
        installation(fleet, seconds=20).carry_out()
    assert caught.value.result["changed"] is True


def test_without_waiting_it_ends_at_once():
    fleet = FakeFleet({"agent": OFFLINE})
    task = installation(fleet, wait=False)
    task.carry_out()
    assert task.changes.changed and fleet.now == 0
