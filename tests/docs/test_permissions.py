# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of permissions says what the code calls; that it also allows what happens is seen where modules are run."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import client as huawei
from support.environments import REPOSITORY
from support.module_names import MODULES
from support.permissions import allowed, permissions
from support.reach import Sources

PLUGINS = REPOSITORY / "plugins"
OPERATIONS = frozenset(
    json.loads((REPOSITORY / "tests/emulator/data/operations.json").read_text(encoding="utf-8"))
) | frozenset(huawei.OPERATIONS)
# these rooms hold tables of all operations; what is called is said above them
TABLES = ("module_utils.alibaba", "module_utils.huawei.operations")


@pytest.fixture(scope="module")
def sources():
    return Sources(PLUGINS, OPERATIONS, TABLES)


def test_the_table_has_every_module():
    assert sorted(permissions()) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_the_table_has_the_calls_that_the_code_can_reach(module, sources):
    row = permissions()[module]
    assert sources.reach(f"modules.{module}", "ensure") == allowed(row, classic=True) | set(row.get("shared", ()))


@pytest.mark.parametrize(
    ("kind", "name", "function"),
    [
        ("inventory", "ecs", "InventoryModule._records"),
        ("lookup", "ecs_command_id", "LookupModule._find"),
    ],
)
def test_a_plugin_and_the_guide_document_its_permissions(kind, name, function, sources):
    calls = sources.reach(f"{kind}.{name}", function)
    source = (PLUGINS / kind / f"{name}.py").read_text(encoding="utf-8")
    assert calls
    assert set(re.findall(r"C\(ecs:(\w+)\)", source)) == calls
    guide = (REPOSITORY / "docs/docsite/rst/ram_policy_guide.rst").read_text(encoding="utf-8")
    [line] = [line for line in guide.splitlines() if f"`{name} <cloudops.cloud_assistant.{name}#{kind}>`" in line]
    assert set(re.findall(r"``ecs:(\w+)``", line)) == calls


@pytest.mark.parametrize("module", MODULES)
def test_a_row_does_not_contradict_itself(module):
    row = permissions()[module]
    sometimes = {action for more in row.get("sometimes", ()) for action in more["actions"]}
    assert not set(row["always"]) & sometimes
    assert not set(row.get("shared", ())) & allowed(row, classic=True)


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("ecs_")])
def test_the_module_documents_its_permissions(module):
    source = (PLUGINS / "modules" / f"{module}.py").read_text(encoding="utf-8")
    notes = " ".join(
        yaml.safe_load(re.search(r'^DOCUMENTATION = r"""(.*?)^"""', source, re.M | re.S)[1]).get("notes", [])
    )
    assert set(re.findall(r"C\(ecs:(\w+)\)", notes)) == allowed(permissions()[module])
