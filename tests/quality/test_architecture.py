# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point down, and the diagram of the architecture guide shows exactly the arrows that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from support.environments import REPOSITORY

PLUGINS = REPOSITORY / "plugins"
GUIDE = REPOSITORY / "docs" / "docsite" / "rst" / "architecture_guide.rst"
PACKAGE = "ansible_collections.cloudops.cloud_assistant.plugins."

# which room may use which, from the top of the house to its ground
ALLOWED = {
    "modules": {"cloud_assistant", "alibaba", "huawei", "common"},
    "action": {"plugin_utils", "common"},
    "lookup": {"plugin_utils", "cloud_assistant", "alibaba", "common"},
    "inventory": {"plugin_utils", "cloud_assistant", "alibaba", "common"},
    "plugin_utils": {"cloud_assistant", "alibaba", "huawei", "common"},
    "doc_fragments": set(),
    "cloud_assistant": {"alibaba", "common"},
    "alibaba": {"common"},
    "huawei": {"common"},
    "common": set(),
}


def _room(parts: tuple[str, ...]) -> str:
    return parts[1] if parts[0] == "module_utils" else parts[0]


def _imports(path: Path) -> Iterator[str]:
    """Yield the dotted names below plugins/ that a file imports, lazy imports included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            yield node.module.removeprefix(PACKAGE)
        elif isinstance(node, ast.Import):
            yield from (name.name.removeprefix(PACKAGE) for name in node.names if name.name.startswith(PACKAGE))


def _arrows() -> set[tuple[str, str]]:
    arrows = set()
    for path in PLUGINS.rglob("*.py"):
        source = _room(path.relative_to(PLUGINS).parts)
        targets = {_room(tuple(name.split("."))) for name in _imports(path)}
        arrows |= {(source, target) for target in targets - {source}}
    return arrows


def test_imports_point_down():
    assert {(source, target) for source, target in _arrows() if target not in ALLOWED[source]} == set()


def test_the_domain_knows_no_ansible():
    """Domain code takes a client and plain values: nothing below cloud_assistant imports ansible."""
    offenders = [
        str(path.relative_to(REPOSITORY))
        for path in (PLUGINS / "module_utils" / "cloud_assistant").rglob("*.py")
        if re.search(r"^\s*(from|import) ansible(\.|\s)", path.read_text(), re.MULTILINE)
    ]
    assert offenders == []


def test_the_diagram_is_true():
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+)$", GUIDE.read_text(), re.MULTILINE))
    assert drawn == _arrows()


def test_files_stay_readable():
    """A file that passes 400 lines wants a second room; what is long in a module is its documentation."""

    def code_lines(path: Path) -> int:
        documentation = r'^(DOCUMENTATION|EXAMPLES|RETURN|PLUGINS) = r?""".*?^"""'
        return len(re.sub(documentation, "", path.read_text(), flags=re.M | re.S).splitlines())

    assert {
        str(path.relative_to(REPOSITORY)): code_lines(path)
        for folder in (PLUGINS, REPOSITORY / "tests" / "emulator")
        for path in folder.rglob("*.py")
        if code_lines(path) > 400
    } == {}
