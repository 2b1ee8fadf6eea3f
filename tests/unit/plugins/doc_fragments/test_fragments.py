# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared options are documented as the code accepts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.doc_fragments import (
    alibaba,
    alibaba_connection,
    attributes,
    huawei,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.options import HUAWEI_OPTIONS

ALIBABA_DOC = yaml.safe_load(alibaba.ModuleDocFragment.DOCUMENTATION)["options"]
ALIBABA_PLUGINS = yaml.safe_load(alibaba.ModuleDocFragment.PLUGINS)["options"]
HUAWEI_DOC = yaml.safe_load(huawei.ModuleDocFragment.DOCUMENTATION)["options"]

BOTH = pytest.mark.parametrize(
    ("documented", "accepted"),
    [(ALIBABA_DOC, ALIBABA_OPTIONS), (HUAWEI_DOC, HUAWEI_OPTIONS), (ALIBABA_PLUGINS, ALIBABA_OPTIONS)],
    ids=["alibaba", "huawei", "alibaba plugins"],
)


def shape(option: Mapping[str, Any]) -> dict[str, Any]:
    """What documentation and argument specification of an option must agree on."""
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
    """The environment variables that an argument specification falls back on."""
    _strategy, names = option.get("fallback", (None, []))
    return list(names)


@BOTH
def test_documentation_equals_argument_specification(documented: dict[str, Any], accepted: dict[str, Any]):
    assert {name: shape(option) for name, option in documented.items()} == {
        name: shape(option) for name, option in accepted.items()
    }


@pytest.mark.parametrize(
    ("documented", "accepted"),
    [(ALIBABA_DOC, ALIBABA_OPTIONS), (HUAWEI_DOC, HUAWEI_OPTIONS)],
    ids=["alibaba", "huawei"],
)
def test_documentation_names_the_variables_in_their_order(documented: dict[str, Any], accepted: dict[str, Any]):
    for name, option in documented.items():
        assert re.findall(r"E\((\w+)\)", " ".join(option["description"])) == variables(accepted[name]), name


def test_plugins_read_the_same_variables():
    for name, option in ALIBABA_PLUGINS.items():
        assert [row["name"] for row in option.get("env", [])] == variables(ALIBABA_OPTIONS[name]), name
        assert option["vars"] == [{"name": f"alibaba_cloud_{name}"}]


@BOTH
def test_secrets_are_hidden_and_have_no_place_in_ansible_cfg(documented: dict[str, Any], accepted: dict[str, Any]):
    secret = {name for name, option in accepted.items() if option.get("no_log")}
    assert secret >= {name for name in accepted if re.search("secret|password|token", name)}
    assert not [name for name in secret if "ini" in documented[name]]


def test_info_attributes_are_complete():
    meant = yaml.safe_load(attributes.ModuleDocFragment.DOCUMENTATION)["attributes"]
    info = yaml.safe_load(attributes.ModuleDocFragment.INFO)["attributes"]
    undecided = {name for name, attribute in meant.items() if "support" not in attribute}
    assert set(info) == undecided


def test_the_connection_takes_the_options_of_the_plugins_under_names_of_its_own():
    own = re.sub(
        r"(\n +- name: )alibaba_cloud_(\w+)",
        r"\g<0>\1ansible_ecs_assistant_\2",
        alibaba.ModuleDocFragment.PLUGINS,
    )
    assert own == alibaba_connection.ModuleDocFragment.DOCUMENTATION
