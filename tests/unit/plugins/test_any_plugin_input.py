# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a plugin is given, it refuses it as Ansible's plugins do, or sends a request: nothing breaks down.

The options are those of the plugins' own documentation, so that one that is added later is tried as well.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import (
    callback_loader,
    connection_loader,
    fragment_loader,
    inventory_loader,
    lookup_loader,
)
from ansible.utils.plugin_docs import get_docstring
from ansible_collections.cloudops.cloud_assistant.plugins.filter import by_status, fleet_table, group_failures
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS
from support.any_values import NEVER, OTHERS, TEXTS, RequestSent, chosen, cut_off
from support.figures import count

NAMESPACE = "cloudops.cloud_assistant"
SECRET = "hidden-value-of-the-key"
ACCOUNT = {"region": "cn-hangzhou", "access_key_id": "LTAIexample", "access_key_secret": SECRET}
# a number of 5,000 digits cannot be written to a file, and Ansible itself breaks down on it
VALUES: list[Any] = [*TEXTS, *OTHERS, *(value for value, _in_content in NEVER if value != 10**5000)]


@pytest.fixture(autouse=True)
def no_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cut_off(monkeypatch, tmp_path)


def look_up(options: dict[str, Any]) -> None:
    terms = [options.pop("_terms", "name")]
    lookup_loader.get(f"{NAMESPACE}.ecs_command_id").run(terms, variables={}, **{**ACCOUNT, **options})


def list_hosts(options: dict[str, Any]) -> None:
    source = Path("fleet.ecs.yml")
    document = {"plugin": f"{NAMESPACE}.ecs", **ACCOUNT, **options}
    source.write_text(yaml.safe_dump(document), encoding="utf-8")
    inventory_loader.get(f"{NAMESPACE}.ecs").parse(InventoryData(), DataLoader(), str(source.resolve()), cache=False)


def run_over_connection(options: dict[str, Any]) -> None:
    connection = connection_loader.get(f"{NAMESPACE}.ecs_assistant", PlayContext(), "/dev/null")
    # a folder of its own for each: the pace of calls is kept there
    given = {
        "instance_id": "i-1",
        "cache_dir": tempfile.mkdtemp(dir="."),
        "payload_protection": "none",
        **ACCOUNT,
        **options,
    }
    connection.set_options(direct=given)
    connection.exec_command("true")


USES: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "ecs_command_id": ("lookup", look_up),
    "ecs": ("inventory", list_hosts),
    "ecs_assistant": ("connection", run_over_connection),
}


def options_of(plugin: str, kind: str = "") -> list[str]:
    """Return the options of the plugin's documentation; those of the account for one plugin, as they are read once."""
    kind = kind or USES[plugin][0]
    file = importlib.import_module(f"ansible_collections.{NAMESPACE}.plugins.{kind}.{plugin}").__file__
    documentation = get_docstring(file, fragment_loader, is_module=False, collection_name=NAMESPACE)[0]
    shared = {} if plugin == "ecs_command_id" else ALIBABA_OPTIONS
    return [str(name) for name in documentation["options"] if name != "plugin" and name not in shared]


def refusal(use: Callable[[dict[str, Any]], None], options: dict[str, Any]) -> str | None:
    """Return the message with which a plugin refuses the options; None where it sends a request."""
    try:
        use(options)
    except RequestSent:
        return None
    except AnsibleError as error:
        message = str(error)
        if "unable to read either as JSON nor YAML" in message:
            # the file itself is unreadable, and ansible-core before 2.19 quotes its lines
            return message
        assert message.strip() and SECRET not in message and "Traceback" not in message, options
        return message
    except OverflowError as error:
        # ansible-core's own conversion of an infinite number, before the plugin has begun
        return str(error)
    return ""


@pytest.mark.counted
@pytest.mark.parametrize("plugin", USES)
def test_no_value_breaks_a_plugin_down(plugin: str) -> None:
    use = USES[plugin][1]
    assert refusal(use, {}) is None, "the plugin sends no request as it is"
    broken = []
    for option in options_of(plugin):
        for number, value in enumerate(VALUES):
            if not chosen(plugin, option, str(number)):
                continue
            count("inputs")
            try:
                refusal(use, {option: value})
            except Exception as error:
                broken.append(f"{option}: {value!r:.80}: {error!r:.200}")
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("use", [look_up, list_hosts])
def test_an_option_that_does_not_exist_is_refused(use: Callable[[dict[str, Any]], None]) -> None:
    refused = refusal(use, {"max_retires": 2})
    assert refused and "max_retires: is not an option of this plugin; did you mean max_retries?" in refused
    # aliases exist, and what ansible-core itself gives to a lookup of a loop
    assert refusal(use, {"region_id": "cn-beijing", **({"wantlist": True} if use is look_up else {})}) is None


ROW = {
    "instance_id": "i-1",
    "status": "Failed",
    "rc": 3,
    "stdout": "full",
    "stderr": "",
    "output": "full",
    "error_code": "ExitCodeNonzero",
    "error_info": "exit code 3",
}
FILTERS = {
    name: function
    for module in (by_status, fleet_table, group_failures)
    for name, function in module.FilterModule().filters().items()
}


@pytest.mark.counted
@pytest.mark.parametrize("name", FILTERS)
def test_no_input_breaks_a_filter_down(name: str) -> None:
    for value in VALUES:
        rows = [{**ROW, field: value} for field in ROW]
        for given in (value, [value], {"results": value}, *([row] for row in rows)):
            count("inputs")
            try:
                FILTERS[name](given)
            except AnsibleFilterError as error:
                assert str(error).startswith(f"{name}: "), error


@pytest.mark.counted
def test_no_option_and_no_result_breaks_the_callback_down() -> None:
    result = {"results": [ROW], "summary": {"total": 1}, "msg": "failed", "invoke_ids": ["t-1"], "results_file": "a"}
    for option in options_of("fleet", "callback"):
        for value in VALUES:
            count("inputs")
            callback = callback_loader.get(f"{NAMESPACE}.fleet")
            try:
                callback.set_options(direct={option: value})
                callback._dump_results(dict(result))
            except (AnsibleError, OverflowError) as error:
                assert option in str(error) or "Infinity" in str(error), error
    callback.set_options()
    for value in VALUES:
        changed = [{**result, field: value} for field in result]
        for given in (*changed, *({**result, "results": [{**ROW, field: value}]} for field in ROW)):
            count("inputs")
            callback._dump_results(given)
