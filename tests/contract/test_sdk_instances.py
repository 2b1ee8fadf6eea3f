# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official SDK and the emulated instances: listing, agents, files, starting, stopping, deleting."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models
from contract.sdk import REGION, Sdk
from emulator.errors import OPERATIONS
from support.patience import until

FLEET = [
    {"name": "web-1", "tags": {"role": "web", "empty": ""}, "public_ip": "47.0.0.1", "vpc_id": "vpc-a"},
    {"name": "web-2", "tags": {"role": "web"}, "status": "Stopped", "charge_type": "PrePaid"},
    {"name": "db-1", "tags": {"role": "db"}, "network_type": "classic", "private_ip": "10.9.9.9"},
    {"name": "win-1", "os_type": "windows", "deletion_protection": True, "zone": "cn-hangzhou-z"},
    {"name": "bare-1", "agent": {"installed": False}},
    {"name": "mute-1", "agent": {"online": False}},
    {"name": "far-1", "region": "cn-beijing"},
]


@pytest.fixture
def sdk(emulator: Any) -> Sdk:
    emulator.reset(fleet=FLEET)
    return Sdk(emulator)


def _ids(sdk: Sdk) -> dict[str, str]:
    rows = sdk.client.describe_instances(models.DescribeInstancesRequest(region_id=REGION)).body.instances.instance
    return {row.instance_name: row.instance_id for row in rows}


def _names(sdk: Sdk, **query: str) -> list[str]:
    return [row["InstanceName"] for row in sdk.call("DescribeInstances", query)["Instances"]["Instance"]]


def _error(action: Any) -> tuple[str, int]:
    with pytest.raises(Exception) as caught:
        action()
    return caught.value.code, caught.value.status_code


def _states(sdk: Sdk) -> dict[str, str]:
    rows = sdk.client.describe_instance_status(
        models.DescribeInstanceStatusRequest(region_id=REGION, page_size=50)
    ).body.instance_statuses.instance_status
    return {row.instance_id: row.status for row in rows}


def test_regions(sdk: Sdk):
    rows = sdk.client.describe_regions(models.DescribeRegionsRequest(accept_language="en-US")).body.regions.region
    found = {row.region_id: (row.local_name, row.region_endpoint) for row in rows}
    assert found["cn-beijing"] == ("China (Beijing)", "ecs.cn-beijing.aliyuncs.com")
    assert _error(lambda: sdk.call("DescribeRegions", {"ResourceType": "x"})) == ("InvalidResourceType.NotFound", 404)
    assert _error(lambda: sdk.call("DescribeRegions", {"AcceptLanguage": "xx"})) == (
        "InvalidAcceptLanguage.NotFound",
        404,
    )


def test_filters(sdk: Sdk):
    ids = _ids(sdk)
    assert list(ids) == [row["name"] for row in FLEET[:-1]]
    assert _names(sdk, InstanceName="web-*") == ["web-1", "web-2"]
    assert _names(sdk, InstanceName="web") == []
    assert _names(sdk, Status="Stopped") == ["web-2"]
    assert _names(sdk, **{"Tag.1.Key": "role", "Tag.1.Value": "web"}) == ["web-1", "web-2"]
    assert _names(sdk, **{"Tag.1.Key": "empty"}) == ["web-1"]
    assert _names(sdk, VpcId="vpc-a") == ["web-1"]
    assert _names(sdk, InstanceNetworkType="classic") == ["db-1"]
    assert _names(sdk, InnerIpAddresses='["10.9.9.9"]') == ["db-1"]
    assert _names(sdk, PublicIpAddresses='["47.0.0.1"]') == ["web-1"]
    assert _names(sdk, ZoneId="cn-hangzhou-z") == ["win-1"]
    assert _names(sdk, InstanceChargeType="PrePaid") == ["web-2"]
    assert _names(sdk, RegionId="cn-beijing") == ["far-1"]
    assert _names(sdk, InstanceIds=f'["{ids["db-1"]}","i-none"]') == ["db-1"]
    assert _error(lambda: _names(sdk, Status="Odd")) == ("InvalidStatus.NotFound", 404)
    assert _error(lambda: _names(sdk, DryRun="true")) == ("DryRunOperation", 400)


def _missing(described: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """Return the documented fields that an answer lacks; a list without rows is there."""
    found = [name for name in described if name not in answer]
    for name, inner in described.items():
        if isinstance(inner, dict) and name in answer:
            found += [f"{name}.{one}" for one in _missing(inner, answer[name])]
        elif isinstance(inner, list) and isinstance(inner[0], dict) and answer.get(name):
            found += [f"{name}.{one}" for one in _missing(inner[0], answer[name][0])]
    return found


@pytest.mark.parametrize("action", ["DescribeInstances", "DescribeCloudAssistantStatus", "DescribeRegions"])
def test_no_documented_field_is_missing(sdk: Sdk, action: str):
    assert _missing(OPERATIONS[action]["response"], sdk.call(action)) == []


def test_many_pages(emulator: Any):
    emulator.reset(instances=250)
    sdk = Sdk(emulator)
    seen: list[str] = []
    token = None
    pages = 0
    while token != "":
        reply = sdk.client.describe_instances(
            models.DescribeInstancesRequest(region_id=REGION, max_results=1000, next_token=token)
        ).body
        seen += [row.instance_id for row in reply.instances.instance]
        token, pages = reply.next_token, pages + 1
    assert (len(set(seen)), pages) == (250, 3), "more than 100 are asked for, 100 come"
    by_number = sdk.client.describe_instances(
        models.DescribeInstancesRequest(region_id=REGION, page_number=3, page_size=100)
    ).body
    assert (by_number.total_count, [row.instance_id for row in by_number.instances.instance]) == (250, seen[200:])


def test_agents(sdk: Sdk, emulator: Any):
    ids = _ids(sdk)
    rows = sdk.client.describe_cloud_assistant_status(
        models.DescribeCloudAssistantStatusRequest(region_id=REGION)
    ).body.instance_cloud_assistant_status_set.instance_cloud_assistant_status
    online = {row.instance_id: row.cloud_assistant_status for row in rows}
    assert [online[ids[name]] for name in ids] == ["true", "false", "true", "true", "false", "false"]
    by_id = {row.instance_id: row for row in rows}
    assert by_id[ids["win-1"]].ostype == "Windows"
    assert by_id[ids["web-1"]].cloud_assistant_version == "2.2.3.964"
    assert by_id[ids["web-1"]].last_heartbeat_time
    assert by_id[ids["bare-1"]].cloud_assistant_version == ""
    sdk.client.install_cloud_assistant(
        models.InstallCloudAssistantRequest(region_id=REGION, instance_id=[ids["bare-1"]])
    )

    def status() -> str:
        return (
            sdk.client.describe_cloud_assistant_status(
                models.DescribeCloudAssistantStatusRequest(
                    region_id=REGION,
                    instance_id=[ids["bare-1"]],
                )
            )
            .body.instance_cloud_assistant_status_set.instance_cloud_assistant_status[0]
            .cloud_assistant_status
        )

    until(status, lambda word: word == "true")
    missing = {"InstanceId.1": "i-none"}
    assert _error(lambda: sdk.call("InstallCloudAssistant", missing)) == ("InvalidInstance.NotFound", 404)
    assert _error(lambda: sdk.call("InstallCloudAssistant")) == ("MissingParam.InstanceId", 400)


def test_install_that_needs_a_reboot(emulator_factory: Any):
    emulator = emulator_factory(fleet=[{"agent": {"installed": False}}], install_needs_reboot=True)
    sdk = Sdk(emulator)
    ids = sdk.instance_ids()
    sdk.call("InstallCloudAssistant", {"InstanceId.1": ids[0]})
    row = sdk.call("DescribeCloudAssistantStatus")["InstanceCloudAssistantStatusSet"]
    assert row["InstanceCloudAssistantStatus"][0]["CloudAssistantStatus"] == "false"
    sdk.call("RebootInstances", {"InstanceId.1": ids[0]})
    until(
        lambda: sdk.call("DescribeCloudAssistantStatus")["InstanceCloudAssistantStatusSet"],
        lambda rows: rows["InstanceCloudAssistantStatus"][0]["CloudAssistantStatus"] == "true",
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("web-2", "InvalidInstanceStatus"),
        ("bare-1", "InvalidInstance.NoClient"),
        ("mute-1", "InvalidInstanceStatus"),
        ("win-1", "InvalidInstance.NotMatch"),
    ],
)
def test_one_unfit_target_fails_the_whole_call(sdk: Sdk, emulator: Any, name: str, code: str):
    ids = _ids(sdk)
    assert _error(lambda: sdk.run("true", [ids["web-1"], ids[name]])) == (code, 400)
    assert sdk.call("DescribeInvocations")["Invocations"]["Invocation"] == []
    assert emulator.executions() == {}


def test_windows_without_powershell(sdk: Sdk):
    import shutil

    ids = _ids(sdk)
    invoke_id = sdk.run("Write-Output 1", [ids["win-1"]], type="RunPowerShellScript")
    row = until(
        lambda: sdk.results(invoke_id)[ids["win-1"]],
        lambda row: row.invocation_status != "Pending" and row.invocation_status != "Running",
    )
    expected = "Success" if shutil.which("pwsh") else "Error"
    assert row.invocation_status == expected, row.error_info


def test_power(sdk: Sdk):
    ids = _ids(sdk)
    rows = sdk.client.stop_instances(
        models.StopInstancesRequest(region_id=REGION, instance_id=[ids["web-1"], ids["db-1"]])
    ).body.instance_responses.instance_response
    assert [(row.code, row.previous_status, row.current_status) for row in rows] == [("200", "Running", "Stopping")] * 2
    until(lambda: _states(sdk), lambda states: states[ids["web-1"]] == states[ids["db-1"]] == "Stopped")
    start = {"InstanceId.1": ids["web-1"], "InstanceId.2": ids["mute-1"]}
    assert _error(lambda: sdk.call("StartInstances", start)) == ("IncorrectInstanceStatus", 403)
    rows = sdk.call("StartInstances", {**start, "BatchOptimization": "SuccessFirst"})["InstanceResponses"]
    assert [row["Code"] for row in rows["InstanceResponse"]] == ["200", "IncorrectInstanceStatus"]
    sdk.client.start_instance(models.StartInstanceRequest(instance_id=ids["db-1"]))
    until(lambda: _states(sdk), lambda states: states[ids["web-1"]] == states[ids["db-1"]] == "Running")
    sdk.client.reboot_instance(models.RebootInstanceRequest(instance_id=ids["db-1"]))
    sdk.client.reboot_instances(models.RebootInstancesRequest(region_id=REGION, instance_id=[ids["web-1"]]))
    until(lambda: _states(sdk), lambda states: states[ids["web-1"]] == states[ids["db-1"]] == "Running")
    sdk.client.stop_instance(models.StopInstanceRequest(instance_id=ids["db-1"]))
    until(lambda: _states(sdk), lambda states: states[ids["db-1"]] == "Stopped")
    for action in ("StopInstances", "RebootInstances"):
        assert _error(lambda a=action: sdk.call(a, {"InstanceId.1": ids["web-1"], "DryRun": "true"})) == (
            "DRYRUN.SUCCESS",
            400,
        )
    assert _error(lambda: sdk.call("StopInstance", {"InstanceId": "i-none"})) == ("InvalidInstanceId.NotFound", 404)


def test_deletion(sdk: Sdk):
    ids = _ids(sdk)

    def delete(*names: str, **options: str) -> Any:
        query = {f"InstanceId.{number}": ids[name] for number, name in enumerate(names, start=1)}
        return sdk.call("DeleteInstances", {**query, **options})

    assert _error(lambda: delete("web-1")) == ("IncorrectInstanceStatus", 403)
    assert _error(lambda: delete("web-1", "win-1", Force="true")) == ("InvalidOperation.DeletionProtection", 403)
    assert _error(lambda: delete("web-2")) == ("ChargeTypeViolation", 403)
    assert _error(lambda: delete("web-1", Force="true", DryRun="true")) == ("DRYRUN.SUCCESS", 400)
    assert set(_ids(sdk)) == set(ids), "nothing is deleted when one cannot be"
    delete("web-1", Force="true", ClientToken="d1")
    delete("web-1", Force="true", ClientToken="d1")
    assert _error(lambda: delete("web-1", Force="true", ClientToken="d2")) == ("InvalidInstanceId.NotFound", 404)
    delete("web-2", TerminateSubscription="true")
    one = {"InstanceId": ids["db-1"], "Force": "true"}
    assert _error(lambda: sdk.call("DeleteInstance", {**one, "DryRun": "true"})) == ("DryRunOperation", 400)
    sdk.client.delete_instance(models.DeleteInstanceRequest(instance_id=ids["db-1"], force=True))
    assert set(_ids(sdk)) == {"win-1", "bare-1", "mute-1"}


def test_running_scripts_of_a_deleted_instance(sdk: Sdk):
    ids = _ids(sdk)
    invoke_id = sdk.run("exec sleep 60", [ids["web-1"], ids["db-1"]])
    until(lambda: sdk.results(invoke_id).values(), lambda rows: all(r.invocation_status == "Running" for r in rows))
    sdk.call("DeleteInstances", {"InstanceId.1": ids["web-1"], "Force": "true"})
    row = until(lambda: sdk.results(invoke_id)[ids["web-1"]], lambda row: row.invocation_status != "Running")
    assert (row.invocation_status, row.error_code) == ("Error", "InstanceReleased")
    sdk.call("RebootInstances", {"InstanceId.1": ids["db-1"]})
    row = until(lambda: sdk.results(invoke_id)[ids["db-1"]], lambda row: row.invocation_status != "Running")
    assert (row.invocation_status, row.error_code) == ("Error", "InstanceRestarted")


def test_agent_that_goes_offline_before_delivery(emulator_factory: Any):
    emulator = emulator_factory(instances=2, agent_latency_ms=300)
    sdk = Sdk(emulator)
    ids = sdk.instance_ids()
    invoke_id = sdk.run("true", ids)
    emulator.instance(ids[0], "agent-offline")
    until(lambda: sdk.results(invoke_id)[ids[1]], lambda row: row.invocation_status == "Success")
    assert sdk.results(invoke_id)[ids[0]].invocation_status == "Pending"
    emulator.advance(61)
    row = until(lambda: sdk.results(invoke_id)[ids[0]], lambda row: row.invocation_status != "Pending")
    assert (row.invocation_status, row.error_code, row.invoke_record_status) == ("Aborted", "DeliveryTimeout", "Failed")
    assert sdk.invocation(invoke_id).invocation_status == "PartialFailed"
    assert ids[0] not in emulator.executions()


def test_agent_that_goes_offline_while_a_script_runs(sdk: Sdk, emulator: Any):
    ids = _ids(sdk)
    invoke_id = sdk.run("sleep 1; echo late", [ids["web-1"]])
    until(lambda: sdk.results(invoke_id)[ids["web-1"]], lambda row: row.invocation_status == "Running")
    emulator.instance(ids["web-1"], "agent-offline")
    until(emulator.executions, lambda runs: runs[ids["web-1"]][0]["rc"] == 0)
    assert sdk.results(invoke_id)[ids["web-1"]].invocation_status == "Running", "the report cannot arrive yet"
    emulator.instance(ids["web-1"], "agent-online")
    row = until(lambda: sdk.results(invoke_id)[ids["web-1"]], lambda row: row.invocation_status == "Success")
    assert row.output == "late\n"


def test_exit_codes_that_ask_for_power(sdk: Sdk):
    ids = _ids(sdk)
    down = sdk.run("exit 193", [ids["web-1"]])
    again = sdk.run("exit 194", [ids["db-1"]])
    assert sdk.finished(down).invoke_instances.invoke_instance[0].exit_code == 193
    assert sdk.finished(again).invoke_instances.invoke_instance[0].exit_code == 194
    until(lambda: _states(sdk), lambda states: (states[ids["web-1"]], states[ids["db-1"]]) == ("Stopped", "Running"))


def test_files(sdk: Sdk):
    ids = _ids(sdk)
    targets = [ids["web-1"], ids["db-1"]]
    content = bytes(range(256))
    invoke_id = sdk.client.send_file(
        models.SendFileRequest(
            region_id=REGION,
            name="data.bin",
            target_dir="/srv/in",
            content=base64.b64encode(content).decode(),
            content_type="Base64",
            file_mode="0600",
            instance_id=targets,
            description="d",
            client_token="f1",
            tag=[models.SendFileRequestTag(key="k", value="v")],
        )
    ).body.invoke_id

    def delivery(identity: str) -> Any:
        rows = sdk.client.describe_send_file_results(
            models.DescribeSendFileResultsRequest(region_id=REGION, invoke_id=identity)
        ).body.invocations.invocation
        return rows[0]

    row = until(lambda: delivery(invoke_id), lambda row: row.invocation_status not in ("Pending", "Running"))
    assert (row.invocation_status, row.vm_count, row.file_mode, row.file_owner, row.overwrite, row.content_type) == (
        "Success",
        2,
        "0600",
        "root",
        "false",
        "Base64",
    )
    assert base64.b64decode(row.content) == content
    assert [
        (one.instance_id, one.invocation_status, one.error_code) for one in row.invoke_instances.invoke_instance
    ] == [(identity, "Success", "") for identity in targets]
    look = sdk.run("stat -c %a:%s /srv/in/data.bin; sha256sum < /srv/in/data.bin", targets)
    sdk.finished(look)
    import hashlib

    assert {one.output for one in sdk.results(look).values()} == {
        f"600:256\n{hashlib.sha256(content).hexdigest()}  -\n"
    }
    again = {
        "region_id": REGION,
        "name": "data.bin",
        "target_dir": "/srv/in",
        "content": "x",
        "instance_id": targets[:1],
    }
    clash = sdk.client.send_file(models.SendFileRequest(**again)).body.invoke_id
    row = until(lambda: delivery(clash), lambda row: row.invocation_status not in ("Pending", "Running"))
    assert row.invoke_instances.invoke_instance[0].error_code == "FileAlreadyExists"
    over = sdk.client.send_file(models.SendFileRequest(**again, overwrite=True)).body.invoke_id
    until(lambda: delivery(over), lambda row: row.invocation_status == "Success")
    found = sdk.call("DescribeSendFileResults", {"Tag.1.Key": "k", "Tag.1.Value": "v"})["Invocations"]["Invocation"]
    assert [one["InvokeId"] for one in found] == [invoke_id]


def test_output_delivery_is_honest(sdk: Sdk):
    ids = _ids(sdk)
    invoke_id = sdk.run("true", [ids["web-1"]], oss_output_delivery="oss://bucket/prefix")
    sdk.finished(invoke_id)
    row = sdk.results(invoke_id)[ids["web-1"]]
    assert (row.oss_output_delivery, row.oss_output_status, row.oss_output_uri) == ("oss://bucket/prefix", "Failed", "")
