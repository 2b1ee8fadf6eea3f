# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classic generation: what goes out, what comes back, what is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba import generations
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.credentials import (
    Credentials,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.credentials import StaticSource
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError, TransportError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport
from support.scripted_server import Answer, Request, ScriptedServer

TIMED_OUT = (
    "the script ran longer than its timeout, or could not be run, which the API of 2018 (api_generation=classic) "
    "does not distinguish"
)

SCRIPT = base64.b64encode(b"echo 123").decode()


@pytest.fixture
def client(server: ScriptedServer) -> Client:
    return Client(
        region="cn-hangzhou",
        credentials=StaticSource(Credentials("testid", "testsecret")),
        url=server.url,
        transport=HttpTransport(),
        generation="classic",
        backoff_base=0.001,
    )


def own_parameters(request: Request) -> dict[str, str]:
    """Return the parameters of the operation, without those that every v1 request has."""
    common = (
        "Action Format Version Timestamp SignatureNonce SignatureMethod SignatureVersion AccessKeyId Signature RegionId"
    )
    return {name: value for name, value in request.query.items() if name not in common.split()}


@pytest.mark.parametrize(
    ("operation", "params", "wire"),
    [
        ("CreateCommand", {"Name": "n", "Timeout": 1}, {"Name": "n", "TimeOut": "60"}),
        ("CreateCommand", {"Timeout": 61, "CommandContent": SCRIPT}, {"TimeOut": "61", "CommandContent": SCRIPT}),
        ("CreateCommand", {"CommandContent": "echo 123", "ContentEncoding": "PlainText"}, {"CommandContent": SCRIPT}),
        ("CreateCommand", {"Name": "n", "EnableParameter": False, "ClientToken": "t", "Tag": []}, {"Name": "n"}),
        ("ModifyCommand", {"CommandId": "c", "Timeout": 90}, {"CommandId": "c", "TimeOut": "90"}),
        (
            "InvokeCommand",
            {"CommandId": "c", "InstanceId": ["i-1", "i-2"]},
            {"CommandId": "c", "InstanceIds": '["i-1","i-2"]'},
        ),
        (
            "InvokeCommand",
            {"CommandId": "c", "InstanceId": ["i-1"], "Frequency": "0 0 12 * * ? Asia/Shanghai"},
            {"CommandId": "c", "InstanceIds": '["i-1"]', "Timed": "True", "Frequency": "0 0 12 * * ?"},
        ),
        ("DescribeInvocations", {"RepeatMode": "Period"}, {"Timed": "True"}),
        ("DescribeInvocations", {"RepeatMode": "Once", "IncludeOutput": True}, {"Timed": "False"}),
        ("DescribeCommands", {"Name": "n", "MaxResults": 50, "NextToken": None}, {"Name": "n", "PageSize": "50"}),
        (
            "DescribeInstances",
            {"InstanceIds": ["i-1"], "MaxResults": 100},
            {"InstanceIds": '["i-1"]', "PageSize": "100"},
        ),
        (
            "DeleteInstances",
            {"InstanceId": ["i-1"], "Force": True, "TerminateSubscription": False, "ClientToken": "t"},
            {"InstanceId": "i-1", "Force": "True", "TerminateSubscription": "False"},
        ),
        ("StartInstances", {"InstanceId": ["i-1"], "BatchOptimization": "SuccessFirst"}, {"InstanceId": "i-1"}),
        (
            "StopInstances",
            {"InstanceId": ["i-1"], "ForceStop": True, "StoppedMode": "KeepCharging"},
            {"InstanceId": "i-1", "ForceStop": "True", "StoppedMode": "KeepCharging"},
        ),
        ("RebootInstances", {"InstanceId": ["i-1"], "ForceReboot": True}, {"InstanceId": "i-1", "ForceStop": "True"}),
    ],
)
def test_current_names_go_out_as_those_of_2018(
    server: ScriptedServer, client: Client, operation: str, params: dict[str, Any], wire: dict[str, str]
) -> None:
    client.call(operation, params)
    assert own_parameters(server.requests[0]) == wire


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("RunCommand", {}, "api_generation: the classic generation does not support RunCommand"),
        ("SendFile", {}, "api_generation: the classic generation does not support SendFile"),
        ("TagResources", {}, "api_generation: .*TagResources"),
        ("ModifyInvocationAttribute", {}, "api_generation: .*ModifyInvocationAttribute"),
        ("CreateCommand", {"Tag": [{"Key": "a"}]}, "tags: is not possible with api_generation=classic"),
        ("CreateCommand", {"EnableParameter": True}, "enable_parameter: is not possible"),
        ("CreateCommand", {"Launcher": "bash"}, "launcher: is not possible"),
        ("CreateCommand", {"ResourceGroupId": "rg-1"}, "resource_group_id: is not possible"),
        (
            "CreateCommand",
            {"CommandContent": base64.b64encode(b"x" * 16385).decode()},
            "content: has 16385 bytes.*16 KB",
        ),
        ("CreateCommand", {"CommandContent": "not base64!"}, "content: is not valid Base64"),
        ("InvokeCommand", {"InstanceId": ["i"] * 101}, "instance_ids: has 101 IDs; one call accepts at most 100"),
        ("InvokeCommand", {"InstanceId": ["i"], "Parameters": {"a": "b"}}, "parameters: is not possible"),
        ("InvokeCommand", {"InstanceId": ["i"], "Username": "u"}, "username: is not possible"),
        ("InvokeCommand", {"InstanceId": ["i"], "Timeout": 60}, "timeout: .*is a property of the command"),
        ("InvokeCommand", {"InstanceId": ["i"], "RepeatMode": "DryRun"}, "repeat_mode: .*DryRun"),
        ("InvokeCommand", {"InstanceId": ["i"], "RepeatMode": "EveryReboot"}, "repeat_mode: .*EveryReboot"),
        ("InvokeCommand", {"InstanceId": ["i"], "RepeatMode": "Period"}, "frequency: is required"),
        ("InvokeCommand", {"InstanceId": ["i"], "Frequency": "rate(5m)"}, "frequency: .*six fields"),
        ("InvokeCommand", {"InstanceId": ["i"], "Frequency": "0 0 12 * * ? 2030"}, "frequency: .*six fields"),
        ("InvokeCommand", {"InstanceId": ["i"], "Frequency": "0 0 12 * * ? UTC"}, "frequency: .*UTC.08:00"),
        ("InvokeCommand", {"InstanceId": ["i"], "TerminationMode": "ProcessTree"}, "termination_mode: is not possible"),
        ("DescribeInvocations", {"Tag": [{"Key": "a"}]}, "tags: is not possible"),
        ("DescribeInvocationResults", {"IncludeHistory": True}, "include_history: is not possible"),
        ("DescribeCloudAssistantStatus", {}, "instance_ids: is required"),
        ("DeleteInstances", {"InstanceId": ["i"], "DryRun": True}, "dry_run: is not possible with api_generation=cla"),
    ],
)
def test_what_classic_lacks_is_refused_before_any_request(
    server: ScriptedServer, client: Client, operation: str, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        client.call(operation, params)
    assert server.requests == []


def test_many_instances_in_a_change_are_a_callers_mistake(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(ValueError, match="one instance"):
        client.call("StopInstances", {"InstanceId": ["i-1", "i-2"]})
    assert server.requests == []


def test_16_kb_before_base64_are_allowed(server: ScriptedServer, client: Client) -> None:
    client.call("CreateCommand", {"CommandContent": base64.b64encode(bytes(range(256)) * 64).decode()})
    assert len(base64.b64decode(server.requests[0].query["CommandContent"])) == 16384


def test_options_are_refused_by_name_and_generation() -> None:
    generations.refuse_missing("current", {"client_token": "t", "tags": {"a": "b"}})
    generations.refuse_missing("classic", {"client_token": None, "tags": {}, "name": "n", "enable_parameter": False})
    for option, value in {"client_token": "t", "idempotency_key": "k", "tags": {"a": "b"}}.items():
        with pytest.raises(InputError, match=f"^{option}: is not possible with api_generation=classic: "):
            generations.refuse_missing("classic", {option: value})


@pytest.mark.parametrize("operation", ["CreateCommand", "InvokeCommand"])
def test_a_write_without_memory_is_never_repeated(server: ScriptedServer, client: Client, operation: str) -> None:
    server.script([Answer(drop=True)])
    with pytest.raises(TransportError, match="may have arrived.*Check") as caught:
        client.call(operation, {"InstanceId": ["i-1"], "ClientToken": "t"} if operation == "InvokeCommand" else {})
    assert caught.value.may_have_arrived
    assert len(server.requests) == 1


def test_more_ids_than_one_call_takes_become_several(server: ScriptedServer, client: Client) -> None:
    def answer(request: Request) -> Answer:
        query = request.query
        ids = [query[f"InstanceId.{number}"] for number in range(1, 21) if f"InstanceId.{number}" in query]
        rows = [{"InstanceId": one, "CloudAssitantStatus": "true"} for one in ids]
        return Answer(200, {"RequestId": "R", "InstanceCloudAssitantStatusSet": {"InstanceCloudAssitantStatus": rows}})

    server.script(answer)
    ids = [f"i-{number}" for number in range(45)]
    reply = client.call("DescribeCloudAssistantStatus", {"InstanceId": ids})
    rows = reply.rows("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus")
    assert [row["InstanceId"] for row in rows] == ids
    assert {row["CloudAssistantStatus"] for row in rows} == {"true"}
    assert len(server.requests) == 3
    (page,) = client.pages("DescribeCloudAssistantStatus", {"InstanceId": ids})
    assert page == reply
    assert not any("PageNumber" in request.query for request in server.requests)


def answered(server: ScriptedServer, client: Client, operation: str, body: dict[str, Any]) -> Any:
    server.script([Answer(200, {"RequestId": "R-1", **body})])
    return client.call(operation, {"InvokeId": "t-1"} if "Invocation" in operation else {})


def test_commands_come_back_in_current_names(server: ScriptedServer, client: Client) -> None:
    own = {"CommandId": "c", "Name": "n", "Type": "RunShellScript", "CommandContent": ""}
    reply = answered(server, client, "DescribeCommands", {"Commands": {"Command": [{**own, "TimeOut": 90}]}})
    assert reply.rows("Commands", "Command") == [{**own, "Timeout": 90}]


@pytest.mark.parametrize(
    ("row", "status", "extra"),
    [
        ({"ExitCode": 0, "FinishedTime": "2018-01-05 15:45:02"}, "Success", {"FinishedTime": "2018-01-05T15:45:02Z"}),
        ({"ExitCode": 3, "FinishedTime": "2018-01-05T15:45:02Z"}, "Failed", {"ErrorCode": "ExitCodeNonzero"}),
        ({"ExitCode": 0, "InvokeRecordStatus": "Running"}, "Running", {}),
        ({"InvokeRecordStatus": "Finished", "ExitCode": "1"}, "Failed", {"ErrorCode": "ExitCodeNonzero"}),
        ({"InvokeRecordStatus": "Failed", "ExitCode": 1}, "Error", {"ErrorInfo": TIMED_OUT}),
        ({"InvokeRecordStatus": "Stopped"}, "Terminated", {}),
        ({"FinishedTime": ""}, "Running", {}),
        ({"InvokeRecordStatus": "Finished", "InvocationStatus": "Timeout"}, "Timeout", {}),
    ],
)
def test_results_come_back_wrapped_and_in_current_words(
    server: ScriptedServer, client: Client, row: dict[str, Any], status: str, extra: dict[str, str]
) -> None:
    body = {"TotalCount": 1, "InvocationResults": {"InvocationResult": [{"InstanceId": "i-1", **row}]}}
    reply = answered(server, client, "DescribeInvocationResults", body)
    (found,) = reply.rows("Invocation", "InvocationResults", "InvocationResult")
    assert found["InvocationStatus"] == status
    assert {name: found.get(name) for name in extra} == extra
    assert reply["Invocation"]["TotalCount"] == 1


@pytest.mark.parametrize(
    ("legacy", "instances", "status"),
    [
        ("Running", ["Running", "Finished"], "Running"),
        ("Finished", ["Finished", "Finished"], "Success"),
        ("Finished", ["Finished", "Stopped"], "PartialFailed"),
        ("Finished", ["Failed", "Stopped"], "Failed"),
        ("Finished", ["Stopped"], "Stopped"),
        ("Finished", [], "Success"),
        ("PartialFailed", ["Finished", "Failed"], "PartialFailed"),
        ("Stopped", ["Stopped"], "Stopped"),
    ],
)
def test_invocations_come_back_in_current_words(
    server: ScriptedServer, client: Client, legacy: str, instances: list[str], status: str
) -> None:
    rows = [{"InstanceId": "i", "InstanceInvokeStatus": word} for word in instances]
    row = {
        "InvokeId": "t-1",
        "CommandId": "c-1",
        "InvokeStatus": legacy,
        "Timed": "true",
        "InvokeInstances": {"InvokeInstance": rows},
    }
    reply = answered(server, client, "DescribeInvocations", {"Invocations": {"Invocation": [row]}})
    (found,) = reply.rows("Invocations", "Invocation")
    assert (found["InvocationStatus"], found["RepeatMode"]) == (status, "Period")


def test_listings_are_paged_by_number(server: ScriptedServer, client: Client) -> None:
    everything = [{"InstanceId": f"i-{number}", "ExitCode": 0, "FinishedTime": "x"} for number in range(45)]

    def answer(request: Request) -> Answer:
        start = (int(request.query["PageNumber"]) - 1) * int(request.query["PageSize"])
        rows = everything[start : start + int(request.query["PageSize"])]
        return Answer(200, {"RequestId": "R", "TotalCount": 45, "InvocationResults": {"InvocationResult": rows}})

    server.script(answer)
    path = ("Invocation", "InvocationResults", "InvocationResult")
    pages = list(client.pages("DescribeInvocationResults", {"InvokeId": "t-1"}))
    assert [row["InstanceId"] for page in pages for row in page.rows(*path)] == [
        row["InstanceId"] for row in everything
    ]
    assert [own_parameters(request)["PageSize"] for request in server.requests] == ["20", "20", "20"]
    assert not any("NextToken" in request.query for request in server.requests)


def test_a_token_of_the_current_generation_is_a_callers_mistake(client: Client) -> None:
    with pytest.raises(ValueError, match="numbers"):
        client.call("DescribeCommands", {"NextToken": "n"})


def test_replies_are_plain_data(server: ScriptedServer, client: Client) -> None:
    reply = answered(server, client, "DescribeInvocationResults", {"InvocationResults": {"InvocationResult": []}})
    inner = {"InvocationResults": {"InvocationResult": []}}
    assert json.loads(json.dumps(reply)) == {"RequestId": "R-1", "Invocation": inner}


def test_secret_values_do_not_belong_into_a_script() -> None:
    """The service shows the text of a command to everyone who may list commands."""
    with pytest.raises(InputError, match="keep the values on the instances"):
        generations.refuse_missing("classic", {"secret_parameters": {"password": "p"}})
