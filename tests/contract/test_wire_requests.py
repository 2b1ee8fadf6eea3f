# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our requests beside those that the official SDK sends for the same call, both recorded by a loopback server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client as SdkClient
from alibabacloud_tea_openapi.models import Config
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.credentials import (
    Credentials,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.signing import sign_v1, sign_v3
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.credentials import StaticSource
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport
from darabonba.runtime import RuntimeOptions
from hypothesis import given, settings
from hypothesis import strategies as st
from support.figures import count
from support.scripted_server import Request, ScriptedServer

REGION = "cn-hangzhou"
KEYS = Credentials("testid", "testsecret")
STS = Credentials("testid", "testsecret", "ststoken", "static_sts")
TAGS = [{"Key": "env", "Value": "test"}, {"Key": "empty", "Value": ""}]
IDS = ["i-1", "i-2", "i-3"]
CONTENT = "ZWNobyAie3tuYW1lfX0iICYmIGVjaG8gw7wg5LitCg=="

# every operation that the collection calls, with each parameter that it may send
CALLS: list[tuple[str, dict[str, Any]]] = [
    (
        "RunCommand",
        {
            "Type": "RunShellScript",
            "CommandContent": CONTENT,
            "ContentEncoding": "Base64",
            "InstanceId": IDS,
            "Name": "a name with blanks, ümläuts & signs +/=~*",
            "Description": "",
            "Timeout": 60,
            "WorkingDir": "/root/a b",
            "EnableParameter": True,
            "KeepCommand": False,
            "Parameters": {"name": "Ja ck", "other": "ü中"},
            "Username": "nobody",
            "WindowsPasswordName": "axtSecretPassword",
            "Frequency": "0 */20 * * * ?",
            "RepeatMode": "Period",
            "ContainerId": "a" * 64,
            "ContainerName": "box",
            "ClientToken": "tok",
            "OssOutputDelivery": "oss://bucket/prefix",
            "TerminationMode": "ProcessTree",
            "Launcher": 'python3 -u {{ACS::ScriptFileName|Ext(".py")}}',
            "ResourceGroupId": "rg-1",
            "Tag": TAGS,
        },
    ),
    ("RunCommand", {"Type": "RunBatScript", "CommandContent": CONTENT, "ResourceTag": TAGS, "RepeatMode": "DryRun"}),
    ("RunCommand", {"Type": "RunShellScript", "CommandContent": "QUFB" * 6144, "InstanceId": IDS}),
    (
        "CreateCommand",
        {
            "Name": "n",
            "Type": "RunShellScript",
            "CommandContent": CONTENT,
            "ContentEncoding": "Base64",
            "Description": "d",
            "WorkingDir": "/",
            "Timeout": 3600,
            "EnableParameter": False,
            "ClientToken": "tok",
            "Launcher": "bash",
            "ResourceGroupId": "rg-1",
            "Tag": TAGS,
        },
    ),
    (
        "ModifyCommand",
        {"CommandId": "c-1", "Name": "n", "Description": "", "WorkingDir": "/", "Timeout": 61, "Launcher": "sh"},
    ),
    ("DeleteCommand", {"CommandId": "c-1"}),
    (
        "DescribeCommands",
        {
            "CommandId": "c-1",
            "Name": "n",
            "Type": "RunShellScript",
            "Provider": "User",
            "Latest": True,
            "ContentEncoding": "Base64",
            "ResourceGroupId": "rg-1",
            "Tag": TAGS,
            "MaxResults": 50,
            "NextToken": "AAAA+/=",
        },
    ),
    (
        "InvokeCommand",
        {
            "CommandId": "c-1",
            "InstanceId": IDS,
            "Parameters": {"a": "1"},
            "Timed": True,
            "Frequency": "rate(5m)",
            "RepeatMode": "Period",
            "Username": "root",
            "WorkingDir": "/tmp",
            "Timeout": 10,
            "WindowsPasswordName": "p",
            "ContainerId": "b" * 64,
            "ContainerName": "c",
            "ClientToken": "tok",
            "Launcher": "sh",
            "TerminationMode": "Process",
            "OssOutputDelivery": "oss://b/p",
            "ResourceGroupId": "rg-1",
            "Tag": TAGS,
        },
    ),
    ("InvokeCommand", {"CommandId": "c-1", "ResourceTag": TAGS, "RepeatMode": "EveryReboot"}),
    ("StopInvocation", {"InvokeId": "t-1", "InstanceId": IDS}),
    (
        "ModifyInvocationAttribute",
        {
            "InvokeId": "t-1",
            "CommandContent": CONTENT,
            "ContentEncoding": "Base64",
            "Parameters": {"a": "b"},
            "Frequency": "rate(2h)",
            "InstanceId": IDS,
            "EnableParameter": True,
            "ClientToken": "tok",
        },
    ),
    (
        "DescribeInvocations",
        {
            "InvokeId": "t-1",
            "CommandId": "c-1",
            "CommandName": "n",
            "CommandType": "RunShellScript",
            "InstanceId": "i-1",
            "InvokeStatus": "Running",
            "Timed": False,
            "RepeatMode": "Once",
            "IncludeOutput": True,
            "ContentEncoding": "Base64",
            "ResourceGroupId": "rg-1",
            "Tag": TAGS,
            "MaxResults": 50,
            "NextToken": "n",
        },
    ),
    (
        "DescribeInvocationResults",
        {
            "InvokeId": "t-1",
            "CommandId": "c-1",
            "InstanceId": "i-1",
            "InvokeRecordStatus": "Running",
            "IncludeHistory": True,
            "ContentEncoding": "Base64",
            "ResourceGroupId": "rg-1",
            "Tag": TAGS,
            "MaxResults": 50,
            "NextToken": "n",
        },
    ),
    (
        "SendFile",
        {
            "Name": "a b.txt",
            "Description": "d",
            "TargetDir": "/tmp/ü",
            "ContentType": "Base64",
            "Content": CONTENT,
            "FileOwner": "root",
            "FileGroup": "root",
            "FileMode": "0644",
            "Overwrite": True,
            "Timeout": 60,
            "InstanceId": IDS,
            "ClientToken": "tok",
            "ResourceGroupId": "rg-1",
            "Tag": TAGS,
        },
    ),
    (
        "DescribeSendFileResults",
        {
            "InvokeId": "f-1",
            "InstanceId": "i-1",
            "Name": "a",
            "InvocationStatus": "Success",
            "Tag": TAGS,
            "MaxResults": 50,
            "NextToken": "n",
        },
    ),
    ("InstallCloudAssistant", {"InstanceId": IDS}),
    ("DescribeCloudAssistantStatus", {"InstanceId": IDS, "OSType": "Linux", "MaxResults": 50, "NextToken": "n"}),
    (
        "DescribeInstances",
        {
            "InstanceIds": IDS,
            "PrivateIpAddresses": ["10.0.0.1"],
            "PublicIpAddresses": ["192.0.2.1"],
            "EipAddresses": ["192.0.2.2"],
            "InnerIpAddresses": ["10.0.0.2"],
            "InstanceName": "web*",
            "VpcId": "vpc-1",
            "VSwitchId": "vsw-1",
            "ZoneId": "cn-hangzhou-h",
            "SecurityGroupId": "sg-1",
            "InstanceType": "ecs.g6.large",
            "InstanceNetworkType": "vpc",
            "InstanceChargeType": "PostPaid",
            "ImageId": "m-1",
            "Status": "Running",
            "ResourceGroupId": "rg-1",
            "Tag": TAGS,
            "DryRun": True,
            "AdditionalAttributes": ["META_OPTIONS"],
            "MaxResults": 100,
            "NextToken": "n",
        },
    ),
    ("DescribeInstanceStatus", {"InstanceId": IDS, "ZoneId": "cn-hangzhou-h", "PageNumber": 2, "PageSize": 50}),
    (
        "DeleteInstances",
        {"InstanceId": IDS, "Force": True, "TerminateSubscription": False, "DryRun": True, "ClientToken": "tok"},
    ),
    ("DeleteInstance", {"InstanceId": "i-1", "Force": True}),
    ("StartInstances", {"InstanceId": IDS, "BatchOptimization": "AllTogether", "DryRun": False}),
    ("StopInstances", {"InstanceId": IDS, "ForceStop": True, "StoppedMode": "StopCharging", "DryRun": False}),
    ("RebootInstances", {"InstanceId": IDS, "ForceReboot": True, "DryRun": False}),
    ("DescribeAccountAttributes", {"AttributeName": ["max-axt-command-count", "max-axt-invocation-daily"]}),
    ("TagResources", {"ResourceType": "command", "ResourceId": ["c-1", "c-2"], "Tag": TAGS}),
    ("UntagResources", {"ResourceType": "command", "ResourceId": ["c-1"], "TagKey": ["a", "b"], "All": False}),
    ("ListTagResources", {"ResourceType": "command", "ResourceId": ["c-1"], "Tag": TAGS, "NextToken": "n"}),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def sdk_sends(
    server: ScriptedServer, operation: str, params: dict[str, Any], keys: Credentials = KEYS, **config: Any
) -> Request:
    """Return the request that the official SDK makes of the parameters."""
    server.script([])
    client = SdkClient(
        Config(
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            security_token=keys.security_token,
            type="sts" if keys.security_token else "access_key",
            region_id=REGION,
            endpoint=server.host,
            protocol="http",
            **config,
        )
    )
    model = getattr(models, f"{operation}Request")()
    given = dict(params)
    if "RegionId" in model.from_map({"RegionId": REGION}).to_map():
        given["RegionId"] = REGION
    for name in ("InstanceIds", "PrivateIpAddresses", "PublicIpAddresses", "EipAddresses", "InnerIpAddresses"):
        if operation == "DescribeInstances" and name in given:
            # a text there: the SDK leaves it to its caller to write the JSON array
            given[name] = "[" + ",".join(f'"{item}"' for item in given[name]) + "]"
    request = getattr(models, f"{operation}Request")().from_map(given)
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    getattr(client, f"{method}_with_options")(request, RuntimeOptions())
    return server.requests[0]


def we_send(
    server: ScriptedServer, operation: str, params: dict[str, Any], keys: Credentials = KEYS, **options: Any
) -> Request:
    """Return the request that our client makes of the parameters."""
    server.script([])
    client = Client(
        region=REGION,
        credentials=StaticSource(keys),
        url=server.url,
        transport=HttpTransport(),
        max_retries=0,
        **options,
    )
    client.call(operation, params)
    return server.requests[0]


@pytest.mark.counted
@pytest.mark.parametrize(
    ("operation", "params"), CALLS, ids=[f"{number}-{call[0]}" for number, call in enumerate(CALLS)]
)
def test_the_same_call_carries_the_same_parameters(
    server: ScriptedServer, operation: str, params: dict[str, Any]
) -> None:
    theirs, ours = sdk_sends(server, operation, params), we_send(server, operation, params)
    assert ours.query == theirs.query
    assert set(params) <= {name.partition(".")[0] for name in theirs.query}, "the SDK knows every one of them"
    assert (ours.method, ours.path, ours.body) == (theirs.method, theirs.path, theirs.body) == ("POST", "/", b"")
    for header in ("host", "x-acs-version", "x-acs-action", "x-acs-content-sha256", "accept", "content-length"):
        assert ours.headers[header] == theirs.headers[header]
    count("wire")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries(
        {"Type": st.just("RunShellScript"), "CommandContent": texts},
        optional={
            "Name": texts,
            "Timeout": st.integers(0, 10**6),
            "KeepCommand": st.booleans(),
            "InstanceId": st.lists(texts, min_size=1, max_size=5),
            "Parameters": st.dictionaries(texts, texts, min_size=1, max_size=4),
            "Tag": st.lists(st.fixed_dictionaries({"Key": texts, "Value": texts}), min_size=1, max_size=4),
        },
    )
)
def test_any_text_travels_as_the_sdk_sends_it(server: ScriptedServer, params: dict[str, Any]) -> None:
    assert we_send(server, "RunCommand", params).query == sdk_sends(server, "RunCommand", params).query


def recomputed_v3(request: Request) -> str:
    """Return the Authorization header that our signer makes of the request as it arrived."""
    names = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    return sign_v3(request.method, request.query, {name: request.headers[name] for name in names}, KEYS)


@pytest.mark.parametrize("keys", [KEYS, STS], ids=["static", "sts"])
def test_signature_v3_is_the_sdks_and_covers_what_arrives(server: ScriptedServer, keys: Credentials) -> None:
    operation, params = CALLS[0]
    theirs, ours = sdk_sends(server, operation, params, keys), we_send(server, operation, params, keys)
    for request in (theirs, ours):
        assert recomputed_v3(request) == request.headers["authorization"]

    def signed(request: Request) -> str:
        return request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]

    assert signed(ours) == signed(theirs)
    for header in ("x-acs-accesskey-id", "x-acs-security-token", "x-acs-credentials-provider"):
        assert ours.headers.get(header) == theirs.headers.get(header)


@pytest.mark.parametrize("keys", [KEYS, STS], ids=["static", "sts"])
def test_signature_v1_is_the_sdks_and_covers_what_arrives(server: ScriptedServer, keys: Credentials) -> None:
    operation, params = CALLS[0]
    theirs = sdk_sends(server, operation, params, keys, signature_algorithm="v2")
    ours = we_send(server, operation, params, keys, signature_version="v1")
    for request in (theirs, ours):
        query = request.query
        assert query.pop("Signature") == sign_v1("POST", query, KEYS.access_key_secret)

    def lasting(request: Request) -> dict[str, str]:
        volatile = ("Signature", "SignatureNonce", "Timestamp")
        query = {name: value for name, value in request.query.items() if name not in volatile}
        query["Format"] = query["Format"].upper()
        return query

    assert lasting(ours) == lasting(theirs)
