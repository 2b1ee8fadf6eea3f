# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of the guides, the READMEs, the modules and the plugins runs as it is written."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from playbook_runner import ACTIONS, ansible_environment, run_playbook
from support.doc_blocks import Block, blocks
from support.doc_fixtures import INVENTORY, PLAY_VARIABLES, VARIABLES, fleet_of, setup_tasks, substituted, write_files
from support.environments import REPOSITORY
from support.permissions import assert_permitted
from support.return_values import assert_documented

# the examples write where their readers' scripts do, below /etc and /var: not to the machine that runs the tests
pytestmark = pytest.mark.isolation("user-namespace")

BLOCKS = blocks()
# one process each: what belongs together, and about equally long
GROUPS = {
    "runs": "plugins/modules/ecs_(run|invoke|invocation).*|plugins/(lookup|filter|callback|connection)/.*",
    "modules": "plugins/modules/(?!ecs_(run|invoke|invocation)).*",
    "first guides": "docs/docsite/rst/[a-e].*",
    "other guides": "docs/docsite/rst/[f-z].*",
    "READMEs": r"README\.md|roles/[a-d].*\.md",
    "other READMEs": r"roles/[e-z].*\.md",
}
# whose code is that of the English pages, as test_chinese.py sees
TRANSLATED = r"docs/site/zh/.*|README\.zh-CN\.md"
MANIFEST = "roles/script_library/README.md"


def group_of(block: Block) -> str:
    return next(name for name, pattern in GROUPS.items() if re.fullmatch(pattern, block.source))


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind in kinds]


def plays(block: Block, control: str, folder: Path) -> list[dict[str, Any]]:
    """Return the block as plays: a cloud of its own first, then what it says."""
    local = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    reset = {"name": "Begin anew", "emulator_reset": {"control": control, "fleet": fleet_of(block)}}
    data = substituted(block.data, folder)
    tasks = [reset, *setup_tasks(block)]
    if block.kind == "tasks":
        return [{**local, "name": str(block), "tasks": [*tasks, *data]}]
    given = PLAY_VARIABLES.get(block.source, {})
    return [
        {**local, "name": str(block), "tasks": tasks},
        *({**play, "vars": {**given, **play.get("vars", {})}} for play in data),
    ]


class Unsafe(yaml.SafeDumper):
    """Writes YAML in which a mapping of the one key ``__ansible_unsafe`` is text that is no template."""


def _mapping(dumper: Unsafe, data: dict[str, Any]) -> yaml.Node:
    if set(data) == {"__ansible_unsafe"}:
        return dumper.represent_scalar("!unsafe", data["__ansible_unsafe"])
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items())


Unsafe.add_representer(dict, _mapping)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files that the examples name, and with the inventories of the documentation."""
    write_files(tmp_path, BLOCKS)
    (tmp_path / "inventory.yml").write_text(json.dumps(INVENTORY), encoding="utf-8")
    [manifest] = [block for block in of_kind("data") if block.source == MANIFEST]
    (tmp_path / "scripts" / "manifest.yml").write_text(manifest.text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "group",
    [
        # these two run scripts as users of the instances, and give files to them
        pytest.param(
            group, marks=pytest.mark.isolation("namespace" if group in ("runs", "modules") else "user-namespace")
        )
        for group in GROUPS
    ],
)
def test_plays_and_tasks(group: str, emulator: Any, folder: Path):
    originals = [block for block in of_kind("play", "tasks") if not re.fullmatch(TRANSLATED, block.source)]
    wanted = [block for block in originals if group_of(block) == group]
    site = folder / "site.yml"
    text = yaml.dump(
        [play for block in wanted for play in plays(block, emulator.ready["control"], folder)],
        Dumper=Unsafe,
        sort_keys=False,
        width=1000,
    )
    site.write_text(text, encoding="utf-8")
    run = run_playbook(
        site,
        folder,
        extra_vars=VARIABLES,
        arguments=["--inventory", str(folder / "inventory.yml")],
        env={**emulator.env(), "ANSIBLE_ACTION_PLUGINS": str(ACTIONS)},
    )
    assert run.rc == 0, run.output
    resets = [row["result"]["requests"] for row in run.results if row["action"] == "emulator_reset"]
    assert len(resets) == len(wanted), "not every example was reached"
    assert_documented(run.results)
    assert_permitted(run.results, [request for requests in (*resets, emulator.requests()) for request in requests])


def test_inventories(emulator: Any, folder: Path):
    wanted = of_kind("inventory")
    emulator.reset(fleet_of(wanted[0]))
    environment = {
        **ansible_environment(folder, emulator.env()),
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "DEPLOY_KEY_ID": emulator.ready["access_key_id"],
        "DEPLOY_KEY_SECRET": emulator.ready["access_key_secret"],
    }
    command = ["ansible-inventory", "--list"]
    for number, block in enumerate(wanted):
        path = folder / f"{number}.ecs.yml"
        path.write_text(block.text, encoding="utf-8")
        command += ["--inventory", str(path)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert {"i-web1", "i-shanghai1", "w1"} <= set(listed["_meta"]["hostvars"])
    assert {"online", "role_web", "tag_role_web", "region_cn_hangzhou"} <= set(listed)
    everywhere = {host for role in ("web", "database") for host in listed[f"everywhere_{role}"]["hosts"]}
    assert {"i-web1", "i-shanghai1"} < everywhere and not everywhere & {"i-app1", "i-proxy1"}


def commands() -> list[Any]:
    """Return each command line of ansible's own programs in the blocks of shell, once; translations repeat them."""
    found = {
        line: f"{block}-{number}"
        for block in reversed(of_kind("shell"))
        for number, line in enumerate(re.sub(r"\\\n\s*", "", block.text).splitlines())
        if line.startswith("ansible")
    }
    return [pytest.param(line, id=name) for line, name in sorted(found.items(), key=lambda item: item[1])]


@pytest.mark.parametrize("line", commands())
def test_command_lines(line: str, emulator: Any, folder: Path):
    emulator.reset(fleet_of(Block("", 0, "shell", line)))
    [fleet] = [block for block in of_kind("inventory") if "# fleet.ecs.yml\n" in block.text and "keyed" in block.text]
    (folder / "fleet.ecs.yml").write_text(fleet.text, encoding="utf-8")
    environment = ansible_environment(folder, emulator.env())
    done = subprocess.run(
        ["bash", "-euc", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_every_block_is_of_a_known_kind():
    known = {"play", "tasks", "inventory", "data", "shell", "console", "json", "jinja", "text", "python", "ini"}
    assert {str(block): block.kind for block in BLOCKS if block.kind not in known} == {}
    for block in of_kind("json"):
        json.loads(block.text)


def test_a_console_shows_prompts():
    """What cannot be run in a test (it installs, or runs until it is stopped) is shown as a session."""
    for block in of_kind("console"):
        assert block.text.startswith("$ "), str(block)


def test_a_role_shows_the_example_of_its_readme():
    """So that the pages of the site and ansible-doc have one, and it is the one that is run."""
    shown = {}
    for path in sorted((REPOSITORY / "roles").glob("*/meta/argument_specs.yml")):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]
        shown[f"roles/{path.parents[1].name}/README.md"] = spec["examples"]
    first = {block.source: block.text for block in reversed(of_kind("play", "tasks")) if block.source in shown}
    assert shown == first
