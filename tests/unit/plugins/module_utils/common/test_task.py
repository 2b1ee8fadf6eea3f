# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness gives one result for one operation, in a module process and in the controller's."""

from __future__ import annotations

import datetime
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.basic import env_fallback
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError, InputError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import (
    TaskContext,
    TaskSpec,
    run_in_process,
)
from support.patience import HANG_GUARD

SECRET = "s3cr3t-value"
SPEC = TaskSpec(
    argument_spec={
        "name": {"type": "str", "aliases": ["title"]},
        "count": {"type": "int", "default": 1},
        "ids": {"type": "list", "elements": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "secret": {"type": "str", "no_log": True, "fallback": (env_fallback, ["TASK_TEST_SECRET"])},
        "secrets": {"type": "dict", "no_log": True},
        "text": {"type": "str"},
        "role": {"type": "dict", "options": {"arn": {"type": "str"}}},
        "old": {"type": "str", "removed_in_version": "9.0.0", "removed_from_collection": "cloudops.cloud_assistant"},
    },
    mutually_exclusive=[("name", "ids")],
    required_one_of=[("name", "ids")],
    required_if=[("state", "absent", ["name"])],
    redacted_options=["text"],
)


def show(task: TaskContext) -> dict[str, Any]:
    """Return what the operation was given, and speak of it."""
    task.warn(f"the secret is {task.params['secret']}")
    return {
        "changed": not task.check_mode,
        "diff": {"before": "", "after": str(task.params["secret"])} if task.diff_mode else None,
        "echo": task.params["secret"],
        "count": task.params["count"],
        "when": datetime.datetime(2026, 1, 2, 3, 4, 5),
        "pair": ("a", "b"),
    }


def refuse(task: TaskContext) -> dict[str, Any]:
    """Refuse an option's value."""
    raise InputError("name", f"{task.params['name']} is too long: 64 bytes are allowed")


def print_secrets(task: TaskContext) -> dict[str, Any]:
    """Return the values of the dictionary of secrets, as a script that prints them."""
    task.warn(f"they are {task.params['secrets']}")
    return {"changed": False, "stdout": " ".join(map(str, task.params["secrets"].values()))}


def answer_error(task: TaskContext) -> dict[str, Any]:
    """Fail as the API does, with the secret in its message."""
    raise ApiError(
        operation="RunCommand",
        code="Forbidden.RAM",
        message=f"the key {task.params['secret']} may not do that",
        request_id="REQUEST-1",
        http_status=403,
        host="ecs.example.com",
        hint="Grant the permission.",
    )


def break_down(task: TaskContext) -> dict[str, Any]:
    """Have a defect."""
    return {"changed": task.params["name"] + 1}


def use(
    ensure: Callable[[TaskContext], dict[str, Any]] = show,
    *,
    check: bool = False,
    diff: bool = False,
    spec: TaskSpec = SPEC,
    _ansible_no_log: bool = False,
    **arguments: Any,
) -> tuple[dict[str, Any], list[str]]:
    """Return the result of the operation in this process, and its warnings."""
    warnings: list[str] = []
    result = run_in_process(
        spec,
        ensure,
        arguments,
        check_mode=check,
        diff_mode=diff,
        warn=warnings.append,
        progress=warnings.append,
        no_log=_ansible_no_log,
    )
    return result, warnings


def test_result_has_json_types_and_no_secret():
    result, warnings = use(name="x", secret=SECRET, diff=True)
    assert SECRET not in json.dumps(result) + "".join(warnings)
    assert result["pair"] == ["a", "b"]
    assert result["when"] == "2026-01-02T03:04:05"
    assert result["changed"] is True
    assert result["invocation"]["module_args"]["count"] == 1


def test_a_secret_with_quotes_is_removed_as_a_shell_traces_it():
    def trace(task: TaskContext) -> dict[str, Any]:
        task.warn(r"+ login 'pa'\''ss'")
        return {"changed": False, "stdout": "+ login 'pa'\"'\"'ss'"}

    result, warnings = use(trace, name="x", secret="pa'ss")
    assert result["stdout"] == "+ login '********'" and warnings == ["+ login '********'"]


@pytest.mark.parametrize("blank", [" ", "\n", "\t "])
def test_white_space_is_not_a_secret(blank: str):
    result, _warnings = use(refuse, name="a b", secret=blank)
    assert result["failed"] and "********" not in result["msg"]


def test_secret_from_the_environment_is_removed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TASK_TEST_SECRET", SECRET)
    result, _warnings = use(name="x")
    assert result["echo"] and SECRET not in json.dumps(result)


@pytest.mark.parametrize(
    "given", [{"token": SECRET, "pin": 4711}, f'{{"token": "{SECRET}", "pin": 4711}}', f"token={SECRET},pin=4711"]
)
def test_secrets_in_a_dictionary_are_removed_however_it_was_written(given: Any):
    result, warnings = use(print_secrets, name="x", secrets=given)
    shown = json.dumps([result, warnings])
    assert SECRET not in shown and "4711" not in shown
    assert result["stdout"] == "******** ********"


def test_a_password_written_into_a_url_is_removed():
    result, _warnings = use(refuse, name=f"https://me:{SECRET}@cloud.example:8443/path")
    assert result["failed"] and SECRET not in json.dumps(result) and "cloud.example" in result["msg"]


def test_text_that_merely_holds_a_url_stays():
    result, _warnings = use(refuse, name="curl https://me:hello@cloud.example")
    assert "me:hello@cloud.example" in result["msg"]


def test_an_option_not_to_be_shown_is_not_repeated_and_nothing_else_changes():
    result, _warnings = use(name="password", text="password=s3cr3t")
    shown = result["invocation"]["module_args"]
    assert (shown["name"], shown["text"]) == ("password", "(not shown)")
    assert use(name="x")[0]["invocation"]["module_args"]["text"] is None


def test_flags_survive_a_secret_of_their_spelling():
    result, _warnings = use(name="x", secret="True")
    assert result["changed"] is True


def test_check_mode_reaches_the_operation():
    assert use(name="x", check=True)[0]["changed"] is False


def test_operation_without_check_mode_is_skipped():
    spec = TaskSpec(argument_spec={"name": {"type": "str"}}, supports_check_mode=False)
    result, _warnings = use(break_down, spec=spec, name="x", check=True)
    assert result["skipped"] is True and "does not support check mode" in result["msg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "x", "wrong": 1}, "Unsupported parameters for (test_task) module: wrong."),
        ({}, "one of the following is required: name, ids"),
        ({"name": "x", "ids": ["a"]}, "parameters are mutually exclusive: name|ids"),
        ({"ids": ["a"], "state": "absent"}, "state is absent but all of the following are missing: name"),
        ({"name": "x", "count": "many"}, "argument 'count' is of type"),
        ({"name": "x", "state": "gone"}, "value of state must be one of: present, absent, got: gone"),
    ],
)
def test_bad_arguments_are_refused_before_the_operation(arguments: dict[str, Any], message: str):
    result, _warnings = use(break_down, **arguments)
    assert result["failed"] is True
    assert message in result["msg"]


def test_an_alias_beside_its_option_is_a_warning():
    assert use(name="x", title="x")[1][0] == "Both option name and its alias title are set."


def test_progress_is_reported_without_secrets():
    def report(task: TaskContext) -> dict[str, Any]:
        task.progress(f"1/2 finished by {task.params['secret']}")
        return {"changed": False}

    lines = use(report, name="x", secret=SECRET)[1]
    assert len(lines) == 1 and lines[0].startswith("1/2 finished") and SECRET not in lines[0]


def test_cloud_error_becomes_message_and_keys():
    result, _warnings = use(answer_error, name="x", secret=SECRET)
    assert result["failed"] is True
    assert result["error"]["code"] == "Forbidden.RAM" and result["error"]["request_id"] == "REQUEST-1"
    assert SECRET not in json.dumps(result)


def test_defect_is_named_with_its_place_and_no_traceback():
    result, _warnings = use(break_down, name="x")
    assert result["failed"] is True
    assert "TypeError in test_task.py line" in result["msg"] and "Traceback" not in json.dumps(result)


MODULE = """
import sys
sys.path[:0] = {path!r}
import ansible.module_utils.basic as basic
{prepare}
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import run_module
import importlib.util
spec = importlib.util.spec_from_file_location("test_task", {file!r})
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)
run_module(cases.SPEC, cases.{operation})
"""


def as_module(operation: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return the result that the operation prints as a module in its own process, and the process's exit code."""
    newest = "_ansible_inject_invocation" in inspect.getsource(basic)
    try:  # ansible-core 2.19 and later read the arguments through a profile
        from ansible.module_utils.testing import patch_module_args  # noqa: F401

        # 2.21 returns the invocation only when told to
        inner = json.dumps({**arguments, "_ansible_inject_invocation": True} if newest else arguments)
        prepare = (
            "import json\nfrom ansible.module_utils.testing import patch_module_args\n"
            f"patch = patch_module_args(json.loads({inner!r}))\npatch.__enter__()"
        )
    except ImportError:
        payload = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
        prepare = f"basic._ANSIBLE_ARGS = {payload!r}.encode()"
    program = MODULE.format(path=sys.path, prepare=prepare, file=__file__, operation=operation)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=HANG_GUARD
    )
    assert done.stdout.strip(), done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1]), done.returncode


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("show", {"name": "x", "secret": SECRET, "count": "3", "old": "x"}),
        ("refuse", {"name": "x"}),
        ("answer_error", {"name": "x", "secret": SECRET}),
        ("print_secrets", {"name": "x", "secrets": f'{{"token": "{SECRET}"}}'}),
        ("refuse", {"name": f"http://me:{SECRET}@cloud.example"}),
        ("show", {"name": "x", "text": f"token={SECRET}"}),
        ("break_down", {"name": "x"}),
        ("show", {"name": "x", "ids": ["a"], "secret": SECRET}),
        ("show", {"name": "half a pair \ud83d", "secret": SECRET}),
        ("show", {"name": "x", "count": float("inf"), "secret": SECRET}),
        ("show", {"name": "x", "count": "9" * 5000}),
        ("show", {"name": "x", "role": 5}),
        ("refuse", {"name": SECRET, "_ansible_no_log": True}),
        ("show", {"name": "x", "count": SECRET, "_ansible_no_log": True}),
    ],
)
def test_module_process_gives_the_same_result(operation: str, arguments: dict[str, Any]):
    printed, code = as_module(operation, arguments)
    here, warnings = use(globals()[operation], **arguments)
    assert code == int(bool(here.get("failed")))
    assert bool(printed.pop("warnings", [])) == bool(warnings)
    # the form of a deprecation in a module's reply differs between versions of ansible-core
    assert len(printed.pop("deprecations", [])) == len(here.pop("deprecations", []))
    assert printed == here
    # under no_log Ansible shows nothing else
    assert SECRET not in json.dumps(printed["msg"] if arguments.get("_ansible_no_log") else printed)
