# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances are deleted once, and reported as they are, whatever happens to the requests."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_instance
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

KINDS = st.sampled_from(["drop_before", "drop_after", "status", "throttle", "truncate", "duplicate", "delay"])
RULES = st.lists(
    st.tuples(
        st.sampled_from(["DeleteInstances", "DescribeInstances"]),
        KINDS,
        st.lists(st.integers(1, 4), min_size=1, max_size=2, unique=True),
    ),
    max_size=4,
)
from support.module_runs import Cloud


def use(emulator: Any, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """Return the result of the module with these options."""
    return Cloud(emulator).run(ecs_instance, check=check_mode, **options)


def effects(emulator: Any) -> int:
    """Return how many deletions took effect: those answered with success that are not the repetition of a token."""
    tokens = {
        row["params"]["ClientToken"]
        for row in emulator.requests()
        if row["action"] == "DeleteInstances" and row["status"] == 200
    }
    return len(tokens)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 12), rules=RULES, retries=st.integers(0, 5), token=st.booleans())
def test_deletion_is_made_once_and_reported_correctly(
    emulator: Any, count: int, rules: list[tuple[str, str, list[int]]], retries: int, token: bool
):
    ids = emulator.reset()[:count]
    emulator.faults(
        [
            {"action": action, "kind": kind, "nth": nth, "delay_ms": 5, "retry_after_ms": 5, "status": 503}
            for action, kind, nth in rules
        ]
    )
    options = {
        "state": "absent",
        "instance_ids": ids,
        "force": True,
        "max_instances": 12,
        "max_retries": retries,
        **({"client_token": "mine"} if token else {}),
    }
    first = use(emulator, **options)
    emulator.clear_faults()
    left = {
        row["instance_id"] for row in use(emulator, check_mode=True, **options).get("results", []) if row["changed"]
    }
    for row in first.get("results", []):
        # what is told to be gone is gone, and by whom; what is not told, is there to be deleted by the next run
        if row["changed"]:
            assert row["instance_id"] not in left
    if not first.get("failed"):
        assert not left and [row["changed"] for row in first["results"]] == [True] * count
    second = use(emulator, **options)
    assert not second.get("failed"), second
    assert second["changed"] == bool(left)
    assert effects(emulator) <= 1
    assert not use(emulator, **options)["changed"]


@pytest.fixture
def mixed(emulator_factory: Any) -> Any:
    """Return a fleet where not every instance may be deleted."""
    return emulator_factory(
        fleet=[
            {"id": "i-plain", "name": "plain", "tags": {"run": "1"}},
            {"id": "i-guarded", "name": "guarded", "deletion_protection": True, "tags": {"run": "1"}},
            {"id": "i-paid", "name": "paid", "charge_type": "PrePaid", "tags": {"run": "1", "paid": "yes"}},
            {"id": "i-stopped", "name": "stopped", "status": "Stopped", "tags": {"run": "2"}},
        ]
    )


@pytest.mark.parametrize("check_mode", [True, False])
def test_protected_and_paid_instances_are_refused_before_anything_is_deleted(mixed: Any, check_mode: bool):
    result = use(mixed, state="absent", tags={"run": "1"}, force=True, check_mode=check_mode)
    assert result["failed"] and result["changed"] is False
    assert (
        "i-guarded (guarded): it is protected" in result["msg"]
        and "i-paid (paid): it is a subscription" in result["msg"]
    )
    assert "DeleteInstances" not in {row["action"] for row in mixed.requests()}


def test_a_subscription_goes_when_that_is_asked_for(mixed: Any):
    result = use(mixed, state="absent", tags={"paid": "yes"}, force=True, terminate_subscription=True)
    assert not result.get("failed") and result["results"][0]["status"] == "absent"


def test_a_stopped_instance_needs_no_force(mixed: Any):
    assert use(mixed, state="absent", name="stopped")["changed"] is True


@pytest.mark.parametrize("rest", [{"status": "Stopped"}, {"tags": {"run": "2"}}], ids=["status", "tags"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_an_id_that_the_other_criteria_exclude_is_not_reported_as_absent(
    mixed: Any, rest: dict[str, Any], check_mode: bool
):
    ids = ["i-plain", "i-stopped", "i-none"]
    result = use(mixed, state="absent", instance_ids=ids, check_mode=check_mode, **rest)
    assert not result.get("failed"), result["msg"]
    told = {row["instance_id"]: (row["status_before"], row["status"], row["changed"]) for row in result["results"]}
    assert told == {
        "i-plain": ("Running", "Running", False),
        "i-stopped": ("Stopped", "absent", True),
        "i-none": ("absent", "absent", False),
    }


def test_a_killed_run_is_finished_by_the_next_with_the_same_token(mixed: Any):
    mixed.faults([{"action": "DeleteInstances", "kind": "drop_after", "nth": [1]}])
    options = {"state": "absent", "instance_ids": ["i-plain"], "force": True, "client_token": "mine"}
    first = use(mixed, **options, max_retries=0)
    # the answer was lost and not asked for again, yet the instance is gone, and by this task
    assert not first.get("failed") and first["changed"] is True
    assert use(mixed, **options)["changed"] is False


def test_more_than_a_hundred_go_in_batches(emulator_factory: Any):
    fleet = emulator_factory(instances=230)
    fleet.faults([{"action": "DeleteInstances", "kind": "drop_after", "probability": 0.5, "seed": 1}])
    ids = [f"i-cnhaemu{number:012d}" for number in range(1, 231)]
    result = use(fleet, state="absent", instance_ids=ids, force=True, max_instances=230)
    assert not result.get("failed"), result["msg"]
    assert [row["changed"] for row in result["results"]] == [True] * 230
    assert effects(fleet) == 3


def test_a_lost_reboot_is_not_repeated(emulator: Any):
    emulator.faults([{"action": "RebootInstances", "kind": "drop_after", "nth": [1]}])
    result = use(emulator, state="rebooted", instance_ids=["i-cnhaemu000000000001"])
    assert result["failed"] and "may have arrived" in result["msg"]
    assert [row["action"] for row in emulator.requests()].count("RebootInstances") == 1


def test_a_lost_start_is_repeated_and_counts_as_a_change(emulator: Any):
    instance = "i-cnhaemu000000000001"
    use(emulator, state="stopped", instance_ids=[instance])
    emulator.faults([{"action": "StartInstances", "kind": "drop_after", "nth": [1]}])
    result = use(emulator, state="running", instance_ids=[instance])
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is True and result["results"][0]["status"] == "Running"
