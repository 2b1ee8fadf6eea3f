# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an option is given, the module refuses it with a message or sends a request: nothing breaks down.

The values are made from the modules' own specifications, so that an option that is added later is tried as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import run_in_process
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.options import HUAWEI_OPTIONS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.any_values import NEVER, OTHERS, TEXTS, RequestSent, chosen, cut_off
from support.figures import count
from support.module_names import MODULES

PACKAGE = "ansible_collections.cloudops.cloud_assistant.plugins.modules"
ONE_OF_ALL = pytest.mark.parametrize("name", MODULES)

SECRET = "hidden-value-of-the-key"
ALIBABA = {"region": "cn-hangzhou", "access_key_id": "LTAIexample", "access_key_secret": SECRET}
HUAWEI = {"region": "cn-east-3", "access_key": "AKexample", "secret_key": SECRET, "project_id": "0" * 32}
UUID = "c25a0d2e-3b54-4a0d-8a0f-0f4f2b7f9d11"

# module -> tasks that would send a request as they are; a bad value is put into each
TASKS: dict[str, list[dict[str, Any]]] = {
    "ecs_run_command": [
        {"content": "echo a", "instance_ids": ["i-1"]},
        {"content": "echo a", "resource_tags": {"role": "web"}, "frequency": "rate(5m)"},
    ],
    "ecs_invoke_command": [
        {"command_id": "c-1", "instance_ids": ["i-1"]},
        {"command_name": "c", "resource_tags": {"role": "web"}, "frequency": "rate(5m)"},
    ],
    "ecs_invocation": [
        {"state": "present", "command_id": "c-1", "instance_ids": ["i-1"], "frequency": "rate(5m)"},
        {"state": "stopped", "invoke_id": "t-1"},
        {"state": "stopped", "command_name": "c"},
    ],
    "ecs_invocation_info": [{}, {"invoke_id": "t-1", "wait": True}],
    "ecs_command": [{"name": "c", "content": "echo a"}, {"state": "absent", "command_id": "c-1"}],
    "ecs_command_info": [{}],
    "ecs_send_file": [
        {"content": "a", "name": "a", "target_dir": "/root", "instance_ids": ["i-1"]},
        {"content": "a", "name": "a", "target_dir": "C:\\a", "resource_tags": {"role": "web"}},
    ],
    "ecs_fetch_file": [
        {"path": "/etc/hosts", "dest": "fetched/", "instance_ids": ["i-1"]},
        {"path": "/etc/hosts", "dest": "fetched/", "resource_tags": {"role": "web"}},
    ],
    "ecs_instance": [{"state": "absent", "instance_ids": ["i-1"]}, {"state": "stopped", "tags": {"role": "web"}}],
    "ecs_instance_info": [{}, {"instance_ids": ["i-1"]}],
    "ecs_agent": [{"instance_ids": ["i-1"]}],
    "ecs_agent_info": [{"instance_ids": ["i-1"]}],
    "clouddc_instance": [{"state": "absent", "id": UUID}],
    "clouddc_instance_info": [{}, {"ids": [UUID]}],
}


@pytest.fixture(autouse=True)
def no_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let nothing be sent, and nothing of this machine be known."""
    cut_off(monkeypatch, tmp_path)


def refusal(name: str, arguments: dict[str, Any], *, check_mode: bool = False) -> str | None:
    """Return the message with which the module refuses the arguments, None where it sends a request."""
    module = importlib.import_module(f"{PACKAGE}.{name}")
    account = HUAWEI if name.startswith("clouddc") else ALIBABA
    try:
        result = run_in_process(
            module.SPEC,
            module.ensure,
            {**account, **arguments},
            check_mode=check_mode,
            diff_mode=True,
            warn=lambda text: None,
            progress=lambda text: None,
        )
    except RequestSent:
        return None
    shown = repr(result)
    assert "defect" not in result.get("msg", ""), result["msg"]
    assert "Traceback" not in shown and SECRET not in shown
    return str(result.get("msg", ""))


def options_of(name: str) -> list[str]:
    """Return the options to try; those of the account for one module of each cloud, as they are read in one place."""
    spec = importlib.import_module(f"{PACKAGE}.{name}").SPEC.argument_spec
    shared = {} if name in ("ecs_command_info", "clouddc_instance_info") else {**ALIBABA_OPTIONS, **HUAWEI_OPTIONS}
    own = [option for option in spec if option not in shared]
    return own + [alias for option in own for alias in spec[option].get("aliases", ())]


def tries(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each option with each of the module's tasks."""
    for option in options_of(name):
        for task in TASKS[name]:
            yield option, task


@ONE_OF_ALL
def test_the_tasks_themselves_send_a_request(name: str):
    assert [refusal(name, task) for task in TASKS[name]] == [None] * len(TASKS[name])


@ONE_OF_ALL
def test_what_no_option_can_take_is_refused_by_name_before_any_request(name: str):
    for option, task in tries(name):
        for value, in_content in NEVER:
            if option == "content" and not in_content:
                continue
            message = refusal(name, {**task, option: value})
            assert message is not None, f"{option}: {value!r:.60} was sent"
            assert message.startswith(f"{option}: "), message


@pytest.mark.counted
@ONE_OF_ALL
def test_no_value_breaks_a_module_down(name: str):
    for number, (option, task) in enumerate(tries(name)):
        values = [*TEXTS, *OTHERS, *(value for value, _content in NEVER)]
        tried = [value for place, value in enumerate(values) if chosen(name, option, str(number), str(place))]
        count("inputs", len(tried))
        for value in tried:
            refusal(name, {**task, option: value}, check_mode=number % 2 == 0)


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
ANY_SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANY_VALUE = st.recursive(
    ANY_SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4), max_leaves=8
)


@ONE_OF_ALL
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_combination_of_values_breaks_a_module_down(name: str, data: st.DataObject):
    options = data.draw(st.lists(st.sampled_from(options_of(name)), min_size=1, max_size=3))
    task = data.draw(st.sampled_from(TASKS[name]))
    refusal(name, {**task, **{option: data.draw(ANY_VALUE) for option in options}})
