# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old official SDK, signature version 1, and the generation of 2018 on the emulator."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from aliyunsdkecs.request.v20140526 import (
    DescribeCommandsRequest,
    DescribeInstancesRequest,
    DescribeInvocationsRequest,
    InvokeCommandRequest,
    RunCommandRequest,
    StopInvocationRequest,
)
from contract.sdk import OldSdk
from support.patience import until

SCRIPT = base64.b64encode(b"echo classic; exit 4").decode()
CREATE = {"Name": "c", "Type": "RunShellScript", "CommandContent": SCRIPT}
CREATION = "CreateCommand"


@pytest.fixture
def old(emulator: Any) -> OldSdk:
    return OldSdk(emulator)


def _ids(old: OldSdk) -> list[str]:
    request = DescribeInstancesRequest.DescribeInstancesRequest()
    request.set_PageSize(100)
    return [row["InstanceId"] for row in old.send(request)["Instances"]["Instance"]]


def _json_array(ids: list[str]) -> str:
    return "[" + ",".join(f'"{identity}"' for identity in ids) + "]"


def _finished(old: OldSdk, invoke_id: str) -> dict[str, Any]:
    return until(
        lambda: old.call("DescribeInvocations", InvokeId=invoke_id)["Invocations"]["Invocation"][0],
        lambda row: row["InvokeStatus"] != "Running",
    )


@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_requests_of_the_old_sdk_in_todays_names(old: OldSdk, form: str):
    ids = _ids(old)[:2]
    run = RunCommandRequest.RunCommandRequest()
    run.set_Type("RunShellScript")
    run.set_CommandContent("exec sleep 60")
    run.set_InstanceIds(ids)
    run.set_KeepCommand(True)
    run.set_Timed(True)
    answer = old.send(run, form)
    stop = StopInvocationRequest.StopInvocationRequest()
    stop.set_InvokeId(answer["InvokeId"])
    old.send(stop, form)
    assert _finished(old, answer["InvokeId"])["InvokeStatus"] in ("Stopped", "Stopping")
    listed = old.send(DescribeCommandsRequest.DescribeCommandsRequest())
    assert [row["CommandId"] for row in listed["Commands"]["Command"]] == [answer["CommandId"]]
    invoke = InvokeCommandRequest.InvokeCommandRequest()
    invoke.set_CommandId(answer["CommandId"])
    invoke.set_InstanceIds(ids[:1])
    invoke.set_Timeout(10)
    invoke_id = old.send(invoke)["InvokeId"]
    describe = DescribeInvocationsRequest.DescribeInvocationsRequest()
    describe.set_InvokeId(invoke_id)
    assert old.send(describe)["Invocations"]["Invocation"][0]["Timeout"] == 10


@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_the_old_sdk_sees_its_errors(old: OldSdk, form: str):
    with pytest.raises(Exception) as caught:
        old.call("StopInvocation", form, InvokeId="t-none")
    assert caught.value.get_error_code() == "InvalidInvokeId.NotFound"
    assert caught.value.get_request_id()


def test_2018_from_creation_to_result(old: OldSdk):
    ids = _ids(old)
    command_id = old.call(CREATION, **CREATE)["CommandId"]
    row = old.call("DescribeCommands", CommandId=command_id)["Commands"]["Command"][0]
    assert row["Timeout"] == 3600, "the default of 2018"
    invoke_id = old.call("InvokeCommand", CommandId=command_id, InstanceIds=_json_array(ids), Timed="False")["InvokeId"]
    done = _finished(old, invoke_id)
    assert done["InvokeStatus"] == "Finished"
    assert {one["InstanceInvokeStatus"] for one in done["InvokeInstances"]["InvokeInstance"]} == {"Finished"}
    results = old.call("DescribeInvocationResults", InvokeId=invoke_id, PageSize=20)
    assert results["TotalCount"] == 12
    rows = results["InvocationResults"]["InvocationResult"]
    assert [one["InstanceId"] for one in rows] == ids
    assert {(one["ExitCode"], base64.b64decode(one["Output"])) for one in rows} == {(4, b"classic\n")}
    assert rows[0]["FinishedTime"][10] == " "
    assert results["Invocation"]["InvocationResults"]["InvocationResult"][0]["InvocationStatus"] == "Failed"
    old.call("DeleteCommand", CommandId=command_id)
    assert old.call("DescribeInvocations", InvokeId=invoke_id)["Invocations"]["Invocation"], "the log is retained"


@pytest.mark.parametrize(("time_out", "kept"), [("1", 60), ("59", 60), ("61", 61)])
def test_time_out_of_2018(old: OldSdk, time_out: str, kept: int):
    old.call(CREATION, **CREATE, TimeOut=time_out)
    assert old.call("DescribeCommands")["Commands"]["Command"][0]["Timeout"] == kept


def test_content_limit_of_2018(old: OldSdk):
    old.call(CREATION, Name="c", Type="RunShellScript", CommandContent=base64.b64encode(b"#" * 16384).decode())
    with pytest.raises(Exception) as caught:
        old.call(CREATION, Name="c", Type="RunShellScript", CommandContent=base64.b64encode(b"#" * 16385).decode())
    assert caught.value.get_error_code() == "Invalid.CommandContent"


def test_timed_invocation_is_in_china_time(old: OldSdk, emulator: Any):
    ids = _ids(old)[:1]
    command_id = old.call(CREATION, **CREATE, TimeOut="60")["CommandId"]
    invoke_id = old.call(
        "InvokeCommand", CommandId=command_id, InstanceIds=_json_array(ids), Timed="True", Frequency="0 30 1 * * ?"
    )["InvokeId"]
    emulator.advance(86400)
    until(emulator.executions, lambda runs: runs.get(ids[0]))
    started = emulator.executions()[ids[0]][0]["started_at"]
    assert started % 86400 // 60 == 17 * 60 + 30, "1:30 in UTC+8"
    old.call("StopInvocation", InvokeId=invoke_id)
    assert (
        old.call("DescribeInvocations", InvokeId=invoke_id)["Invocations"]["Invocation"][0]["InvokeStatus"] == "Stopped"
    )


def test_agent_status_of_2018(old: OldSdk):
    ids = _ids(old)[:2]
    answer = old.call("DescribeCloudAssistantStatus", **{"InstanceId.1": ids[0], "InstanceId.2": ids[1]})
    rows = answer["InstanceCloudAssistantStatusSet"]["InstanceCloudAssitantStatus"]
    assert rows == [{"InstanceId": identity, "CloudAssitantStatus": "true"} for identity in ids]


def test_an_endpoint_that_never_learned_more(emulator_factory: Any):
    emulator = emulator_factory(instances=1, generation="classic")
    old = OldSdk(emulator)
    ids = _ids(old)
    command_id = old.call(CREATION, **CREATE)["CommandId"]
    row = old.call("DescribeCommands")["Commands"]["Command"][0]
    assert (row["TimeOut"], "Tags" in row) == (3600, False)
    invoke_id = old.call("InvokeCommand", CommandId=command_id, InstanceIds=_json_array(ids))["InvokeId"]
    assert "InvocationStatus" not in _finished(old, invoke_id)
    assert "Invocation" not in old.call("DescribeInvocationResults", InvokeId=invoke_id)
    with pytest.raises(Exception) as caught:
        old.call("RunCommand", Type="RunShellScript")
    assert caught.value.get_error_code() == "InvalidAction.NotFound"
