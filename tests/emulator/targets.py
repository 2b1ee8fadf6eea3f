# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances a call means, and whether they may be given a task at all."""

from __future__ import annotations

from collections.abc import Sized

from .call import Call
from .fleet import Instance
from .validation import check_tags, json_array


def find(call: Call, ids: list[str], code: str = "InvalidInstance.NotFound") -> list[Instance]:
    """Return the instances of the call's region with these ids, in order, each once."""
    found: dict[str, Instance] = {}
    for identity in ids:
        instance = call.cloud.instances.get(identity)
        if instance is None or instance.released or instance.region != call.region.id:
            raise call.error(code)
        found[identity] = instance
    return list(found.values())


def matches(tags: dict[str, str], wanted: dict[str, str]) -> bool:
    """Return whether tags have every wanted key with the wanted value; an empty wanted value accepts any."""
    return all(key in tags and (not value or tags[key] == value) for key, value in wanted.items())


def of_run(call: Call) -> list[Instance]:
    """Return the targets of RunCommand and InvokeCommand: InstanceId.N, InstanceIds (2018), or ResourceTag.N."""
    if call.classic:
        ids = json_array(call, "InstanceIds")
        if not ids:
            raise call.error("MissingParameter.InstanceIds")
        _check_quota(call, ids)
        return find(call, ids)
    ids = call.params.items("InstanceId")
    wanted = check_tags(call, "ResourceTag")
    if ids and wanted:
        raise call.error("InvalidResourceTag.ConflictWithInstanceIds")
    if wanted:
        tagged = [
            instance for instance in call.region.instances if not instance.released and matches(instance.tags, wanted)
        ]
        if not tagged:
            raise call.error("InvalidResourceTag.InstanceNotFound")
        _check_quota(call, tagged)
        return tagged
    if not ids:
        raise call.error("MissingParam.InstanceId")
    _check_quota(call, ids)
    return find(call, ids)


def _check_quota(call: Call, targets: Sized) -> None:
    """Refuse more instances than a command execution of the account may have."""
    if len(targets) > call.cloud.options.quota_instances:
        raise call.error("InstanceIds.ExceedLimit")


def check_ready(call: Call, instances: list[Instance], command_type: str | None = None) -> None:
    """Refuse the whole call when one instance cannot be given the task.

    The codes are those of 2018: InvalidInstanceStatus for an instance that is not running or whose agent has no
    connection, InvalidInstance.NoClient where no agent is installed, InvalidInstance.NotVpc for the classic network,
    which only the generation of 2018 refuses. A script of another system's kind is InvalidInstance.NotMatch.
    """
    for instance in instances:
        if call.classic and instance.network_type != "vpc":
            raise call.error("InvalidInstance.NotVpc")
        if instance.status != "Running":
            raise call.error("InvalidInstanceStatus")
        if not instance.agent_installed:
            raise call.error("InvalidInstance.NoClient")
        if not instance.agent_online:
            raise call.error("InvalidInstanceStatus")
        if command_type and (command_type == "RunShellScript") != (instance.os_type == "linux"):
            raise call.error("InvalidInstance.NotMatch")
    group = call.params.text("ResourceGroupId")
    if group:
        check_group(call, group)
        if any(instance.resource_group_id not in ("", group) for instance in instances):
            raise call.error("InvalidResourceGroup.NotFound")


def check_group(call: Call, group: str) -> None:
    """Refuse the id of a resource group that cannot exist: the fleet's groups and any id of the right form do."""
    known = any(instance.resource_group_id == group for instance in call.cloud.instances.values())
    if not known and not group.startswith("rg-"):
        raise call.error("InvalidResourceGroup.NotFound")
