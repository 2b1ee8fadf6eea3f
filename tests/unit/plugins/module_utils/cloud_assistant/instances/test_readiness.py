# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances a run is meant for, however many there are and whatever the service's filters leave out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.readiness import (
    examine,
    find_targets,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import TaskFailure
from support.fake_fleet import FakeFleet


def targets_of(fleet: FakeFleet, tags: dict[str, str], group: str | None = None) -> tuple[str, ...]:
    wanted = Targets.of(None, tags, group)
    return find_targets(fleet, wanted, fleet.deadline(60))[0]  # type: ignore[arg-type]


def test_more_instances_than_a_filter_by_tag_finds_are_all_targets():
    fleet = FakeFleet()
    wanted = [fleet.add(Tags={"role": "web"}, ResourceGroupId="rg-1") for _number in range(1100)]
    other = fleet.add(Tags={"role": "db"}, ResourceGroupId="rg-1")
    elsewhere = fleet.add(Tags={"role": "web"}, ResourceGroupId="rg-2")
    assert targets_of(fleet, {"role": "web"}, "rg-1") == tuple(wanted)
    everything = targets_of(fleet, {"role": "web"})
    assert set(everything) == {*wanted, elsewhere}
    assert other not in everything


def test_a_tag_without_a_value_does_not_mean_any_value():
    """The service takes it so, and the script would run on instances that nobody meant."""
    fleet = FakeFleet()
    bare = fleet.add(Tags={"canary": ""})
    fleet.add(Tags={"canary": "never"})
    assert targets_of(fleet, {"canary": ""}) == (bare,)


@pytest.mark.parametrize(("group", "message"), [(None, "has role=web$"), ("rg-9", "has role=web and is in rg-9$")])
def test_tags_that_no_instance_has_are_reported(group: str | None, message: str):
    with pytest.raises(TaskFailure, match=f"resource_tags: no instance in cn-hangzhou {message}"):
        targets_of(FakeFleet(), {"role": "web"}, group)


def test_names_stand_for_one_instance_each():
    fleet = FakeFleet()
    web, stopped = (
        fleet.add(InstanceName=name, Status=status) for name, status in (("web", "Running"), ("db", "Stopped"))
    )
    for _number in range(2):
        fleet.add(InstanceName="twin")
    deadline = fleet.deadline(60)
    ids, unavailable = find_targets(fleet, Targets.of(names=["web", "db"]), deadline)  # type: ignore[arg-type]
    assert ids == (web, stopped) and list(unavailable) == [stopped]
    with pytest.raises(TaskFailure, match=r"'twin' is the name of i-\S+, i-\S+; 'nobody' was not found"):
        find_targets(fleet, Targets.of(names=["web", "twin", "nobody"]), deadline)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, None),
        ({"Status": "Stopped"}, "InvalidInstanceStatus"),
        ({"OSType": "windows"}, "InvalidInstance.NotMatch"),
        ({"agent": {"online": False, "version": ""}}, "InvalidInstance.NoClient"),
    ],
)
def test_each_reason_has_the_services_code(fields: dict[str, Any], code: str | None):
    fleet = FakeFleet()
    instance_id = fleet.add(**fields)
    found = examine(fleet, [instance_id, "i-gone"], "RunShellScript", fleet.deadline(60))  # type: ignore[arg-type]
    assert found.pop("i-gone").code == "InvalidInstance.NotFound"
    assert [unavailable.code for item, unavailable in found.items() if item == instance_id] == ([code] if code else [])
