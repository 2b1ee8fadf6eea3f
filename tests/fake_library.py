# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored commands and scheduled invocations of a region in memory, behind the client's two methods.

It keeps the few rules that the planning of changes depends on; everything else is proved against the emulator.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError

WRITES = {
    "CreateCommand",
    "ModifyCommand",
    "DeleteCommand",
    "TagResources",
    "UntagResources",
    "InvokeCommand",
    "StopInvocation",
    "ModifyInvocationAttribute",
}


def parameter_names(row: Mapping[str, Any]) -> list[str]:
    """Return the names between double braces, which the service lists for a command with parameters."""
    content = base64.b64decode(row["CommandContent"])
    return [name.decode() for name in re.findall(rb"{{(\w+)}}", content)] if row["EnableParameter"] else []


class Crash(BaseException):
    """The process ends here."""


class Reply(dict[str, Any]):
    """A body with the way to its rows that the client's replies have."""

    server_time = None
    after_lost_reply = False

    def rows(self, *path: str) -> list[Any]:
        value: Any = self
        for key in path:
            value = value.get(key) or {}
        return list(value)


class FakeLibrary:
    """Stands in for the client: ``commands`` and ``invocations`` hold rows as the API shows them."""

    region = "cn-hangzhou"

    def __init__(self, generation: str = "current", agent_version: str = "2.2.4.0") -> None:
        self.generation = generation
        self.agent_version = agent_version
        self.commands: dict[str, dict[str, Any]] = {}
        self.invocations: dict[str, dict[str, Any]] = {}
        self.agents: dict[str, str] = {}
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.keeps_scheduled = False
        self.crash_after: int | None = None
        self.numbers = itertools.count(1)

    @property
    def writes(self) -> list[str]:
        """The writing operations so far, in order."""
        return [operation for operation, _params in self.log if operation in WRITES]

    def add(self, **fields: Any) -> str:
        """Store a command and return its id."""
        command_id = f"c-{next(self.numbers):04d}"
        defaults = {"Name": "job", "Type": "RunShellScript", "CommandContent": "ZWNobw==", "Timeout": 60, "Tags": {}}
        row = {**defaults, "EnableParameter": False, **fields, "CommandId": command_id}
        row["CreationTime"] = f"2026-01-01T00:00:{len(self.commands):02d}Z"
        self.commands[command_id] = row
        return command_id

    def schedule(self, command_id: str, instance_ids: list[str], **fields: Any) -> str:
        """Store a live scheduled invocation and return its id."""
        invoke_id = f"t-{next(self.numbers):04d}"
        status = "Scheduled" if fields.get("Frequency") else "Pending"
        self.invocations[invoke_id] = {
            "InvokeId": invoke_id,
            "CommandId": command_id,
            "CommandName": self.commands[command_id]["Name"],
            "RepeatMode": "Period" if fields.get("Frequency") else "Once",
            "Parameters": {},
            "Tags": {},
            **fields,
            "CreationTime": f"2026-01-02T00:{len(self.invocations):02d}:00Z",
            "Instances": dict.fromkeys(instance_ids, status),
        }
        return invoke_id

    def pages(self, operation: str, params: Mapping[str, Any] | None = None, **_: Any) -> Iterator[Reply]:
        yield self.call(operation, params)

    def call(self, operation: str, params: Mapping[str, Any] | None = None, **_: Any) -> Reply:
        given = {key: value for key, value in (params or {}).items() if value is not None}
        if operation in WRITES:
            if self.crash_after == 0:
                raise Crash
            if self.crash_after is not None:
                self.crash_after -= 1
        self.log.append((operation, given))
        return Reply(getattr(self, f"_{operation}")(given) or {})

    def _CreateCommand(self, params: dict[str, Any]) -> dict[str, Any]:
        tags = {tag["Key"]: tag["Value"] for tag in params.pop("Tag", [])}
        assert len(tags) <= 20
        params.pop("ClientToken")
        return {"CommandId": self.add(**params, Tags=tags)}

    def _ModifyCommand(self, params: dict[str, Any]) -> None:
        params.pop("CommandContent", None)
        self.commands[params["CommandId"]].update(params)

    def _DeleteCommand(self, params: dict[str, Any]) -> None:
        live = {"Pending", "Scheduled", "Running"}
        if self.keeps_scheduled and any(
            row["CommandId"] == params["CommandId"] and live & set(row["Instances"].values())
            for row in self.invocations.values()
        ):
            raise ApiError("DeleteCommand", "Operation.Forbidden", "The operation is not permitted.")
        if self.commands.pop(params["CommandId"], None) is None:
            raise ApiError("DeleteCommand", "InvalidCmdId.NotFound", "The specified commandId does not exist.")

    def _DescribeCommands(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = {tag["Key"]: tag["Value"] for tag in params.get("Tag", [])}
        name = params.get("Name", "*")
        rows = [
            {
                **row,
                "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in row["Tags"].items()]},
                "ParameterNames": {"ParameterName": parameter_names(row)},
            }
            for row in self.commands.values()
            if params.get("CommandId") in (None, row["CommandId"])
            and row["Name"].lower().startswith(name.strip("*").lower())
            # as for the service, an empty value stands for every value
            and all(key in row["Tags"] and value in ("", row["Tags"][key]) for key, value in wanted.items())
            and "Provider" not in params
        ]
        return {"Commands": {"Command": rows}}

    def _TagResources(self, params: dict[str, Any]) -> None:
        tags = self.commands[params["ResourceId"][0]]["Tags"]
        tags.update({tag["Key"]: tag["Value"] for tag in params["Tag"]})
        assert len(tags) <= 20

    def _UntagResources(self, params: dict[str, Any]) -> None:
        for key in params["TagKey"]:
            self.commands[params["ResourceId"][0]]["Tags"].pop(key, None)

    def _DescribeInvocations(self, params: dict[str, Any]) -> dict[str, Any]:
        rows = []
        for row in self.invocations.values():
            states = set(row["Instances"].values())
            status = next((word for word in ("Pending", "Scheduled", "Running") if word in states), "Stopped")
            timed = row["RepeatMode"] != "Once" and status != "Stopped"
            if (
                all(params.get(key) in (None, row[key]) for key in ("InvokeId", "CommandId", "CommandName"))
                and params.get("InvokeStatus") in (None, status)
                and params.get("Timed") in (None, timed)
            ):
                instances = [
                    {"InstanceId": instance_id, "InvocationStatus": state}
                    for instance_id, state in row["Instances"].items()
                ]
                tags = [{"TagKey": key, "TagValue": value} for key, value in row["Tags"].items()]
                rows.append(
                    {
                        **row,
                        "InvocationStatus": status,
                        "InvokeInstances": {"InvokeInstance": instances},
                        "Tags": {"Tag": tags},
                    }
                )
        return {"Invocations": {"Invocation": rows}}

    def _StopInvocation(self, params: dict[str, Any]) -> None:
        assert 1 <= len(params["InstanceId"]) <= 50
        states = self.invocations[params["InvokeId"]]["Instances"]
        for instance_id in params["InstanceId"]:
            assert states[instance_id] in ("Pending", "Scheduled", "Running")
            states[instance_id] = "Terminated"

    def _InvokeCommand(self, params: dict[str, Any]) -> dict[str, Any]:
        ids = params.pop("InstanceId")
        assert 1 <= len(ids) <= 100
        params.pop("ClientToken")
        if params.get("RepeatMode") == "DryRun":
            return {"InvokeId": "t-dry"}
        tags = {tag["Key"]: tag["Value"] for tag in params.pop("Tag", [])}
        return {"InvokeId": self.schedule(params.pop("CommandId"), ids, Tags=tags, **params)}

    def _ModifyInvocationAttribute(self, params: dict[str, Any]) -> None:
        row = self.invocations[params["InvokeId"]]
        assert row["RepeatMode"] != "Once"
        assert set(row["Instances"].values()) & {"Pending", "Scheduled", "Running"}
        for key in ("Frequency", "Parameters"):
            if key in params:
                row[key] = params[key]
        for instance_id in params.get("InstanceId", []):
            row["Instances"][instance_id] = "Scheduled"

    def _DescribeCloudAssistantStatus(self, params: dict[str, Any]) -> dict[str, Any]:
        rows = [
            {
                "InstanceId": instance_id,
                "CloudAssistantVersion": self.agents.get(instance_id, self.agent_version),
                "CloudAssistantStatus": "true",
                "OSType": "Linux",
            }
            for instance_id in params["InstanceId"]
        ]
        return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": rows}}
