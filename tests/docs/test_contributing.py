# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worked example of CONTRIBUTING.md is followed to the letter, and the new module works."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml
from playbook_runner import run_playbook
from support.environments import REPOSITORY, copy_checkout

MODULE = "ecs_region_info"
ROUTE = {"action_plugin": "cloudops.cloud_assistant.ecs_run_command"}


def example_files() -> dict[str, str]:
    """Return the files of the worked example: what follows a path in a step is the file's text."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = text.partition("a worked example\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\d\. \*\*[^`]*`([\w/.]+)`.*?```\w+\n(.*?)^ +```$", example, re.MULTILINE | re.DOTALL)
    return {path: textwrap.dedent(block) for path, block in found}


def test_the_worked_example_works(emulator: Any, tmp_path: Path):
    files = example_files()
    assert len(files) == 3
    checkout = copy_checkout(tmp_path)
    for name, text in files.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text, encoding="utf-8")
    runtime = yaml.safe_load((checkout / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    runtime["action_groups"]["alibaba"].append(MODULE)
    runtime["plugin_routing"]["modules"][MODULE] = ROUTE
    (checkout / "meta" / "runtime.yml").write_text(yaml.safe_dump(runtime), encoding="utf-8")

    tasks = str(checkout / f"tests/integration/targets/{MODULE}/tasks/main.yml")
    here = {"ansible.builtin.include_tasks": {"file": tasks}}
    there = {"ansible.builtin.include_tasks": {"file": tasks, "apply": {"environment": {"RUN": "as a module"}}}}
    play = [{"name": "Follow it", "hosts": "localhost", "gather_facts": False, "tasks": [here, there]}]
    run = run_playbook(
        "---\n" + yaml.safe_dump(play),
        tmp_path,
        arguments=["-vvv"],
        env={**emulator.env(), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)},
    )
    assert run.rc == 0, run.output
    assert [row["outcome"] for row in run.results if row["action"].endswith(MODULE)] == ["ok", "ok"]
    assert len(re.findall(rf"Using module file \S+/modules/{MODULE}\.py", run.stdout)) == 1
