# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances on an endpoint of 2018, which changes one of them in a call and has neither dry runs nor client tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_instance
from support.module_runs import Cloud

READS = {"DescribeInstances"}


@pytest.fixture
def endpoint(emulator_factory: Callable[..., Any]) -> Any:
    """Return an endpoint that never learned more than the API of 2018, with four instances."""
    return emulator_factory(instances=4, generation="classic")


def use(emulator: Any, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """Return the result of ecs_instance on the classic endpoint."""
    return Cloud(emulator, "classic").run(ecs_instance, check=check_mode, **options)


def ids(emulator: Any) -> list[str]:
    return sorted(emulator.reset())


def asked(emulator: Any) -> Counter[str]:
    """Return how often each operation was called, reads aside."""
    return Counter(row["action"] for row in emulator.requests() if row["action"] not in READS)


def test_power_changes_go_out_one_by_one(endpoint: Any):
    three = ids(endpoint)[:3]
    for state, operation, status in (
        ("stopped", "StopInstance", "Stopped"),
        ("running", "StartInstance", "Running"),
        ("rebooted", "RebootInstance", "Running"),
    ):
        before = asked(endpoint)
        result = use(endpoint, state=state, instance_ids=three, force=state != "running")
        assert not result.get("failed"), result
        assert [(row["changed"], row["status"]) for row in result["results"]] == [(True, status)] * 3
        assert asked(endpoint) - before == Counter({operation: 3})
        names = [set(row["params"]) for row in endpoint.requests() if row["action"] == operation]
        assert all("InstanceId" in each and not each & {"BatchOptimization", "ForceReboot"} for each in names)
    again = use(endpoint, state="running", instance_ids=three)
    assert again["changed"] is False


def test_deletion_goes_out_one_by_one(endpoint: Any):
    three = ids(endpoint)[:3]
    options = {"state": "absent", "instance_ids": [*three, "i-nobody"], "force": True}
    result = use(endpoint, **options)
    assert not result.get("failed"), result
    assert [(row["changed"], row["status"]) for row in result["results"]] == [
        *[(True, "absent")] * 3,
        (False, "absent"),
    ]
    assert asked(endpoint) == Counter({"DeleteInstance": 3})
    assert not any("ClientToken" in row["params"] for row in endpoint.requests())
    assert use(endpoint, **options)["changed"] is False


@pytest.mark.parametrize("state", ["absent", "stopped", "rebooted"])
def test_check_mode_only_reads_and_predicts_the_run(endpoint: Any, state: str):
    options = {"state": state, "instance_ids": ids(endpoint)[:2], "force": True}
    predicted = use(endpoint, check_mode=True, **options)
    assert not asked(endpoint)
    done = use(endpoint, **options)
    assert predicted["changed"] is done["changed"] is True
    assert [row["status"] for row in predicted["results"]] == [row["status"] for row in done["results"]]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncate"])
def test_a_deletion_whose_reply_was_lost_counts_as_a_change(endpoint: Any, kind: str):
    two = ids(endpoint)[:2]
    endpoint.faults([{"action": "DeleteInstance", "kind": kind, "nth": [1]}])
    result = use(endpoint, state="absent", instance_ids=two, force=True)
    assert not result.get("failed"), result
    assert [row["changed"] for row in result["results"]] == [True, True]
    assert use(endpoint, state="absent", instance_ids=two, force=True)["changed"] is False


def test_a_lost_reboot_is_not_repeated_and_advises_what_to_check(endpoint: Any):
    one = ids(endpoint)[:1]
    endpoint.faults([{"action": "RebootInstance", "kind": "drop_after", "nth": [1]}])
    result = use(endpoint, state="rebooted", instance_ids=one)
    assert result["failed"] and "may have arrived" in result["msg"] and "ecs_instance_info" in result["msg"]
    assert asked(endpoint) == Counter({"RebootInstance": 1})


def test_one_refusal_leaves_the_fate_of_the_others(endpoint: Any):
    three = ids(endpoint)[:3]
    endpoint.faults(
        [
            {
                "action": "StopInstance",
                "kind": "status",
                "nth": [2],
                "status": 403,
                "code": "InstanceLockedForSecurity",
                "message": "The instance is locked.",
            }
        ]
    )
    result = use(endpoint, state="stopped", instance_ids=three)
    assert result["failed"] and "1 of 3 instances could not stop" in result["msg"]
    assert [(row["changed"], row["status"]) for row in result["results"]] == [
        (True, "Stopped"),
        (False, "Running"),
        (True, "Stopped"),
    ]
    assert result["results"][1]["error"]["code"] == "InstanceLockedForSecurity"


def test_a_client_token_is_refused_before_any_request(endpoint: Any):
    result = use(endpoint, state="absent", instance_ids=ids(endpoint)[:1], client_token="mine")
    assert result["failed"]
    assert result["msg"].startswith("client_token: is not possible with api_generation=classic")
    assert not endpoint.requests()
