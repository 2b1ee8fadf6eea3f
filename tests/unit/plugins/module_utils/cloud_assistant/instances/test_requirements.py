# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs need of agents, and which agents are too old for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.readiness import (
    outdated,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.requirements import (
    CHANGES,
    CONTAINERS,
    IDS,
    NAMES,
    SCHEDULES,
    has_feature,
    parse_version,
    requirements,
    too_old,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from support.fake_fleet import FakeFleet


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({}, ()),
        ({"frequency": "0 0 3 * * ?"}, ()),
        ({"frequency": "rate(5m)"}, (SCHEDULES,)),
        ({"frequency": "0 0 3 * * ? Asia/Shanghai"}, (SCHEDULES,)),
        ({"in_container": True}, (CONTAINERS,)),
        ({"script": b"echo {{ ACS::InvokeId }}"}, (IDS,)),
        ({"script": b"echo {{ACS::InstanceId}}"}, ()),
        ({"script": b"echo {{ACS::InstanceId}}", "instances": 2}, (IDS,)),
        ({"script": b"echo {{ACS::InstanceId}} {{acs::instancename}}", "instances": 2}, (NAMES,)),
        ({"script": b"echo {{ACS::RegionId}}", "instances": 2}, ()),
    ],
)
def test_what_a_run_needs(options: dict[str, Any], needed: tuple[Any, ...]):
    assert requirements(**options) == needed


@pytest.mark.parametrize(
    ("version", "system", "least"),
    [
        ("2.2.3.343", "Linux", "2.2.3.344"),
        ("2.1.3.343", "Windows", "2.1.3.344"),
        ("2.1.3.343", "", "2.1.3.344"),
        ("2.2.3.344", "Linux", ""),
        ("2.1.3.344", "", ""),
        ("", "Linux", ""),
    ],
)
def test_an_agent_is_too_old_for_a_feature(version: str, system: str, least: str):
    reason = too_old({"CloudAssistantVersion": version, "OSType": system}, (CONTAINERS,))
    problem = f"its agent {version} is too old: a run in a container requires {least} or later (see ecs_agent)"
    assert reason == (problem if least else "")


@pytest.mark.parametrize(
    ("version", "os_type", "expected"),
    [
        ("2.2.3.541", "Linux", False),
        ("2.2.3.542", "Linux", True),
        ("2.2.3.541", "", False),
        ("2.2.4.1", "", True),
        ("2.1.3.541", "Windows", False),
        ("2.1.3.542", "Windows", True),
        ("2.1.3.600", "", True),
        ("2.1.3.600", "linux", False),
        ("2.10.0.0", "linux", True),
        ("", "Linux", False),
        ("unknown", "Linux", False),
    ],
)
def test_agents_that_take_changes(version: str, os_type: str, expected: bool) -> None:
    assert has_feature({"CloudAssistantVersion": version, "OSType": os_type}, CHANGES) is expected


@pytest.mark.parametrize(("text", "numbers"), [("2.2.3.189", (2, 2, 3, 189)), (" 2 ", (2,))])
def test_versions(text: str, numbers: tuple[int, ...]):
    assert parse_version(text) == numbers


@pytest.mark.parametrize("text", ["", "2.x", "latest", "2..3", "²"])
def test_an_invalid_version_is_refused(text: str):
    with pytest.raises(InputError):
        parse_version(text)


def test_only_online_agents_are_outdated_and_no_call_is_wasted():
    fleet = FakeFleet({}, {}, {})
    for instance_id, version in (("i-0001", "2.2.3.100"), ("i-0002", "2.2.3.900"), ("i-0003", "2.2.3.100")):
        fleet.agents[instance_id].update(version=version, online=instance_id != "i-0003")
    ids = list(fleet.rows)
    found = outdated(fleet, ids, (CONTAINERS,), fleet.deadline(5))  # type: ignore[arg-type]
    assert list(found) == ["i-0001"]
    assert found["i-0001"].unready
    asked = len(fleet.calls)
    assert outdated(fleet, ids, (), fleet.deadline(5)) == {}  # type: ignore[arg-type]
    assert len(fleet.calls) == asked
