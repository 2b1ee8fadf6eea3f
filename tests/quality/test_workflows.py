# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of `make test` are the whole, and workflows call what the Makefile has, with pinned actions."""

from __future__ import annotations

import json
import re

import yaml
from support.environments import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
PARTS = ("lint", "sanity", "unit", "integration", "releases")


def pytest_arguments(target: str) -> list[str]:
    """Return the arguments that a target of the Makefile gives to pytest, with its variables put in."""
    match = re.search(rf"^{target}:.*\n\t@\$\(BIN\)/python -m pytest (.*)$", MAKEFILE, re.MULTILINE)
    assert match, target
    variables = dict(re.findall(r"^(\w+) := (\S+)$", MAKEFILE, re.MULTILINE))
    return [re.sub(r"\$\((\w+)\)", lambda name: variables[name[1]], word) for word in match[1].split()]


def test_the_parts_of_the_tests_are_the_whole():
    arguments = [argument for part in PARTS for argument in pytest_arguments(part)]
    left_out = [argument.removeprefix("--ignore=") for argument in arguments if argument.startswith("--ignore=")]
    named = [argument for argument in arguments if argument.startswith("tests/")]
    assert set(left_out) <= set(named), "a part leaves out what no other part runs"
    folders = {path.relative_to(REPOSITORY).parts[1] for path in (REPOSITORY / "tests").glob("*/**/test_*.py")}
    assert folders <= {name.split("/")[1] for name in named}
    assert {name for name in named if not (REPOSITORY / name).exists()} == set()


def test_workflows_and_the_dev_container_call_targets_that_exist():
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    container = REPOSITORY / ".devcontainer" / "devcontainer.json"
    assert json.loads(container.read_text(encoding="utf-8"))["postAttachCommand"] == "make demo"
    callers = [*WORKFLOWS, container]
    called = {name: re.findall(r"\bmake ([a-z-]+)", name.read_text(encoding="utf-8")) for name in callers}
    assert {target for found in called.values() for target in found} <= targets
    assert set(PARTS) <= {target for found in called.values() for target in found}


def test_actions_are_pinned_by_commit():
    for workflow in WORKFLOWS:
        uses = re.findall(r"uses: (\S+)(.*)", workflow.read_text(encoding="utf-8"))
        for action, comment in uses:
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), (workflow.name, action)
            assert re.fullmatch(r"  # v\d+(\.\d+)*", comment), (workflow.name, action)


def test_pre_commit_refuses_a_subject_of_more_than_72_characters():
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    [hook] = [hook for repo in config["repos"] for hook in repo["hooks"] if hook["id"] == "subject"]
    assert set(hook["stages"]) <= set(config["default_install_hook_types"])
    body = "\n\n" + "b" * 100 + "\n"
    assert not re.search(hook["entry"], "s" * 72 + body, re.MULTILINE)
    assert re.search(hook["entry"], "s" * 73 + body, re.MULTILINE)
