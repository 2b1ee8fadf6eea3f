# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that takes instances out of service: asks first, runs the final script, then deletes on both clouds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import PlayResult

PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "decommission.yml"
METAL = "11111111-2222-3333-4444-555555555555"
UNKNOWN_METAL = "99999999-0000-0000-0000-000000000000"
OTHER_METAL = "66666666-7777-8888-9999-000000000000"
FLEET = {
    "instances": [
        {"id": "i-old-1", "name": "old-1", "tags": {"role": "old"}},
        {"id": "i-old-2", "name": "old-2", "tags": {"role": "old"}, "agent": {"online": False}},
        {"id": "i-new", "name": "new", "tags": {"role": "new"}},
    ],
    "clouddc": [
        {"id": METAL, "name": "metal-1", "state": "running"},
        {"id": OTHER_METAL, "name": "metal-2", "state": "stopped"},
    ],
}
FINAL_SCRIPT = '#!/bin/sh\necho "drained $(( 6 * 7 ))"\n'


@pytest.fixture
def decommission(emulator: Any, playbook: Callable[..., PlayResult], tmp_path: Path) -> Callable[..., PlayResult]:
    """Run the playbook on a fleet of its own, with a script of its own."""
    emulator.reset(FLEET)
    script = tmp_path / "mine.sh"
    script.write_text(FINAL_SCRIPT, encoding="utf-8")
    inventory = tmp_path / "hosts"
    inventory.write_text(
        f"metal-1 ansible_connection=local ansible_python_interpreter={sys.executable}\n", encoding="utf-8"
    )

    def run(*, check: bool = False, **variables: Any) -> PlayResult:
        return playbook(
            PLAYBOOK,
            extra_vars={"decommission_script": str(script), **variables},
            env={**emulator.env(), "ANSIBLE_INVENTORY": str(inventory)},
            check=check,
        )

    return run


def alive(emulator: Any) -> set[str]:
    """Return the ECS instances that no deletion was asked for; a rehearsal is none."""
    asked = [
        row
        for row in emulator.requests()
        if row["action"] == "DeleteInstances" and "service" not in row and "DryRun" not in row["params"]
    ]
    gone = {value for row in asked for name, value in row["params"].items() if name.startswith("InstanceId.")}
    return {"i-old-1", "i-old-2", "i-new"} - gone


def test_nothing_happens_without_confirmation(decommission: Callable[..., PlayResult], emulator: Any):
    run = decommission(target_tags='{"role": "old"}', decommission_clouddc_ids=[METAL])
    assert run.rc == 2, run.output
    assert run.result("Show the instances to delete")["msg"] == {
        "ecs": {"i-old-1": "old-1", "i-old-2": "old-2"},
        "clouddc": {METAL: "metal-1"},
    }
    assert "Set decommission_confirm" in run.result("Check that the deletion is confirmed")["msg"]
    assert alive(emulator) == {"i-old-1", "i-old-2", "i-new"}
    assert emulator.deletions() == {}
    assert emulator.executions() == {}


def test_both_clouds(decommission: Callable[..., PlayResult], emulator: Any, tmp_path: Path):
    run = decommission(
        decommission_ecs_tags={"role": "old"},
        decommission_clouddc_ids=[METAL, OTHER_METAL],
        decommission_clouddc_hosts=["metal-1"],
        decommission_logs=str(tmp_path / "logs"),
        decommission_confirm="delete",
    )
    assert run.rc == 0, run.output
    assert {id: len(runs) for id, runs in emulator.executions().items()} == {"i-old-1": 1}
    assert (tmp_path / "logs" / "i-old-1.log").read_text(encoding="utf-8") == "drained 42\n"
    assert (tmp_path / "logs" / "metal-1.log").read_text(encoding="utf-8").splitlines() == ["drained 42"]
    assert alive(emulator) == {"i-new"}
    assert emulator.deletions() == {METAL: 1, OTHER_METAL: 1}

    gone = {"decommission_ecs_ids": ["i-old-1", "i-old-2"], "decommission_clouddc_ids": [UNKNOWN_METAL]}
    refused = decommission(**gone, decommission_confirm="delete")
    assert refused.rc == 2, refused.output
    assert (
        f"None of the given IDs exists: i-old-1, i-old-2, {UNKNOWN_METAL}"
        in refused.result("Check that the IDs exist")["msg"]
    )
    again = decommission(**gone, decommission_confirm="delete", decommission_allow_unknown=True)
    assert again.rc == 0, again.output
    assert not [row for row in again.results if row["result"].get("changed")]


def test_check_mode(decommission: Callable[..., PlayResult], emulator: Any):
    run = decommission(check=True, decommission_ecs_ids=["i-old-1"], decommission_clouddc_ids=[METAL])
    assert run.rc == 0, run.output
    for cloud in ("ECS", "CloudDC"):
        assert run.result(f"Make a dry run of the deletion of the {cloud} instances")["changed"] is True
    confirmed = decommission(check=True, decommission_ecs_ids=["i-old-1"], decommission_confirm="delete")
    assert confirmed.rc == 0, confirmed.output
    assert confirmed.result("Make a dry run of the deletion of the ECS instances")["changed"] is False
    assert confirmed.result("Delete the ECS instances")["changed"] is True
    assert emulator.deletions() == {}
    assert emulator.executions() == {}
    assert alive(emulator) == {"i-old-1", "i-old-2", "i-new"}


UNSWITCHED = """---
- name: Decommission
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Decommission
      ansible.builtin.import_role:
        name: cloudops.cloud_assistant.decommission
      vars:
        decommission_ecs_ids: [i-old-1]
      check_mode: false
"""


def test_switching_check_mode_off_does_not_confirm_the_deletion(emulator: Any, playbook: Callable[..., PlayResult]):
    emulator.reset(FLEET)
    run = playbook(UNSWITCHED, env=emulator.env(), check=True)
    assert alive(emulator) == {"i-old-1", "i-old-2", "i-new"}, run.output
    assert emulator.executions() == {}


def test_what_cannot_be_deleted_stops_before_the_final_script(decommission: Callable[..., PlayResult], emulator: Any):
    guarded = {"id": "i-guarded", "deletion_protection": True, "tags": {"role": "mixed"}}
    paid = {"id": "i-paid", "charge_type": "PrePaid", "tags": {"role": "mixed"}}
    emulator.reset({"instances": [guarded, paid]})
    run = decommission(decommission_ecs_tags={"role": "mixed"}, decommission_confirm="delete")
    assert run.rc == 2, run.output
    told = run.result("Make a dry run of the deletion of the ECS instances")["msg"]
    assert "i-guarded" in told and "i-paid" in told
    assert emulator.executions() == {}

    paid_only = {
        "decommission_ecs_ids": ["i-paid"],
        "decommission_terminate_subscription": True,
        "decommission_confirm": "delete",
    }
    assert decommission(**paid_only).result("Delete the ECS instances")["changed"] is True


def test_failing_final_script_keeps_everything(decommission: Callable[..., PlayResult], emulator: Any, tmp_path: Path):
    (tmp_path / "mine.sh").write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    run = decommission(
        decommission_ecs_ids=["i-old-1"], decommission_clouddc_ids=[METAL], decommission_confirm="delete"
    )
    assert run.rc == 2, run.output
    assert run.result("Run the final script on the ECS instances")["failed_instances"] == ["i-old-1"]
    assert alive(emulator) == {"i-old-1", "i-old-2", "i-new"}
    assert emulator.deletions() == {}


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({}, "Give decommission_ecs_ids or"),
        ({"decommission_ecs_ids": ["i-new"], "decommission_ecs_tags": {"a": "b"}}, "Give decommission_ecs_ids or"),
        ({"decommission_clouddc_ids": [METAL, OTHER_METAL], "decommission_max": 0}, "2 instances are selected"),
        ({"target_tags": "role=old, env = test"}, "target_tags: must be KEY=VALUE pairs"),
        ({"decommission_ecs_tags": "role=new,role=old"}, "decommission_ecs_tags: must be KEY=VALUE pairs"),
    ],
    ids=["nothing", "ids and tags", "too many", "blanks in a tag", "a key twice"],
)
def test_bad_input(decommission: Callable[..., PlayResult], emulator: Any, variables: dict[str, Any], problem: str):
    run = decommission(decommission_confirm="delete", **variables)
    assert run.rc == 2, run.output
    assert problem in run.stdout
    assert emulator.deletions() == {}
    assert alive(emulator) == {"i-old-1", "i-old-2", "i-new"}


def test_script_on_a_host_that_takes_too_long_keeps_everything(
    decommission: Callable[..., PlayResult], emulator: Any, tmp_path: Path
):
    (tmp_path / "mine.sh").write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    run = decommission(
        decommission_clouddc_ids=[METAL],
        decommission_clouddc_hosts=["metal-1"],
        decommission_script_timeout=1,
        decommission_confirm="delete",
    )
    assert run.rc == 2, run.output
    assert emulator.deletions() == {}


def test_default_script_is_a_shell_script(decommission: Callable[..., PlayResult], emulator: Any):
    run = decommission(decommission_script="", decommission_ecs_ids=["i-old-1"], decommission_confirm="delete")
    assert run.rc == 0, run.output
    assert {id: [one["rc"] for one in runs] for id, runs in emulator.executions().items()} == {"i-old-1": [0]}


def test_files_are_collected_before_the_deletion(
    decommission: Callable[..., PlayResult], emulator: Any, tmp_path: Path
):
    (tmp_path / "mine.sh").write_text("#!/bin/sh\necho kept > /srv/kept\n", encoding="utf-8")
    collected = tmp_path / "collected"
    missing = decommission(
        decommission_ecs_ids="i-old-1, i-new",
        decommission_files=["/srv/kept", "/srv/missing"],
        decommission_files_dest=str(collected),
        decommission_confirm="delete",
    )
    assert missing.rc == 2, missing.output
    assert alive(emulator) == {"i-old-1", "i-old-2", "i-new"}

    run = decommission(
        decommission_ecs_ids="i-old-1, i-new",
        decommission_files=["/srv/kept"],
        decommission_files_dest=str(collected),
        decommission_confirm="delete",
    )
    assert run.rc == 0, run.output
    assert {str(path.relative_to(collected)) for path in collected.rglob("*") if path.is_file()} == {
        "i-old-1/srv/kept",
        "i-new/srv/kept",
    }
    assert {id: len(runs) >= 1 for id, runs in emulator.executions().items()} == {"i-old-1": True, "i-new": True}
    assert alive(emulator) == {"i-old-2"}
