# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated CloudDC: rows of the fleet, and how instances and servers change with time."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.clock import Clock
from emulator.fleet import read_fleet, split_fleet
from emulator.huawei.state import DEFAULT_REGION, HuaweiState, Imetal


class StillClock(Clock):
    """A clock that only moves when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 1_000_000.0

    def now(self) -> float:
        return self.moment


def cloud(*rows: dict[str, Any]) -> tuple[HuaweiState, StillClock]:
    clock = StillClock()
    return HuaweiState("1234", clock, rows), clock


def walk(state: HuaweiState, clock: StillClock, id: str, *moments: float) -> list[str]:
    """Return the instance's states so many seconds from the start, ``forgotten`` when it is not known any more."""
    project, start, seen = state.projects[DEFAULT_REGION], clock.moment, []
    for moment in moments:
        clock.moment = start + moment
        instance = state.instance(project, id)
        seen.append(instance.state if instance else "forgotten")
    return seen


def only(state: HuaweiState) -> Imetal:
    (instance,) = state.instances.values()
    return instance


def test_deletion():
    state, clock = cloud({"id": "a", "state": "stopped", "delete_s": 10, "forget_after_s": 50})
    state.delete(only(state))
    assert walk(state, clock, "a", 0, 9, 10, 59, 60) == [
        "shutting-down",
        "shutting-down",
        "terminated",
        "terminated",
        "forgotten",
    ]
    assert state.deletions == {"a": 1}


def test_deletion_from_error_that_fails_and_is_tried_again():
    state, clock = cloud({"id": "a", "state": "error", "delete_s": 10, "error_lag_s": 3, "delete_fails": True})
    state.delete(only(state))
    assert not only(state).can_be_deleted
    assert walk(state, clock, "a", 0, 3, 12, 13) == ["error", "shutting-down", "shutting-down", "error"]
    assert only(state).status()["error"]["error_type"] == "delete_instance_error"
    assert only(state).can_be_deleted


@pytest.mark.parametrize(
    ("row", "allowed"),
    [
        ({"state": "pending"}, True),
        ({"state": "stopped"}, True),
        ({"state": "error"}, True),
        ({"state": "running"}, False),
        ({"state": "running", "delete_when_running": True}, True),
        ({"state": "terminated"}, False),
        ({"state": "shutting-down"}, False),
    ],
)
def test_states_that_allow_a_deletion(row: dict[str, Any], allowed: bool):
    state, _clock = cloud(row)
    assert only(state).can_be_deleted is allowed


def test_power_is_followed_by_the_instance():
    state, clock = cloud({"id": "a", "state": "running", "power_off_s": 5})
    state.power(only(state).server, "power off")
    assert only(state).server.operation_state == "power-off-processing"
    assert walk(state, clock, "a", 4, 5) == ["running", "stopped"]
    state.power(only(state).server, "power on")
    assert walk(state, clock, "a", 5) == ["running"]


def test_power_off_that_fails():
    state, clock = cloud({"id": "a", "state": "running", "power_off_s": 5, "power_off_fails": True})
    state.power(only(state).server, "power off")
    assert walk(state, clock, "a", 6) == ["running"]
    assert (only(state).server.power_state, only(state).server.operation_state) == ("on", "power-off-failed")


def test_instances_belong_to_a_project():
    state, _clock = cloud({"id": "a", "region": "cn-south-1"})
    assert state.instances_of(state.projects[DEFAULT_REGION]) == []
    assert [row.id for row in state.instances_of(state.projects["cn-south-1"])] == ["a"]


def test_tokens_end():
    state, clock = cloud()
    value, token = state.new_token(("cn-east-3", "p"))
    assert state.token(value) is token
    clock.moment += 86400
    assert state.token(value) is None


def test_a_right_signature_ends_the_row_of_wrong_ones():
    state, clock = cloud()
    for _round in range(2):
        for _attempt in range(4):
            state.signature_was(False, "AK")
        state.signature_was(True, "AK")
    assert not state.locked("AK")
    for _attempt in range(5):
        state.signature_was(False, "AK")
    assert state.locked("AK")
    assert not state.locked("AK2")
    clock.moment += 300
    assert not state.locked("AK")


def test_defaults_are_the_same_everywhere():
    first, second = HuaweiState("1234", StillClock()), HuaweiState("1234", StillClock())
    assert [row.name for row in first.instances.values()] == ["imetal-stopped", "imetal-running", "imetal-error"]
    assert list(first.instances) == list(second.instances)
    assert first.projects == second.projects


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"flavour": 1}], "row 1: unknown keys flavour"),
        ([{}, {"state": "dead"}], "row 2: state must be one of"),
        ([{"region": "mars-1"}], "region must be one of"),
        ([{"power": "half"}], "power must be one of on, off"),
        ([{"id": "a"}, {"id": "a"}], "row 2: the id a .* is used twice"),
    ],
)
def test_wrong_rows(rows: list[dict[str, Any]], problem: str):
    with pytest.raises(ValueError, match=problem):
        cloud(*rows)


def test_fleet_documents(tmp_path: Any):
    assert split_fleet([{"id": "i"}]) == ([{"id": "i"}], None)
    assert split_fleet({"clouddc": [{"id": "a"}]}) == ([], [{"id": "a"}])
    assert split_fleet({"instances": [{}], "clouddc": []}) == ([{}], [])
    for wrong in ({"servers": []}, {"clouddc": {}}, ["i"]):
        with pytest.raises(ValueError, match="fleet"):
            split_fleet(wrong)
    file = tmp_path / "fleet.json"
    file.write_text('{"clouddc": [1]}', encoding="utf-8")
    with pytest.raises(ValueError, match="fleet.json: the rows of a fleet"):
        read_fleet(file)
