# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input to the modules that run scripts is refused with a clear message, and before any request."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import run_in_process
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport
from ansible_collections.cloudops.cloud_assistant.plugins.modules import (
    ecs_invocation_info,
    ecs_invoke_command,
    ecs_run_command,
)

SECRET = "this-is-the-secret"
ACCOUNT = {
    "region": "cn-hangzhou",
    "access_key_id": "LTAIexample",
    "access_key_secret": SECRET,
    "endpoint": "http://127.0.0.1:9",
}
RUN = {"content": "echo hello", "instance_ids": ["i-1"]}
OMITTED = object()
INVOKE = {"command_id": "c-1", "instance_ids": ["i-1"]}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def send(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("a request was sent")

    monkeypatch.setattr(HttpTransport, "send", send)
    monkeypatch.setenv("HOME", str(tmp_path))
    for prefix in ("ALIBABA_CLOUD", "ALICLOUD"):
        for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "ACCESS_KEY", "SECRET_KEY", "REGION_ID", "REGION"):
            monkeypatch.delenv(f"{prefix}_{name}", raising=False)


def refused(module: ModuleType, *, check_mode: bool = False, **options: Any) -> str:
    result = run_in_process(
        module.SPEC,
        module.ensure,
        {name: value for name, value in {**ACCOUNT, **options}.items() if value is not OMITTED},
        check_mode=check_mode,
        diff_mode=True,
        warn=lambda text: None,
        progress=lambda text: None,
    )
    assert result["failed"], result
    assert "defect" not in result["msg"], result["msg"]
    assert SECRET not in repr(result)
    return str(result["msg"])


BAD_TARGETS = [
    ({"instance_ids": []}, "instance_ids: no targets"),
    ({"instance_ids": None}, "instance_ids: no targets"),
    ({"resource_tags": {"role": "web"}}, "not both"),
    ({"instance_ids": ["i 1"]}, "'i' is not a valid instance ID"),
    ({"instance_ids": None, "resource_tags": {f"k{n}": "v" for n in range(21)}}, "resource_tags: has 21 tags"),
]
BAD_TEXTS = [
    ({"working_dir": "/" + "d" * 200}, "working_dir: has 201 characters; at most 200"),
    ({"username": "caf\udce9"}, "username: is not valid UTF-8 text"),
    ({"username": "u" * 256}, "username: has 256 characters; at most 255"),
    ({"windows_password_name": "u" * 256}, "windows_password_name: has 256 characters"),
    ({"launcher": "l" * 1025}, "launcher: has 1025 bytes; at most 1024"),
    ({"launcher": "x {{ACS::InstanceId}}"}, "launcher: {{ACS::InstanceId}}: only"),
    ({"container_id": "abc"}, "container_id: must be 64 hexadecimal digits"),
    ({"container_name": ""}, "container_name: must not be empty"),
    (
        {"oss_output_delivery": "bucket/prefix"},
        "oss_output_delivery: 'bucket/prefix' is not of the form oss://bucket/prefix",
    ),
    ({"tags": {f"k{n}": "v" for n in range(21)}}, "tags: has 21 tags; at most 20"),
    ({"tags": {f"k{n}": "v" for n in range(20)}, "idempotency_key": "k"}, "tags: has 20 tags; at most 19"),
    ({"tags": {f"k{n}": "v" for n in range(20)}, "client_token": "t"}, "tags: has 20 tags; at most 19"),
    ({"tags": {"acs:x": "v"}}, "tags: the tag key 'acs:x'"),
    ({"client_token": "t" * 65}, "client_token: has 65 characters; at most 64"),
    ({"client_token": "tökén"}, "client_token: can contain only printable ASCII characters"),
    ({"client_token": ""}, "client_token: must not be empty"),
    ({"idempotency_key": ""}, "idempotency_key: must not be empty"),
    ({"termination_mode": "gently"}, "value of termination_mode must be one of: process, process_tree"),
]
BAD_NUMBERS = [
    ({"wait_timeout": 0}, "wait_timeout: is 0; it must be between 1 and 2147483647 seconds"),
    ({"wait_timeout": -1}, "wait_timeout: is -1; it"),
    ({"batch_size": 0}, "batch_size: is 0; it must be between 1 and 1000 instances per call"),
    ({"batch_size": 1001}, "batch_size: is 1001"),
    ({"max_concurrent_batches": 0}, "max_concurrent_batches: is 0; it must be at least 1"),
    ({"max_failures": -1}, "max_failures: is -1; it must be at least 0"),
    ({"max_failures": 0, "wait": False}, "max_failures: requires results to count"),
    ({"max_failures": 0, "frequency": "rate(5m)"}, "max_failures: requires results to count"),
    ({"timeout": 0}, "timeout: is 0; it must be between 1"),
    ({"unready": "ignore"}, "value of unready must be one of: fail, skip"),
]
# a script without a timeout has 60 s; that of a stored command is known once it is read
TOO_CLOSE = [
    ({"frequency": "rate(60s)"}, "frequency: rate(60s): the interval must be longer than the timeout (60 s)"),
    ({"frequency": "*/30 * * * * ?"}, "frequency: */30 * * * * ?: two runs are only 30 s apart"),
]
BAD_SCHEDULES = [
    ({"timed": True}, "frequency: is required when timed is true"),
    ({"timed": False, "frequency": "rate(5m)"}, "timed: is false"),
    ({"repeat_mode": "period"}, "frequency: is required when repeat_mode is period"),
    ({"repeat_mode": "every_reboot", "frequency": "rate(5m)"}, "frequency: cannot be combined with repeat_mode"),
    ({"repeat_mode": "once", "frequency": "rate(5m)"}, "frequency: cannot be combined with repeat_mode once"),
    ({"repeat_mode": "sometimes"}, "value of repeat_mode must be one of"),
    ({"frequency": "rate(59s)"}, "frequency: rate(59s)"),
    ({"frequency": "at(tomorrow)"}, "frequency: at(tomorrow)"),
    ({"frequency": "* * *"}, "frequency: * * *"),
    ({"frequency": "rate(60s)", "timeout": 90}, "frequency: rate(60s)"),
]
BAD_SCRIPTS = [
    ({"content": ""}, "content: the script is empty"),
    ({"content": " \n"}, "content: the script is empty, or has only white space"),
    ({"content": "x" * 18433}, "content: the script has 24580 bytes after Base64 encoding; the limit is 24576"),
    (
        {"content": "{{a}}" + "x" * 18000, "parameters": {"a": "v" * 500}},
        "content: the script with its parameters has",
    ),
    ({"content": "echo \ud83d"}, "content: is not valid UTF-8 text at character 5"),
    ({"content": "{{a}}", "parameters": {"a": "caf\udce9"}}, "parameters: is not valid UTF-8"),
    ({"type": "RunPythonScript"}, "value of type must be one of: RunShellScript"),
    ({"name": "n" * 129}, "name: has 129 characters; at most 128"),
    ({"description": "d" * 513}, "description: has 513 characters; at most 512"),
    ({"parameters": {"a": "1"}}, "parameters: 'a': the script does not have this parameter; it has none"),
    ({"content": "{{.Names}} {{a}}", "parameters": {"a": "1"}}, "content: the placeholder {{.Names}}"),
    ({"parameters": {"a": 1.5}, "content": "{{a}}"}, "parameters: the value of 'a' is a decimal number"),
    *(({name: ""}, f"{name}: must not be empty") for name in ("username", "windows_password_name", "launcher")),
    ({"working_dir": "~/app"}, "working_dir: '~/app' is not an absolute path on Linux"),
    ({"results_file": ""}, "results_file: must not be empty"),
    ({"success_rcs": []}, "success_rcs: must not be an empty list"),
    ({"success_rcs": [0, 256]}, "success_rcs: is 256; it must be between -1 and 255"),
    ({"success_rcs": [-(2**40)], "type": "RunBatScript"}, "it must be between -2147483648 and 4294967295"),
    ({"content": "{{a}}", "secret_parameters": {"b": "1"}}, "parameters: 'b': the script does not have this parameter"),
    ({"content": "{{a}}", "parameters": {"a": "1"}, "enable_parameter": False}, "while enable_parameter is false"),
    ({"content": "{{a}}", "parameters": {"a": "1", "A": "2"}}, "parameters: 'A' is given twice"),
    ({"content": "{{a}}", "parameters": {"a" * 65: "1"}}, "is longer than 64 bytes"),
    ({"content": "{{a}}", "parameters": {"a b": "1"}}, "can contain only letters, digits, _ and -"),
    (
        {"content": "{{a}}", "parameters": {"ACS::InstanceId": "1"}},
        "names that start with ACS:: are reserved for the service",
    ),
    ({"content": "{{a}} {{.Names}}", "parameters": {"a": "1"}}, "content: the placeholder {{.Names}} can contain only"),
    ({"content": OMITTED, "src": "/nowhere/script.sh"}, "src: /nowhere/script.sh cannot be read"),
    ({"content": None}, "content: is required unless src is given"),
    ({"content": OMITTED}, "one of the following is required: content, src"),
    ({"src": "a.sh"}, "parameters are mutually exclusive: content|src"),
    ({"template": True}, "template is True but all of the following are missing: src"),
    ({"type": "RunBatScript", "username": "joe"}, "windows_password_name: is required"),
    ({"type": "RunBatScript", "container_name": "web"}, "container_name: only RunShellScript runs in containers"),
]
BAD_ACCOUNTS = [
    ({"region": None}, "region: is required"),
    ({"access_key_secret": None}, "access_key_secret"),
    ({"max_retries": -1}, "max_retries: must be from 0"),
]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("options", "message"),
    BAD_TARGETS + BAD_TEXTS + BAD_NUMBERS + BAD_SCHEDULES + TOO_CLOSE + BAD_SCRIPTS + BAD_ACCOUNTS,
)
def test_running_a_script(options: dict[str, Any], message: str, check_mode: bool):
    assert message in refused(ecs_run_command, **{**RUN, **options}, check_mode=check_mode)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *BAD_TARGETS,
        *BAD_TEXTS,
        *BAD_NUMBERS,
        *BAD_SCHEDULES,
        *BAD_ACCOUNTS,
        ({"timeout": 9}, "timeout: is 9; it must be between 10"),
        ({"command_name": "c"}, "parameters are mutually exclusive: command_id|command_name"),
        ({"command_id": None}, "command_id: give exactly one of"),
        ({"command_id": ""}, "command_id: must not be empty"),
        ({"command_id": OMITTED, "command_name": ""}, "command_name: must not be empty"),
        ({"command_id": OMITTED}, "one of the following is required: command_id, command_name"),
        ({"parameters": {"a": "1", "A": "2"}}, "parameters: 'A' is given twice"),
        ({"parameters": {f"p{n}": "1" for n in range(11)}}, "parameters: has 11 values; at most 10"),
    ],
)
def test_invoking_a_command(options: dict[str, Any], message: str):
    assert message in refused(ecs_invoke_command, **{**INVOKE, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"client_token": "t"}, "client_token: is not possible with api_generation=classic"),
        ({"idempotency_key": "k"}, "idempotency_key: is not possible with api_generation=classic"),
        ({"tags": {"a": "b"}}, "tags: is not possible with api_generation=classic"),
        ({"content": "{{a}}", "parameters": {"a": "1"}}, "parameters: is not possible with api_generation=classic"),
        ({"username": "joe"}, "username: is not possible with api_generation=classic"),
        ({"launcher": "python3"}, "launcher: is not possible with api_generation=classic"),
        ({"repeat_mode": "every_reboot"}, "repeat_mode: every_reboot is not possible with api_generation=classic"),
        ({"content": "x" * 16385}, "content: the script has 16385 bytes; the classic API accepts at most 16384"),
        ({"wait": False}, "wait: with api_generation=classic a script runs as a stored command"),
        ({"frequency": "0 0 3 * * ?"}, "frequency: with api_generation=classic a script runs as a stored command"),
        ({"frequency": "rate(5m)", "keep_command": True}, "frequency: is not possible with api_generation=classic"),
    ],
)
def test_what_the_classic_generation_cannot(options: dict[str, Any], message: str):
    assert message in refused(ecs_run_command, **{**RUN, **options}, api_generation="classic")


def test_a_stored_commands_own_settings_belong_to_it_in_the_classic_generation():
    message = "timeout: is not possible with api_generation=classic: set it on the stored command"
    assert message in refused(ecs_invoke_command, **INVOKE, timeout=60, api_generation="classic")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"invoke_id": "", "wait": True}, "invoke_id: must not be empty"),
        ({"command_id": ""}, "command_id: must not be empty"),
        ({"command_name": ""}, "command_name: must not be empty"),
        ({"created_after": "yesterday"}, "created_after: 'yesterday' is not a valid time"),
        ({"created_after": "2030-01-02", "created_before": "2030-01-01"}, "created_before: is earlier"),
        ({"wait_timeout": 0}, "wait_timeout: is 0; it"),
        ({"include_history": True}, "invoke_id"),
        ({"status": ["Done"]}, "value of status must be one or more of"),
        ({"tags": {"aliyun": "x"}}, "tags: the tag key 'aliyun'"),
        ({"tags": {"a": "b"}, "api_generation": "classic"}, "tags: is not possible with api_generation=classic"),
        ({"region": None}, "region: is required"),
    ],
)
def test_looking_up_invocations(options: dict[str, Any], message: str):
    assert message in refused(ecs_invocation_info, **options)


def test_secret_values_are_in_no_message():
    message = refused(ecs_run_command, **RUN, secret_parameters={"a b": "hidden-value"})
    assert "hidden-value" not in message
