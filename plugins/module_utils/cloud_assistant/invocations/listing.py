# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Live invocations: find them, and stop them on all or some of their instances."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...alibaba.client import Client
from ...common.errors import ApiError
from ...common.wait import Deadline
from ..models import Invocation

SCHEDULED_MODES = frozenset({"Period", "EveryReboot", "NextRebootOnly"})
"""Repeat modes of invocations that will run by themselves later (DescribeInvocations, Timed)."""

PREDICTED_INVOKE_ID = "t-started-outside-check-mode"
"""What check mode returns as the id of an invocation that it would start, so that dependent tasks can be predicted."""

INVOCATION_NOT_FOUND = "InvalidInvokeId.NotFound"


def first_invoke_id(invoke_ids: Sequence[str], *, would_start: bool = False) -> str:
    """Return the first of the ids; without any, that of check mode where one ``would_start``, else an empty text."""
    if invoke_ids:
        return invoke_ids[0]
    return PREDICTED_INVOKE_ID if would_start else ""


def iter_invocations(
    client: Client, filters: Mapping[str, Any], deadline: Deadline | None = None
) -> Iterator[Invocation]:
    """Yield what DescribeInvocations answers to the filters, in its order, each once; a page is read when it is needed.

    Raises what the client raises.
    """
    seen: set[str] = set()
    for page in client.pages("DescribeInvocations", filters, deadline=deadline):
        for row in page.rows("Invocations", "Invocation"):
            if row["InvokeId"] not in seen:
                seen.add(row["InvokeId"])
                yield Invocation.from_row(row)


def list_invocations(client: Client, filters: Mapping[str, Any], deadline: Deadline | None = None) -> list[Invocation]:
    """Return what DescribeInvocations answers to the filters, in its order, each once."""
    return list(iter_invocations(client, filters, deadline))


def find_invocation(
    client: Client, invoke_id: str, deadline: Deadline | None = None, *, with_output: bool = False
) -> Invocation | None:
    """Return the invocation of this id with the state of each of its instances, None when the service knows none.

    ``with_output`` also reads the output of each instance.
    """
    try:
        filters = {"InvokeId": invoke_id, "IncludeOutput": True if with_output else None}
        found = list_invocations(client, filters, deadline)
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
    # whether a filter without Timed covers the scheduled ones is not documented, so we ask once more
    for status in ("Pending", "Running", "Stopping"):
        for invocation in _matching(client, command_id, command_name, InvokeStatus=status):
            found.setdefault(invocation.invoke_id, invocation)
    return oldest_first(found.values())


def oldest_first(invocations: Iterable[Invocation]) -> list[Invocation]:
    """Sort by creation, then by id, so that equal states give equal decisions."""
    return sorted(invocations, key=lambda invocation: (invocation.created_at, invocation.invoke_id))
