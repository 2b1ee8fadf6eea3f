# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module gives the same result in the controller's process and as a module.

Each way has an emulated cloud of its own, in the same state, and is given the same tasks in the same order. One play
runs those of all modules; the clouds are reset before each module's.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from emulator.testing import start_emulator
from playbook_runner import ACTIONS, PlayResult, run_playbook
from support.module_names import MODULES

SECRET = "s3cr3t-value-of-a-parameter"
ONE, TWO, THREE = (f"i-cnhaemu00000000000{number}" for number in (1, 2, 3))
NOBODY = "00000000-0000-0000-0000-000000000000"

STORED = ("ecs_command", {"name": "both-ways", "content": "echo {{ '{{' }}word{{ '}}' }}", "enable_parameter": True})

# module -> its tasks, in order; a task of another module, as (module, options), prepares the state, in process
CASES: dict[str, list[Any]] = {
    "ecs_run_command": [
        {"instance_ids": [ONE, TWO], "content": "echo out; echo err >&2"},
        {"instance_ids": [ONE], "content": "echo before; exit 3"},
        {
            "instance_ids": [ONE],
            "content": "echo {{ '{{' }}word{{ '}}' }}",
            "secret_parameters": {"word": "{{ lookup('ansible.builtin.env', 'BOTH_WAYS_SECRET') }}"},
        },
        {"instance_ids": [ONE], "content": "x" * 40_000},
        {"instance_ids": ["i-nobody"], "content": "true"},
    ],
    "ecs_invoke_command": [
        STORED,
        # lists as a survey gives them
        {
            "command_name": "both-ways",
            "instance_ids": f"{ONE}, {TWO}",
            "success_rcs": "0, 3",
            "parameters": {"word": "a"},
        },
        {"command_name": "both-ways", "instance_ids": [ONE], "parameters": {"other": "a"}},
        {"command_name": "nobody", "instance_ids": [ONE]},
    ],
    "ecs_invocation": [
        STORED,
        {
            "command_name": "both-ways",
            "instance_ids": [ONE],
            "frequency": "0 0 3 * * ?",
            "parameters": {"word": "a"},
            "state": "present",
        },
        {"command_name": "both-ways", "state": "stopped"},
        {"command_name": "both-ways", "instance_ids": [ONE], "frequency": "rate(59s)", "state": "present"},
    ],
    "ecs_invocation_info": [
        ("ecs_run_command", {"instance_ids": [ONE], "content": "echo a"}),
        {"status": "Success, Running"},
        {"instance_ids": [ONE]},
        {"invoke_id": "t-nobody", "wait": True, "wait_timeout": -1},
    ],
    "ecs_command": [
        {"name": "one", "content": "echo a\r\n", "description": "first", "tags": {"a": "b"}},
        {"name": "one", "content": "echo b", "timeout": 90},
        {"name": "one", "state": "absent"},
        {"name": "ACS::one", "content": "true"},
        {"command_id": "c-nobody", "description": "x"},
    ],
    "ecs_command_info": [
        STORED,
        {"name": "both-ways"},
        {"command_ids": ["c-nobody"]},
        {"name": "a", "name_pattern": "b"},
    ],
    "ecs_send_file": [
        {"instance_ids": [ONE, TWO], "content": "a\r\nb\n", "name": "a.txt", "target_dir": "/root", "mode": "0600"},
        {"instance_ids": [ONE], "content": "a", "name": "a.txt", "target_dir": "relative"},
    ],
    "ecs_fetch_file": [
        ("ecs_run_command", {"instance_ids": [ONE], "content": "printf 'a\\0b' > /root/fetched"}),
        {"instance_ids": [ONE], "path": "/root/fetched", "dest": "{{ playbook_dir }}/{{ way }}/"},
        {"instance_ids": [ONE], "path": "/root/missing", "dest": "{{ playbook_dir }}/{{ way }}/"},
    ],
    "ecs_instance": [
        {"instance_ids": [ONE, "i-nobody"], "state": "absent", "force": True},
        {"instance_ids": [TWO], "state": "absent"},
        {"instance_ids": [TWO, THREE], "state": "stopped"},
        {"status": "Stopped", "state": "absent"},
    ],
    "ecs_instance_info": [{"instance_ids": [ONE, TWO], "agents": True}, {"tags": {}}],
    "ecs_agent": [
        {"instance_ids": [ONE, TWO]},
        {"instance_ids": [ONE], "min_version": "new"},
        {"instance_ids": ["i-nobody"]},
    ],
    "ecs_agent_info": [{"instance_ids": [TWO, "i-nobody", ONE]}, {"os_type": "Linux"}, {"os_type": "BeOS"}],
    "clouddc_instance": [{"id": NOBODY, "state": "absent"}, {"id": "not an id", "state": "absent"}],
    "clouddc_instance_info": [{}, {"ids": [NOBODY]}, {"ids": ["not an id"]}],
}

# what differs between two runs of the same thing: times, and ids that the service makes
UNSTABLE = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?Z?"), "<time>"),
    (re.compile(r"\b[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b[tcf]-[a-z0-9]{6,}\b|\bcmd-\d+\b"), "<id>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<host>"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "<digest>"),
    (re.compile(r"ansible-both-ways-\w+|/(here|there)\b"), "<way>"),
)
# arguments of the play itself, and what a module process adds for the connection
IGNORED = {"ansible_facts", "_ansible_no_log", "_ansible_parsed"}


def stable(value: Any) -> Any:
    """Return a result without what differs between two runs of the same thing."""
    if isinstance(value, dict):
        return {stable(name): stable(item) for name, item in value.items() if name not in IGNORED}
    if isinstance(value, list):
        return [stable(item) for item in value]
    if isinstance(value, str):
        for pattern, word in UNSTABLE:
            value = pattern.sub(word, value)
    return value


def seen(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a user sees of a task: host, outcome and result, without when it ran."""
    return stable({name: row[name] for name in ("host", "outcome", "result")})


def tasks_of(module: str, way: str, ready: dict[str, str]) -> list[dict[str, Any]]:
    """Return the module's tasks for one way, against the cloud of ``ready``, which is reset first."""
    tasks: list[dict[str, Any]] = [{"name": "Begin anew", "emulator_reset": {"control": ready["control"]}}]
    for number, case in enumerate(CASES[module]):
        name, options = case if isinstance(case, tuple) else (module, case)
        as_module = way == "there" and not isinstance(case, tuple)
        place = {"endpoint": ready["endpoint"]}
        if name.startswith("clouddc"):
            place = {
                "endpoint": ready["clouddc_endpoint"],
                "iam_endpoint": ready["iam_endpoint"],
                "region": "cn-east-3",
            }
        tasks.append(
            {
                "name": f"{module} {number} {way}",
                f"cloudops.cloud_assistant.{name}": {**options, **place},
                "ignore_errors": True,
                "vars": {"way": way},
                **({"environment": {"ALIBABA_CLOUD_WAY": "as a module"}} if as_module else {}),
            }
        )
    return tasks


@pytest.fixture(scope="module")
def played(emulator_process: Any, tmp_path_factory: pytest.TempPathFactory) -> PlayResult:
    """Return what came of one play of all tasks, each way with an emulator of its own."""
    with start_emulator(instances=12) as other:
        ways = {"here": emulator_process.ready, "there": other.ready}
        tasks = [task for module in CASES for way, ready in ways.items() for task in tasks_of(module, way, ready)]
        play = [{"name": "Both ways", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
        return run_playbook(
            "---\n" + yaml.safe_dump(play, allow_unicode=True),
            tmp_path_factory.mktemp("ways"),
            env={
                **emulator_process.env(),
                "ANSIBLE_ACTION_PLUGINS": str(ACTIONS),
                "ANSIBLE_INJECT_INVOCATION": "true",
                "BOTH_WAYS_SECRET": SECRET,
            },
            diff=True,
            arguments=["-vvv"],
        )


@pytest.mark.parametrize("module", MODULES)
def test_results_are_equal(module: str, played: PlayResult):
    assert module in CASES, f"{module} has no representative calls here"
    here, there = (
        [seen(played.row(f"{module} {number} {way}")) | {"task": number} for number in range(len(CASES[module]))]
        for way in ("here", "there")
    )
    assert here == there
    outcomes = {row["outcome"] for row in here}
    assert outcomes == {"ok", "ignored"}, "both a call that succeeds and one that fails are to be among them"


def test_each_way_is_taken_and_shows_no_secret(played: PlayResult):
    assert played.rc == 0, played.output
    # a module process is announced at this verbosity: as many as there are tasks that are to be run as one
    tried = [case for cases in CASES.values() for case in cases if not isinstance(case, tuple)]
    assert len(re.findall(r"Using module file \S+/modules/", played.stdout)) == len(tried)
    assert SECRET not in played.output + json.dumps(played.results)
