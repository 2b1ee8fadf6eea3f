# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles do when something fails, run as the playbooks run them, with the text that a survey gives."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands.listing import (
    find_commands,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.request import RunRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.run import run
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from playbook_runner import PlayResult

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
WEB = [f"i-web-{number}" for number in range(1, 7)]
FLEET = [{"id": id, "tags": {"role": "web", "environment": "test"}} for id in WEB] + [
    {"id": "i-stopped", "tags": {"role": "web", "environment": "test"}, "status": "Stopped"},
    {"id": "i-db", "tags": {"role": "db", "environment": "test"}},
]
# a script that fails where the file /srv/broken is
FAILS_WHERE_BROKEN = "echo checked; [ ! -e /srv/broken ]"


class Roles:
    """Runs the playbook of a role on a fleet of its own and reads the report."""

    def __init__(self, emulator: Any, playbook: Callable[..., PlayResult], folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        names = ("region", "access_key_id", "access_key_secret", "endpoint")
        self.client = connect({name: emulator.ready[name] for name in names})
        self._playbook = playbook

    def run(self, name: str, *, check: bool = False, **variables: Any) -> PlayResult:
        """Run the playbook with these extra variables."""
        return self._playbook(PLAYBOOKS / f"{name}.yml", extra_vars=variables, check=check, env=self.emulator.env())

    def run_roles(self, *entries: tuple[str, dict[str, Any]], **options: Any) -> PlayResult:
        """Run a play that uses these roles, each with its variables, and goes on after one that fails."""
        tasks = [
            {
                "block": [
                    {
                        "name": f"Use {role}",
                        "ansible.builtin.include_role": {"name": f"cloudops.cloud_assistant.{role}"},
                        "vars": variables,
                        "tags": ["always"],
                    }
                ],
                "rescue": [
                    {
                        "name": f"Failure {number}",
                        "ansible.builtin.debug": {"msg": "{{ ansible_failed_result }}"},
                    }
                ],
            }
            for number, (role, variables) in enumerate(entries)
        ]
        play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
        return self._playbook(f"---\n{json.dumps([play])}\n", env=self.emulator.env(), **options)

    def on_instances(self, script: str, *instance_ids: str) -> dict[str, str]:
        """Run a script on instances, without Ansible, and return what each printed."""
        outcome = run(self.client, RunRequest.of(Targets.of(list(instance_ids)), ScriptContent(script.encode())))
        outcome.raise_for_failure()
        return {row.instance_id: row.as_dict()["stdout"] for row in outcome.results}

    def report(self, name: str) -> dict[str, Any]:
        """Return the latest JSON report of that name."""
        latest = max(self.folder.glob(f"{name}-*.json"), key=lambda path: path.stat().st_mtime_ns)
        return json.loads(latest.read_text(encoding="utf-8"))

    def states(self, name: str) -> dict[str, tuple[str, str]]:
        """Return the status and phase of each instance in the report."""
        return {row["instance_id"]: (row["status"], row.get("phase")) for row in self.report(name)["results"]}


@pytest.fixture
def roles(emulator: Any, playbook: Callable[..., PlayResult], tmp_path: Path) -> Roles:
    """Return the roles' playbooks on a fleet of web servers, where i-web-2 and i-web-5 are broken."""
    emulator.reset(FLEET)
    roles = Roles(emulator, playbook, tmp_path)
    roles.on_instances("touch /srv/broken", "i-web-2", "i-web-5")
    return roles


def run_script(roles: Roles, **variables: Any) -> PlayResult:
    """Run the playbook run_script with a script that fails on broken instances."""
    given = {"run_script_content": FAILS_WHERE_BROKEN, "run_script_report_dest": str(roles.folder), **variables}
    return roles.run("run_script", **given)


def test_a_failing_canary_starts_nothing_else(roles: Roles):
    run = run_script(roles, target_tags="role=web, environment=test", run_script_canary="30%", run_script_wave_size="2")
    assert run.rc == 2, run.output
    assert roles.states("run_script") == {
        "i-web-1": ("Success", "canary"),
        "i-web-2": ("Failed", "canary"),
        **dict.fromkeys(WEB[2:], ("Skipped", "waves")),
        "i-stopped": ("Skipped", "not running"),
    }
    assert [row.get("error_info") for row in roles.report("run_script")["results"][2:]] == [
        *["not started, because the canary failed"] * 4,
        "the instance is Stopped",
    ]
    assert {id: len(runs) for id, runs in roles.emulator.executions().items()} == {
        "i-web-1": 1,
        "i-web-2": 2,
        "i-web-5": 1,
    }


@pytest.mark.parametrize(
    ("allowed", "not_started"), [("0", {"i-web-3", "i-web-4", "i-web-5", "i-web-6"}), ("1", set())]
)
def test_waves_stop_past_the_failures_that_are_allowed(roles: Roles, allowed: str, not_started: set[str]):
    run = run_script(roles, target_instances="\n".join(WEB), run_script_wave_size="2", run_script_max_failures=allowed)
    assert run.rc == 2, run.output
    states = roles.states("run_script")
    assert {id for id, (status, _phase) in states.items() if status == "Skipped"} == not_started
    assert set(states) == set(WEB)


def test_a_key_runs_the_script_only_where_it_has_not_succeeded(roles: Roles):
    variables = {"target_instances": WEB, "run_script_max_failures": 9, "run_script_idempotency_key": "k"}
    assert run_script(roles, **variables).rc == 2
    roles.on_instances("rm /srv/broken", "i-web-2", "i-web-5")
    before = {id: len(runs) for id, runs in roles.emulator.executions().items()}
    again = run_script(roles, **variables)
    assert again.rc == 0, again.output
    after = {id: len(runs) for id, runs in roles.emulator.executions().items()}
    assert {id for id in after if after[id] != before[id]} == {"i-web-2", "i-web-5"}
    assert [row["instance_id"] for row in roles.report("run_script")["results"] if not row["previous"]] == [
        "i-web-2",
        "i-web-5",
    ]


def test_a_canary_is_an_instance_that_can_run_the_script(roles: Roles):
    run = run_script(
        roles,
        target_instances="i-stopped i-web-2 i-web-1",
        run_script_canary="1",
        run_script_unready="skip",
    )
    assert run.rc == 2, run.output
    assert roles.states("run_script") == {
        "i-web-2": ("Failed", "canary"),
        "i-stopped": ("Skipped", "waves"),
        "i-web-1": ("Skipped", "waves"),
    }
    # the report says why
    [note] = roles.report("run_script")["notes"]
    assert "i-web-2: exit code 1" in note


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
        # the role decides what becomes of the old schedule
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
    ("deliver_files", {"deliver_files_items": [{"content": "x", "dest": "/srv"}]}, "either src, or content and name"),
    ("deliver_files", {"deliver_files_items": [{"dest": "/srv", "name": "x"}]}, "either src, or content and name"),
    *(
        ("deliver_files", {"deliver_files_items": [GOOD_ITEM, {**GOOD_ITEM, **wrong}]}, message)
        for wrong, message in (
            ({"dest": "srv"}, "dest must be an absolute path, and is not: srv"),
            ({"name": "a/b"}, "name must be the name of a file, without a directory, and is not: a/b"),
            ({"name": "ö" * 128}, "name must have at most 255 bytes"),
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
    ("rolling_deploy", {"rolling_deploy_release": "1\n"}, "rolling_deploy_release must consist of"),
    *(
        (role, {f"{role}_report_dest": __file__}, f"{role}_report_dest")
        for role in ("run_script", "rolling_deploy", "agent")
    ),
    *(
        ("script_library", f"scripts: [{{name: a, file: a.sh}}, {{{entry}}}]", message)
        for entry, message in (
            ("name: b, file: b.sh", "b.sh"),
            ("name: b, file: a.sh, timeout: soon", "timeout"),
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


def deploy(roles: Roles, release: str, **variables: Any) -> PlayResult:
    """Run the playbook rolling_deploy with an artifact whose content is the release's name."""
    artifact = roles.folder / "app.txt"
    artifact.write_text(f"{release}\n", encoding="utf-8")
    given = {
        "target_instances": WEB,
        "rolling_deploy_name": "app",
        "rolling_deploy_release": release,
        "rolling_deploy_artifact": str(artifact),
        "rolling_deploy_wave_size": "3",
        "rolling_deploy_report_dest": str(roles.folder),
        **variables,
    }
    return roles.run("rolling_deploy", **given)


def in_service(roles: Roles) -> dict[str, str]:
    """Return the release that each web server has in service."""
    return roles.on_instances("cat /srv/app/current/app.txt 2>/dev/null || echo none", *WEB)


def test_a_wave_that_fails_its_check_goes_back(roles: Roles):
    roles.on_instances("rm /srv/broken", "i-web-2")
    assert deploy(roles, "1.0").rc == 0
    assert set(in_service(roles).values()) == {"1.0"}

    failed = deploy(roles, "2.0", rolling_deploy_post_check=FAILS_WHERE_BROKEN)
    assert failed.rc == 2, failed.output
    assert in_service(roles) == {
        **dict.fromkeys(WEB[:3], "2.0"),
        **dict.fromkeys(WEB[3:], "1.0"),
    }
    assert roles.states("rolling_deploy") == {
        **dict.fromkeys(WEB[:3], ("Success", "deployed")),
        **dict.fromkeys(WEB[3:], ("RolledBack", "rolled back")),
    }
    [broken] = [row for row in roles.report("rolling_deploy")["results"] if row["instance_id"] == "i-web-5"]
    assert broken["wave"] == 2
    assert [(step["phase"], step["status"]) for step in broken["steps"]] == [
        ("deliver", "Success"),
        ("stage", "Success"),
        ("switch", "Success"),
        ("post-check", "Failed"),
        ("roll back", "Success"),
    ]


def test_a_wave_that_fails_its_check_can_take_the_others_back(roles: Roles):
    roles.on_instances("rm /srv/broken", "i-web-2")
    failed = deploy(roles, "1.0", rolling_deploy_post_check=FAILS_WHERE_BROKEN, rolling_deploy_roll_back_scope="all")
    assert failed.rc == 2, failed.output
    assert set(in_service(roles).values()) == {"none"}
    assert set(roles.states("rolling_deploy").values()) == {("RolledBack", "rolled back")}


# takes the agent of an instance off the net once the script that switches the release was sent
LEAVE = """
import base64, json, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
sent = json.load(opener.open(f"{sys.argv[1]}/requests"))
scripts = [base64.b64decode(row["params"].get("CommandContent", "")) for row in sent if row["action"] == "RunCommand"]
if any(b"is not staged" in script for script in scripts):
    url = f"{sys.argv[1]}/instances/{sys.argv[2]}/agent-offline"
    opener.open(urllib.request.Request(url, data=b"{}", method="POST"))
"""


def test_an_instance_that_the_way_back_does_not_reach_has_failed(roles: Roles):
    """It goes offline between the switch and the check, which the controller renders then."""
    leave = roles.folder / "leave.py"
    leave.write_text(LEAVE, encoding="utf-8")
    command = f"{sys.executable} {leave} {roles.emulator.ready['control']} i-web-2"
    check = f"{{{{ lookup('ansible.builtin.pipe', '{command}') }}}} true"
    failed = deploy(roles, "1.0", rolling_deploy_post_check=check)
    assert failed.rc == 2, failed.output
    assert roles.states("rolling_deploy") == {
        "i-web-1": ("RolledBack", "rolled back"),
        "i-web-2": ("NotRolledBack", "roll back"),
        "i-web-3": ("RolledBack", "rolled back"),
        **dict.fromkeys(WEB[3:], ("Skipped", "not started")),
    }
    report = roles.report("rolling_deploy")
    assert report["summary"]["failed"] == 3
    assert "roll back: not reached: i-web-2" in report["notes"][0]


def test_a_wave_that_fails_before_its_switch_stays_unchanged(roles: Roles):
    given = {"target_instances": "", "target_tags": {"role": "web"}}
    failed = deploy(roles, "1.0", rolling_deploy_pre_check=FAILS_WHERE_BROKEN, **given)
    assert failed.rc == 2, failed.output
    assert set(in_service(roles).values()) == {"none"}
    assert roles.states("rolling_deploy") == {
        "i-web-1": ("Skipped", "not switched"),
        "i-web-2": ("Failed", "pre-check"),
        "i-web-3": ("Skipped", "not switched"),
        **dict.fromkeys(WEB[3:], ("Skipped", "not started")),
        "i-stopped": ("Skipped", "not running"),
    }


def test_a_deployment_in_check_mode_changes_nothing(roles: Roles):
    artifact = roles.folder / "app.txt"
    artifact.write_text("1.0", encoding="utf-8")
    run = roles.run(
        "rolling_deploy",
        check=True,
        target_instances=WEB,
        rolling_deploy_name="app",
        rolling_deploy_release="1.0",
        rolling_deploy_artifact=str(artifact),
        rolling_deploy_report_dest=str(roles.folder / "reports"),
    )
    assert run.rc == 0, run.output
    assert run.result("Switch")["changed"] is True
    assert set(roles.on_instances("ls /srv/app 2>/dev/null || echo none", *WEB).values()) == {"none"}


def test_a_handler_that_failed_runs_again_where_it_failed(roles: Roles):
    (roles.folder / "app.conf").write_text("a=1\n", encoding="utf-8")
    given = {
        "target_instances": "i-web-1, i-web-2",
        "deliver_src": str(roles.folder / "app.conf"),
        "deliver_dest": "/srv/c",
        "deliver_files_handler": f"echo handled >> /srv/handled; {FAILS_WHERE_BROKEN}",
    }
    assert roles.run("deliver_files", **given).rc == 2
    roles.on_instances("rm /srv/broken", "i-web-2")
    again = roles.run("deliver_files", **given)
    assert again.rc == 0, again.output
    assert roles.on_instances("wc -l < /srv/handled", "i-web-1", "i-web-2") == {"i-web-1": "1", "i-web-2": "2"}
    last = roles.run("deliver_files", **given)
    assert not [row for row in last.results if row["result"].get("changed")]


def test_a_library_does_not_take_over_the_command_of_another_user(roles: Roles):
    folder = roles.folder / "scripts"
    folder.mkdir()
    (folder / "manifest.yml").write_text("scripts: [{name: theirs, file: a.sh}]", encoding="utf-8")
    (folder / "a.sh").write_text("echo ours\n", encoding="utf-8")
    roles.client.call(
        "CreateCommand",
        {
            "Name": "theirs",
            "Type": "RunShellScript",
            "ContentEncoding": "Base64",
            "CommandContent": ScriptContent(b"echo theirs").base64,
        },
    )

    def contents() -> list[bytes]:
        return [command.content for command in find_commands(roles.client, name="theirs")]

    refused = roles.run("script_library", script_library_folder=str(folder))
    assert refused.rc == 2, refused.output
    assert (
        "The commands theirs exist and do not belong to the library"
        in refused.result("Check that no other command has one of the names")["msg"]
    )
    assert contents() == [b"echo theirs"]
    adopted = roles.run("script_library", script_library_folder=str(folder), script_library_adopt="true")
    assert adopted.rc == 0, adopted.output
    assert contents() == [b"echo ours\n"]
    removed = roles.run("script_library", script_library_folder=str(folder), script_library_state="absent")
    assert removed.rc == 0, removed.output
    assert contents() == []


def test_a_changed_script_takes_over_the_schedule(roles: Roles):
    given = {
        "target_tags": "role=web",
        "scheduled_script_name": "tick",
        "scheduled_script_frequency": "rate(1h)",
    }
    for text in ("echo 1 >> /srv/ticks", "echo 2 >> /srv/ticks"):
        done = roles.run("scheduled_script", scheduled_script_content=text, **given)
        assert done.rc == 0, done.output
    roles.emulator.advance(3600)
    assert set(roles.on_instances("tail -n 1 /srv/ticks", *WEB).values()) == {"2"}
    again = roles.run("scheduled_script", scheduled_script_content="echo 2 >> /srv/ticks", **given)
    assert not [row for row in again.results if row["result"].get("changed")]
    gone = roles.run("scheduled_script", scheduled_script_state="absent", **given)
    assert gone.rc == 0, gone.output
    before = roles.on_instances("wc -l < /srv/ticks", *WEB)
    roles.emulator.advance(7200)
    assert roles.on_instances("wc -l < /srv/ticks", *WEB) == before


def test_check_mode_knows_a_schedule_whose_script_changes(roles: Roles):
    given = {"target_instances": "i-web-1", "scheduled_script_name": "tick", "scheduled_script_frequency": "rate(1h)"}
    assert roles.run("scheduled_script", scheduled_script_content="echo 1", **given).rc == 0
    given |= {
        "scheduled_script_content": "echo {% raw %}{{a}}{% endraw %}",
        "scheduled_script_parameters": {"a": "1"},
    }
    for check in (True, False):
        run = roles.run("scheduled_script", check=check, **given)
        assert run.rc == 0, run.output
        assert [row["task"].partition(" : ")[2] for row in run.results if row["result"].get("changed")] == [
            "Store the script as a command",
            "Keep the schedule on the instances",
            *(["Remove the replaced script"] * (not check)),
        ]
        assert "check mode" not in run.output


def test_agents_that_cannot_be_fixed_are_reported(roles: Roles):
    run = roles.run("agent", target_instances="i-web-1 i-stopped i-nobody")
    assert run.rc == 2, run.output
    told = run.result("Show which instances cannot run scripts")["msg"]
    assert set(told) == {"i-stopped", "i-nobody"}
    assert "the instance is Stopped" in told["i-stopped"]
    quiet = roles.run("agent", target_instances="i-web-1 i-stopped i-nobody", agent_strict="false")
    assert quiet.rc == 0, quiet.output
