# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared options are documented as the code accepts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import add_fragments
from ansible_collections.cloudops.cloud_assistant.plugins.connection import ecs_assistant as connection
from ansible_collections.cloudops.cloud_assistant.plugins.doc_fragments import (
    alibaba,
    attributes,
    huawei,
)
from ansible_collections.cloudops.cloud_assistant.plugins.inventory import ecs as inventory
from ansible_collections.cloudops.cloud_assistant.plugins.lookup import ecs_command_id as lookup
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.options import HUAWEI_OPTIONS

ALIBABA_DOC = yaml.safe_load(alibaba.ModuleDocFragment.DOCUMENTATION)["options"]
ALIBABA_PLUGINS = yaml.safe_load(alibaba.ModuleDocFragment.PLUGINS)["options"]
ALIBABA_CONNECTION = yaml.safe_load(alibaba.ModuleDocFragment.CONNECTION)["options"]
HUAWEI_DOC = yaml.safe_load(huawei.ModuleDocFragment.DOCUMENTATION)["options"]

BOTH = pytest.mark.parametrize(
    ("documented", "accepted"),
    [(ALIBABA_DOC, ALIBABA_OPTIONS), (HUAWEI_DOC, HUAWEI_OPTIONS)],
    ids=["alibaba", "huawei"],
)


def shape(option: Mapping[str, Any]) -> dict[str, Any]:
    """Return what documentation and argument specification of an option must agree on."""
    inner = option.get("suboptions", option.get("options"))
    return {
        "type": option.get("type", "str"),
        "default": option.get("default"),
        "choices": option.get("choices"),
        "aliases": option.get("aliases", []),
        "required": option.get("required", False),
        "elements": option.get("elements"),
        "inner": {name: shape(value) for name, value in inner.items()} if inner else None,
    }


def variables(option: Mapping[str, Any]) -> list[str]:
    """Return the environment variables that an argument specification falls back on."""
    _strategy, names = option.get("fallback", (None, []))
    return list(names)


@BOTH
def test_documentation_equals_argument_specification(documented: dict[str, Any], accepted: dict[str, Any]):
    assert {name: shape(option) for name, option in documented.items()} == {
        name: shape(option) for name, option in accepted.items()
    }


@BOTH
def test_documentation_names_the_variables_in_their_order(documented: dict[str, Any], accepted: dict[str, Any]):
    for name, option in documented.items():
        defaults = [text for text in option["description"] if text.startswith("The default comes from the environment")]
        assert re.findall(r"E\((\w+)\)", " ".join(defaults)) == variables(accepted[name]), name


def test_plugins_read_the_same_variables():
    assert set(ALIBABA_PLUGINS) == set(ALIBABA_OPTIONS)
    for name, option in ALIBABA_PLUGINS.items():
        assert set(option) <= {"env", "vars", "ini"}, name
        assert [row["name"] for row in option.get("env", [])] == variables(ALIBABA_OPTIONS[name]), name
        assert option["vars"] == [{"name": f"alibaba_cloud_{name}"}]


@BOTH
def test_secrets_are_hidden(documented: dict[str, Any], accepted: dict[str, Any]):
    secret = {name for name, option in accepted.items() if option.get("no_log")}
    assert secret >= {name for name in accepted if re.search("secret|password|token", name)}


def test_secrets_have_no_place_in_ansible_cfg():
    secret = {name for name, option in ALIBABA_OPTIONS.items() if option.get("no_log")}
    assert secret and not [name for name in secret if "ini" in ALIBABA_PLUGINS[name]]


def test_info_attributes_are_complete():
    meant = yaml.safe_load(attributes.ModuleDocFragment.DOCUMENTATION)["attributes"]
    info = yaml.safe_load(attributes.ModuleDocFragment.INFO)["attributes"]
    undecided = {name for name, attribute in meant.items() if "support" not in attribute}
    assert set(info) == undecided


def test_the_connection_reads_those_variables_and_some_with_a_prefix_of_its_own():
    assert {
        name: {"vars": [{"name": f"alibaba_cloud_{name}"}, {"name": f"ansible_ecs_assistant_{name}"}]}
        for name in ALIBABA_OPTIONS
    } == ALIBABA_CONNECTION


@pytest.mark.parametrize(
    ("plugin", "vars_of"), [(lookup, ALIBABA_PLUGINS), (inventory, ALIBABA_PLUGINS), (connection, ALIBABA_CONNECTION)]
)
def test_ansible_merges_the_fragments_of_a_plugin(plugin: ModuleType, vars_of: dict[str, Any]):
    documentation = yaml.safe_load(plugin.DOCUMENTATION)
    add_fragments(documentation, plugin.__file__, fragment_loader)
    merged = documentation["options"]
    for name, option in ALIBABA_DOC.items():
        assert shape(merged[name]) == shape(option), name
        assert merged[name]["description"] == option["description"]
        assert merged[name]["vars"] == vars_of[name]["vars"]
        assert [merged[name].get(key) for key in ("env", "ini")] == [
            ALIBABA_PLUGINS[name].get(key) for key in ("env", "ini")
        ]
    assert "attributes" not in documentation
