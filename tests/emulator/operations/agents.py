# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeCloudAssistantStatus and InstallCloudAssistant."""

from __future__ import annotations

import asyncio
from typing import Any

from ..agent_versions import SESSIONS
from ..call import Answer, Call, operation
from ..clock import iso
from ..fleet import AGENT_VERSIONS, Instance
from ..paging import Pager
from ..targets import find

_MOST_DESCRIBED = 100
_HEARTBEAT_S = 60.0


def _row(call: Call, instance: Instance) -> dict[str, Any]:
    online = instance.reachable
    if online:
        # the agent calls about once a minute
        beat = instance.last_heartbeat if instance.last_heartbeat is not None else call.now
        instance.last_heartbeat = beat + (call.now - beat) // _HEARTBEAT_S * _HEARTBEAT_S
    row: dict[str, Any] = {
        "InstanceId": instance.id,
        "CloudAssistantStatus": "true" if online else "false",
        "CloudAssistantVersion": instance.agent_version if online else "",
        "InvocationCount": instance.invocation_count,
        "ActiveTaskCount": instance.active_tasks,
        "OSType": instance.os_type.capitalize(),
        "SupportSessionManager": online and not SESSIONS.lacks(instance),
        "LastInvokedTime": iso(instance.last_invoked) if instance.last_invoked is not None else "",
        "LastHeartbeatTime": iso(instance.last_heartbeat) if instance.last_heartbeat is not None else "",
    }
    return row


@operation("DescribeCloudAssistantStatus")
def describe_cloud_assistant_status(call: Call) -> Answer:
    """List whether agents are online, for given instances or all of a region.

    A request of the 2018 generation also gets the list under its misspelled name of then.
    """
    ids = call.params.items("InstanceId")
    system = call.params.text("OSType").lower()
    if len(ids) > _MOST_DESCRIBED:
        raise call.error("InstanceIds.ExceedLimit")
    if ids:
        found = [instance for instance in find(call, ids) if system in ("", instance.os_type)]
        page, paging = found, {"NextToken": "", "TotalCount": len(found), "PageNumber": 1, "PageSize": len(found)}
    else:
        pager = Pager(call.action, call.params)
        page, paging = pager.take(
            call.region.instances, lambda instance: not instance.released and system in ("", instance.os_type)
        )
    rows = {} if call.only_classic else {"InstanceCloudAssistantStatus": [_row(call, instance) for instance in page]}
    if call.classic:
        rows["InstanceCloudAssitantStatus"] = [
            {"InstanceId": instance.id, "CloudAssitantStatus": str(instance.reachable).lower()} for instance in page
        ]
    return {**paging, "InstanceCloudAssistantStatusSet": rows}


@operation("InstallCloudAssistant")
def install_cloud_assistant(call: Call) -> Answer:
    """Install the agent, also over an older one; it comes online a little later, or at the next start if set up so."""
    for instance in find(call, call.params.items("InstanceId")):
        if instance.agent_installed and instance.agent_version == AGENT_VERSIONS[instance.os_type]:
            continue
        instance.agent_installed = True
        instance.agent_version = AGENT_VERSIONS[instance.os_type]
        if not call.cloud.options.install_needs_reboot and instance.status == "Running":
            call.dispatcher.spawn(_come_online(call, instance))
    return {}


async def _come_online(call: Call, instance: Instance) -> None:
    await asyncio.sleep(call.cloud.options.agent_latency_ms / 1000)
    if instance.status == "Running" and not instance.released:
        instance.agent_online = True
        instance.last_heartbeat = call.now
        instance.changed()
