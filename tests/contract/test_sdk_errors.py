# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error code of the document of RunCommand, and those of the other operations of today.

Each is provoked by a request where a request can provoke it; the others depend on the state of an account, of OSS or
of Parameter Store, and are answered by a fault rule with the document's own wording.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract.sdk import Sdk
from emulator.errors import OPERATIONS

FLEET = [
    {"id": "i-ok", "tags": {"role": "web"}},
    {"id": "i-windows", "os_type": "windows"},
    {"id": "i-stopped", "status": "Stopped"},
    {"id": "i-bare", "agent": {"installed": False}},
    {"id": "i-classic", "network_type": "classic"},
]
GOOD = {"Type": "RunShellScript", "CommandContent": "true", "InstanceId.1": "i-ok"}
PARAMETERS = {**GOOD, "CommandContent": "echo {{a}}", "EnableParameter": "true"}


def _many(name: str, count: int, value: str = "k{}") -> dict[str, str]:
    return {f"{name}.{number}.Key": value.format(number) for number in range(1, count + 1)}


def _without(*names: str) -> dict[str, str]:
    return {name: value for name, value in GOOD.items() if name not in names}


# code -> (HTTP status, parameters of RunCommand)
RUN: dict[str, tuple[int, dict[str, str]]] = {
    "MissingParam.InstanceId": (400, _without("InstanceId.1")),
    "NumberExceed.Tags": (400, {**GOOD, **_many("Tag", 21)}),
    "InvalidTagValue.Malformed": (400, {**GOOD, "Tag.1.Key": "k", "Tag.1.Value": "http://x"}),
    "Duplicate.TagKey": (400, {**GOOD, **_many("Tag", 2, "same")}),
    "InvalidTagKey.Malformed": (400, {**GOOD, "Tag.1.Key": "acs:k"}),
    "MissingParameter.TagKey": (400, {**GOOD, "Tag.1.Value": "v"}),
    "InvalidContainerId.Malformed": (400, {**GOOD, "ContainerId": "short"}),
    "InvalidContainerName.Malformed": (400, {**GOOD, "ContainerName": "no blanks here"}),
    "InvalidClientToken.Malformed": (400, {**GOOD, "ClientToken": "t" * 65}),
    "CmdParam.EmptyKey": (400, {**PARAMETERS, "CommandContent": "echo {{ }}"}),
    "CmdParam.InvalidParamName": (400, {**PARAMETERS, "CommandContent": "echo {{a b}}"}),
    "CmdContent.DecodeError": (400, {**GOOD, "CommandContent": "%%%", "ContentEncoding": "Base64"}),
    "InvalidInstance.NotMatch": (400, {**GOOD, "Type": "RunBatScript"}),
    "MissingParam.Frequency": (400, {**GOOD, "RepeatMode": "Period"}),
    "InvalidParam.Frequency": (400, {**GOOD, "Frequency": "rate(59s)"}),
    "ParameterKey.Duplicate": (400, {**PARAMETERS, "Parameters": '{"a":"1","A":"2"}'}),
    "Parameter.NotMatched": (400, {**PARAMETERS, "Parameters": '{"b":"1"}'}),
    "WindowsPasswordName.Missed": (
        400,
        {"Type": "RunBatScript", "CommandContent": "x", "InstanceId.1": "i-windows", "Username": "joe"},
    ),
    "Parameter.Disabled": (400, {**GOOD, "Parameters": '{"a":"1"}'}),
    "InvalidParameter.WorkingDir": (400, {**GOOD, "WorkingDir": "/" + "d" * 200}),
    "NumberExceed.ResourceTags": (400, {**_without("InstanceId.1"), **_many("ResourceTag", 21)}),
    "MissingParameter.ResourceTagKey": (400, {**_without("InstanceId.1"), "ResourceTag.1.Value": "v"}),
    "InvalidResourceTagKey.Malformed": (400, {**_without("InstanceId.1"), "ResourceTag.1.Key": "aliyunk"}),
    "InvalidResourceTagValue.Malformed": (
        400,
        {**_without("InstanceId.1"), "ResourceTag.1.Key": "k", "ResourceTag.1.Value": "v" * 129},
    ),
    "Duplicate.ResourceTagKey": (400, {**_without("InstanceId.1"), **_many("ResourceTag", 2, "same")}),
    "InvalidResourceTag.InstanceNotFound": (400, {**_without("InstanceId.1"), "ResourceTag.1.Key": "none"}),
    "InvalidResourceTag.ConflictWithInstanceIds": (400, {**GOOD, "ResourceTag.1.Key": "role"}),
    "InvalidParameter.OssOutputDelivery": (400, {**GOOD, "OssOutputDelivery": "https://bucket/prefix"}),
    "InvalidOssOutputDelivery.KeyPrefixMalformed": (400, {**GOOD, "OssOutputDelivery": "oss://bucket//prefix"}),
    "CmdContent.ExceedLimit": (403, {**GOOD, "CommandContent": "x" * (18 * 1024 + 1)}),
    "CmdName.ExceedLimit": (403, {**GOOD, "Name": "n" * 129}),
    "CmdDesc.ExceedLimit": (403, {**GOOD, "Description": "d" * 513}),
    "CmdParamCount.ExceedLimit": (
        403,
        {**PARAMETERS, "CommandContent": " ".join(f"{{{{p{number}}}}}" for number in range(21))},
    ),
    "CmdParamName.ExceedLimit": (403, {**PARAMETERS, "CommandContent": "{{%s}}" % ("p" * 65)}),
    "InstanceIds.ExceedLimit": (
        403,
        {**_without("InstanceId.1"), **{f"InstanceId.{number}": f"i-{number}" for number in range(1, 102)}},
    ),
    "ParameterCount.ExceedLimit": (
        403,
        {**PARAMETERS, "Parameters": json.dumps({f"p{number}": "" for number in range(11)})},
    ),
    "ParameterKey.ExceedLimit": (403, {**PARAMETERS, "Parameters": json.dumps({"p" * 65: ""})}),
    "ParameterType.NotSupported": (403, {**PARAMETERS, "Parameters": '{"a":1}'}),
    "Username.ExceedLimit": (403, {**GOOD, "Username": "u" * 256}),
    "WindowsPasswordName.ExceedLimit": (403, {**GOOD, "WindowsPasswordName": "w" * 256}),
    "InvalidParameterCharacter.CommandName": (403, {**GOOD, "Name": "a\x01b"}),
    "InvalidParameterCharacter.CommandDescription": (403, {**GOOD, "Description": "a\x01b"}),
    "InvalidParameterCharacter.CommandWorkingDir": (403, {**GOOD, "WorkingDir": "/a\x01b"}),
    "InvalidLauncher.LengthLimitExceeded": (403, {**GOOD, "Launcher": "l" * 1025}),
    "InvalidParameterCharset.Parameters": (403, {**PARAMETERS, "Parameters": '{"a":"\\u0000"}'}),
    "InvalidTimeout.ExceedLimit": (403, {**GOOD, "Timeout": "99999999"}),
    "InvalidCmdType.NotFound": (404, {**GOOD, "Type": "RunPerlScript"}),
    "InvalidRepeatMode.NotFound": (404, {**GOOD, "RepeatMode": "Sometimes"}),
    "InvalidRegionId.NotFound": (404, {**GOOD, "RegionId": "mars-1"}),
    "InvalidInstance.NotFound": (404, {**GOOD, "InstanceId.1": "i-none"}),
    "InvalidResourceGroup.NotFound": (404, {**GOOD, "ResourceGroupId": "no-group"}),
    "InvalidTerminationMode.NotFound": (404, {**GOOD, "TerminationMode": "Gently"}),
}
# provoked elsewhere: quotas, and repetitions of a token
RUN_ELSEWHERE = {
    "CmdCount.ExceedQuota",
    "Invocation.ExceedQuota",
    "IdempotentParameterMismatch",
    "IdempotentProcessing",
}
# what no request can provoke here: states of accounts, roles, OSS, Parameter Store; RunCommand takes no command id
RUN_BY_RULE = {
    "RegionId.ApiNotSupported",
    "ResourceBusy.SlrCreation",
    "InvalidOssOutputDelivery.BucketInOtherRegion",
    "InternalError.Dispatch",
    "InvalidOssOutputDelivery.BucketAccessDenied",
    "ParameterStore.NotSupported",
    "TemporaryAccessKey.Error",
    "ParameterStore.InvalidParameters",
    "ParameterStore.NoPermission",
    "OperationDenied.BidOwnResource",
    "Operation.Forbidden",
    "InvalidStatus.ResourceGroup",
    "CreateServiceLinkedRole.NoPermission",
    "InvalidCmdId.NotFound",
    "InvalidOssOutputDelivery.BucketNotFound",
}


@pytest.fixture
def sdk(emulator: Any) -> Sdk:
    emulator.reset(fleet=FLEET)
    return Sdk(emulator)


def _refusal(call: Any) -> tuple[str, int, str]:
    with pytest.raises(Exception) as caught:
        call()
    data = caught.value.data
    return caught.value.code, caught.value.status_code, data["Message"]


def test_every_code_of_run_command_is_accounted_for():
    documented = set(OPERATIONS["RunCommand"]["errors"])
    assert set(RUN) | RUN_ELSEWHERE | RUN_BY_RULE == documented
    rows = json.loads(
        (Path(__file__).parents[1] / "unit/plugins/module_utils/alibaba/data/document_errors.json").read_text(
            encoding="utf-8"
        )
    )
    assert {row["code"] for row in rows if row["document"] == "RunCommand"} == documented


@pytest.mark.parametrize("code", RUN)
def test_run_command_refuses(sdk: Sdk, emulator: Any, code: str):
    status, query = RUN[code]
    if code == "CmdContent.ExceedLimit":
        query = {**query, "KeepCommand": "true"}
    expected = OPERATIONS["RunCommand"]["errors"][code]
    assert expected[0] == status
    assert _refusal(lambda: sdk.call("RunCommand", query)) == (code, status, expected[1])
    assert emulator.executions() == {}
    assert sdk.call("DescribeInvocations")["Invocations"]["Invocation"] == []


@pytest.mark.parametrize("code", sorted(RUN_BY_RULE))
def test_run_command_by_rule(sdk: Sdk, emulator: Any, code: str):
    emulator.faults([{"action": "RunCommand", "kind": "status", "code": code, "count": 1}])
    status, message = OPERATIONS["RunCommand"]["errors"][code]
    assert _refusal(lambda: sdk.call("RunCommand", GOOD)) == (code, status, message)
    sdk.call("RunCommand", GOOD)


def test_half_a_character_is_not_valid_text(sdk: Sdk):
    query = {**PARAMETERS, "Parameters": '{"a":"\\ud800"}'}
    assert _refusal(lambda: sdk.call("RunCommand", query))[0] == "InvalidParameterCharset.Parameters"


def test_content_limits(sdk: Sdk):
    fits = {**GOOD, "CommandContent": "#" * (18 * 1024)}
    sdk.call("RunCommand", fits)
    assert _refusal(lambda: sdk.call("RunCommand", {**fits, "CommandContent": "#" * (18 * 1024 + 1)}))[0] == (
        "CmdContent.ExceedLimit"
    ), "24 KB after Base64 are 18 KB before"
    with_parameters = {**fits, "CommandContent": fits["CommandContent"][:-5] + "{{a}}", "EnableParameter": "true"}
    sdk.call("RunCommand", with_parameters)
    assert _refusal(lambda: sdk.call("RunCommand", {**with_parameters, "Parameters": '{"a":"1"}'}))[0] == (
        "CmdContent.ExceedLimit"
    ), "parameters count too"
    kept = {**GOOD, "KeepCommand": "true", "CommandContent": "#" * 13_824}
    sdk.call("RunCommand", kept)
    assert _refusal(lambda: sdk.call("RunCommand", {**kept, "CommandContent": "#" * 13_825}))[0] == (
        "CmdContent.ExceedLimit"
    )


# code -> parameters of InvokeCommand in today's spelling, on a command with the parameter a
INVOKE: dict[str, dict[str, str]] = {
    "Parameter.MissingValue": {},
    "InvalidParameter.Parameters": {"Parameters": "["},
    "ParameterKey.Duplicate": {"Parameters": '{"a":"1","A":"2"}'},
    "Parameter.NotMatched": {"Parameters": '{"b":"1"}'},
    "ParameterCount.ExceedLimit": {"Parameters": json.dumps({f"p{number}": "" for number in range(11)})},
    "ParameterKey.ExceedLimit": {"Parameters": json.dumps({"p" * 65: ""})},
    "ParameterType.NotSupported": {"Parameters": '{"a":1}'},
    "CmdContent.ExceedLimit": {"Parameters": json.dumps({"a": "x" * 25000})},
    "MissingParam.Frequency": {"RepeatMode": "Period", "Parameters": '{"a":"1"}'},
    "InvalidParam.Frequency": {"Frequency": "nonsense", "Parameters": '{"a":"1"}'},
    "InvalidRepeatMode.NotFound": {"RepeatMode": "Never", "Parameters": '{"a":"1"}'},
    "InvalidInstance.NotFound": {"InstanceId.1": "i-none", "Parameters": '{"a":"1"}'},
    "InvalidCmdId.NotFound": {"CommandId": "c-none", "Parameters": '{"a":"1"}'},
    "InvalidInstance.NotMatch": {"InstanceId.1": "i-windows", "Parameters": '{"a":"1"}'},
    "InvalidTerminationMode.NotFound": {"TerminationMode": "x", "Parameters": '{"a":"1"}'},
    "NumberExceed.ResourceTags": {"Parameters": '{"a":"1"}', "InstanceId.1": "", **_many("ResourceTag", 11)},
    "InvalidResourceGroup.NotFound": {"ResourceGroupId": "x", "Parameters": '{"a":"1"}'},
    "InvalidParameterCharset.Parameters": {"Parameters": '{"a":"\\u0000"}'},
    "InvalidClientToken.Malformed": {"ClientToken": "ü", "Parameters": '{"a":"1"}'},
}


@pytest.mark.parametrize("code", INVOKE)
def test_invoke_command_refuses(sdk: Sdk, emulator: Any, code: str):
    command_id = sdk.call(
        "CreateCommand",
        {
            "Name": "c",
            "Type": "RunShellScript",
            "CommandContent": "ZWNobyB7e2F9fQ==",
            "EnableParameter": "true",
            "Timeout": "60",
        },
    )["CommandId"]
    status, message = OPERATIONS["InvokeCommand"]["errors"][code]
    query = {"CommandId": command_id, "InstanceId.1": "i-ok", **INVOKE[code]}
    assert _refusal(lambda: sdk.call("InvokeCommand", query)) == (code, status, message)
    assert emulator.executions() == {}


@pytest.mark.parametrize(
    ("code", "query"),
    [
        ("CmdParam.EmptyKey", {"CommandContent": "e3t9fQ==", "EnableParameter": "true"}),
        ("CmdParam.InvalidParamName", {"CommandContent": "e3shfX0=", "EnableParameter": "true"}),
        ("CmdContent.DecodeError", {"CommandContent": "%", "Timeout": "60"}),
        ("InvalidParameter.WorkingDir", {"WorkingDir": "/" * 201}),
        ("CmdContent.ExceedLimit", {"CommandContent": "A" * 24580, "Timeout": "60"}),
        ("CmdName.ExceedLimit", {"Name": "n" * 129}),
        ("CmdDesc.ExceedLimit", {"Description": "n" * 513}),
        ("InvalidLauncher.LengthLimitExceeded", {"Launcher": "n" * 1025}),
        ("InvalidTimeout.ExceedLimit", {"Timeout": "99999999"}),
        ("InvalidCmdType.NotFound", {"Type": "x"}),
        ("InvalidRegionId.NotFound", {"RegionId": "x"}),
        ("InvalidResourceGroup.NotFound", {"ResourceGroupId": "x"}),
        ("InvalidParameterCharacter.CommandName", {"Name": "\x02"}),
    ],
)
def test_create_command_refuses(sdk: Sdk, code: str, query: dict[str, str]):
    good = {"Name": "c", "Type": "RunShellScript", "CommandContent": "dHJ1ZQ=="}
    status, message = OPERATIONS["CreateCommand"]["errors"][code]
    assert _refusal(lambda: sdk.call("CreateCommand", {**good, **query})) == (code, status, message)


@pytest.mark.parametrize(
    ("action", "query", "code"),
    [
        ("DescribeInvocations", {"MaxResults": "51"}, "InvalidParameter.MaxResults"),
        ("DescribeInvocations", {"MaxResults": "0"}, "InvalidParameter.MaxResults"),
        ("DescribeInvocations", {"NextToken": "nonsense"}, "InvalidParameter.NextToken"),
        ("DescribeInvocations", {"PageSize": "51"}, "InvalidParam.PageSize"),
        ("DescribeInvocations", {"PageNumber": "0"}, "InvalidParam.PageNumber"),
        ("DescribeInvocationResults", {"PageNumber": "x"}, "InvalidParam.PageNumber"),
        ("DescribeCommands", {"Type": "x"}, "InvalidCommandType.NotFound"),
        ("DescribeCommands", {"Name": "x" * 129}, "InvalidName.LengthLimitExceeded"),
        ("DescribeCommands", {"Description": "x" * 513}, "InvalidDescription.LengthLimitExceeded"),
        ("StopInvocation", {"InvokeId": "t-none"}, "InvalidInvokeId.NotFound"),
        ("StopInvocation", {}, "MissingParameter.InvokeId"),
        ("DescribeInstances", {"Filter.1.Key": "x", "Filter.1.Value": "y"}, "InvalidFilterKey.NotFound"),
        (
            "SendFile",
            {"InstanceId.1": "i-ok", "Name": "f", "TargetDir": "relative", "Content": "x"},
            "FileTargetDir.Invalid",
        ),
        (
            "SendFile",
            {"InstanceId.1": "i-ok", "Name": "f", "TargetDir": "/t", "Content": "x", "FileMode": "9"},
            "FileMode.Invalid",
        ),
        (
            "SendFile",
            {"InstanceId.1": "i-ok", "Name": "f", "TargetDir": "/t", "Content": "%", "ContentType": "Base64"},
            "FileContent.DecodeError",
        ),
        (
            "SendFile",
            {"InstanceId.1": "i-ok", "Name": "f", "TargetDir": "/t", "Content": "x", "ContentType": "Hex"},
            "FileContentType.Invalid",
        ),
        (
            "SendFile",
            {"InstanceId.1": "i-ok", "Name": "f", "TargetDir": "/t", "Content": "x" * 24577},
            "FileSize.ExceedLimit",
        ),
        (
            "SendFile",
            {"InstanceId.1": "i-ok", "Name": "f" * 256, "TargetDir": "/t", "Content": "x"},
            "FileName.ExceedLimit",
        ),
        (
            "SendFile",
            {"InstanceId.1": "i-ok", "Name": "f", "TargetDir": "/t", "Content": "x", "Description": "d" * 513},
            "FileDesc.ExceedLimit",
        ),
        (
            "SendFile",
            {"InstanceId.1": "i-ok", "Name": "f", "TargetDir": "/t", "Content": "x", "FileOwner": "a b"},
            "InvalidParameter.FileOwner",
        ),
        (
            "SendFile",
            {"InstanceId.1": "i-none", "Name": "f", "TargetDir": "/t", "Content": "x"},
            "InvalidInstance.NotFound",
        ),
        ("SendFile", {"Name": "f", "TargetDir": "/t", "Content": "x"}, "MissingParam.InstanceId"),
        (
            "SendFile",
            {"Name": "f", "TargetDir": "/t", "Content": "x", **{f"InstanceId.{n}": f"i-{n}" for n in range(51)}},
            "InstanceIds.ExceedLimit",
        ),
        (
            "TagResources",
            {"ResourceType": "x", "ResourceId.1": "c", "Tag.1.Key": "k", "Tag.1.Value": "v"},
            "InvalidResourceType.NotFound",
        ),
        (
            "TagResources",
            {"ResourceType": "command", "ResourceId.1": "c", "Tag.1.Key": "k", "Tag.1.Value": "v"},
            "InvalidResourceId.NotFound",
        ),
        ("TagResources", {"ResourceType": "command", "ResourceId.1": "c"}, "MissingParameter.Tags"),
        ("NoSuchOperation", {}, "InvalidAction.NotFound"),
        ("DescribeUserBusinessBehavior", {}, "InvalidAction.NotFound"),
    ],
)
def test_other_refusals(sdk: Sdk, action: str, query: dict[str, str], code: str):
    found, status, message = _refusal(lambda: sdk.call(action, query))
    assert found == code
    listed = OPERATIONS.get(action, {}).get("errors", {}).get(code)
    if listed:
        assert [status, message] == listed
