# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classic generation's requests beside those of the older core SDK, which speaks it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.credentials import (
    Credentials,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.signing import sign_v1
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.credentials import StaticSource
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport
from support.scripted_server import Request, ScriptedServer

REGION = "cn-hangzhou"
IDS = [f"i-{number}" for number in range(100)]
VOLATILE = ("Signature", "SignatureNonce", "Timestamp")

# what our callers say, and what the documents of 2018 want on the wire
CALLS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    (
        "CreateCommand",
        {"Name": "Test", "Type": "RunShellScript", "CommandContent": "ZWNobyAxMjM=", "Timeout": 10, "ClientToken": "t"},
        {"Name": "Test", "Type": "RunShellScript", "CommandContent": "ZWNobyAxMjM=", "TimeOut": "60"},
    ),
    (
        "InvokeCommand",
        {"CommandId": "c-1", "InstanceId": IDS, "ClientToken": "t", "RepeatMode": "Once"},
        {"CommandId": "c-1", "InstanceIds": json.dumps(IDS, separators=(",", ":"))},
    ),
    (
        "InvokeCommand",
        {"CommandId": "c-1", "InstanceId": ["i-1"], "RepeatMode": "Period", "Frequency": "0 0-5 14 * * ?"},
        {"CommandId": "c-1", "InstanceIds": '["i-1"]', "Timed": "True", "Frequency": "0 0-5 14 * * ?"},
    ),
    ("DeleteCommand", {"CommandId": "c-1"}, {"CommandId": "c-1"}),
    (
        "DescribeInvocations",
        {"InvokeId": "t-1", "CommandType": "RunShellScript", "MaxResults": 50, "ContentEncoding": "Base64"},
        {"InvokeId": "t-1", "Type": "RunShellScript", "PageSize": "50"},
    ),
    ("DescribeInvocationResults", {"InvokeId": "t-1", "MaxResults": 50}, {"InvokeId": "t-1", "PageSize": "20"}),
    ("StopInvocation", {"InvokeId": "t-1", "InstanceId": ["i-1"]}, {"InvokeId": "t-1", "InstanceId.1": "i-1"}),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def core_sends(server: ScriptedServer, operation: str, query: dict[str, str]) -> Request:
    """Return the request of the older core SDK."""
    server.script([])
    request = CommonRequest(domain=server.host, version="2014-05-26", action_name=operation)
    request.set_protocol_type("http")
    request.set_method("POST")
    for name, value in {"RegionId": REGION, **query}.items():
        request.add_query_param(name, value)
    AcsClient("testid", "testsecret", REGION).do_action_with_exception(request)
    return server.requests[0]


@pytest.mark.parametrize(("operation", "params", "wire"), CALLS, ids=[f"{n}-{call[0]}" for n, call in enumerate(CALLS)])
def test_the_same_call_carries_the_same_parameters(
    server: ScriptedServer, operation: str, params: dict[str, Any], wire: dict[str, str]
) -> None:
    theirs = core_sends(server, operation, wire)
    server.script([])
    source = StaticSource(Credentials("testid", "testsecret"))
    Client(
        region=REGION,
        credentials=source,
        url=server.url,
        transport=HttpTransport(),
        generation="classic",
        max_retries=0,
    ).call(operation, params)
    ours = server.requests[0]
    for request in (theirs, ours):
        query = request.query
        assert query.pop("Signature") == sign_v1(request.method, query, "testsecret")
    # an empty type means HMAC-SHA1, as does none
    assert theirs.query["SignatureType"] == ""
    kept = {name: value for name, value in theirs.query.items() if name not in (*VOLATILE, "SignatureType")}
    assert {name: value for name, value in ours.query.items() if name not in VOLATILE} == kept
    assert (ours.method, ours.path, ours.body) == (theirs.method, theirs.path, theirs.body) == ("POST", "/", b"")


@pytest.mark.parametrize(
    ("operation", "params", "name", "values"),
    [
        (
            "DeleteInstances",
            {"InstanceId": ["i-1"], "Force": True, "TerminateSubscription": True, "ClientToken": "t"},
            "DeleteInstance",
            {"InstanceId": "i-1", "Force": True, "TerminateSubscription": True},
        ),
        ("StartInstances", {"InstanceId": ["i-1"], "BatchOptimization": "SuccessFirst"}, "StartInstance", {}),
        (
            "StopInstances",
            {"InstanceId": ["i-1"], "ForceStop": True, "StoppedMode": "StopCharging"},
            "StopInstance",
            {"ForceStop": True, "StoppedMode": "StopCharging"},
        ),
        ("RebootInstances", {"InstanceId": ["i-1"], "ForceReboot": True}, "RebootInstance", {"ForceStop": True}),
    ],
)
def test_a_change_of_instances_is_the_old_sdks_change_of_one(
    server: ScriptedServer, operation: str, params: dict[str, Any], name: str, values: dict[str, Any]
) -> None:
    request = getattr(importlib.import_module(f"aliyunsdkecs.request.v20140526.{name}Request"), f"{name}Request")()
    request.set_endpoint(server.host)
    request.set_protocol_type("http")
    for key, value in {"InstanceId": "i-1", **values}.items():
        getattr(request, f"set_{key}")(value)
    server.script([])
    AcsClient("testid", "testsecret", REGION).do_action_with_exception(request)
    theirs = server.requests[0].query
    server.script([])
    Client(
        region=REGION,
        credentials=StaticSource(Credentials("testid", "testsecret")),
        url=server.url,
        transport=HttpTransport(),
        generation="classic",
        max_retries=0,
    ).call(operation, params)
    ours = server.requests[0].query
    # the core SDK adds the region to every request; the documents name none for these
    extra = {*VOLATILE, "SignatureType", "RegionId"}
    assert {key: value for key, value in ours.items() if key not in extra} == {
        key: value for key, value in theirs.items() if key not in extra
    }
