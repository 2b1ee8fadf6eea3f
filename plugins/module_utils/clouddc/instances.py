# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read CloudDC instances and the physical servers below them, and switch servers off."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.checks import quoted
from ..common.entries import each_once, split_entries
from ..common.errors import ApiError, InputError
from ..common.paging import batches
from ..common.wait import Deadline
from ..huawei.client import Client
from ..huawei.error_table import INSTANCE_NOT_FOUND

STATES = ("pending", "running", "stopped", "shutting-down", "terminated", "error")
RUNNING = "running"
GOING = "shutting-down"
# The second spelling is that of an early release of the service.
GONE = frozenset({"terminated", "teminated"})
"""States of a deleted instance; the documents of the service have both spellings."""
# "failed" is what earlier releases called "error".
FAILED = frozenset({"error", "failed"})

MAX_IDS_PER_CALL = 100
"""Ids in one call (ListInstances, instance_id and server_id)."""
MAX_DELETIONS_PER_CALL = 50
"""Instances in one call (DeleteInstances, instance_id_set)."""
MAX_SERVERS_PER_CALL = 50
"""Servers in one call (ChangeServerPowerState, server_id_set)."""

_ID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
"""A UUID, with or without hyphens (DeleteInstance, instance_id)."""
_SECRET_KEY = re.compile(r"(?i)user_?data|pass(word|wd|phrase)?$|admin_?pass|secret|token|private_?key")


@dataclass(frozen=True)
class Status:
    """The answer of ShowInstanceStatus; ``error`` is the service's block {error_code, error_msg, error_type}."""

    state: str
    operation_state: str | None = None
    error: dict[str, Any] | None = None


def read_ids(entries: Sequence[str], option: str, *, warn: Callable[[str], None] | None = None) -> list[str]:
    """Return the ids in their order, each once, in lower case as the service writes them.

    An entry can hold several ids separated by white space; ``warn`` gets a line about repeated ones. Raises InputError
    for none at all and for what cannot be an id.
    """
    if not entries:
        raise InputError(option, "must have at least one ID")
    ids = split_entries(entries)
    for value in ids:
        if not _ID.fullmatch(value):
            problem = f"{quoted(value)} is not a valid instance ID. An ID is a UUID"
            raise InputError(option, f"{problem}; give the ID of the instance, not its name")
    return list(each_once((value.lower() for value in ids), option, warn))


def list_instances(
    client: Client,
    *,
    ids: Sequence[str] = (),
    server_ids: Sequence[str] = (),
    state: str | None = None,
    deadline: Deadline | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of all instances that match, without anything secret; no filter at all returns every instance.

    ``ids`` and ``server_ids`` exclude each other (ListInstances, server_id). Raises ApiError, TransportError.
    """
    name, values = ("server_id", server_ids) if server_ids else ("instance_id", ids)
    found: dict[str, dict[str, Any]] = {}

    def read(some: Sequence[str]) -> None:
        query = {name: ",".join(some) or None, "instance_state": state}
        try:
            for page in client.pages("ListInstances", query, deadline=deadline):
                # an instance that is created or deleted meanwhile may move from one page to the next
                found.update((row["id"], without_secrets(row)) for row in page["instances"])
        except ApiError as error:
            if not (some and is_absence(error)):
                raise
            # one unknown id may be why the others are not listed
            half = (len(some) + 1) // 2
            for part in batches(some, half) if len(some) > 1 else ():
                read(part)

    for some in batches(values, MAX_IDS_PER_CALL):
        read(some)
    if not values:
        read([])
    return list(found.values())


def without_secrets(value: Any) -> Any:
    """Return the value without user data and without entries that are named like passwords, at any depth."""
    if isinstance(value, dict):
        return {key: without_secrets(inner) for key, inner in value.items() if not _SECRET_KEY.search(str(key))}
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value


def find_instances(client: Client, ids: Sequence[str], deadline: Deadline) -> dict[str, dict[str, Any] | None]:
    """Return the row of each id, None for an instance that does not exist.

    That an id is not in the list is not enough: only the answer that the service documents for an unknown instance
    says that there is none. Raises ApiError for anything else that looks like "not found".
    """
    rows = {row["id"]: row for row in list_instances(client, ids=ids, deadline=deadline)}
    found: dict[str, dict[str, Any] | None] = {}
    for id in ids:
        row = rows.get(id)
        if row is None:
            status = show_status(client, id, deadline)
            row = None if status is None else {"id": id, **vars(status)}
        found[id] = row
    return found


def show_status(client: Client, id: str, deadline: Deadline) -> Status | None:
    """Return the instance's status, None if the service answers that it does not exist."""
    try:
        reply = client.call("ShowInstanceStatus", id=id, deadline=deadline)
    except ApiError as error:
        if is_absence(error):
            return None
        raise
    block = reply.get("error")
    return Status(reply["state"], reply.get("operation_state"), without_secrets(block) if block else None)


def is_absence(error: ApiError) -> bool:
    """Return whether the error means that the instance does not exist.

    A gateway answers 404 as well, for a wrong endpoint or region; its codes differ.
    """
    return error.http_status == 404 and error.code == INSTANCE_NOT_FOUND


def show_server(client: Client, id: str, deadline: Deadline) -> dict[str, Any]:
    """Return the physical server's row. Raises ApiError, also if the server does not exist."""
    return dict(client.call("ShowServer", id=id, deadline=deadline))


def power_off(client: Client, server_ids: Sequence[str], deadline: Deadline) -> None:
    """Request that at most 50 physical servers are switched off, without waiting for it. Raises ApiError."""
    body = {"action": "power off", "server_id_set": list(server_ids)}
    client.call("ChangeServerPowerState", body=body, deadline=deadline)


def describe_error(block: Any) -> str:
    """Return the service's error block as text for a message."""
    if not isinstance(block, dict) or not any(block.values()):
        return "the service does not give a reason"
    code = block.get("error_code") or "no code"
    return f"{code}: {block.get('error_msg') or 'no message'}"
