# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Translate between the API of 2018 (``classic``) and the current one, whose names all callers use."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..common.answers import Shape
from ..common.errors import InputError
from ..common.paging import batches
from . import shapes
from .classic_replies import REPLIES
from .generations import (
    CLASSIC_MAX_CONTENT,
    CLASSIC_SHORTEST_TIMEOUT,
    PAGING_PARAMETERS,
    CurrentDialect,
    frequency_in,
    refusal,
)
from .operations import Operation

CLASSIC_MAX_INSTANCES = 100
"""Instances in one call (InvokeCommand of 2018, InstanceIds)."""

# operations on many instances came after 2018; these are their counterparts for one instance
_ONE_BY_ONE = {
    "DeleteInstances": "DeleteInstance",
    "StartInstances": "StartInstance",
    "StopInstances": "StopInstance",
    "RebootInstances": "RebootInstance",
}
# operations that the classic generation knows, with the parameters that each takes there
_KNOWN: dict[str, frozenset[str]] = {
    name: frozenset(parameters.split())
    for name, parameters in {
        "CreateCommand": "Name Type Description CommandContent WorkingDir TimeOut",
        "ModifyCommand": "CommandId Name Description CommandContent WorkingDir TimeOut",
        "DeleteCommand": "CommandId",
        "DescribeCommands": "CommandId Name Type Description",
        "InvokeCommand": "CommandId InstanceIds Timed Frequency",
        "StopInvocation": "InvokeId InstanceId",
        "DescribeInvocations": "InvokeId CommandId CommandName Type InstanceId InvokeStatus Timed",
        "DescribeInvocationResults": "InvokeId CommandId InstanceId InvokeRecordStatus",
        "InstallCloudAssistant": "InstanceId",
        "DescribeCloudAssistantStatus": "InstanceId",
        "DeleteInstance": "InstanceId Force TerminateSubscription",
        "StartInstance": "InstanceId",
        "StopInstance": "InstanceId ForceStop StoppedMode",
        "RebootInstance": "InstanceId ForceStop",
    }.items()
}
# operations of Cloud Assistant that came later
_LATER = frozenset(
    {
        "RunCommand",
        "ModifyInvocationAttribute",
        "SendFile",
        "DescribeSendFileResults",
        "TagResources",
        "UntagResources",
    }
)
# ids in one request, where the classic generation takes fewer than the current one
_FEWER_IDS = {"StopInvocation": 20, "DescribeCloudAssistantStatus": 20}
_SMALLER_PAGES = {"DescribeInvocationResults": 20}
# listings that the classic generation gives whole
_WHOLE = frozenset({"DescribeCloudAssistantStatus"})

# the option behind a parameter, where it is not the parameter's own name in small letters
_OPTIONS = {
    "Tag": "tags",
    "ResourceTag": "resource_tags",
    "InstanceId": "instance_ids",
    "InstanceIds": "instance_ids",
    "CommandContent": "content",
    "TimeOut": "timeout",
    "Timeout": "timeout",
}


class ClassicDialect(CurrentDialect):
    """The API of 2018: no ClientToken, no tags, other names, pages by number, signature v1."""

    signature_version = "v1"

    def operation(self, name: str) -> str:
        return _ONE_BY_ONE.get(name, name)

    def paging(self, operation: Operation) -> str | None:
        if operation.name in _WHOLE:
            return None
        return "number" if operation.paging == "token" else operation.paging

    def max_page(self, operation: Operation) -> int:
        return _SMALLER_PAGES.get(operation.name, operation.max_page)

    def json_arrays(self, operation: Operation) -> frozenset[str]:
        return frozenset({"InstanceIds"}) if operation.name == "InvokeCommand" else frozenset()

    def request(self, operation: Operation, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        _check_known(operation.name)
        wire = dict(params)
        if "MaxResults" in wire:
            wire["PageSize"] = min(int(wire.pop("MaxResults")), self.max_page(operation))
        if wire.pop("NextToken", None):
            raise ValueError(f"{operation.name}: pages of the classic generation have numbers")
        if operation.name not in _KNOWN:
            return [wire]
        # an automatic token is left away here; one that the user gave was refused before (refuse_missing)
        wire.pop("ClientToken", None)
        encoding = str(wire.pop("ContentEncoding", "Base64")).lower()
        translate = _REQUESTS.get(operation.name)
        if translate is not None:
            translate(wire, encoding)
        allowed = _KNOWN[operation.name] | PAGING_PARAMETERS | {"RegionId"}
        for name, value in list(wire.items()):
            if name not in allowed:
                if value in (False, "", [], {}):
                    del wire[name]
                else:
                    raise refusal(_OPTIONS.get(name) or _snake(name))
        return list(_split(operation.name, wire))

    def reply(self, operation: Operation, body: dict[str, Any]) -> dict[str, Any]:
        normalise = REPLIES.get(operation.name)
        return body if normalise is None else normalise(body)

    def shape(self, operation: Operation, wire: Mapping[str, Any]) -> Shape:
        return shapes.CLASSIC.get(operation.name) or super().shape(operation, wire)


def _check_known(operation: str) -> None:
    """Raise InputError for an operation that came later."""
    if operation in _LATER:
        raise InputError(
            "api_generation", f"the classic generation does not support {operation}; set api_generation=current"
        )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _split(operation: str, wire: dict[str, Any]) -> Iterator[dict[str, Any]]:
    most, ids = _FEWER_IDS.get(operation), wire.get("InstanceId")
    if most is None or not isinstance(ids, (list, tuple)) or len(ids) <= most:
        yield wire
        return
    for batch in batches(ids, most):
        yield {**wire, "InstanceId": list(batch)}


def _time_out(wire: dict[str, Any]) -> None:
    if wire.get("Timeout") is not None:
        wire["TimeOut"] = max(int(wire.pop("Timeout")), CLASSIC_SHORTEST_TIMEOUT)


def _create(wire: dict[str, Any], encoding: str) -> None:
    _time_out(wire)
    content = wire.get("CommandContent")
    if content is None:
        return
    if encoding == "base64":
        try:
            data = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise InputError("content", "is not valid Base64") from None
    else:
        data = str(content).encode()
        wire["CommandContent"] = base64.b64encode(data).decode()
    if len(data) > CLASSIC_MAX_CONTENT:
        raise InputError(
            "content",
            f"has {len(data)} bytes; api_generation=classic accepts at most {CLASSIC_MAX_CONTENT} (16 KB) "
            "before Base64 encoding",
        )


def _invoke(wire: dict[str, Any], encoding: str) -> None:
    ids = list(wire.pop("InstanceId", None) or [])
    if len(ids) > CLASSIC_MAX_INSTANCES:
        raise InputError("instance_ids", f"has {len(ids)} IDs; one call accepts at most {CLASSIC_MAX_INSTANCES}")
    wire["InstanceIds"] = ids
    mode = wire.pop("RepeatMode", None)
    frequency = wire.get("Frequency")
    if mode not in (None, "Once", "Period"):
        raise refusal("repeat_mode", f"it does not support {mode}, only once and period")
    if frequency:
        wire["Timed"] = True
        wire["Frequency"] = frequency_in("classic", str(frequency))
    elif mode == "Period":
        raise InputError("frequency", "is required for a periodic run")
    if wire.get("Timeout") is not None:
        raise refusal("timeout", "it is a property of the command; set it when the command is created")


def _list_commands(wire: dict[str, Any], encoding: str) -> None:
    if encoding != "base64":
        raise ValueError("the classic generation answers in Base64 only")


def _list_invocations(wire: dict[str, Any], encoding: str) -> None:
    _list_commands(wire, encoding)
    if "CommandType" in wire:
        wire["Type"] = wire.pop("CommandType")
    # the output is read from DescribeInvocationResults in either generation
    wire.pop("IncludeOutput", None)
    mode = wire.pop("RepeatMode", None)
    if mode in ("Once", "Period"):
        wire["Timed"] = mode == "Period"
    elif mode is not None:
        raise refusal("repeat_mode", f"it does not support {mode}")


def _one_instance(wire: dict[str, Any], encoding: str) -> None:
    """Turn the parameters of an operation on many instances into those of the one on one."""
    ids = wire.get("InstanceId")
    if isinstance(ids, (list, tuple)):
        if len(ids) != 1:
            raise ValueError("the classic generation changes one instance in a call")
        wire["InstanceId"] = ids[0]
    wire.pop("BatchOptimization", None)
    if "ForceReboot" in wire:
        wire["ForceStop"] = wire.pop("ForceReboot")


def _agent_status(wire: dict[str, Any], encoding: str) -> None:
    if not wire.get("InstanceId"):
        raise InputError("instance_ids", "is required with api_generation=classic")


_REQUESTS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "CreateCommand": _create,
    "ModifyCommand": _create,
    "InvokeCommand": _invoke,
    "DescribeCommands": _list_commands,
    "DescribeInvocations": _list_invocations,
    "DescribeInvocationResults": _list_commands,
    "DescribeCloudAssistantStatus": _agent_status,
    **dict.fromkeys(_ONE_BY_ONE.values(), _one_instance),
}
