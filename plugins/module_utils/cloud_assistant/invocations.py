# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live invocations: find them, and stop them on all or some of their instances."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.command_state import (
    outlived_name,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands import (
    find_commands,
    refuse_empty,
    the_only,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import Invocation
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    InputError,
    WaitTimeout,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline, poll

STOP_BATCH = 50
"""Instances that one StopInvocation takes."""

SCHEDULED_MODES = frozenset({"Period", "EveryReboot", "NextRebootOnly"})
"""Repeat modes of invocations that will run by themselves later (DescribeInvocations, Timed)."""

INVOCATION_NOT_FOUND = "InvalidInvokeId.NotFound"


def list_invocations(client: Client, filters: Mapping[str, Any], deadline: Deadline | None = None) -> list[Invocation]:
    """Return what DescribeInvocations answers to the filters, in its order, each once."""
    found: dict[str, Invocation] = {}
    for page in client.pages("DescribeInvocations", filters, deadline=deadline):
        for row in page.rows("Invocations", "Invocation"):
            invocation = Invocation.from_row(row)
            found.setdefault(invocation.invoke_id, invocation)
    return list(found.values())


def find_invocation(client: Client, invoke_id: str, deadline: Deadline | None = None) -> Invocation | None:
    """Return the invocation of this id with the state of each of its instances, None when the service knows none."""
    try:
        found = list_invocations(client, {"InvokeId": invoke_id}, deadline)
    except ApiError as error:
        if error.code == INVOCATION_NOT_FOUND:
            return None
        raise
    return next((invocation for invocation in found if invocation.invoke_id == invoke_id), None)


def _matching(client: Client, command_id: str | None, command_name: str | None, **filters: Any) -> list[Invocation]:
    found = list_invocations(client, {"CommandId": command_id, "CommandName": command_name, **filters})
    return [
        invocation
        for invocation in found
        if invocation.live
        and (command_id is None or invocation.command_id == command_id)
        and (command_name is None or invocation.command_name == command_name)
    ]


def scheduled_invocations(
    client: Client, *, command_id: str | None = None, command_name: str | None = None
) -> list[Invocation]:
    """Return the invocations of a command that will run by themselves again, oldest first.

    By name also those of a command that has since been deleted are found.
    """
    found = _matching(client, command_id, command_name, Timed=True)
    return oldest_first(invocation for invocation in found if invocation.repeat_mode in SCHEDULED_MODES)


def live_invocations(
    client: Client, *, command_id: str | None = None, command_name: str | None = None
) -> list[Invocation]:
    """Return every invocation of a command that runs, waits or will run again, oldest first."""
    found = {invocation.invoke_id: invocation for invocation in _matching(client, command_id, command_name, Timed=True)}
    # whether a filter without Timed covers the scheduled ones is not documented, hence one question more
    for status in ("Pending", "Running", "Stopping"):
        for invocation in _matching(client, command_id, command_name, InvokeStatus=status):
            found.setdefault(invocation.invoke_id, invocation)
    return oldest_first(found.values())


def stoppable_invocations(
    client: Client,
    *,
    invoke_id: str | None = None,
    command_id: str | None = None,
    command_name: str | None = None,
    tags: Mapping[str, str] | None = None,
    repeat_mode: str | None = None,
) -> list[Invocation]:
    """Return the one invocation of the id, or every live one of the command, as long as something of it is live.

    It has all of the ``tags``, and this ``repeat_mode`` (the API's word) where one is given.
    Raises TaskFailure when several commands have the name, InputError unless one of the three is given. By name also
    the invocations of a command that was deleted or replaced since are found.
    """
    refuse_empty(invoke_id=invoke_id, command_id=command_id, command_name=command_name)
    if invoke_id is None and command_id is None and command_name is None:
        raise InputError("invoke_id", "say what is to be stopped: invoke_id, command_id or command_name")
    found: list[Invocation] = []
    if invoke_id is not None:
        one = find_invocation(client, invoke_id)
        found = [one] if one and any(instance.live for instance in one.instances) else []
    else:
        if command_name is not None:
            the_only(command_name, find_commands(client, name=command_name))
            # those of a replaced command that could not be deleted because of them
            found = scheduled_invocations(client, command_name=outlived_name(command_name))
        found = [*found, *live_invocations(client, command_id=command_id, command_name=command_name)]
    wanted = (tags or {}).items()
    return oldest_first(
        invocation
        for invocation in found
        if wanted <= invocation.tags.items() and repeat_mode in (None, invocation.repeat_mode)
    )


def oldest_first(invocations: Iterable[Invocation]) -> list[Invocation]:
    """Sort by creation, then by id, so that equal states give equal decisions."""
    return sorted(invocations, key=lambda invocation: (invocation.created_at, invocation.invoke_id))


@dataclass(frozen=True)
class Stop:
    """Instances of one invocation on which nothing shall run any more; ``everywhere`` when these are all live ones."""

    invoke_id: str
    instance_ids: tuple[str, ...]
    waiting_for: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.instance_ids)


def plan_stop(invocation: Invocation, instance_ids: Collection[str] | None = None) -> Stop:
    """Return what must be stopped; instances that are being stopped already are only waited for.

    ``instance_ids`` limits it to these, None means all.
    """
    live = [
        instance
        for instance in invocation.instances
        if instance.live and (instance_ids is None or instance.instance_id in instance_ids)
    ]
    return Stop(
        invoke_id=invocation.invoke_id,
        instance_ids=tuple(instance.instance_id for instance in live if instance.status != "Stopping"),
        waiting_for=tuple(instance.instance_id for instance in live),
    )


def stop(client: Client, stops: Sequence[Stop], deadline: Deadline) -> None:
    """Request every stop, then wait until nothing runs there any more.

    An invocation that the service no longer knows counts as stopped. Raises WaitTimeout with ``invoke_ids``,
    ``running_instances`` and ``changed`` when something still runs at the deadline.
    """
    for wanted in stops:
        for start in range(0, len(wanted.instance_ids), STOP_BATCH):
            _request_stop(client, wanted.invoke_id, wanted.instance_ids[start : start + STOP_BATCH], deadline)
    try:
        for wanted in stops:
            if wanted.waiting_for:
                _wait_stopped(client, wanted, deadline)
    except WaitTimeout as error:
        error.result["changed"] = any(stops)
        raise


def _request_stop(client: Client, invoke_id: str, instance_ids: Sequence[str], deadline: Deadline) -> None:
    params = {"InvokeId": invoke_id, "InstanceId": list(instance_ids)}
    try:
        client.call("StopInvocation", params, deadline=deadline)
    except ApiError as error:
        if error.code == "InstanceIds.ExceedLimit" and len(instance_ids) > 1:
            # some endpoints take fewer than the documented 50
            middle = len(instance_ids) // 2
            _request_stop(client, invoke_id, instance_ids[:middle], deadline)
            _request_stop(client, invoke_id, instance_ids[middle:], deadline)
        elif error.code != INVOCATION_NOT_FOUND:
            raise


def _wait_stopped(client: Client, wanted: Stop, deadline: Deadline) -> None:
    running: list[str] = list(wanted.waiting_for)

    def probe() -> bool | None:
        invocation = find_invocation(client, wanted.invoke_id, deadline)
        live = {item.instance_id for item in invocation.instances if item.live} if invocation else set()
        running[:] = [instance_id for instance_id in wanted.waiting_for if instance_id in live]
        return None if running else True

    try:
        poll(probe, deadline, f"stopping invocation {wanted.invoke_id}")
    except WaitTimeout as error:
        count = f"{len(running)} instance{'s' if len(running) > 1 else ''}"
        message = f"{error}; still running on {count}: {', '.join(running[:10])}"
        raise WaitTimeout(message, invoke_ids=[wanted.invoke_id], running_instances=running) from error
