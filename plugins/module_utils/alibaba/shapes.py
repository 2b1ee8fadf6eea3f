# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Describe the shape of each operation's genuine answer, in the names of the current generation.

Required is what a decision rests on: ids, states, counts, creation times, what a comparison looks at. The rest may be
missing, as in older editions of the API, and is of the documented type where it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..common.answers import (
    ADDRESSES,
    COUNT,
    FLAG,
    ID,
    MAPPING,
    NUMBER,
    TEXT,
    TEXTS,
    TIME,
    WHOLE,
    WORD,
    Kind,
    Shape,
)


def _texts(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, TEXT)


def _exit_code(row: Mapping[str, Any]) -> str | None:
    """Return the problem of a row without an exit code; one that failed has none where the script could not start."""
    if row.get("InvocationStatus") == "Success" and row.get("ExitCode") in (None, ""):
        return "has no ExitCode"
    return None


_TAGS = {"Tags?": Shape(lists={"Tag?": Shape(optional=_texts("TagKey", "TagValue", "Key", "Value"))})}

_RUN = {
    "ExitCode": WHOLE,
    "Repeats": COUNT,
    "Dropped": COUNT,
    "Output": TEXT,
    **_texts("ErrorCode", "ErrorInfo", "StartTime", "FinishTime", "FinishedTime", "StopTime", "UpdateTime"),
    **_texts("OssOutputStatus", "OssOutputUri"),
}
_INSTANCE_STATE = Shape(required={"InstanceId": ID, "InvocationStatus": WORD}, optional={**_RUN, "CreationTime": TEXT})
_RESULT = Shape(
    required={"InstanceId": ID, "InvocationStatus": WORD},
    optional={**_RUN, "InvokeId": TEXT, "CommandId": TEXT},
    also=_exit_code,
)
# the API of 2018 does not return when an invocation was made
_CLASSIC_INVOCATION = Shape(
    required={"InvokeId": ID, "InvocationStatus": WORD, "CommandId": ID, "RepeatMode": WORD},
    optional={
        "CreationTime": TEXT,
        "Timed": FLAG,
        "Timeout": COUNT,
        "TimeOut": COUNT,
        "Parameters": MAPPING,
        **_texts("CommandName", "CommandType", "CommandDescription", "CommandContent", "Frequency", "Username"),
        **_texts("WorkingDir", "Launcher", "ContainerId", "ContainerName", "TerminationMode", "OssOutputDelivery"),
    },
    objects={**_TAGS, "InvokeInstances": Shape(lists={"InvokeInstance": _INSTANCE_STATE})},
)
_INVOCATION = replace(_CLASSIC_INVOCATION, required={**_CLASSIC_INVOCATION.required, "CreationTime": TIME})
_DELIVERY = Shape(
    required={"InvokeId": ID, "InvocationStatus": WORD},
    objects={
        "InvokeInstances": Shape(
            lists={
                "InvokeInstance": Shape(
                    required={"InstanceId": ID, "InvocationStatus": WORD}, optional=_texts("ErrorCode", "ErrorInfo")
                )
            }
        )
    },
)
_PARAMETER = Shape(
    required={"ParameterName": TEXT},
    optional={"Required": FLAG, **_texts("DefaultValue", "Description", "PatternRegex")},
    objects={"PossibleValues?": Shape(optional={"PossibleValue": TEXTS})},
)
_COMMAND = Shape(
    required={"CommandId": ID, "Name": TEXT, "Type": WORD, "CommandContent": TEXT, "Timeout": COUNT},
    optional={
        "EnableParameter": FLAG,
        "Latest": FLAG,
        "Version": WHOLE,
        "InvokeTimes": COUNT,
        **_texts("Description", "WorkingDir", "Launcher", "ResourceGroupId", "Provider", "Category", "CreationTime"),
    },
    objects={
        **_TAGS,
        "ParameterNames?": Shape(optional={"ParameterName": TEXTS}),
        "ParameterDefinitions?": Shape(lists={"ParameterDefinition?": _PARAMETER}),
    },
)
_AGENT = Shape(
    required={"InstanceId": ID, "CloudAssistantStatus": FLAG},
    optional={
        "InvocationCount": COUNT,
        "ActiveTaskCount": COUNT,
        "SupportSessionManager": FLAG,
        **_texts("CloudAssistantVersion", "LastHeartbeatTime", "LastInvokedTime", "OSType"),
    },
)
_ADDRESS = Shape(optional={"IpAddress": ADDRESSES})
_INSTANCE = Shape(
    required={"InstanceId": ID, "InstanceName": TEXT, "Status": WORD},
    optional={
        "DeletionProtection": FLAG,
        "Cpu": NUMBER,
        "Memory": NUMBER,
        **_texts("HostName", "Description", "RegionId", "ZoneId", "OSType", "OSName", "OSNameEn", "InstanceType"),
        **_texts("ImageId", "InstanceNetworkType", "ResourceGroupId", "InstanceChargeType", "CreationTime"),
        **_texts("ExpiredTime", "StartTime", "VpcId"),
    },
    objects={
        **_TAGS,
        "VpcAttributes?": Shape(optional=_texts("VpcId", "VSwitchId"), objects={"PrivateIpAddress?": _ADDRESS}),
        **dict.fromkeys(("InnerIpAddress?", "PublicIpAddress?", "EipAddress?"), _ADDRESS),
        "SecurityGroupIds?": Shape(optional={"SecurityGroupId": TEXTS}),
    },
)
_ACCEPTANCE = Shape(
    required={"InstanceId": ID, "Code": Kind("a code", lambda value: WORD.fits(value) or WHOLE.fits(value))},
    optional=_texts("Message", "CurrentStatus", "PreviousStatus"),
)

ACKNOWLEDGED = Shape(required={"RequestId": ID})
"""An answer that only acknowledges the request: every answer of the service has a RequestId."""


def listing(outer: str, inner: str, row: Shape) -> Shape:
    """Return the shape of a list of ``row`` under ``outer`` and ``inner``, with what belongs to its pages."""
    return Shape(
        required=ACKNOWLEDGED.required,
        optional={"NextToken": TEXT, "TotalCount": COUNT},
        objects={outer: Shape(lists={inner: row})},
    )


def made(*ids: str) -> Shape:
    """Return the shape of an answer that names what was made."""
    return Shape(required={**ACKNOWLEDGED.required, **dict.fromkeys(ids, ID)}, optional={"CommandId": TEXT})


COMMANDS = listing("Commands", "Command", _COMMAND)
INVOCATIONS = listing("Invocations", "Invocation", _INVOCATION)
DELIVERIES = listing("Invocations", "Invocation", _DELIVERY)
AGENTS = listing("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus", _AGENT)
INSTANCES = listing("Instances", "Instance", _INSTANCE)
REGIONS = listing("Regions", "Region", Shape(required={"RegionId": ID}))
RESULTS = Shape(
    required=ACKNOWLEDGED.required,
    objects={
        "Invocation": Shape(
            optional={"NextToken": TEXT, "TotalCount": COUNT},
            objects={"InvocationResults": Shape(lists={"InvocationResult": _RESULT})},
        )
    },
)
CLASSIC = {"DescribeInvocations": listing("Invocations", "Invocation", _CLASSIC_INVOCATION)}
"""The shapes of the API of 2018 that differ."""
ACCEPTANCES = listing("InstanceResponses", "InstanceResponse", _ACCEPTANCE)
