# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for stored commands and schedules against the emulated cloud, in the states that are hard to come by."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands import find_one
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import run_in_process
from ansible_collections.cloudops.cloud_assistant.plugins.modules import (
    ecs_command,
    ecs_command_info,
    ecs_invocation,
    ecs_invoke_command,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WRITES = {
    "CreateCommand",
    "ModifyCommand",
    "DeleteCommand",
    "TagResources",
    "UntagResources",
    "InvokeCommand",
    "StopInvocation",
    "ModifyInvocationAttribute",
}


class Cloud:
    """Runs modules in this process against an emulator."""

    def __init__(self, emulator: Any, generation: str = "current") -> None:
        self.emulator = emulator
        self.options = {
            **{name: emulator.ready[name] for name in ("region", "access_key_id", "access_key_secret", "endpoint")},
            "api_generation": generation,
        }
        self.warnings: list[str] = []

    @property
    def client(self) -> Client:
        """A client of the same cloud."""
        return connect(self.options)

    def run(self, module: Any, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """The result of the module's operation."""
        result = run_in_process(
            module.SPEC,
            module.ensure,
            {**self.options, **options},
            check_mode=check,
            diff_mode=True,
            warn=self.warnings.append,
            progress=lambda text: None,
        )
        del result["invocation"]
        return result

    def done(self, module: Any, **options: Any) -> dict[str, Any]:
        """The result of an operation that must succeed, do as foretold by check mode, and do nothing when repeated."""
        writes = self.writes()
        predicted = self.run(module, check=True, **options)
        assert self.writes() == writes, "check mode has written"
        result = self.run(module, **options)
        assert "failed" not in result, result
        assert predicted["changed"] == result["changed"], (predicted, result)
        assert diff_texts(predicted) == diff_texts(result)
        for key in ("stopped_invoke_ids", "modified_invoke_ids", "replaced_command_id", "command_ids"):
            assert predicted.get(key) == result.get(key), key
        assert (self.writes() > writes) == result["changed"]
        writes = self.writes()
        assert self.run(module, **options)["changed"] is False
        assert self.writes() == writes
        return result

    def writes(self) -> int:
        """How many calls that change something the service has been asked for."""
        return sum(
            request["action"] in WRITES and request["params"].get("RepeatMode") != "DryRun"
            for request in self.emulator.requests()
        )


def diff_texts(result: dict[str, Any]) -> list[Any]:
    """What a diff shows, without the titles, which name ids."""
    parts = result["diff"] if isinstance(result["diff"], list) else [result["diff"]]
    return [(part["before"], part["after"]) for part in parts]


@pytest.fixture
def cloud(emulator: Any) -> Cloud:
    return Cloud(emulator)


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
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.none() | states, after=states)
def test_check_mode_foretells_every_change_of_a_command(
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
        (ecs_command, {"name": "", "state": "absent", "all_matching": True}, "name: has 0 characters"),
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


def test_the_quota_of_commands_is_told(emulator_factory: Callable[..., Any]) -> None:
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
    assert refused["msg"] == f"{option}: command 'plain' takes none: it was created without enable_parameter"


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


def schedule_of(cloud: Cloud, ids: list[str], **options: Any) -> dict[str, Any]:
    """The options of a schedule on these instances."""
    if not cloud.run(ecs_command_info, name="greet")["commands"]:
        cloud.run(ecs_command, name="greet", content="echo {{name}}", enable_parameter=True)
    return {
        "command_name": "greet",
        "instance_ids": ids,
        "frequency": "rate(1h)",
        "parameters": {"name": "x"},
        **options,
    }


def live(cloud: Cloud) -> dict[str, list[str]]:
    """Each live invocation's active instances."""
    found = {}
    for page in cloud.client.pages("DescribeInvocations", {"Timed": True}):
        for row in page.rows("Invocations", "Invocation"):
            instances = row["InvokeInstances"]["InvokeInstance"]
            active = [item["InstanceId"] for item in instances if item["InvocationStatus"] in ("Scheduled", "Pending")]
            if active:
                found[row["InvokeId"]] = active
    return found


def test_one_schedule_on_many_instances(emulator_factory: Callable[..., Any]) -> None:
    cloud = Cloud(emulator_factory(instances=230))
    ids = sorted(cloud.emulator.reset())
    first = cloud.done(ecs_invocation, **schedule_of(cloud, ids[:210]))
    assert [len(batch) for batch in live(cloud).values()].count(100) == 2
    assert len(first["invoke_ids"]) == 3
    changed = cloud.done(ecs_invocation, **schedule_of(cloud, ids, frequency="rate(2h)"))
    assert sorted(changed["modified_invoke_ids"]) == sorted(first["invoke_ids"])
    assert not changed["started_invoke_ids"]
    cloud.done(ecs_invocation, **schedule_of(cloud, ids[100:200], frequency="rate(2h)"))
    assert sorted(item for batch in live(cloud).values() for item in batch) == ids[100:200]
    stops = [request["params"] for request in cloud.emulator.requests() if request["action"] == "StopInvocation"]
    assert max(sum(name.startswith("InstanceId.") for name in params) for params in stops) <= 50
    cloud.done(ecs_invocation, **schedule_of(cloud, ids[90:110], frequency="rate(2h)"))
    assert cloud.done(ecs_invocation, command_name="greet", state="stopped")["changed"]
    assert live(cloud) == {}


def test_old_agents_get_a_new_invocation(cloud: Cloud) -> None:
    rows = [{"id": f"i-{n}", "agent": {"version": version}} for n, version in enumerate(["2.2.3.541", "2.2.3.542"])]
    cloud.emulator.reset(fleet=rows)
    try:
        old = cloud.done(ecs_invocation, **schedule_of(cloud, ["i-0"]))
        new = cloud.done(ecs_invocation, **schedule_of(cloud, ["i-1"]))
        changed = cloud.done(ecs_invocation, **schedule_of(cloud, ["i-0"], frequency="rate(2h)"))
        assert changed["stopped_invoke_ids"] == old["invoke_ids"] and not changed["modified_invoke_ids"]
        changed = cloud.done(ecs_invocation, **schedule_of(cloud, ["i-1"], frequency="rate(2h)"))
        assert changed["modified_invoke_ids"] == new["invoke_ids"] and not changed["stopped_invoke_ids"]
    finally:
        cloud.emulator.reset(instances=12)


def test_an_old_agent_that_leaves_a_schedule_keeps_it_from_being_changed(cloud: Cloud) -> None:
    versions = {"i-gone": "2.2.3.542", "i-new": "2.2.3.542", "i-old": "2.2.3.541"}
    cloud.emulator.reset(fleet=[{"id": item, "agent": {"version": version}} for item, version in versions.items()])
    try:
        old = cloud.done(ecs_invocation, **schedule_of(cloud, list(versions)))
        changed = cloud.done(ecs_invocation, **schedule_of(cloud, ["i-gone", "i-new"], frequency="rate(2h)"))
        assert changed["stopped_invoke_ids"] == old["invoke_ids"] and not changed["modified_invoke_ids"]
        # one that was taken out of a schedule, and then released, is a member that nobody can ask
        cloud.done(ecs_invocation, **schedule_of(cloud, ["i-new"], frequency="rate(2h)"))
        cloud.emulator.instance("i-gone", "release")
        again = cloud.done(ecs_invocation, **schedule_of(cloud, ["i-new"], frequency="rate(3h)"))
        assert list(live(cloud).values()) == [["i-new"]] and again["stopped_invoke_ids"]
        # one that was released while it was part of it says so
        cloud.done(ecs_invocation, command_name="greet", state="stopped")
        cloud.emulator.reset(fleet=[{"id": "i-gone"}, {"id": "i-new"}])
        both = cloud.done(ecs_invocation, **schedule_of(cloud, ["i-gone", "i-new"]))
        cloud.emulator.instance("i-gone", "release")
        changed = cloud.done(ecs_invocation, **schedule_of(cloud, ["i-new"], frequency="rate(2h)"))
        assert changed["modified_invoke_ids"] == both["invoke_ids"]
    finally:
        cloud.emulator.reset(instances=12)


def test_check_mode_foretells_every_change_of_a_schedule(cloud: Cloud) -> None:
    choose = random.Random(7)
    cloud.emulator.reset(fleet=[{"id": f"i-{n}", "agent": {"version": f"2.2.3.{541 + (n != 3)}"}} for n in range(5)])
    try:
        for turn in range(12):
            ids = choose.sample([f"i-{n}" for n in range(5)], choose.randint(1, 5))
            frequency = choose.choice(["rate(1h)", "rate(2h)", "0 0 3 * * ?"])
            options = schedule_of(cloud, ids, frequency=frequency, parameters={"name": choose.choice("xy")})
            kind = choose.choice(["plain", "plain", "plain", "elsewhere", "replaced", "stopped"])
            if kind == "replaced":
                cloud.run(ecs_command, name="greet", content=f"echo {turn} {{{{name}}}}", enable_parameter=True)
            if kind == "stopped":
                cloud.done(ecs_invocation, command_name="greet", state="stopped", instance_ids=ids)
            else:
                cloud.done(ecs_invocation, **options, **({"working_dir": "/tmp"} if kind == "elsewhere" else {}))
                # others may have a schedule of their own, where it has no instance in common with this one
                active = [item for batch in live(cloud).values() for item in batch if item in ids]
                assert sorted(active) == sorted(ids)
    finally:
        cloud.emulator.reset(instances=12)


def test_a_change_that_is_refused_at_the_last_moment_becomes_a_new_invocation(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:2]
    old = cloud.run(ecs_invocation, **schedule_of(cloud, ids))
    code = "InvalidOperation.CloudAssistantVersionUnsupported"
    cloud.emulator.faults(
        [{"action": "ModifyInvocationAttribute", "kind": "status", "status": 403, "code": code, "count": 1}]
    )
    changed = cloud.run(ecs_invocation, **schedule_of(cloud, ids, frequency="rate(2h)"))
    assert changed["stopped_invoke_ids"] == old["invoke_ids"]
    assert len(changed["started_invoke_ids"]) == 1
    assert live(cloud) == {changed["invoke_id"]: ids}


def test_duplicates_are_reduced_to_one_with_a_warning(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:3]
    first = cloud.run(ecs_invocation, **schedule_of(cloud, ids))
    params = {
        "CommandId": first["command_id"],
        "InstanceId": ids[:2],
        "Frequency": "rate(1h)",
        "Parameters": {"name": "x"},
    }
    second = cloud.client.call("InvokeCommand", params)["InvokeId"]
    assert cloud.done(ecs_invocation, **schedule_of(cloud, ids))["stopped_invoke_ids"] == [second]
    assert any(second in warning for warning in cloud.warnings)
    assert live(cloud) == {first["invoke_id"]: ids}


def test_what_cannot_start_does_not_end_what_runs(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:2]
    first = cloud.run(ecs_invocation, **schedule_of(cloud, ids))
    cloud.emulator.instance(ids[1], "stop")
    refused = cloud.run(ecs_invocation, **schedule_of(cloud, ids, working_dir="/srv"))
    assert refused["failed"] and ids[1] in refused["msg"]
    assert cloud.run(ecs_invocation, check=True, **schedule_of(cloud, ids, working_dir="/srv"))["failed"]
    assert live(cloud) == {first["invoke_id"]: ids}


def test_what_cannot_start_does_not_end_what_runs_on_a_classic_endpoint_either(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:2]
    classic = Cloud(cloud.emulator, "classic")
    classic.run(ecs_command, name="greet", content="echo")
    options = {"command_name": "greet", "instance_ids": ids}
    first = classic.run(ecs_invocation, **options, frequency="0 0 3 * * ?")
    cloud.emulator.instance(ids[1], "stop")
    for check in (True, False):
        refused = classic.run(ecs_invocation, check=check, **options, frequency="0 0 4 * * ?")
        assert refused["failed"] and ids[1] in refused["msg"]
    assert live(cloud) == {first["invoke_id"]: ids}


def test_a_start_that_fails_after_the_stop_says_what_was_stopped(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:2]
    first = cloud.run(ecs_invocation, **schedule_of(cloud, ids))
    rule = {"action": "InvokeCommand", "kind": "status", "status": 403, "code": "Invocation.ExceedQuota"}
    # the first call is the rehearsal
    cloud.emulator.faults([{**rule, "nth": 2}])
    failed = cloud.run(ecs_invocation, **schedule_of(cloud, ids, working_dir="/srv"))
    assert failed["failed"] and failed["changed"] is True, failed
    assert failed["stopped_invoke_ids"] == first["invoke_ids"]
    assert first["invoke_id"] in failed["msg"] and failed["error"]["code"] == "Invocation.ExceedQuota"
    assert live(cloud) == {}
    again = cloud.run(ecs_invocation, **schedule_of(cloud, ids, working_dir="/srv"))
    assert list(live(cloud)) == again["started_invoke_ids"]


def test_the_schedule_of_a_replaced_command_is_taken_over(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:2]
    first = cloud.run(ecs_invocation, **schedule_of(cloud, ids))
    replaced = cloud.run(ecs_command, name="greet", content="echo new {{name}}", enable_parameter=True)
    assert replaced["replaced_command_id"] == first["command_id"]
    assert any(first["invoke_id"] in warning for warning in cloud.warnings)
    foreseen = cloud.run(ecs_invocation, check=True, command_name="greet", state="stopped")
    assert foreseen["stopped_invoke_ids"] == first["invoke_ids"]
    second = cloud.done(ecs_invocation, **schedule_of(cloud, ids))
    assert second["command_id"] == replaced["command_id"]
    assert second["stopped_invoke_ids"] == first["invoke_ids"]
    assert live(cloud) == {second["invoke_id"]: ids}


def test_a_start_whose_answer_was_lost_is_found_by_the_next_run(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:1]
    options = schedule_of(cloud, ids)
    cloud.emulator.faults([{"action": "InvokeCommand", "kind": "drop_after"}])
    failed = cloud.run(ecs_invocation, max_retries=1, **options)
    assert failed["failed"] and "may have arrived" in failed["msg"]
    # advice to give an option that the module does not have is none
    assert "client_token" not in failed["msg"] and "client_token" not in failed
    cloud.emulator.clear_faults()
    again = cloud.run(ecs_invocation, **options)
    assert again["changed"] is False and list(live(cloud).values()) == [ids]


def test_a_reboot_schedule_is_kept_until_it_has_run(cloud: Cloud) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    options = schedule_of(cloud, [instance], frequency=None, repeat_mode="next_reboot_only")
    first = cloud.done(ecs_invocation, **options)
    cloud.done(ecs_invocation, **{**options, "parameters": {"name": "y"}})
    assert list(live(cloud)) == first["invoke_ids"]


def test_a_tag_without_a_value_is_an_empty_one(cloud: Cloud) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    options = schedule_of(cloud, [instance], tags={"nightly": None})
    first = cloud.done(ecs_invocation, **options)
    assert list(live(cloud)) == first["invoke_ids"]
    cloud.done(ecs_command, name="tagged", content="echo", tags={"team": None})
    (found,) = cloud.run(ecs_command_info, tags={"team": None})["commands"]
    assert found["tags"] == {"team": ""}


def test_secret_parameters_are_compared_and_never_shown(cloud: Cloud) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    options = schedule_of(cloud, [instance], parameters=None)
    shown = [
        cloud.done(ecs_invocation, **options, secret_parameters={"name": "first-secret"}),
        cloud.done(ecs_invocation, **options, secret_parameters={"name": "second-secret"}),
        cloud.done(ecs_invocation, **schedule_of(cloud, [instance], parameters={"name": "open"})),
    ]
    assert all(result["changed"] for result in shown)
    assert "secret" not in str(shown).replace("secret_parameters", "") + str(cloud.warnings)
    assert "open" in str(shown[2]["diff"])


def test_a_command_that_runs_is_deleted_once_it_is_stopped(cloud: Cloud) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    cloud.run(ecs_command, name="sleeper", content="sleep 30")
    invoke_id = cloud.run(ecs_invoke_command, command_name="sleeper", instance_ids=[instance], wait=False)["invoke_id"]
    for check in (True, False):
        refused = cloud.run(ecs_command, check=check, name="sleeper", state="absent")
        assert refused["failed"] and refused["invoke_ids"] == [invoke_id], refused
    deleted = cloud.done(ecs_command, name="sleeper", state="absent", stop_invocations=True)
    assert deleted["stopped_invoke_ids"] == [invoke_id]


def test_stopping_waits_for_what_runs_until_the_deadline(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:2]
    cloud.run(ecs_command, name="sleeper", content="sleep 30")
    (command,) = cloud.run(ecs_command_info, name="sleeper")["commands"]
    params = {"CommandId": command["command_id"], "InstanceId": ids}
    invoke_id = cloud.client.call("InvokeCommand", params)["InvokeId"]
    result = cloud.done(ecs_invocation, invoke_id=invoke_id, state="stopped", instance_ids=ids[:1])
    assert result["stopped_instances"] == {invoke_id: ids[:1]}
    assert cloud.done(ecs_invocation, command_name="sleeper", state="stopped")["stopped_instances"] == {
        invoke_id: ids[1:]
    }
    assert cloud.done(ecs_command, name="sleeper", state="absent")["changed"]


def test_only_what_the_options_name_is_stopped(cloud: Cloud) -> None:
    rows = [{"id": f"i-{n}", "tags": {"role": "web" if n else "db"}} for n in range(3)]
    ids = sorted(cloud.emulator.reset(fleet=rows))
    try:
        first = cloud.run(ecs_invocation, **schedule_of(cloud, ids, tags={"schedule": "first"}))["invoke_id"]
        second = cloud.run(ecs_invocation, **schedule_of(cloud, ids, tags={"schedule": "second"}))["invoke_id"]
        reboots = {"repeat_mode": "every_reboot", "frequency": None, "tags": {"schedule": "first"}}
        reboot = cloud.run(ecs_invocation, **schedule_of(cloud, ids, **reboots))["invoke_id"]
        stopped: dict[str, Any] = {"state": "stopped", "command_name": "greet"}

        for options, problem in (
            ({"resource_group_id": "rg-1"}, "resource_group_id: narrows resource_tags"),
            ({"resource_tags": {}}, "instance_ids: no targets"),
            ({"resource_tags": {"role": "none"}}, "resource_tags: no instance in"),
        ):
            refused = cloud.run(ecs_invocation, **stopped, **options)
            assert refused["failed"] and refused["msg"].startswith(problem), refused
        for options, expected in (
            ({"tags": {"schedule": "third"}}, {}),
            ({"instance_ids": []}, {}),
            ({"instance_ids": ids[:1], "tags": {"schedule": "second"}}, {second: ids[:1]}),
            ({"resource_tags": {"role": "web"}, "tags": {"schedule": "second"}}, {second: ids[1:]}),
            # the task that keeps a schedule ends that schedule when its state is changed
            (schedule_of(cloud, ids, tags={"schedule": "first"}), {first: ids}),
            ({"repeat_mode": "every_reboot"}, {reboot: ids}),
        ):
            assert cloud.done(ecs_invocation, **{**options, **stopped})["stopped_instances"] == expected
        classic = Cloud(cloud.emulator, "classic").run(ecs_invocation, **stopped, resource_tags={"role": "web"})
        assert classic["msg"].startswith("resource_tags: ") and "classic" in classic["msg"]
    finally:
        cloud.emulator.reset(instances=12)


def test_a_public_command_is_found_by_its_name_and_its_id(cloud: Cloud) -> None:
    (public, *_rest) = cloud.run(ecs_command_info, provider="AlibabaCloud.ECS.GuestOS", latest=True)["commands"]
    for wanted in (public["name"], public["command_id"]):
        found = find_one(cloud.client, command_id=wanted)
        assert found is not None and (found.command_id, found.public) == (public["command_id"], True)
        refused = cloud.run(ecs_command, command_id=wanted, description="mine")
        assert "public command" in refused["msg"]
    assert find_one(cloud.client, command_id="ACS-nothing") is None


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
