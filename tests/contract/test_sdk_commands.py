# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official SDK keeps commands on the emulator, schedules them, and changes schedules."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models
from contract.sdk import REGION, Sdk
from support.patience import until


@pytest.fixture
def sdk(emulator: Any) -> Sdk:
    return Sdk(emulator)


def _create(sdk: Sdk, name: str, script: str, **options: Any) -> str:
    return sdk.client.create_command(
        models.CreateCommandRequest(
            region_id=REGION,
            name=name,
            type="RunShellScript",
            command_content=base64.b64encode(script.encode()).decode(),
            **options,
        )
    ).body.command_id


def _listed(sdk: Sdk, **filters: Any) -> list[Any]:
    reply = sdk.client.describe_commands(models.DescribeCommandsRequest(region_id=REGION, max_results=50, **filters))
    return reply.body.commands.command or []


def _error(action: Any) -> tuple[str, int]:
    with pytest.raises(Exception) as caught:
        action()
    return caught.value.code, caught.value.status_code


def test_life_of_a_command(sdk: Sdk):
    command_id = _create(
        sdk,
        "first",
        "echo {{who}} {{ACS::RegionId}}",
        enable_parameter=True,
        timeout=30,
        description="d",
        working_dir="/tmp",
        launcher="sh",
        tag=[models.CreateCommandRequestTag(key="k", value="v")],
    )
    row = _listed(sdk)[0]
    assert (row.command_id, row.name, row.type, row.timeout, row.description, row.working_dir, row.launcher) == (
        command_id,
        "first",
        "RunShellScript",
        30,
        "d",
        "/tmp",
        "sh",
    )
    assert row.parameter_names.parameter_name == ["who"]
    assert row.enable_parameter is True
    assert base64.b64decode(row.command_content) == b"echo {{who}} {{ACS::RegionId}}"
    assert (row.tags.tag[0].tag_key, row.tags.tag[0].tag_value) == ("k", "v")
    sdk.client.modify_command(
        models.ModifyCommandRequest(
            region_id=REGION, command_id=command_id, name="second", timeout=40, command_content="bm90aGluZw=="
        )
    )
    row = _listed(sdk, content_encoding="PlainText")[0]
    assert (row.name, row.timeout, row.description) == ("second", 40, "d")
    assert row.command_content == "echo {{who}} {{ACS::RegionId}}", "ModifyCommand has no effect on the content"
    sdk.client.delete_command(models.DeleteCommandRequest(region_id=REGION, command_id=command_id))
    assert _listed(sdk) == []
    delete = models.DeleteCommandRequest(region_id=REGION, command_id=command_id)
    assert _error(lambda: sdk.client.delete_command(delete)) == ("InvalidCmdId.NotFound", 404)


def test_search_is_fuzzy_unless_it_has_a_star(sdk: Sdk):
    names = ["deploy", "deploy-web", "web-deploy"]
    for name in names:
        _create(sdk, name, "true")
    assert [row.name for row in _listed(sdk, name="deploy")] == names[::-1]
    assert [row.name for row in _listed(sdk, name="deploy*")] == ["deploy-web", "deploy"]
    assert [row.name for row in _listed(sdk, name="*deploy")] == ["web-deploy", "deploy"]
    assert [row.name for row in _listed(sdk, name="*web*")] == ["web-deploy", "deploy-web"]
    assert _listed(sdk, type="RunBatScript") == []


def test_public_commands_by_provider(sdk: Sdk):
    rows = _listed(sdk, provider="AlibabaCloud.ECS.GuestOS")
    assert {row.provider for row in rows} == {"AlibabaCloud.ECS.GuestOS"}
    assert len({row.version for row in rows}) == 2
    latest = _listed(sdk, provider="AlibabaCloud.ECS.GuestOS", latest=True)
    assert [row.latest for row in latest] == [True]
    assert latest[0].parameter_definitions.parameter_definition[0].default_value == "/"
    ids = sdk.instance_ids()[:1]
    done = sdk.finished(
        sdk.client.invoke_command(
            models.InvokeCommandRequest(region_id=REGION, command_id=latest[0].name, instance_id=ids)
        ).body.invoke_id
    )
    assert done.invocation_status == "Success"


def test_pages_of_commands(sdk: Sdk):
    for number in range(23):
        _create(sdk, f"c{number:02d}", "true")
    seen: list[str] = []
    token = None
    while token != "":
        reply = sdk.client.describe_commands(
            models.DescribeCommandsRequest(region_id=REGION, max_results=10, next_token=token)
        ).body
        seen += [row.name for row in reply.commands.command]
        token = reply.next_token
    assert seen == [f"c{number:02d}" for number in reversed(range(23))]
    by_number = sdk.client.describe_commands(
        models.DescribeCommandsRequest(region_id=REGION, page_number=3, page_size=10)
    ).body
    assert (by_number.total_count, len(by_number.commands.command)) == (23, 3)


def test_invoke_with_overrides(sdk: Sdk):
    ids = sdk.instance_ids()[:2]
    command_id = _create(sdk, "c", "pwd; echo {{x}}", enable_parameter=True, timeout=100)
    invoke_id = sdk.client.invoke_command(
        models.InvokeCommandRequest(
            region_id=REGION,
            command_id=command_id,
            instance_id=ids,
            parameters={"X": "1"},
            timeout=3,
            working_dir="/var",
        )
    ).body.invoke_id
    done = sdk.finished(invoke_id)
    assert (done.timeout, done.working_dir, done.command_name, done.parameters) == (10, "/var", "c", '{"X": "1"}')
    assert {row.output for row in sdk.results(invoke_id).values()} == {"/var\n1\n"}
    assert _listed(sdk)[0].invoke_times == 1


def test_rate_schedule_fires_under_the_clock(sdk: Sdk, emulator: Any):
    ids = sdk.instance_ids()[:2]
    command_id = _create(sdk, "tick", "echo tick", timeout=10)
    invoke_id = sdk.client.invoke_command(
        models.InvokeCommandRequest(region_id=REGION, command_id=command_id, instance_id=ids, frequency="rate(60s)")
    ).body.invoke_id
    row = sdk.invocation(invoke_id)
    assert (row.repeat_mode, row.invocation_status, row.invoke_status, row.timed) == (
        "Period",
        "Scheduled",
        "Running",
        True,
    )
    assert emulator.executions() == {}
    emulator.advance(185)
    assert [len(runs) for runs in emulator.executions().values()] == [3, 3]
    assert {result.repeats for result in sdk.results(invoke_id).values()} == {3}
    history = sdk.call(
        "DescribeInvocationResults", {"InvokeId": invoke_id, "IncludeHistory": "true", "InstanceId": ids[0]}
    )
    rows = history["Invocation"]["InvocationResults"]["InvocationResult"]
    assert [result["Repeats"] for result in rows] == [3, 2, 1]
    assert len({result["StartTime"] for result in rows}) == 3
    delete = models.DeleteCommandRequest(region_id=REGION, command_id=command_id)
    assert _error(lambda: sdk.client.delete_command(delete))[0] == "Operation.Forbidden"
    sdk.client.stop_invocation(models.StopInvocationRequest(region_id=REGION, invoke_id=invoke_id))
    assert sdk.invocation(invoke_id).invocation_status == "Stopped"
    emulator.advance(600)
    assert [len(runs) for runs in emulator.executions().values()] == [3, 3]
    sdk.client.delete_command(delete)


def test_at_and_cron_and_timed_filter(sdk: Sdk, emulator: Any):
    from datetime import datetime, timedelta, timezone

    ids = sdk.instance_ids()[:1]
    moment = datetime.fromtimestamp(emulator.now(), timezone.utc) + timedelta(hours=1)
    at = sdk.run("echo once", ids, frequency=f"at({moment:%Y-%m-%d %H:%M:%S} UTC)", timeout=10)
    cron = sdk.run("echo often", ids, frequency="0 0 * * * ? UTC", timeout=10)

    def timed(value: str) -> set[str]:
        rows = sdk.call("DescribeInvocations", {"Timed": value})["Invocations"]["Invocation"]
        return {row["InvokeId"] for row in rows}

    assert timed("true") == {at, cron} and timed("false") == set()
    emulator.advance(2 * 3600 + 5)
    until(lambda: sdk.invocation(at), lambda row: row.invocation_status == "Success")
    assert (timed("true"), timed("false")) == ({cron}, {at})
    assert sdk.invocation(cron).invoke_instances.invoke_instance[0].repeats == 2


def test_instances_that_are_down_miss_their_runs(sdk: Sdk, emulator: Any):
    from datetime import datetime, timedelta, timezone

    ids = sdk.instance_ids()[:1]
    moment = datetime.fromtimestamp(emulator.now(), timezone.utc) + timedelta(minutes=2)
    at = sdk.run("true", ids, frequency=f"at({moment:%Y-%m-%d %H:%M:%S} UTC)", timeout=10)
    rate = sdk.run("true", ids, frequency="rate(1m)", timeout=10)
    emulator.instance(ids[0], "stop")
    emulator.advance(150)
    assert emulator.executions() == {}
    assert sdk.results(at)[ids[0]].error_code == "InstanceNotRunning"
    assert sdk.results(rate)[ids[0]].invocation_status == "Scheduled"
    emulator.instance(ids[0], "start")
    emulator.advance(60)
    assert [run["invoke_id"] for run in emulator.executions()[ids[0]]] == [rate]


def test_schedules_that_have_expired(sdk: Sdk):
    ids = sdk.instance_ids()[:1]
    for frequency, code in (
        ("at(2020-01-01 00:00:00 UTC)", "AtExpressionExpired"),
        ("0 0 0 1 1 ? 2020 UTC", "CronExpressionExpired"),
    ):
        invoke_id = sdk.run("true", ids, frequency=frequency, timeout=10)
        row = until(lambda i=invoke_id: sdk.results(i)[ids[0]], lambda row: row.invocation_status != "Scheduled")
        assert (row.invocation_status, row.error_code) == ("Invalid", code)


def test_reboot_modes(sdk: Sdk, emulator: Any):
    ids = sdk.instance_ids()[:1]
    once = sdk.run("echo next", ids, repeat_mode="NextRebootOnly")
    every = sdk.run("echo every", ids, repeat_mode="EveryReboot")
    assert sdk.invocation(once).invocation_status == "Scheduled"
    for number in (1, 2):
        emulator.instance(ids[0], "reboot")
        until(
            lambda: sdk.invocation(every).invoke_instances.invoke_instance[0],
            lambda row, n=number: (row.repeats, row.invocation_status) == (n, "Scheduled"),
        )  # type: ignore[misc]
        # before the next reboot, which would end the script
        row = until(lambda: sdk.invocation(once), lambda row: row.invocation_status == "Success")
        assert row.invoke_instances.invoke_instance[0].repeats == 1


def test_change_a_schedule_in_place(sdk: Sdk, emulator: Any):
    ids = sdk.instance_ids()[:2]
    command_id = _create(sdk, "c", "echo {{x}}", enable_parameter=True, timeout=10)
    invoke_id = sdk.client.invoke_command(
        models.InvokeCommandRequest(
            region_id=REGION, command_id=command_id, instance_id=ids[:1], parameters={"x": "old"}, frequency="rate(1d)"
        )
    ).body.invoke_id
    reply = sdk.client.modify_invocation_attribute(
        models.ModifyInvocationAttributeRequest(
            region_id=REGION, invoke_id=invoke_id, frequency="rate(2m)", parameters={"x": "new"}, instance_id=ids[1:]
        )
    )
    assert not reply.body.command_id
    emulator.advance(130)
    rows = sdk.results(invoke_id)
    assert {identity: (row.repeats, row.output) for identity, row in rows.items()} == {
        ids[0]: (1, "new\n"),
        ids[1]: (1, "new\n"),
    }
    reply = sdk.client.modify_invocation_attribute(
        models.ModifyInvocationAttributeRequest(region_id=REGION, invoke_id=invoke_id, command_content="echo other")
    )
    assert reply.body.command_id not in (None, command_id)
    emulator.advance(120)
    assert {row.output for row in sdk.results(invoke_id).values()} == {"other\n"}


def test_refusals_of_changing_a_schedule(sdk: Sdk, emulator: Any):
    emulator.reset(fleet=[{}, {"os_type": "windows"}, {"agent": {"version": "2.2.3.300"}}])
    ids = sdk.instance_ids()
    once = sdk.run("true", ids[:1])
    sdk.finished(once)
    live = sdk.run("true", ids[:1], frequency="rate(1h)")
    old = sdk.run("true", ids[2:], frequency="rate(1h)")
    boot = sdk.run("true", ids[:1], repeat_mode="EveryReboot")

    def refused(invoke_id: str, **change: Any) -> str:
        return _error(lambda: sdk.call("ModifyInvocationAttribute", {"InvokeId": invoke_id, **change}))[0]

    assert refused(once, Frequency="rate(2h)") == "InvalidOperation.RepeatModeUnsupported"
    assert refused(boot, Frequency="rate(2h)") == "InvalidOperation.RepeatModeUnsupported"
    assert refused(old, Frequency="rate(2h)") == "InvalidOperation.CloudAssistantVersionUnsupported"
    assert refused(live, Frequency="rate(2s)") == "InvalidParameter.Frequency"
    assert refused(live, **{"InstanceId.1": ids[1]}) == "InvalidInstanceId.OSTypeUnsupported"
    assert refused(live, **{"InstanceId.1": "i-none"}) == "InvalidInstanceId.NotFound"
    assert refused("t-none") == "InvalidInvokeId.NotFound"
    assert refused(live, CommandContent="%", ContentEncoding="Base64") == "InvalidCommandContent.DecodeError"
    assert refused(live, CommandContent="x" * 25000) == "InvalidCommandContent.LengthLimitExceeded"
    enabled = {"EnableParameter": "true", "CommandContent": "echo {{a}}"}
    for parameters, code in (
        ('{"b":"1"}', "KeyNotMatch"),
        ('{"":"1"}', "KeyEmpty"),
        ('{"a":1}', "ValueTypeUnsupported"),
        ('{"a":"1","A":"2"}', "KeyDuplicate"),
        ('{"a b":"1"}', "KeyMalformed"),
        ('{"%s":"1"}' % ("k" * 65), "KeyLengthLimitExceeded"),
        ("{{{}}}".format(",".join(f'"k{n}":"1"' for n in range(11))), "CountLimitExceeded"),
    ):
        assert refused(live, Parameters=parameters, **enabled) == f"InvalidParameters.{code}"
    sdk.client.stop_invocation(models.StopInvocationRequest(region_id=REGION, invoke_id=live))
    assert refused(live, Frequency="rate(2h)") == "InvalidOperation.InvokeAlreadyFinished"


def test_agent_too_old_for_a_rate(sdk: Sdk, emulator: Any):
    ids = emulator.reset(fleet=[{"agent": {"version": "2.2.3.200"}}, {}])
    invoke_id = sdk.run("true", ids, frequency="rate(1h)")
    rows = sdk.results(invoke_id)
    assert (rows[ids[0]].error_code, rows[ids[1]].invocation_status) == ("ClientNeedUpgrade", "Scheduled")


def test_tags_of_commands_and_invocations(sdk: Sdk):
    command_id = _create(sdk, "c", "true")
    invoke_id = sdk.run("true", sdk.instance_ids()[:1])
    tag = models.TagResourcesRequestTag
    for kind, identity in (("command", command_id), ("invocation", invoke_id)):
        sdk.client.tag_resources(
            models.TagResourcesRequest(
                region_id=REGION,
                resource_type=kind,
                resource_id=[identity],
                tag=[tag(key="a", value="1"), tag(key="b", value="2")],
            )
        )
        sdk.client.untag_resources(
            models.UntagResourcesRequest(region_id=REGION, resource_type=kind, resource_id=[identity], tag_key=["a"])
        )
        rows = sdk.client.list_tag_resources(
            models.ListTagResourcesRequest(region_id=REGION, resource_type=kind, resource_id=[identity])
        ).body.tag_resources.tag_resource
        assert [(row.resource_id, row.resource_type, row.tag_key, row.tag_value) for row in rows] == [
            (identity, kind, "b", "2")
        ]
        found = sdk.client.list_tag_resources(
            models.ListTagResourcesRequest(
                region_id=REGION, resource_type=kind, tag=[models.ListTagResourcesRequestTag(key="b", value="2")]
            )
        )
        assert [row.resource_id for row in found.body.tag_resources.tag_resource] == [identity]
        sdk.client.untag_resources(
            models.UntagResourcesRequest(region_id=REGION, resource_type=kind, resource_id=[identity], all=True)
        )
    rows = _listed(sdk, tag=[models.DescribeCommandsRequestTag(key="b", value="2")])
    assert rows == []


def test_quotas(emulator_factory: Any):
    sdk = Sdk(emulator_factory(instances=1, quota_commands=2, quota_invocations=2))
    items = sdk.client.describe_account_attributes(
        models.DescribeAccountAttributesRequest(
            region_id=REGION,
            attribute_name=["max-axt-command-count", "max-axt-invocation-daily"],
        )
    ).body.account_attribute_items.account_attribute_item
    assert [row.attribute_values.value_item[0].value for row in items] == ["2", "2"]
    for name in ("a", "b"):
        _create(sdk, name, "true")
    assert _error(lambda: _create(sdk, "c", "true")) == ("CmdCount.ExceedQuota", 403)
    ids = sdk.instance_ids()
    assert _error(lambda: sdk.run("true", ids, keep_command=True)) == ("CmdCount.ExceedQuota", 403)
    sdk.client.delete_command(models.DeleteCommandRequest(region_id=REGION, command_id=_listed(sdk)[0].command_id))
    sdk.run("true", ids, keep_command=True)
    sdk.run("true", ids)
    assert _error(lambda: sdk.run("true", ids)) == ("Invocation.ExceedQuota", 403)
