# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Stop invocations, and wait until they have stopped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...alibaba.client import Client
from ...alibaba.errors import TOO_MANY_IDS
from ...common.errors import ApiError, WaitTimeout
from ...common.paging import batches
from ...common.printable import names_of
from ...common.wait import Deadline, poll
from ..models import Invocation
from .listing import INVOCATION_NOT_FOUND, find_invocation

MAX_STOPS_PER_CALL = 50
"""Instances in one call (StopInvocation, InstanceId)."""


@dataclass(frozen=True)
class Stop:
    """Instances of one invocation to stop, and those to wait for, some of which may be stopping already."""

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
        for batch in batches(wanted.instance_ids, MAX_STOPS_PER_CALL):
            _request_stop(client, wanted.invoke_id, batch, deadline)
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
        if error.code == TOO_MANY_IDS and len(instance_ids) > 1:
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
        message = f"{error}; still running on {names_of(running, 'instance', 10)}"
        raise WaitTimeout(message, invoke_ids=[wanted.invoke_id], running_instances=running) from error
