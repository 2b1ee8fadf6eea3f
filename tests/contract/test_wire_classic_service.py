# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command's life on an endpoint that never learned more than the API of 2018, in the words of today's."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline, poll


@pytest.fixture
def client(emulator_factory: Callable[..., Any]) -> Client:
    emulator = emulator_factory(instances=3, generation="classic")
    ready = emulator.ready
    keys = {name: ready[name] for name in ("region", "access_key_id", "access_key_secret")}
    return connect({**keys, "endpoint": emulator.endpoint, "api_generation": "classic"})


def rows(client: Client, operation: str, params: dict[str, Any], *path: str, size: int = 50) -> list[dict[str, Any]]:
    return [row for page in client.pages(operation, params, page_size=size) for row in page.rows(*path)]


def test_a_command_is_created_invoked_read_and_deleted(client: Client) -> None:
    ids = [row["InstanceId"] for row in rows(client, "DescribeInstances", {}, "Instances", "Instance")]
    assert len(ids) == 3
    agents = rows(
        client,
        "DescribeCloudAssistantStatus",
        {"InstanceId": ids},
        "InstanceCloudAssistantStatusSet",
        "InstanceCloudAssistantStatus",
    )
    assert {row["CloudAssistantStatus"] for row in agents} == {"true"}

    content = base64.b64encode(b"echo hi; exit 3").decode()
    command_id = client.call(
        "CreateCommand",
        {"Name": "n", "Type": "RunShellScript", "CommandContent": content, "Timeout": 70, "ClientToken": "t"},
    )["CommandId"]
    (command,) = rows(client, "DescribeCommands", {"CommandId": command_id}, "Commands", "Command")
    assert (command["Timeout"], command["CommandContent"]) == (70, content)

    invoke_id = client.call("InvokeCommand", {"CommandId": command_id, "InstanceId": ids, "ClientToken": "u"})[
        "InvokeId"
    ]

    def ended() -> dict[str, Any] | None:
        found = rows(client, "DescribeInvocations", {"InvokeId": invoke_id}, "Invocations", "Invocation")
        return found[0] if found and found[0]["InvocationStatus"] in ("Success", "Failed", "PartialFailed") else None

    deadline = Deadline(60, sleep=lambda seconds: time.sleep(min(seconds, 0.1)))
    invocation = poll(ended, deadline, "the invocation")
    assert (invocation["InvocationStatus"], invocation["RepeatMode"]) == ("Failed", "Once")
    path = ("Invocation", "InvocationResults", "InvocationResult")
    results = rows(client, "DescribeInvocationResults", {"InvokeId": invoke_id}, *path, size=2)
    assert sorted(row["InstanceId"] for row in results) == sorted(ids)
    assert {(row["InvocationStatus"], row["ExitCode"], row["Output"]) for row in results} == {("Failed", 3, "aGkK")}

    client.call("DeleteCommand", {"CommandId": command_id})
    with pytest.raises(ApiError) as caught:
        client.call("DeleteCommand", {"CommandId": command_id})
    assert (caught.value.code, caught.value.http_status) == ("InvalidCmdId.NotFound", 404)
    assert caught.value.hint
