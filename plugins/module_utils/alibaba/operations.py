# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Describe each operation to the client: how it may be repeated and paged, its wire forms, what a genuine answer is."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.answers import Shape
from . import shapes


class Repeat(enum.Enum):
    """What repeating a call may lead to."""

    READ = "changes nothing"
    TOKEN_WRITE = "harmless when it carries the same ClientToken"
    REPEATABLE = "leads to the same state"
    ONCE = "acts a second time"


@dataclass(frozen=True)
class Operation:
    """One operation of the API.

    ``paging``: ``token`` (NextToken and MaxResults) or None. ``rows_path``: the way to the list in the body.
    ``max_page``: the largest page. ``json_arrays``: parameters whose list goes out as one JSON array. ``region``: has a
    parameter RegionId. ``recovery_hint``: how a user finds out whether a write whose answer was lost took effect.
    ``shape``: what a genuine answer holds.
    """

    name: str
    repeat: Repeat
    shape: Shape = shapes.ACKNOWLEDGED
    paging: str | None = None
    rows_path: tuple[str, ...] = ()
    max_page: int = 50
    json_arrays: frozenset[str] = frozenset()
    region: bool = True
    recovery_hint: str = ""

    def shape_of_answer(self, wire: Mapping[str, Any]) -> Shape:
        """Return the shape of the answer to a request; a dry run need not make anything that has an id."""
        return shapes.ACKNOWLEDGED if wire.get("RepeatMode") == "DryRun" else self.shape


_SEE_INVOCATIONS = "Check the latest invocations (ecs_invocation_info) before running the task again."
_SEE_COMMANDS = "Check whether the command exists (ecs_command_info) before running the task again."
_SEE_INSTANCES = "Check the instances (ecs_instance_info) before running the task again."
_SEE_FILES = "Check the file on the instances before running the task again."

_INSTANCE_FILTERS = frozenset(
    {"InstanceIds", "PrivateIpAddresses", "PublicIpAddresses", "InnerIpAddresses", "EipAddresses", "RdmaIpAddresses"}
)


def _listing(name: str, shape: Shape, *rows_path: str, **more: Any) -> Operation:
    return Operation(name, Repeat.READ, shape, paging="token", rows_path=rows_path, **more)


def _token_write(name: str, recovery_hint: str, shape: Shape = shapes.ACKNOWLEDGED) -> Operation:
    return Operation(name, Repeat.TOKEN_WRITE, shape, recovery_hint=recovery_hint)


_TABLE: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        _listing("DescribeCommands", shapes.COMMANDS, "Commands", "Command"),
        _listing("DescribeInvocations", shapes.INVOCATIONS, "Invocations", "Invocation"),
        _listing("DescribeInvocationResults", shapes.RESULTS, "Invocation", "InvocationResults", "InvocationResult"),
        _listing("DescribeSendFileResults", shapes.DELIVERIES, "Invocations", "Invocation"),
        _listing(
            "DescribeCloudAssistantStatus",
            shapes.AGENTS,
            "InstanceCloudAssistantStatusSet",
            "InstanceCloudAssistantStatus",
        ),
        _listing(
            "DescribeInstances",
            shapes.INSTANCES,
            "Instances",
            "Instance",
            max_page=100,
            json_arrays=_INSTANCE_FILTERS,
        ),
        Operation("DescribeRegions", Repeat.READ, shapes.REGIONS, rows_path=("Regions", "Region"), region=False),
        _token_write("CreateCommand", _SEE_COMMANDS, shapes.made("CommandId")),
        _token_write("RunCommand", _SEE_INVOCATIONS, shapes.made("InvokeId")),
        _token_write("InvokeCommand", _SEE_INVOCATIONS, shapes.made("InvokeId")),
        _token_write("ModifyInvocationAttribute", _SEE_INVOCATIONS),
        _token_write("SendFile", _SEE_FILES, shapes.made("InvokeId")),
        _token_write("DeleteInstances", _SEE_INSTANCES),
        # a second reboot interrupts what the first one started
        Operation("RebootInstance", Repeat.ONCE, region=False, recovery_hint=_SEE_INSTANCES),
        Operation("RebootInstances", Repeat.ONCE, shapes.ACCEPTANCES, recovery_hint=_SEE_INSTANCES),
        Operation("StartInstances", Repeat.REPEATABLE, shapes.ACCEPTANCES, recovery_hint=_SEE_INSTANCES),
        Operation("StopInstances", Repeat.REPEATABLE, shapes.ACCEPTANCES, recovery_hint=_SEE_INSTANCES),
        *(
            Operation(name, Repeat.REPEATABLE, region=False, recovery_hint=_SEE_INSTANCES)
            for name in ("DeleteInstance", "StartInstance", "StopInstance")
        ),
        *(
            Operation(name, Repeat.REPEATABLE)
            for name in (
                "ModifyCommand",
                "DeleteCommand",
                "StopInvocation",
                "InstallCloudAssistant",
                "TagResources",
                "UntagResources",
            )
        ),
    )
}


def find(name: str) -> Operation:
    """Return the operation of that name. One that is not in the table is a read if its name starts like one."""
    known = _TABLE.get(name)
    if known is not None:
        return known
    return Operation(name, Repeat.READ if name.startswith(("Describe", "List", "Get")) else Repeat.ONCE)


def repeat_of(operation: Operation, params: Mapping[str, Any]) -> Repeat:
    """Return how a call may be repeated: a write that could carry a ClientToken and does not, acts a second time."""
    if operation.repeat is Repeat.TOKEN_WRITE and not params.get("ClientToken"):
        return Repeat.ONCE
    return operation.repeat


def to_wire(params: Mapping[str, Any], json_arrays: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return ``params`` as query parameters.

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
