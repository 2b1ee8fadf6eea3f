# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Find the instances of a run, and determine which of them cannot run a script, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...alibaba.client import Client
from ...common.errors import ApiError, TaskFailure
from ...common.printable import some_of
from ...common.wait import Deadline
from ..concurrency import map_concurrently
from ..targets import Targets
from .agents import agent_rows, is_online
from .requirements import Requirement, too_old
from .selection import Selector, find_instances, states_of

NOT_RUNNING = "InvalidInstanceStatus"
NO_AGENT = "InvalidInstance.NoClient"
NOT_VPC = "InvalidInstance.NotVpc"
NOT_FOUND = "InvalidInstance.NotFound"
NOT_MATCHING = "InvalidInstance.NotMatch"

REFUSALS = frozenset({NOT_RUNNING, NO_AGENT, NOT_VPC, NOT_FOUND, NOT_MATCHING})
"""Codes that refuse a whole call because of some of its instances."""

TOO_OLD = "ClientNeedUpgrade"
"""ErrorCode of an instance whose agent is too old for what the run needs; the call itself is accepted."""

UNREADY = frozenset({NOT_RUNNING, NO_AGENT, TOO_OLD})
"""The transient ones (start the instance, start or update its agent); the rest are the wrong instances."""

UNREADY_RESULTS = frozenset({"InstanceNotRunning", "ClientNotRunning", "ClientNotResponse", "ClientNotOnline", TOO_OLD})
"""ErrorCode of an instance on which the service accepted the call and then could not start or continue the script."""

MANAGED = "mi-"
"""Ids of instances outside the cloud that are registered with Cloud Assistant; DescribeInstances does not list them."""


@dataclass(frozen=True)
class Unavailable:
    """Why an instance cannot run the script: the service's code, and the reason as text."""

    code: str
    reason: str

    @property
    def unready(self) -> bool:
        """Whether this is a state that ``unready: skip`` is about."""
        return self.code in UNREADY


def find_targets(
    client: Client, targets: Targets, deadline: Deadline
) -> tuple[tuple[str, ...], dict[str, Unavailable]]:
    """Return the ids of the targets, and which of those found by name or tag are known not to run, and why.

    Ids given by the user are used as given, without a lookup. Instances found by tag are sorted by id, so that the same
    fleet always makes the same batches; those found by name keep the order of the names.

    Raises TaskFailure if no instance has the tags, or if a name does not belong to exactly one instance, and what the
    client raises: the fleet is complete, or nothing is run.
    """
    if targets.instance_ids:
        return targets.instance_ids, {}
    rows = _named(client, targets, deadline) if targets.names else _tagged(client, targets, deadline)
    stopped = {instance_id: _not_running(row) for instance_id, row in rows.items()}
    return tuple(rows), {instance_id: unavailable for instance_id, unavailable in stopped.items() if unavailable}


def _tagged(client: Client, targets: Targets, deadline: Deadline) -> dict[str, dict[str, Any]]:
    wanted = Selector(tags=targets.tags, resource_group_id=targets.resource_group_id)
    rows = {row["InstanceId"]: row for row in find_instances(client, wanted, deadline)}
    if not rows:
        shown = ", ".join(f"{key}={value}" for key, value in targets.tags.items())
        where = f" and is in {targets.resource_group_id}" if targets.resource_group_id else ""
        raise TaskFailure(f"resource_tags: no instance in {client.region} has {shown}{where}")
    return {instance_id: rows[instance_id] for instance_id in sorted(rows)}


def _named(client: Client, targets: Targets, deadline: Deadline) -> dict[str, dict[str, Any]]:
    def look(name: str) -> list[dict[str, Any]]:
        return find_instances(client, Selector(name=name, resource_group_id=targets.resource_group_id), deadline)

    found = dict(zip(targets.names, map_concurrently(look, targets.names), strict=True))
    problems = [
        f"{name!r} is the name of {', '.join(row['InstanceId'] for row in rows)}" if rows else f"{name!r} was not found"
        for name, rows in found.items()
        if len(rows) != 1
    ]
    if problems:
        advice = "Each name must belong to exactly one instance; use instance_ids for the others."
        where = f", resource group {targets.resource_group_id}" if targets.resource_group_id else ""
        raise TaskFailure(f"instance_names: {some_of(problems, separator='; ')} (in {client.region}{where}). {advice}")
    return {rows[0]["InstanceId"]: rows[0] for rows in found.values()}


def examine(
    client: Client, instance_ids: Sequence[str], script_type: str, deadline: Deadline
) -> dict[str, Unavailable]:
    """Return which of the instances cannot run a script of this type, and why.

    Agents are looked up only for instances on which nothing else is wrong.
    """
    in_cloud = [instance_id for instance_id in instance_ids if not instance_id.startswith(MANAGED)]
    rows = states_of(client, in_cloud, deadline) if in_cloud else {}
    unavailable: dict[str, Unavailable] = {}
    for instance_id in in_cloud:
        known = rows.get(instance_id)
        missing = Unavailable(NOT_FOUND, f"not found in {client.region}")
        problem = _unsuitable(known, client, script_type) if known else missing
        if problem:
            unavailable[instance_id] = problem
    unavailable.update(_without_agent(client, [item for item in instance_ids if item not in unavailable], deadline))
    return unavailable


def outdated(
    client: Client, instance_ids: Sequence[str], needed: Sequence[Requirement], deadline: Deadline
) -> dict[str, Unavailable]:
    """Return which of the instances have agents that are online and too old for what the run needs.

    Nothing is looked up for a run without requirements, or where the user may not look.
    """
    if not needed or not instance_ids:
        return {}
    try:
        agents = agent_rows(client, instance_ids, deadline)
    except ApiError:
        return {}
    reasons = {item: too_old(agents[item], needed) for item in instance_ids if is_online(agents.get(item, {}))}
    return {item: Unavailable(TOO_OLD, reason) for item, reason in reasons.items() if reason}


def _not_running(row: dict[str, Any]) -> Unavailable | None:
    status = row.get("Status")
    return None if status in (None, "Running") else Unavailable(NOT_RUNNING, f"is {status}, not Running")


def _unsuitable(row: dict[str, Any], client: Client, script_type: str) -> Unavailable | None:
    windows = str(row.get("OSType") or "").lower() == "windows"
    needed = "Linux" if script_type == "RunShellScript" else "Windows"
    if row.get("OSType") and windows != (needed == "Windows"):
        # the script may be our own, such as that which compares files
        return Unavailable(NOT_MATCHING, f"runs {row['OSType']}, but the task needs {needed} ({script_type})")
    if client.generation == "classic" and row.get("InstanceNetworkType") == "classic":
        return Unavailable(NOT_VPC, "is not in a VPC, which the classic API requires")
    return _not_running(row)


def _without_agent(client: Client, instance_ids: Sequence[str], deadline: Deadline) -> dict[str, Unavailable]:
    agents = agent_rows(client, instance_ids, deadline)
    silent = [item for item in instance_ids if not is_online(agents.get(item, {}))]
    return {item: _silent(agents.get(item, {})) for item in silent}


def _silent(row: dict[str, Any]) -> Unavailable:
    seen = row.get("LastHeartbeatTime")
    reason = f"its agent is offline (last seen {seen})" if seen else "its agent is not installed or has never run"
    return Unavailable(NO_AGENT, reason)
