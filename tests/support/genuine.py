# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as the services give them, of as few fields as a genuine one has."""

from __future__ import annotations

from typing import Any

MADE: dict[str, Any] = {
    "RequestId": "R-1",
    "CommandId": "c-1",
    "InvokeId": "t-1",
    "NextToken": "",
    "TotalCount": 0,
    "Commands": {"Command": []},
    "Invocations": {"Invocation": []},
    "Invocation": {"InvocationResults": {"InvocationResult": []}},
    "InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": []},
    "Instances": {"Instance": []},
    "InstanceResponses": {"InstanceResponse": []},
}
"""Success of any operation: the ids of everything that a call can make, and each list empty."""

ROWS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "DescribeCommands": (
        ("Commands", "Command"),
        {
            "CommandId": "c-1",
            "Name": "n",
            "Type": "RunShellScript",
            "CommandContent": "ZWNobyAx",
            "Timeout": 60,
        },
    ),
    "DescribeInvocations": (
        ("Invocations", "Invocation"),
        {
            "InvokeId": "t-1",
            "InvocationStatus": "Success",
            "CommandId": "c-1",
            "CreationTime": "2026-11-21T20:38:23Z",
            "RepeatMode": "Once",
            "InvokeInstances": {"InvokeInstance": []},
        },
    ),
    "DescribeInvocationResults": (
        ("Invocation", "InvocationResults", "InvocationResult"),
        {"InstanceId": "i-1", "InvocationStatus": "Success", "ExitCode": 0},
    ),
    "DescribeSendFileResults": (
        ("Invocations", "Invocation"),
        {"InvokeId": "f-1", "InvocationStatus": "Success", "InvokeInstances": {"InvokeInstance": []}},
    ),
    "DescribeCloudAssistantStatus": (
        ("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus"),
        {"InstanceId": "i-1", "CloudAssistantStatus": "true"},
    ),
    "DescribeInstances": (
        ("Instances", "Instance"),
        {"InstanceId": "i-1", "InstanceName": "web", "Status": "Running"},
    ),
}
"""The way to the list of each listing, and a row in it."""


def listing(operation: str, rows: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Return a page of ``operation``: each row completed to a genuine one, with ``fields`` beside the list."""
    path, whole = ROWS[operation]
    inner: Any = [{**whole, **row} for row in rows]
    for name in reversed(path):
        inner = {name: inner}
    if len(path) > 2:
        inner[path[0]].update(fields)
        return {"RequestId": "R-1", **inner}
    return {"RequestId": "R-1", **inner, **fields}
