# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook of the folder `examples` runs as it is, and the README lists it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from playbook_runner import ACTIONS, run_playbook
from support.doc_blocks import Block
from support.doc_fixtures import fleet_of, setup_tasks
from support.environments import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
PLAYBOOKS = sorted(path.name for path in EXAMPLES.glob("*.yml") if not path.name.endswith(".ecs.yml"))
# those of which a second run has nothing left to do
IDEMPOTENT = {
    "patch_once.yml",
    "configure_service.yml",
    "nightly_job.yml",
    "collect_logs.yml",
    "install_agents.yml",
    "delete_test_instances.yml",
    "release_bare_metal.yml",
}
CHECKED = "Prepare the instances"
# a script that a test may run for real, in the place of one that updates the machine
HARMLESS = "#!/bin/sh\necho updated\n"


def preparation(name: str, control: str) -> dict[str, Any]:
    """Return a play that makes the cloud anew, with what the example finds there."""
    block = Block(f"examples/{name}", 1, "yaml", (EXAMPLES / name).read_text(encoding="utf-8"))
    reset = {"name": "Begin anew", "emulator_reset": {"control": control, "fleet": fleet_of(block)}}
    tasks = [reset, *setup_tasks(block)]
    return {"name": name, "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the examples, as a user makes one."""
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy)
    (copy / "files" / "patch.sh").write_text(HARMLESS, encoding="utf-8")
    return copy


@pytest.mark.isolation("user-namespace")
def test_every_playbook_runs(emulator: Any, folder: Path):
    plays: list[dict[str, Any]] = []
    for name in PLAYBOOKS:
        plays += [preparation(name, emulator.ready["control"]), {"ansible.builtin.import_playbook": name}]
        if name in IDEMPOTENT:
            marker = [{"name": CHECKED, "ansible.builtin.debug": {"msg": name}}]
            plays += [
                {"name": name, "hosts": "localhost", "gather_facts": False, "tasks": marker},
                {"ansible.builtin.import_playbook": name},
            ]
    # the inventory is read before the first play
    emulator.reset(fleet_of(Block("examples/fleet.ecs.yml", 1, "yaml", "")))
    (folder / "all.yml").write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    run = run_playbook(
        folder / "all.yml",
        folder,
        arguments=["--inventory", "fleet.ecs.yml"],
        env={**emulator.env(), "ANSIBLE_ACTION_PLUGINS": str(ACTIONS)},
    )
    assert run.rc == 0, run.output
    resets = [row for row in run.results if row["action"] == "emulator_reset"]
    assert len(resets) == len(PLAYBOOKS), "not every example was reached"
    again: dict[str, list[str]] = {}
    name = ""
    for row in run.results:
        if row["action"] == "emulator_reset":
            name = ""
        elif row["task"] == CHECKED:
            name = row["result"]["msg"]
        elif name and row["result"].get("changed"):
            again.setdefault(name, []).append(row["task"])
    assert again == {}, "a second run changed something"


def test_the_readme_lists_them():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`(\w+\.yml)`\]\((\w+\.yml)\) \|", text, re.MULTILINE)
    assert sorted(name for name, _link in rows) == PLAYBOOKS
    assert all(name == link for name, link in rows)
