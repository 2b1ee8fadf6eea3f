# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Reading the results of invocations: page by page, complete or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ...alibaba.client import Client
from ...common.errors import CloudError
from ...common.wait import Deadline, proportional_interval
from ..models import InstanceResult, Invocation
from .listing import find_invocation

RECORD_GRACE = 5.0
"""Seconds that a record may come later than the state which says that the run has ended."""

REREAD_PAUSE = 1.0
"""Seconds before the second look for records that are late; later looks are further apart."""

NO_RECORD = "NoRecord"
"""Our own error code of an instance for which the service has no record."""


def iter_results(
    client: Client,
    invoke_id: str,
    *,
    instance_id: str | None = None,
    history: bool = False,
    deadline: Deadline | None = None,
) -> Iterator[InstanceResult]:
    """Yield the result rows of one invocation, 50 a page, as they come.

    ``history`` gives every run of a scheduled invocation instead of the latest (DescribeInvocationResults,
    IncludeHistory).
    """
    params = {"InvokeId": invoke_id, "InstanceId": instance_id, "IncludeHistory": True if history else None}
    for page in client.pages("DescribeInvocationResults", params, deadline=deadline):
        for row in page.rows("Invocation", "InvocationResults", "InvocationResult"):
            yield InstanceResult.from_row(row, invoke_id)


def read_results(
    client: Client, invoke_id: str, instance_ids: Sequence[str], deadline: Deadline
) -> dict[str, InstanceResult]:
    """Return the result of each of these instances in an invocation that has ended on them.

    Records may be written a little later than the state: they are waited for, those that still run until the
    deadline, those that are missing for a few seconds. An instance that has no record even then gets a result with
    NO_RECORD: it failed before anything ran there (RunCommand, execution failures). Raises what the client raises.

    The states of an invocation with their outputs are one answer, the results are read page by page where that one
    lacks something.
    """
    found = _read_with_state(client, invoke_id, instance_ids, deadline)
    if found:
        return found
    wanted = frozenset(instance_ids)
    began = deadline.elapsed()
    while True:
        found = _read_once(client, invoke_id, wanted, deadline)
        running = any(result.live for result in found.values())
        missing = len(found) < len(wanted)
        waited = deadline.elapsed() - began
        if deadline.expired() or not (running or (missing and waited < RECORD_GRACE)):
            break
        # an instance that was released may keep its record open for good
        deadline.pause(proportional_interval(waited, floor=REREAD_PAUSE))
    for instance_id in wanted - found.keys():
        found[instance_id] = no_record(instance_id, invoke_id)
    return found


def _read_with_state(
    client: Client, invoke_id: str, instance_ids: Sequence[str], deadline: Deadline
) -> dict[str, InstanceResult]:
    """Return the results that came with the state of the invocation; empty unless they are complete."""
    if client.generation == "classic":
        return {}
    try:
        invocation = find_invocation(client, invoke_id, deadline, with_output=True)
    except CloudError:
        return {}
    if invocation is None or not has_outputs(invocation, instance_ids):
        return {}
    wanted = frozenset(instance_ids)
    return {instance.instance_id: instance for instance in invocation.instances if instance.instance_id in wanted}


def has_outputs(invocation: Invocation | None, instance_ids: Collection[str]) -> bool:
    """Return whether the state of the invocation came with the final output of each of these instances."""
    rows = {instance.instance_id: instance for instance in invocation.instances} if invocation else {}
    return all(item in rows and not rows[item].live and rows[item].output is not None for item in instance_ids)


def no_record(instance_id: str, invoke_id: str) -> InstanceResult:
    """Return the result of an instance for which the service has no record."""
    reason = f"the service has no record of this instance in invocation {invoke_id}: nothing ran there"
    return InstanceResult(instance_id, "Failed", invoke_id, error_code=NO_RECORD, error_info=reason)


def _read_once(
    client: Client, invoke_id: str, wanted: Collection[str], deadline: Deadline
) -> dict[str, InstanceResult]:
    results = iter_results(client, invoke_id, deadline=deadline)
    # a row that moves to the next page while the pages are read comes twice; the later one is the newer one
    return {result.instance_id: result for result in results if result.instance_id in wanted}
