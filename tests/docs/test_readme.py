# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README says of the collection is so."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml
from support.environments import RELEASES, REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text below a heading, up to the next one."""
    match = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert match, title
    return match[1]


def table(text: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose first head is `head`: the texts of its cells."""
    match = re.search(rf"^\| {re.escape(head)} ?\|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert match, head
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in match[1].splitlines()]


def names(rows: list[list[str]]) -> set[str]:
    """Return what stands between back quotes in the first cells."""
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row[0])}


def files(folder: str, pattern: str = "*.py") -> set[str]:
    return {path.stem for path in (REPOSITORY / folder).glob(pattern) if path.name != "__init__.py"}


def requirements(name: str) -> set[str]:
    lines = (REPOSITORY / name).read_text(encoding="utf-8").splitlines()
    return {re.split(r"[<>=!~ ]", line)[0] for line in lines if line and not line.startswith(("#", "-r"))}


@pytest.mark.parametrize("kind", ["lookup", "inventory", "connection", "filter", "callback"])
def test_it_names_every_plugin(kind: str):
    rows = [row for row in table(section("What is in it"), "plugin") if row[0].startswith(kind)]
    assert names(rows) == files(f"plugins/{kind}")


def test_it_names_every_module():
    assert names(table(section("What is in it"), "module")) == files("plugins/modules")


def test_it_names_every_role():
    roles = {path.parent.parent.name for path in (REPOSITORY / "roles").glob("*/meta/main.yml")}
    assert names(table(section("What is in it"), "role")) == roles


def test_it_names_the_releases_that_are_tested():
    rows = dict(table(section("Supported"), ""))
    cores = [release.core.rsplit(".", 1)[0] for release in RELEASES]
    assert rows["ansible-core"] == ", ".join(cores)
    minors = sorted({tuple(map(int, release.python.split("."))) for release in RELEASES})
    tested = {".".join(map(str, minor)) for minor in minors}
    shown = rows["Python on the controller"].split(", ")
    assert tested <= set(shown)
    assert (shown[0], shown[-1]) == (".".join(map(str, minors[0])), ".".join(map(str, minors[-1])))
    runtime = yaml.safe_load((REPOSITORY / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["requires_ansible"] == f">={cores[0]}.0"
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in shown


def test_every_dependency_has_its_reason():
    text = section("Dependencies, and why")
    at_run_time, to_develop = table(text, "library"), table(text.partition("To develop")[2], "library")
    assert names(at_run_time) == requirements("requirements/run.in") | requirements("meta/ee-requirements.txt")
    assert names(to_develop) == requirements("requirements/dev.in") - names(at_run_time)
    assert all(row[-1] for row in [*at_run_time, *to_develop])


@pytest.mark.parametrize(
    "page", sorted(REPOSITORY.glob("*.md")) + [REPOSITORY / "examples" / "README.md"], ids=lambda page: page.stem
)
def test_its_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#]+?)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_chinese_readme_names_every_module_and_role():
    text = (REPOSITORY / "README.zh-CN.md").read_text(encoding="utf-8")
    roles = {path.parent.parent.name for path in (REPOSITORY / "roles").glob("*/meta/main.yml")}
    assert files("plugins/modules") | roles <= set(re.findall(r"`([a-z_]+)`", text))


def test_the_promise_fits_on_three_lines():
    first = README.partition("# cloudops.cloud_assistant\n\n")[2].split("\n\n")[2]
    assert len(first.splitlines()) <= 4
