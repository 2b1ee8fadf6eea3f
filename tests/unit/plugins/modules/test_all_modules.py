# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules have in common: their routing, their groups and their form."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba import error_table as alibaba_errors
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common import version
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import TaskSpec
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import error_table as huawei_errors
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.options import HUAWEI_OPTIONS
from support.module_names import ACTIONS, MODULES

PACKAGE = "ansible_collections.cloudops.cloud_assistant.plugins.modules"
ROOT = Path(version.__file__).parents[3]
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
ONE_OF_ALL = pytest.mark.parametrize("name", MODULES)


def spec_of(name: str) -> TaskSpec:
    """Return the module's specification."""
    spec = importlib.import_module(f"{PACKAGE}.{name}").SPEC
    assert isinstance(spec, TaskSpec)
    return spec


def takes(name: str, options: dict[str, Any]) -> bool:
    """Return whether a module takes all the options of a cloud, as they are."""
    given = spec_of(name).argument_spec
    return all(given.get(option) == spec for option, spec in options.items())


def test_action_groups_hold_every_module_of_their_cloud():
    groups = {
        "alibaba": [name for name in MODULES if takes(name, ALIBABA_OPTIONS)],
        "huawei": [name for name in MODULES if takes(name, HUAWEI_OPTIONS)],
    }
    assert RUNTIME["action_groups"] == groups
    assert sorted(groups["alibaba"] + groups["huawei"]) == MODULES


@ONE_OF_ALL
def test_a_module_reads_like_its_documentation(name: str):
    """What it accepts, what it ensures, the helpers of that, and the same end in all of them."""
    tree = ast.parse((ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8"))
    constants = [ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)]
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert constants[:3] == ["DOCUMENTATION", "EXAMPLES", "RETURN"]
    assert constants[-1] == "SPEC"
    assert (functions[0], functions[-1]) == ("ensure", "main")
    assert [helper for helper in functions[1:-1] if not helper.startswith("_")] == []


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_takes_what_its_module_documents(name: str):
    documented = yaml.safe_load(importlib.import_module(f"{PACKAGE}.{name}").DOCUMENTATION)["options"]
    accepted = importlib.import_module(f"{PACKAGE.removesuffix('modules')}action.{name}").ARGUMENTS
    # lists of dictionaries of any size, which the action judges itself
    assert set(documented) - set(accepted) == {"results", "instances"}
    for option, spec in accepted.items():
        row = documented[option]
        for key in ("type", "elements", "default", "choices", "required"):
            assert row.get(key) == spec.get(key), (option, key)
        inner = {key: value["type"] for key, value in spec.get("options", {}).items()}
        assert inner == {key: value["type"] for key, value in row.get("suboptions", {}).items()}


def test_every_module_is_routed_to_the_action_plugin():
    action = {"action_plugin": "cloudops.cloud_assistant.ecs_run_command"}
    assert RUNTIME["plugin_routing"]["modules"] == dict.fromkeys(MODULES, action)


@ONE_OF_ALL
def test_documentation_has_the_fragments_of_its_cloud(name: str):
    documentation = yaml.safe_load(importlib.import_module(f"{PACKAGE}.{name}").DOCUMENTATION)
    cloud = "alibaba" if name in RUNTIME["action_groups"]["alibaba"] else "huawei"
    wanted = {f"cloudops.cloud_assistant.{part}" for part in (cloud, "attributes", f"attributes.{cloud}_group")}
    assert wanted <= set(documentation["extends_documentation_fragment"])


def documented_options(name: str) -> dict[str, Any]:
    """Return all options that the module documents, those of its fragments included."""
    documentation = yaml.safe_load(importlib.import_module(f"{PACKAGE}.{name}").DOCUMENTATION)
    options = dict(documentation.get("options", {}))
    for fragment in documentation["extends_documentation_fragment"]:
        file, _dot, variant = fragment.removeprefix("cloudops.cloud_assistant.").partition(".")
        module = importlib.import_module(f"{PACKAGE.removesuffix('modules')}doc_fragments.{file}")
        text = getattr(module.ModuleDocFragment, (variant or "documentation").upper())
        options |= yaml.safe_load(text).get("options", {})
    return options


@ONE_OF_ALL
def test_options_and_documentation_agree(name: str):
    documented, accepted = documented_options(name), spec_of(name).argument_spec
    assert set(documented) == set(accepted)
    for option, spec in accepted.items():
        row = documented[option]
        assert (row["type"], row.get("default")) == (spec.get("type", "str"), spec.get("default")), option
        assert row.get("choices") == spec.get("choices"), option
        assert row.get("aliases", []) == spec.get("aliases", []), option


def sampled_errors(returned: Any) -> Iterator[dict[str, Any]]:
    """Yield the errors of the service among the samples of a RETURN block."""
    inner = returned.values() if isinstance(returned, dict) else returned if isinstance(returned, list) else ()
    if isinstance(returned, dict) and {"operation", "code", "message"} <= returned.keys():
        yield returned
    for value in inner:
        yield from sampled_errors(value)


@ONE_OF_ALL
def test_sampled_errors_have_the_hints_of_their_codes(name: str):
    errors = list(sampled_errors(yaml.safe_load(importlib.import_module(f"{PACKAGE}.{name}").RETURN)))
    assert errors
    for error in errors:
        if name in RUNTIME["action_groups"]["alibaba"]:
            assert error["hint"] == alibaba_errors.hint_for(error["code"], error["operation"])
        else:
            assert error["hint"] == huawei_errors.hint_for(error["code"], error["http_status"])


@ONE_OF_ALL
def test_secret_looking_options_say_whether_they_are(name: str):
    def undecided(options: Any) -> list[str]:
        # what AnsibleModule would warn about in every run
        words = ("pass", "token", "secret", "key", "private")
        return [
            option
            for option, spec in options.items()
            if any(word in option for word in words)
            and spec.get("type") not in ("bool",)
            and "no_log" not in spec
            and not option.endswith(("_path", "_id", "_name", "_file"))
        ] + [inner for spec in options.values() for inner in undecided(spec.get("options") or {})]

    assert undecided(spec_of(name).argument_spec) == []
