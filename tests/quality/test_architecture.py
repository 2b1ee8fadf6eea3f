# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point down, and the diagram of the architecture guide shows exactly the arrows that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from architecture import PACKAGE, PLUGINS, arrows, imports
from support.environments import REPOSITORY

GUIDE = REPOSITORY / "docs" / "docsite" / "rst" / "architecture_guide.rst"
DOMAIN = PLUGINS / "module_utils" / "cloud_assistant"

# which room may use which, from the top of the house to its ground
ALLOWED = {
    "modules": {"cloud_assistant", "clouddc", "alibaba", "huawei", "common"},
    "action": {"plugin_utils", "common"},
    "lookup": {"plugin_utils", "cloud_assistant", "alibaba", "common"},
    "inventory": {"plugin_utils", "cloud_assistant", "alibaba", "common"},
    "connection": {"plugin_utils", "cloud_assistant", "alibaba", "common"},
    "callback": {"plugin_utils", "cloud_assistant", "common"},
    "filter": {"plugin_utils", "cloud_assistant", "common"},
    "plugin_utils": {"cloud_assistant", "alibaba", "huawei", "common"},
    "doc_fragments": set(),
    "cloud_assistant": {"alibaba", "common"},
    "clouddc": {"huawei", "common"},
    "alibaba": {"common"},
    "huawei": {"common"},
    "common": set(),
}

# the wings of module_utils/cloud_assistant, from the ground up: each may import only what stands before it
WINGS = (
    ("ground",),
    ("instances", "invocations"),
    ("commands",),
    ("runs",),
    ("schedules", "files"),
    ("connection",),
)
MAX_GROUND_FILES = 11

# unit tests of more than one file of their room
WHOLE_ROOMS = {
    "test_any_plugin_input.py",
    "action/test_preload.py",
    "doc_fragments/test_fragments.py",
    "filter/test_filters.py",
    "modules/test_all_modules.py",
    "modules/test_any_input.py",
    "modules/test_content_warnings.py",
    "modules/test_run_bad_input.py",
    "module_utils/cloud_assistant/test_parameter_definitions.py",
    "module_utils/cloud_assistant/connection/test_store.py",
    "plugin_utils/report/test_report.py",
}


def _wing(parts: tuple[str, ...]) -> str:
    """Return the wing of a path or an imported name below module_utils/cloud_assistant."""
    return parts[0] if (DOMAIN / parts[0]).is_dir() else "ground"


def _wing_arrows() -> set[tuple[str, str]]:
    """Return which wing of the domain imports from which other one."""
    arrows = set()
    for path in DOMAIN.rglob("*.py"):
        source = _wing(path.relative_to(DOMAIN).parts)
        names = [name[2:] for name in imports(path) if name[:2] == ("module_utils", "cloud_assistant")]
        arrows |= {(source, _wing(name)) for name in names} - {(source, source)}
    return arrows


def test_imports_point_down():
    assert {(source, target) for source, target in arrows() if target not in ALLOWED[source]} == set()


def test_wings_import_only_what_stands_before_them():
    floors = {wing: floor for floor, wings in enumerate(WINGS) for wing in wings}
    assert {(source, target) for source, target in _wing_arrows() if floors[target] >= floors[source]} == set()


def test_the_ground_of_the_domain_stays_small():
    assert len(list(DOMAIN.glob("*.py"))) <= MAX_GROUND_FILES


def test_the_clouds_are_twins():
    """Who knows one cloud finds the way in the other: two generations of the API, and IAM, are all that differs."""
    alibaba, huawei = (
        {path.stem for path in (PLUGINS / "module_utils" / cloud).glob("*.py")} for cloud in ("alibaba", "huawei")
    )
    assert alibaba - huawei == {"generations", "classic", "classic_replies", "shapes"}
    assert huawei - alibaba == {"authentication"}


def test_unit_tests_mirror_the_plugins():
    """The tests of ``plugins/a/b.py`` are in ``tests/unit/plugins/a/test_b.py``; see WHOLE_ROOMS for the others."""
    tests = REPOSITORY / "tests" / "unit" / "plugins"
    strays = {
        str(path.relative_to(tests))
        for path in tests.rglob("test_*.py")
        if not (PLUGINS / path.relative_to(tests)).with_name(path.name.removeprefix("test_")).is_file()
    }
    assert strays <= WHOLE_ROOMS


def test_imports_of_the_collection_are_relative():
    """Everywhere but in what Ansible itself loads by its full name (see plugins/action)."""
    absolute = re.compile(rf"^\s*(from|import) {re.escape('.'.join(PACKAGE[:3]))}", re.MULTILINE)
    assert [path.name for path in PLUGINS.rglob("*.py") if absolute.search(path.read_text())] == []


@pytest.mark.parametrize(
    "place, line, expected",
    [
        ("module_utils/cloud_assistant/runs/run.py", "from ...huawei.client import Client", ("module_utils", "huawei")),
        ("module_utils/cloud_assistant/models.py", "from ..clouddc import instances", ("module_utils", "clouddc")),
        ("module_utils/common/task.py", "from ..alibaba import client", ("module_utils", "alibaba")),
        ("modules/ecs_command.py", "    from ..plugin_utils.source import Source", ("plugin_utils", "source")),
    ],
)
def test_relative_imports_are_seen(tmp_path, place, line, expected):
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(f"def f():\n    {line.strip()}\n")
    assert [name[:2] for name in imports(path, tmp_path)] == [expected]


def test_the_domain_knows_no_ansible():
    """Domain code takes a client and plain values: nothing below cloud_assistant or clouddc imports ansible."""
    offenders = [
        str(path.relative_to(REPOSITORY))
        for domain in (DOMAIN, PLUGINS / "module_utils" / "clouddc")
        for path in domain.rglob("*.py")
        if re.search(r"^\s*(from|import) ansible(\.|\s)", path.read_text(), re.MULTILINE)
    ]
    assert offenders == []


def test_the_diagram_is_true():
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+)$", GUIDE.read_text(), re.MULTILINE))
    assert drawn == arrows()


def test_the_table_of_changes_leads_to_rooms_that_exist():
    """``…`` stands for plugins/module_utils, and a bare name for a file beside the one before it."""
    table = (REPOSITORY / "CONTRIBUTING.md").read_text().partition("| you change |")[2].partition("\n\n")[0]
    paths = re.findall(r"`((?:…|plugins|tests|docs)/[\w/.]*)`", table)
    missing = [path for path in paths if not (REPOSITORY / path.replace("…", "plugins/module_utils")).exists()]
    assert paths and missing == []


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


def test_functions_hold_one_thought():
    """A function of more than 40 lines, its documentation included, holds two."""
    long = []
    for folder in (PLUGINS, REPOSITORY / "tests" / "emulator", REPOSITORY / "tests" / "support"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno >= 40:
                    long.append(f"{path.relative_to(REPOSITORY)}: {node.name}")
    assert long == []
