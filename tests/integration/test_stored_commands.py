# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for stored commands against the emulated cloud, in the states that are hard to come by."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands.listing import find_one
from ansible_collections.cloudops.cloud_assistant.plugins.modules import (
    ecs_command,
    ecs_command_info,
    ecs_invocation,
    ecs_invoke_command,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.module_runs import Cloud, live


@pytest.fixture
def cloud(emulator: Any) -> Cloud:
    return Cloud(emulator)


def on_its_system(state: dict[str, Any]) -> dict[str, Any]:
    """Give a batch file a directory of Windows."""
    if state.get("type") == "RunBatScript" and "working_dir" in state:
        return {**state, "working_dir": f"C:{state['working_dir']}"}
    return state


states = st.fixed_dictionaries(
    {"content": st.sampled_from(["echo a\n", "echo a\r\n", "echo {{name}}", "écho é"])},
    optional={
        "type": st.sampled_from(["RunShellScript", "RunBatScript"]),
        "description": st.sampled_from(["", "one", "zwei ü"]),
        "working_dir": st.sampled_from(["/tmp", "/srv"]),
        "timeout": st.sampled_from([60, 61]),
        "enable_parameter": st.booleans(),
        "launcher": st.sampled_from(["bash", ""]),
        "tags": st.sampled_from([{}, {"a": "b"}, {f"k{n}": "" for n in range(20)}]),
        "purge_tags": st.booleans(),
    },
).map(on_its_system)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.none() | states, after=states)
def test_check_mode_predicts_every_change_of_a_command(
    cloud: Cloud, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    cloud.emulator.reset()
    if before is not None:
        assert cloud.run(ecs_command, name="job", **before)["changed"]
    if cloud.run(ecs_command, check=True, name="job", **after).get("failed"):
        refused = cloud.run(ecs_command, name="job", **after)
        assert "tags: there would be" in refused["msg"], refused
        return
    result = cloud.done(ecs_command, name="job", **after)
    (command,) = cloud.run(ecs_command_info)["commands"]
    assert command == result["command"]
    assert command["content"] == after["content"]


@pytest.mark.parametrize("action", ["CreateCommand", "DeleteCommand", "ModifyCommand"])
@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "status"])
def test_a_replacement_survives_a_fault_at_every_step(cloud: Cloud, action: str, kind: str) -> None:
    cloud.run(ecs_command, name="job", content="echo old", description="d")
    cloud.emulator.faults([{"action": action, "kind": kind, "count": 2, "status": 503, "code": "ServiceUnavailable"}])
    result = cloud.run(ecs_command, name="job", content="echo new")
    assert result["changed"], result
    (command,) = cloud.run(ecs_command_info)["commands"]
    assert (command["name"], command["content"], command["description"]) == ("job", "echo new", "d")


@pytest.mark.parametrize("action", ["DeleteCommand", "ModifyCommand"])
def test_a_replacement_that_failed_half_way_is_finished_by_the_next_run(cloud: Cloud, action: str) -> None:
    old = cloud.run(ecs_command, name="job", content="echo old")["command_id"]
    cloud.emulator.faults([{"action": action, "kind": "status", "status": 403, "code": "Forbidden.RAM", "count": 1}])
    failed = cloud.run(ecs_command, name="job", content="echo new")
    assert failed["failed"] and "Run the task again" in failed["msg"]
    assert failed["error"]["code"] == "Forbidden.RAM" and failed["changed"] is True
    assert failed["replaced_command_id"] == old
    result = cloud.done(ecs_command, name="job", content="echo new")
    assert result["command_id"] == failed["command_id"]
    assert [command["name"] for command in cloud.run(ecs_command_info)["commands"]] == ["job"]


def test_reads_that_lag_behind_writes_do_not_repeat_a_change(emulator_factory: Callable[..., Any]) -> None:
    cloud = Cloud(emulator_factory(instances=1, visibility_lag_ms=700))
    assert cloud.run(ecs_command, name="job", content="echo a")["changed"]
    assert not cloud.run(ecs_command, name="job", content="echo a")["changed"]
    assert cloud.run(ecs_command, name="job", content="echo b")["changed"]
    assert not cloud.run(ecs_command, name="job", content="echo b")["changed"]
    # a task that was killed has just created another one
    killed = {"Name": "other", "Type": "RunShellScript", "CommandContent": "ZWNobyBh", "Timeout": 60}
    first = cloud.client.call("CreateCommand", killed)["CommandId"]
    assert cloud.run(ecs_command, name="other", content="echo a")["command_id"] == first
    assert [row["command_id"] for row in cloud.run(ecs_command_info, name="other")["commands"]] == [first]
    assert cloud.warnings == []


def test_two_of_one_name(cloud: Cloud) -> None:
    params = {"Name": "job", "Type": "RunShellScript", "CommandContent": "ZWNobw=="}
    ids = {cloud.client.call("CreateCommand", params)["CommandId"] for _turn in range(2)}
    for options in ({"content": "echo"}, {"state": "absent"}):
        refused = cloud.run(ecs_command, name="job", **options)
        assert refused["failed"] and set(refused["command_ids"]) == ids
    refused = cloud.run(ecs_invocation, command_name="job", state="stopped")
    assert refused["failed"] and set(refused["command_ids"]) == ids
    one = sorted(ids)[0]
    assert cloud.done(ecs_command, command_id=one, timeout=99)["command_id"] == one
    assert set(cloud.done(ecs_command, name="job", state="absent", all_matching=True)["command_ids"]) == ids


def test_an_empty_name_or_id_never_means_all(cloud: Cloud) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    cloud.run(ecs_command, name="job", content="echo")
    scheduled = cloud.run(ecs_invocation, command_name="job", instance_ids=[instance], frequency="rate(1h)")
    asked = len(cloud.emulator.requests())
    targets = {"instance_ids": [instance]}
    for module, options, problem in (
        (ecs_command, {"command_id": "", "state": "absent"}, "command_id: must not be empty"),
        (ecs_command, {"command_id": "", "state": "absent", "all_matching": True}, "command_id: must not be empty"),
        (ecs_command, {"command_id": "", "name": "job", "content": "echo"}, "command_id: must not be empty"),
        (ecs_command, {"name": "", "state": "absent", "all_matching": True}, "name: must not be empty"),
        (ecs_invocation, {"invoke_id": "", "state": "stopped"}, "invoke_id: must not be empty"),
        (ecs_invocation, {"command_id": "", "state": "stopped"}, "command_id: must not be empty"),
        (ecs_invocation, {"command_name": "", "state": "stopped"}, "command_name: must not be empty"),
        (ecs_invocation, {"command_id": "", "frequency": "rate(1h)", **targets}, "command_id: must not be empty"),
        (ecs_invocation, {"command_name": "", "frequency": "rate(1h)", **targets}, "command_name: must not be empty"),
        (ecs_invoke_command, {"command_id": "", **targets}, "command_id: must not be empty"),
        (ecs_invoke_command, {"command_name": " ", **targets}, "command_name: must not be empty"),
    ):
        for check in (True, False):
            refused = cloud.run(module, check=check, **options)
            assert refused["failed"] and refused["msg"].startswith(problem), refused
    assert len(cloud.emulator.requests()) == asked
    assert list(live(cloud)) == scheduled["invoke_ids"]
    assert cloud.run(ecs_command_info, command_ids=[""])["commands"] == []


def test_a_deletion_that_failed_half_way_says_what_is_gone(cloud: Cloud) -> None:
    params = {"Name": "job", "Type": "RunShellScript", "CommandContent": "ZWNobw=="}
    ids = {cloud.client.call("CreateCommand", params)["CommandId"] for _turn in range(3)}
    rule = {"action": "DeleteCommand", "kind": "status", "status": 403, "code": "Forbidden.RAM"}
    cloud.emulator.faults([{**rule, "nth": 3}])
    failed = cloud.run(ecs_command, name="job", state="absent", all_matching=True)
    assert failed["failed"] and failed["changed"] is True and failed["error"]["code"] == "Forbidden.RAM"
    (left,) = cloud.run(ecs_command_info)["commands"]
    assert set(failed["command_ids"]) == ids - {left["command_id"]}


def test_an_exceeded_quota_of_commands_is_reported(emulator_factory: Callable[..., Any]) -> None:
    cloud = Cloud(emulator_factory(instances=1, quota_commands=1))
    assert cloud.run(ecs_command, name="one", content="true")["changed"]
    refused = cloud.run(ecs_command, name="two", content="true")
    assert refused["error"]["code"] == "CmdCount.ExceedQuota" and refused["error"]["hint"]


@pytest.mark.parametrize("module", [ecs_invoke_command, ecs_invocation])
@pytest.mark.parametrize("frequency", ["rate(2m)", "0 */2 * * * ?"])
@pytest.mark.parametrize("check", [True, False])
def test_a_schedule_closer_than_the_commands_timeout_is_refused(
    cloud: Cloud, module: Any, frequency: str, check: bool
) -> None:
    instance = cloud.emulator.reset()[0]
    cloud.run(ecs_command, name="slow", content="true", timeout=300)
    writes = cloud.writes()
    refused = cloud.run(module, check=check, command_name="slow", instance_ids=[instance], frequency=frequency)
    assert refused["failed"] and refused["msg"].startswith(f"frequency: {frequency}: "), refused
    assert "the timeout (300 s)" in refused["msg"]
    assert cloud.writes() == writes


@pytest.mark.parametrize("option", ["parameters", "secret_parameters"])
def test_values_for_a_command_without_parameters_are_refused_with_the_reason(cloud: Cloud, option: str) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    cloud.run(ecs_command, name="plain", content="echo {{name}}")
    refused = cloud.run(ecs_invoke_command, command_name="plain", instance_ids=[instance], **{option: {"name": "x"}})
    assert (
        refused["msg"] == f"{option}: command 'plain' does not take parameters: it was created without enable_parameter"
    )


def test_classic_commands(emulator_factory: Callable[..., Any]) -> None:
    cloud = Cloud(emulator_factory(instances=2, generation="classic"), "classic")
    created = cloud.done(ecs_command, name="job", content="echo a\r\n", description="d")
    assert created["command"]["timeout"] == 3600
    assert cloud.done(ecs_command, name="job", timeout=10)["command"]["timeout"] == 60
    replaced = cloud.done(ecs_command, name="job", content="echo b")
    assert replaced["replaced_command_id"] == created["command_id"]
    assert replaced["command"]["description"] == "d"
    instance = cloud.emulator.reset() and sorted(cloud.emulator.reset())[0]
    cloud.run(ecs_command, name="job", content="echo b")
    frequency = "0 0 3 * * ?"
    schedule = cloud.done(ecs_invocation, command_name="job", instance_ids=[instance], frequency=frequency)
    another = cloud.done(ecs_invocation, command_name="job", instance_ids=[instance], frequency="0 0 4 * * ?")
    assert another["stopped_invoke_ids"] == schedule["invoke_ids"]
    stopped = cloud.done(ecs_invocation, command_name="job", state="stopped")
    assert stopped["stopped_invoke_ids"] == another["invoke_ids"]
    assert cloud.done(ecs_command, name="job", state="absent")["changed"]


@pytest.mark.parametrize(
    ("module", "option", "value"),
    [
        (ecs_command, "tags", {"a": "b"}),
        (ecs_command, "resource_group_id", "rg-1"),
        (ecs_command, "launcher", "bash"),
        (ecs_command, "enable_parameter", True),
        (ecs_command, "client_token", "token"),
        (ecs_invocation, "parameters", {"a": "b"}),
        (ecs_invocation, "tags", {"a": "b"}),
        (ecs_invocation, "username", "nobody"),
        (ecs_invocation, "repeat_mode", "every_reboot"),
        (ecs_invocation, "frequency", "rate(1h)"),
    ],
)
def test_classic_refuses_by_option_before_any_request(cloud: Cloud, module: Any, option: str, value: Any) -> None:
    classic = Cloud(cloud.emulator, "classic")
    options: dict[str, Any] = {"name": "job", "content": "true"}
    if module is ecs_invocation:
        options = {"command_id": "c-1", "instance_ids": ["i-1"], "frequency": "0 0 3 * * ?"}
        if option == "repeat_mode":
            del options["frequency"]
    refused = classic.run(module, **{**options, option: value})
    assert refused["failed"] and refused["msg"].startswith(f"{option}: ") and "classic" in refused["msg"], refused
    assert not cloud.emulator.requests()


def test_a_command_that_runs_is_deleted_once_it_is_stopped(cloud: Cloud) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    cloud.run(ecs_command, name="sleeper", content="sleep 30")
    invoke_id = cloud.run(ecs_invoke_command, command_name="sleeper", instance_ids=[instance], wait=False)["invoke_id"]
    for check in (True, False):
        refused = cloud.run(ecs_command, check=check, name="sleeper", state="absent")
        assert refused["failed"] and refused["invoke_ids"] == [invoke_id], refused
    deleted = cloud.done(ecs_command, name="sleeper", state="absent", stop_invocations=True)
    assert deleted["stopped_invoke_ids"] == [invoke_id]


def test_a_public_command_is_found_by_its_name_and_its_id(cloud: Cloud) -> None:
    (public, *_rest) = cloud.run(ecs_command_info, provider="AlibabaCloud.ECS.GuestOS", latest=True)["commands"]
    for wanted in (public["name"], public["command_id"]):
        found = find_one(cloud.client, command_id=wanted)
        assert found is not None and (found.command_id, found.public) == (public["command_id"], True)
        refused = cloud.run(ecs_command, command_id=wanted, description="mine")
        assert "public command" in refused["msg"]
    assert find_one(cloud.client, command_id="ACS-nothing") is None


def test_the_public_commands_of_all_providers_are_found_and_run_by_name(cloud: Cloud) -> None:
    (instance,) = cloud.emulator.reset(instances=1)
    listed = cloud.run(ecs_command_info, provider="AlibabaCloud", name_pattern="ACS-ECS-*", latest=True)["commands"]
    assert sorted(each["name"] for each in listed) == ["ACS-ECS-DiskUsage-linux.sh", "ACS-ECS-Uptime-linux.sh"]
    ran = {
        each["name"]: cloud.run(ecs_invoke_command, command_id=each["name"], instance_ids=[instance]) for each in listed
    }
    assert all(result["summary"]["success"] == 1 for result in ran.values()), ran
    assert "Mounted on" in ran["ACS-ECS-DiskUsage-linux.sh"]["stdout"]
    assert cloud.run(ecs_command_info, provider="AlibabaCloud.ECS.Guest")["commands"] == []


def test_the_script_of_an_encrypted_file_is_stored_and_not_shown(
    emulator: Any, playbook: Callable[..., Any], tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("for the vault\n", encoding="utf-8")
    script = tmp_path / "files" / "private.sh"
    script.parent.mkdir()
    script.write_text("echo well-kept-words\n", encoding="utf-8")
    vault = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt", "--vault-password-file", str(password)]
    subprocess.run([*vault, str(script)], check=True, capture_output=True)
    result = playbook(
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Store it
      cloudops.cloud_assistant.ecs_command:
        name: private
        src: private.sh
""",
        diff=True,
        env=emulator.env(),
        arguments=["-vvv", "--vault-password-file", str(password)],
    )
    assert result.rc == 0, result.output
    assert "well-kept-words" not in result.output + str(result.results)
    (command,) = Cloud(emulator).run(ecs_command_info)["commands"]
    assert command["content"] == "echo well-kept-words\n"
