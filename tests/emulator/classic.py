# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which generation a request speaks: today's, or that of the documents of 2018.

One server speaks both; a request is of 2018 when

* it uses a name that only existed then: ``InstanceIds`` on InvokeCommand, ``TimeOut`` on CreateCommand, ``Type`` on
  DescribeInvocations; or
* it is signed with signature version 1 and uses no name that came later, for the operations that existed then. Where
  the requests of both generations look alike (the Describe operations), the answer carries both shapes.

The option ``generation`` settles it for all requests instead (``classic`` is an endpoint that never learned more).
"""

from __future__ import annotations

from .errors import OPERATIONS
from .wire import ENVELOPE, Params

COMMON_NAMES = {
    *ENVELOPE,
    "RegionId",
    "OwnerId",
    "OwnerAccount",
    "ResourceOwnerId",
    "ResourceOwnerAccount",
}
_PAGES = {"PageNumber", "PageSize"}
# operation -> its parameters in 2018
NAMES: dict[str, set[str]] = {
    "CreateCommand": {"Name", "Type", "Description", "CommandContent", "WorkingDir", "TimeOut"},
    "ModifyCommand": {"CommandId", "Name", "Description", "CommandContent", "WorkingDir", "TimeOut"},
    "DeleteCommand": {"CommandId"},
    "InvokeCommand": {"InstanceIds", "CommandId", "Timed", "Frequency"},
    "StopInvocation": {"InvokeId", "InstanceId"},
    "DescribeCommands": {"CommandId", "Name", "Type", "Description", *_PAGES},
    "DescribeInvocations": {
        "InvokeId",
        "CommandId",
        "CommandName",
        "Type",
        "Timed",
        "InvokeStatus",
        "InstanceId",
        *_PAGES,
    },
    "DescribeInvocationResults": {"InvokeId", "InstanceId", "CommandId", "InvokeRecordStatus", *_PAGES},
    "DescribeCloudAssistantStatus": {"InstanceId"},
    "InstallCloudAssistant": {"InstanceId"},
}
_ONLY_THEN = {
    "CreateCommand": {"TimeOut"},
    "ModifyCommand": {"TimeOut"},
    "InvokeCommand": {"InstanceIds"},
    "DescribeInvocations": {"Type"},
}
# operations that the endpoint of 2018 has besides those above, unchanged since
_SAME = {
    "DescribeRegions",
    "DescribeInstances",
    "DescribeInstanceStatus",
    "StartInstance",
    "StopInstance",
    "RebootInstance",
    "DeleteInstance",
}


def is_classic(action: str, params: Params, signature_version: str, generation: str) -> bool:
    """Return whether this request is to be understood and answered as of 2018."""
    if generation != "auto":
        return generation == "classic"
    names = params.names() - COMMON_NAMES
    if names & _ONLY_THEN.get(action, set()):
        return True
    return signature_version == "v1" and action in NAMES and names <= NAMES[action]


def exists(action: str, generation: str) -> bool:
    """Return whether the endpoint has this operation."""
    if generation == "classic":
        return action in NAMES or action in _SAME
    return action in OPERATIONS
