# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module for schedules against the emulated cloud, in the states that are hard to come by."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_command, ecs_command_info, ecs_invocation
from support.module_runs import Cloud, live


@pytest.fixture
def cloud(emulator: Any) -> Cloud:
    return Cloud(emulator)


def schedule_of(cloud: Cloud, ids: list[str], **options: Any) -> dict[str, Any]:
    """Return the options of a schedule on these instances."""
    if not cloud.run(ecs_command_info, name="greet")["commands"]:
        cloud.run(ecs_command, name="greet", content="echo {{name}}", enable_parameter=True)
    return {
        "command_name": "greet",
        "instance_ids": ids,
        "frequency": "rate(1h)",
        "parameters": {"name": "x"},
        **options,
    }


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


def test_check_mode_predicts_every_change_of_a_schedule(cloud: Cloud) -> None:
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


def test_a_tag_may_have_an_empty_value_but_not_null(cloud: Cloud) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    options = schedule_of(cloud, [instance], tags={"nightly": ""})
    first = cloud.done(ecs_invocation, **options)
    assert list(live(cloud)) == first["invoke_ids"]
    cloud.done(ecs_command, name="tagged", content="echo", tags={"team": ""})
    (found,) = cloud.run(ecs_command_info, tags={"team": ""})["commands"]
    assert found["tags"] == {"team": ""}
    for module, options in (
        (ecs_invocation, schedule_of(cloud, [instance], tags={"nightly": None})),
        (ecs_command, {"name": "tagged", "content": "echo", "tags": {"team": None}}),
        (ecs_command_info, {"tags": {"team": None}}),
    ):
        assert "is null; write '' for an empty value" in cloud.run(module, **options)["msg"]


def test_what_cannot_be_started_changes_nothing_that_is_live(cloud: Cloud) -> None:
    instance = sorted(cloud.emulator.reset())[0]
    cloud.done(ecs_invocation, **schedule_of(cloud, [instance], parameters={"name": "one"}))
    writes, before = cloud.writes(), live(cloud)
    for check in (True, False):
        options = schedule_of(cloud, [instance, "i-unknown"], parameters={"name": "two"})
        result = cloud.run(ecs_invocation, check=check, **options)
        assert (result["failed"], result["changed"]) == (True, False), result
    assert (cloud.writes(), live(cloud)) == (writes, before)


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


def test_check_mode_takes_for_granted_what_an_earlier_task_would_create(cloud: Cloud) -> None:
    ids = sorted(cloud.emulator.reset())[:2]
    created = cloud.run(ecs_command, check=True, name="planned", content="echo {{a}}", enable_parameter=True)
    assert created["changed"] and created["command_id"] == created["command"]["command_id"]
    for command in ({"command_name": "planned"}, {"command_id": created["command_id"]}):
        cloud.warnings.clear()
        options = {"instance_ids": ids, "frequency": "rate(1h)", "parameters": {"a": "1"}, **command}
        predicted = cloud.run(ecs_invocation, check=True, **options)
        assert predicted["changed"] and predicted["instance_ids"] == ids, predicted
        assert predicted["invoke_ids"] == [] and predicted["invoke_id"] == "t-started-outside-check-mode"
        assert predicted["schedule"] == "every hour"
        assumed = "check mode assumes that an earlier task creates it" in str(cloud.warnings)
        assert assumed == ("command_name" in command)
        assert cloud.run(ecs_invocation, **options)["failed"]
    cloud.run(ecs_command, name="planned", content="echo {{a}}", enable_parameter=True)
    del options["command_id"]
    real = cloud.run(ecs_invocation, **options, command_name="planned")
    assert real.keys() == predicted.keys(), real


def test_an_agent_too_old_for_the_schedule_is_named_before_anything_starts(cloud: Cloud) -> None:
    fleet = [{"id": "i-old", "agent": {"version": "2.2.3.100"}}, {"id": "i-new"}]
    ids = sorted(cloud.emulator.reset(fleet=fleet))
    try:
        options = schedule_of(cloud, ids)
        writes = cloud.writes()
        refused = cloud.run(ecs_invocation, **options)
        assert refused["failed"] and "i-old" in refused["msg"], refused
        assert "its agent 2.2.3.100 is too old" in refused["msg"] and "requires 2.2.3.282 or later" in refused["msg"]
        assert cloud.writes() == writes
        assert cloud.run(ecs_invocation, **{**options, "instance_ids": ["i-new"]})["changed"]
    finally:
        cloud.emulator.reset(instances=12)


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
            ({"instance_ids": []}, "instance_ids: must not be an empty list"),
            ({"resource_tags": {"role": "none"}}, "resource_tags: no instance in"),
        ):
            refused = cloud.run(ecs_invocation, **stopped, **options)
            assert refused["failed"] and refused["msg"].startswith(problem), refused
        for options, expected in (
            ({"tags": {"schedule": "third"}}, {}),
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
