# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles take the options of their modules, read lists as surveys give them, and refuse what cannot work."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS
from playbook_runner import PlayResult
from support.roles import PLAYBOOKS, WEB, Roles

# options of the modules that the roles do not take: the account's, which module_defaults sets, and
NOT_TAKEN = {
    "run_script": {
        # the role's waves are these
        *("batch_size", "max_concurrent_batches", "wait"),
        # the role runs the script twice, on the canary and on the rest
        *("client_token", "keep_command"),
        # the role's report has the results
        *("results", "results_file"),
        # these are for scheduled_script
        *("repeat_mode", "frequency", "timed"),
        # a role's ids come from a survey as text
        "instance_names",
    },
    "scheduled_script": {
        # the role knows the command by its name
        *("command_id", "command_name", "invoke_id", "all_matching"),
        # the role decides whether the old schedule is stopped
        *("stop_invocations", "purge_tags", "client_token"),
        # repeat_mode has another word for it
        "timed",
        "instance_names",
    },
}
ROLES_OF_MODULES = {"run_script": ["ecs_run_command"], "scheduled_script": ["ecs_command", "ecs_invocation"]}


@pytest.mark.parametrize("role", ROLES_OF_MODULES)
def test_a_role_takes_every_option_of_its_modules(role: str):
    folder = PLAYBOOKS.parent / "roles" / role
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    taken = {name.removeprefix(f"{role}_") for name in specs["argument_specs"]["main"]["options"]}
    modules = "ansible_collections.cloudops.cloud_assistant.plugins.modules"
    options = {
        option
        for module in ROLES_OF_MODULES[role]
        for option in importlib.import_module(f"{modules}.{module}").SPEC.argument_spec
    }
    assert options - taken - NOT_TAKEN[role] - set(ALIBABA_OPTIONS) == set()
    tasks = (folder / "tasks" / "main.yml").read_text(encoding="utf-8")
    assert [option for option in sorted(options & taken) if f"{role}_{option}" not in tasks] == ["instance_ids"]


def test_the_wait_of_a_role_is_as_long_as_its_scripts_may_run():
    """A fixed one would end a long script, or the last of many waves, although each is within its timeout."""
    folder = PLAYBOOKS.parent / "roles" / "run_script"
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    assert "default" not in specs["argument_specs"]["main"]["options"]["run_script_wait_timeout"]
    assert "run_script_wait_timeout" not in yaml.safe_load((folder / "defaults" / "main.yml").read_text("utf-8"))


DAILY = {"scheduled_script_frequency": "0 0 3 * * ?"}
GOOD_ITEM = {"content": "x", "name": "x", "dest": "/srv"}
# what a module would refuse as well, but only after something has been changed, among it
REFUSED = [
    ("run_script", {"run_script_instance_ids": []}, "No instance IDs are given"),
    ("run_script", {"run_script_instance_ids": [], "run_script_resource_tags": {"a": "b"}}, "the tags {'a': 'b'}"),
    ("run_script", {"run_script_src": "x.sh"}, "Give one of run_script_content"),
    ("run_script", {"run_script_content": ""}, "Give one of run_script_content"),
    ("run_script", {"run_script_canary": "one"}, 'run_script_canary is "one"'),
    ("run_script", {"run_script_canary": -1}, 'run_script_canary is "-1"'),
    ("run_script", {"run_script_canary": 0.5}, 'run_script_canary is "0.5"'),
    ("run_script", {"run_script_wave_size": 0, "run_script_canary": 1}, "run_script_wave_size is 0"),
    ("run_script", {"run_script_max_failures": -1, "run_script_canary": 1}, "run_script_max_failures is -1"),
    ("run_script", {"run_script_report_name": "a/b"}, 'run_script_report_name is "a/b"'),
    ("run_script", {"run_script_content": True}, "run_script_content is not text"),
    ("run_script", {"run_script_content": " \n"}, "Give one of run_script_content"),
    ("scheduled_script", {"scheduled_script_content": " \n"}, "Give one of scheduled_script_content"),
    *(
        (role, {f"{role}_report_name": "报" * 51}, f"{role}_report_name")
        for role in ("run_script", "rolling_deploy", "agent")
    ),
    ("rolling_deploy", {"rolling_deploy_post_check": True}, "rolling_deploy_post_check: not text"),
    ("rolling_deploy", {"rolling_deploy_report_name": ".a"}, "rolling_deploy_report_name must have up to 150 bytes"),
    ("agent", {"agent_report_name": "a/b"}, 'agent_report_name is "a/b"'),
    ("scheduled_script", {"scheduled_script_content": False}, "Give one of scheduled_script_content"),
    ("decommission", {"decommission_files": ["/a", "b"]}, "decommission_files must be absolute paths"),
    (
        "decommission",
        {"decommission_logs": __file__},
        "each must be the path of a directory, and one is that of a file",
    ),
    ("decommission", {"decommission_files_dest": __file__}, "each must be the path of a directory"),
    ("rolling_deploy", {"rolling_deploy_canary": "all"}, 'rolling_deploy_canary is "all"'),
    ("rolling_deploy", {"rolling_deploy_wave_size": "5 %"}, 'rolling_deploy_wave_size "5 %"'),
    ("agent", {"agent_instance_ids": [], "agent_resource_tags": {"role": "nothing"}}, "No instance has the tags"),
    # a survey or an inventory gives a dictionary as text
    (
        "agent",
        {"agent_instance_ids": "", "agent_resource_tags": "{}"},
        "Give agent_instance_ids or agent_resource_tags",
    ),
    *(
        (role, {f"{role}_instance_ids": "", f"{role}_resource_tags": "{}", **given}, "No instance IDs are given")
        for role, given in {
            "run_script": {},
            "scheduled_script": {**DAILY, "scheduled_script_content": "true"},
            "rolling_deploy": {},
            "deliver_files": {"deliver_files_items": [GOOD_ITEM]},
        }.items()
    ),
    ("deliver_files", {"deliver_files_items": [{"content": "x", "dest": "/srv"}]}, "either src, or content and name"),
    ("deliver_files", {"deliver_files_items": [{"dest": "/srv", "name": "x"}]}, "either src, or content and name"),
    *(
        ("deliver_files", {"deliver_files_items": [GOOD_ITEM, {**GOOD_ITEM, **wrong}]}, message)
        for wrong, message in (
            ({"dest": "srv"}, "dest must be an absolute path, and is not: srv"),
            ({"name": "a/b"}, "name must be the name of a file, without a directory, and is not: a/b"),
            ({"name": "ö" * 128}, "name must have at most 255 bytes"),
            ({"content": True}, "content must be text, and one is a boolean; put quotes around it"),
            ({"mode": "rw"}, "mode must be three or four octal digits in quotes, and is not: rw"),
            ({"mode": 420}, "mode must be three or four octal digits in quotes, and is not: 420"),
            ({"owner": "a b"}, "owner and group must be names or numbers, and one is not: a b"),
        )
    ),
    *(
        ("deliver_files", {"deliver_files_items": [GOOD_ITEM], **wrong}, message)
        for wrong, message in (
            ({"deliver_files_handler": "a", "deliver_files_handler_timeout": 0}, "deliver_files_handler_timeout is 0"),
            ({"deliver_files_handler": "ö" * 9217}, "deliver_files_handler must be a script of up to 18432 bytes"),
            ({"deliver_files_name": "http://a"}, 'deliver_files_name is "http://a"'),
            ({"deliver_files_wait_timeout": -1}, "deliver_files_wait_timeout is -1"),
        )
    ),
    *(
        (role, {f"{role}_wave_siez": "1"}, f"{role}_wave_siez. Its variables are listed by")
        for role in (
            *("agent", "decommission", "deliver_files", "report"),
            *("rolling_deploy", "run_script", "scheduled_script", "script_library"),
        )
    ),
    *(
        ("scheduled_script", {"scheduled_script_content": "echo {% raw %}{{a}}{% endraw %}", **given}, message)
        for given, message in (
            ({}, "frequency: is required when repeat_mode is period"),
            ({"scheduled_script_frequency": "every day"}, "frequency: "),
            ({"scheduled_script_frequency": "rate(60s)"}, "longer than the timeout"),
            ({**DAILY, "scheduled_script_instance_ids": ["web"]}, "'web' is not a valid instance ID"),
            ({**DAILY, "scheduled_script_tags": {"acs:x": "y"}}, "tags: "),
            ({**DAILY, "scheduled_script_username": "x" * 256}, "username: has 256 characters"),
            ({**DAILY, "scheduled_script_wait_timeout": 0}, "wait_timeout: is 0"),
            ({**DAILY, "scheduled_script_timeout": 0}, "timeout: is 0"),
            ({**DAILY, "scheduled_script_parameters": {"b": 1}}, "Without a value: a. Not in the script: b."),
            *(
                ({**DAILY, "scheduled_script_parameters": text}, f"Without a value: a. Not in the script: {names}.")
                for text, names in (('{"b": 1}', "b"), ("""b="c d=e", F=g=h""", "b, f"))
            ),
            ({**DAILY, "scheduled_script_secret_parameters": "b='hidden'"}, "Not in the script: b."),
            ({**DAILY, "scheduled_script_enable_parameter": True}, "Without a value: a. Not in the script: (none)."),
        )
    ),
    *(
        (
            "deliver_files",
            {"deliver_files_items": [GOOD_ITEM, {"dest": "/srv", **wrong}]},
            "and does not exist: nothing",
        )
        for wrong in ({"src": "nothing"}, {"src": "nothing", "template": True})
    ),
    *(
        ("rolling_deploy", {f"rolling_deploy_{name}": value}, f"rolling_deploy_{name}: {message}")
        for name, value, message in (
            ("roll_back", "", "must be a script of up to 18432 bytes"),
            ("switch", " ", "must be a script of up to 18432 bytes"),
            ("prune", "#" * 18433, "must be a script of up to 18432 bytes"),
            ("post_check", "#" + "ö" * 9216, "must be a script of up to 18432 bytes"),
            ("prune", True, "not text"),
            ("roll_back", True, "not text"),
        )
    ),
    *(
        ("rolling_deploy", {"rolling_deploy_release": wrong}, "rolling_deploy_release must be text of letters")
        for wrong in ("1\n", 1.1, True)
    ),
    *(
        (role, {f"{role}_report_dest": __file__}, f"{role}_report_dest")
        for role in ("run_script", "rolling_deploy", "agent")
    ),
    *(
        ("script_library", f"scripts: [{{name: a, file: a.sh}}, {{{entry}}}]", message)
        for entry, message in (
            ("name: b, file: b.sh", "b.sh"),
            ("name: b, file: a.sh, timeout: soon", "timeout"),
            ("name: 2024, file: a.sh", "requires a unique name and a file, both as text"),
            ("name: yes, file: a.sh", "requires a unique name and a file, both as text"),
            ("name: b, file: ", "requires a unique name and a file, both as text"),
            ("name: b, file: a.sh, parameters: name", "must be a list of names"),
            ("name: b, file: a.sh, type: RunPython", "type"),
        )
    ),
    ("script_library", "", 'the key "scripts"'),
    ("script_library", "scripts:", 'the key "scripts"'),
    ("script_library", "scripts: [a.sh]", 'the key "scripts"'),
    ("script_library", "scripts: [{name: a, file: a.sh, tiemout: 5}]", "unknown keys tiemout"),
    (
        "script_library",
        "scripts: [{name: a, file: a.sh, parameters: [Name, age]}]",
        "the parameters age for a, but a.sh",
    ),
]


def test_impossible_variables_are_refused_before_anything_runs(roles: Roles):
    (roles.folder / "app.txt").write_text("1.0", encoding="utf-8")
    entries = []
    for number, (role, given, _message) in enumerate(REFUSED):
        variables: dict[str, Any] = {
            "run_script": {"run_script_content": "true"},
            "rolling_deploy": {"rolling_deploy_release": "1", "rolling_deploy_artifact": "app.txt"},
            "deliver_files": {"deliver_files_items": []},
            "scheduled_script": {"scheduled_script_name": "x"},
            "script_library": {"script_library_folder": str(roles.folder)},
            "report": {"report_results": []},
        }.get(role, {})
        if isinstance(given, str):
            folder = roles.folder / f"library{number}"
            folder.mkdir()
            (folder / "manifest.yml").write_text(given, encoding="utf-8")
            (folder / "a.sh").write_text("echo {{ name }}\n", encoding="utf-8")
            given = {"script_library_folder": str(folder)}
        else:
            given = {f"{role}_ecs_ids" if role == "decommission" else f"{role}_instance_ids": WEB, **given}
        entries.append((role, {**variables, **given}))
    before = len(roles.emulator.requests())
    run = roles.run_roles(*entries)
    for number, (_role, _given, message) in enumerate(REFUSED):
        assert message in json.dumps(run.result(f"Failure {number}")["msg"]).replace('\\"', '"'), number
    assert {row["action"] for row in roles.emulator.requests()[before:]} <= {"DescribeInstances", "DescribeCommands"}


def test_missing_variables_are_named(roles: Roles):
    """Ansible evaluates all variables first: a default that uses one that is missing would fail in its place."""
    required = {}
    for path in sorted((PLAYBOOKS.parent / "roles").glob("*/meta/argument_specs.yml")):
        options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
        required[path.parents[1].name] = sorted(name for name, option in options.items() if option.get("required"))
    roles_with_required = [role for role, names in required.items() if names]
    assert {"deliver_files", "rolling_deploy", "scheduled_script", "script_library"} <= set(roles_with_required)
    run = roles.run_roles(*((role, {}) for role in roles_with_required))
    for number, role in enumerate(roles_with_required):
        message = run.result(f"Failure {number}")["msg"]["msg"]
        assert f"missing required arguments: {', '.join(required[role])}" in message


def test_the_playbook_of_files_names_what_it_needs(roles: Roles):
    for given in ({}, {"deliver_src": "a"}):
        run = roles.run("deliver_files", target_instances=WEB, **given)
        assert "Give deliver_src and deliver_dest, or deliver_files_items." in run.output


@pytest.mark.parametrize("text", ["i-web-1, i-web-3\ni-web-4", '["i-web-1", "i-web-3", "i-web-4"]'])
def test_roles_take_ids_as_the_text_that_a_survey_gives(playbook: Callable[..., PlayResult], text: str):
    """Read as the roles do; their argument specifications let a text with commas pass."""
    lists = {
        "run_script": "__run_script_targets",
        "agent": "__agent_id_list",
        "deliver_files": "__deliver_files_targets",
        "rolling_deploy": "__rolling_deploy_targets",
        "scheduled_script": "__scheduled_script_targets",
        "decommission": "__decommission_ecs_id_list",
    }
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(PLAYBOOKS.parent / "roles" / role / "vars" / "main.yml") for role in lists],
        "vars": {
            "decommission_ecs_ids": "[i-web-1,'i-web-3' \"i-web-4\"]",
            **{f"{role}_instance_ids": text for role in lists if role != "decommission"},
        },
        "tasks": [
            {
                "name": "Show the lists",
                "ansible.builtin.debug": {"msg": {role: f"{{{{ {name} }}}}" for role, name in lists.items()}},
            }
        ],
    }
    run = playbook(f"---\n{json.dumps([play])}\n")
    assert run.result("Show the lists")["msg"] == dict.fromkeys(lists, ["i-web-1", "i-web-3", "i-web-4"])


def test_the_tag_report_alone_reports_nothing(roles: Roles):
    given = {"report_dest": str(roles.folder), "instance_ids": ["i-web-1"]}
    run = roles.run_roles(
        ("run_script", {f"run_script_{name}": value for name, value in {**given, "content": "true"}.items()}),
        ("agent", {f"agent_{name}": value for name, value in {**given, "report": True}.items()}),
        (
            "rolling_deploy",
            {
                f"rolling_deploy_{name}": value
                for name, value in {**given, "release": "1", "artifact": "app.txt"}.items()
            },
        ),
        arguments=["--tags", "report"],
    )
    assert run.rc == 0, run.output
    assert not [row["task"] for row in run.results if row["task"].startswith("Failure")], run.output
    assert sorted(path.name for path in roles.folder.glob("*.json")) == []
