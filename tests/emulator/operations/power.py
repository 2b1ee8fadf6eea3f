# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, stopping, restarting and deleting instances, one by one or many in a call."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ..call import Answer, Call, operation
from ..errors import ApiError
from ..fleet import Instance
from ..targets import find

_NOT_FOUND = "InvalidInstanceId.NotFound"
# verb -> states in which it may be asked for, and the state that follows at once
_ALLOWED = {"Start": ("Stopped",), "Stop": ("Running", "Starting"), "Reboot": ("Running",)}
_NEXT = {"Start": "Starting", "Stop": "Stopping", "Reboot": "Stopping"}


def _act(call: Call, verb: str) -> Callable[[Instance], Coroutine[Any, Any, None]]:
    lifecycle = call.lifecycle
    return {"Start": lifecycle.start, "Stop": lifecycle.stop, "Reboot": lifecycle.reboot}[verb]


def _verb(call: Call) -> str:
    return call.action.removesuffix("s").removesuffix("Instance")


@operation("StartInstance", "StopInstance", "RebootInstance")
def change_one(call: Call) -> Answer:
    """Change the state of one instance; the region follows from its id."""
    verb = _verb(call)
    instance = _any_region(call)
    if instance.status not in _ALLOWED[verb]:
        raise call.error("IncorrectInstanceStatus")
    if call.params.flag("DryRun"):
        raise call.error("DryRunOperation")
    call.dispatcher.spawn(_act(call, verb)(instance))
    return {}


@operation("StartInstances", "StopInstances", "RebootInstances")
def change_many(call: Call) -> Answer:
    """Change the state of up to 100 instances: all together, or with SuccessFirst those that can be."""
    verb = _verb(call)
    instances = find(call, call.params.items("InstanceId"), _NOT_FOUND)
    success_first = call.params.text("BatchOptimization", "AllTogether") == "SuccessFirst"
    refused = call.error("IncorrectInstanceStatus")
    unavailable = [instance for instance in instances if instance.status not in _ALLOWED[verb]]
    if unavailable and not success_first:
        raise refused
    if call.params.flag("DryRun"):
        raise call.error("DRYRUN.SUCCESS")
    rows = []
    for instance in instances:
        row = {"InstanceId": instance.id, "PreviousStatus": instance.status}
        if instance in unavailable:
            row |= {"Code": refused.code, "Message": refused.message, "CurrentStatus": instance.status}
        else:
            row |= {"Code": "200", "Message": "success", "CurrentStatus": _NEXT[verb]}
            call.dispatcher.spawn(_act(call, verb)(instance))
        rows.append(row)
    return {"InstanceResponses": {"InstanceResponse": rows}}


def _any_region(call: Call) -> Instance:
    instance = call.cloud.instances.get(call.params["InstanceId"])
    if instance is None or instance.released:
        raise call.error(_NOT_FOUND)
    return instance


def _check_deletion(call: Call, instance: Instance) -> None:
    """Refuse to delete what is protected, runs without Force, or is a subscription that is not to be ended."""
    if instance.deletion_protection:
        raise call.error(
            "InvalidOperation.DeletionProtection",
            f"The operation is not allowed due to deletion protection of {instance.id}.",
        )
    if instance.charge_type == "PrePaid" and not call.params.flag("TerminateSubscription"):
        raise ApiError("ChargeTypeViolation", "The operation is not permitted due to charge type of the instance.", 403)
    if instance.status != "Stopped" and not (call.params.flag("Force") and instance.status == "Running"):
        raise call.error(
            "IncorrectInstanceStatus", "The current status of the resource does not support this operation."
        )


@operation("DeleteInstance")
async def delete_instance(call: Call) -> Answer:
    """Delete one instance; a running one with Force only."""
    instance = _any_region(call)
    _check_deletion(call, instance)
    if call.params.flag("DryRun"):
        raise call.error("DryRunOperation")
    await call.lifecycle.release(instance)
    return {}


@operation("DeleteInstances")
async def delete_instances(call: Call) -> Answer:
    """Delete up to 100 instances, all or none."""
    instances = find(call, call.params.items("InstanceId"), _NOT_FOUND)
    for instance in instances:
        _check_deletion(call, instance)
    if call.params.flag("DryRun"):
        raise call.error("DRYRUN.SUCCESS")
    for instance in instances:
        await call.lifecycle.release(instance)
    return {}
