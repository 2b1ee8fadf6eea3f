# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the client must know of each operation: how it may be repeated, how it is paged, odd wire forms."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class Repeat(enum.Enum):
    """What a second try of the same call may do."""

    READ = "changes nothing"
    TOKEN_WRITE = "harmless when it carries the same ClientToken"
    REPEATABLE = "leads to the same state"
    ONCE = "acts a second time"


@dataclass(frozen=True)
class Operation:
    """One operation of the API.

    ``paging``: ``token`` (NextToken and MaxResults), ``token_only`` (no MaxResults), ``number`` (PageNumber and
    PageSize) or None. ``rows``: the way to the list in the body. ``max_page``: the largest page.
    ``json_arrays``: parameters whose list goes out as one JSON array. ``region``: has a parameter RegionId.
    ``look``: how a user finds out whether a write whose answer was lost took effect. ``gives``: the id that an answer
    of the service holds; one without it was given by something on the way.
    """

    name: str
    repeat: Repeat
    paging: str | None = None
    rows: tuple[str, ...] = ()
    max_page: int = 50
    json_arrays: frozenset[str] = frozenset()
    region: bool = True
    look: str = ""
    gives: str = ""


_LOOK_INVOCATION = "Look at the latest invocations (ecs_invocation_info) before running it again."
_LOOK_COMMAND = "Look for the command by its name (ecs_command_info) before creating it again."
_LOOK_INSTANCE = "Look at the instances (ecs_instance_info) before repeating it."


def _read(name: str, *rows: str, paging: str | None = "token", **more: Any) -> Operation:
    return Operation(name, Repeat.READ, paging=paging if rows else None, rows=rows, **more)


_TABLE: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        _read("DescribeCommands", "Commands", "Command"),
        _read("DescribeInvocations", "Invocations", "Invocation"),
        _read("DescribeInvocationResults", "Invocation", "InvocationResults", "InvocationResult"),
        _read("DescribeSendFileResults", "Invocations", "Invocation"),
        _read("DescribeCloudAssistantStatus", "InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus"),
        _read("DescribeCloudAssistantSettings"),
        _read("DescribeTerminalSessions", "Sessions", "Session", max_page=100),
        _read("DescribeActivations", "ActivationList"),
        _read("DescribeManagedInstances", "Instances"),
        _read("DescribeUserBusinessBehavior"),
        _read("ListPluginStatus", "InstancePluginStatusSet", "InstancePluginStatus"),
        _read("ListTagResources", "TagResources", "TagResource", paging="token_only"),
        _read(
            "DescribeInstances",
            "Instances",
            "Instance",
            max_page=100,
            json_arrays=frozenset(
                {
                    "InstanceIds",
                    "PrivateIpAddresses",
                    "PublicIpAddresses",
                    "InnerIpAddresses",
                    "EipAddresses",
                    "RdmaIpAddresses",
                }
            ),
        ),
        _read("DescribeInstanceStatus", "InstanceStatuses", "InstanceStatus", paging="number"),
        _read("DescribeRegions", region=False),
        _read("DescribeAccountAttributes"),
        Operation("CreateCommand", Repeat.TOKEN_WRITE, look=_LOOK_COMMAND, gives="CommandId"),
        Operation("RunCommand", Repeat.TOKEN_WRITE, look=_LOOK_INVOCATION, gives="InvokeId"),
        Operation("InvokeCommand", Repeat.TOKEN_WRITE, look=_LOOK_INVOCATION, gives="InvokeId"),
        Operation("ModifyInvocationAttribute", Repeat.TOKEN_WRITE, look=_LOOK_INVOCATION),
        Operation(
            "SendFile",
            Repeat.TOKEN_WRITE,
            look="Look at the file on the instances before sending it again.",
            gives="InvokeId",
        ),
        Operation("StartTerminalSession", Repeat.TOKEN_WRITE),
        Operation("CreateActivation", Repeat.TOKEN_WRITE),
        Operation("DeregisterManagedInstance", Repeat.TOKEN_WRITE),
        Operation("DeleteInstances", Repeat.TOKEN_WRITE, look=_LOOK_INSTANCE),
        # a second reboot interrupts what the first one started
        Operation("RebootInstance", Repeat.ONCE, region=False, look=_LOOK_INSTANCE),
        Operation("RebootInstances", Repeat.ONCE, look=_LOOK_INSTANCE),
        *(
            Operation(name, Repeat.REPEATABLE)
            for name in (
                "ModifyCommand",
                "DeleteCommand",
                "StopInvocation",
                "InstallCloudAssistant",
                "ModifyCloudAssistantSettings",
                "EndTerminalSession",
                "DisableActivation",
                "DeleteActivation",
                "ModifyManagedInstance",
                "ModifyUserBusinessBehavior",
                "TagResources",
                "UntagResources",
                "StartInstances",
                "StopInstances",
            )
        ),
        *(
            Operation(name, Repeat.REPEATABLE, region=False)
            for name in ("DeleteInstance", "StartInstance", "StopInstance")
        ),
    )
}


def find(name: str) -> Operation:
    """The operation of that name. One that the table lacks is a read if its name says so, and else is sent once."""
    known = _TABLE.get(name)
    if known is not None:
        return known
    return Operation(name, Repeat.READ if name.startswith(("Describe", "List", "Get")) else Repeat.ONCE)


def repeat_of(operation: Operation, params: Mapping[str, Any]) -> Repeat:
    """How a call may be repeated: a write that could carry a ClientToken and does not, acts a second time."""
    if operation.repeat is Repeat.TOKEN_WRITE and not params.get("ClientToken"):
        return Repeat.ONCE
    return operation.repeat


def to_wire(params: Mapping[str, Any], json_arrays: frozenset[str] = frozenset()) -> dict[str, str]:
    """Query parameters of ``params``.

    A list becomes ``Name.1``, ``Name.2`` …, a mapping in a list ``Name.1.Key``, a mapping of its own one JSON object,
    a list named in ``json_arrays`` one JSON array, true and false ``True`` and ``False``; None is left out.
    Raises TypeError for a value that has no wire form.
    """
    return dict(_pairs(params, json_arrays))


def _pairs(params: Mapping[str, Any], json_arrays: frozenset[str]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        if value is None:
            continue
        if isinstance(value, Mapping) or (name in json_arrays and isinstance(value, (list, tuple))):
            yield name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        elif isinstance(value, (list, tuple)):
            for number, item in enumerate(value, start=1):
                if isinstance(item, Mapping):
                    inner = {f"{name}.{number}.{key}": part for key, part in item.items()}
                else:
                    inner = {f"{name}.{number}": item}
                yield from _pairs(inner, frozenset())
        else:
            yield name, _scalar(name, value)


def _scalar(name: str, value: object) -> str:
    if isinstance(value, (bool, int, str)):
        return str(value)
    raise TypeError(f"{name}: a value of type {type(value).__name__} has no wire form")
