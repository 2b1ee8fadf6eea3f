# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Find the invocations that a task is to stop, and the ids among its options that do not exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ...alibaba.client import Client
from ...common.checks import check_identifiers, check_ids
from ...common.errors import InputError
from ...common.wait import Deadline
from ..commands.listing import describe_unknown_command, find_commands, find_one, the_only
from ..commands.plan import retired_name
from ..instances.readiness import MANAGED
from ..instances.selection import describe_unknown, states_of
from ..invocations.listing import find_invocation, live_invocations, oldest_first, scheduled_invocations
from ..models import Invocation


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
    check_ids(invoke_id=invoke_id, command_id=command_id)
    check_identifiers(command_name=command_name)
    if invoke_id is None and command_id is None and command_name is None:
        raise InputError("invoke_id", "give one of invoke_id, command_id and command_name")
    found: list[Invocation] = []
    if invoke_id is not None:
        one = find_invocation(client, invoke_id)
        found = [one] if one and any(instance.live for instance in one.instances) else []
    else:
        if command_name is not None:
            the_only(command_name, find_commands(client, name=command_name))
            # those of a replaced command that could not be deleted because of them
            found = scheduled_invocations(client, command_name=retired_name(command_name))
        found = [*found, *live_invocations(client, command_id=command_id, command_name=command_name)]
    wanted = (tags or {}).items()
    return oldest_first(
        invocation
        for invocation in found
        if wanted <= invocation.tags.items() and repeat_mode in (None, invocation.repeat_mode)
    )


@dataclass(frozen=True)
class Unknown:
    """Given ids that the region does not have, and the warnings about them."""

    ids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def unknown_to_stop(
    client: Client,
    live: Sequence[Invocation],
    *,
    invoke_id: str | None = None,
    command_id: str | None = None,
    instance_ids: Collection[str] | None = None,
    deadline: Deadline | None = None,
) -> Unknown:
    """Return which of the given ids do not exist, so that a stop which finds nothing is not taken for a success.

    Only ids that none of the ``live`` invocations has are looked up.
    """
    ids: list[str] = []
    warnings: list[str] = []
    if invoke_id and not live and find_invocation(client, invoke_id, deadline) is None:
        ids.append(invoke_id)
        warnings.append(
            f"invoke_id: not found in {client.region}: {invoke_id}. It counts as stopped. "
            "The service deletes invocations after some weeks."
        )
    if command_id and not live and find_one(client, command_id=command_id) is None:
        ids.append(command_id)
        warnings.append(f"{describe_unknown_command(client, command_id, 'command_name')}. Nothing was stopped for it.")
    covered = {instance.instance_id for invocation in live for instance in invocation.instances}
    rest = [instance_id for instance_id in instance_ids or () if instance_id not in covered]
    existing = states_of(client, [item for item in rest if not item.startswith(MANAGED)], deadline) if rest else {}
    missing = [item for item in rest if item not in existing and not item.startswith(MANAGED)]
    if missing:
        ids += missing
        warnings.append(f"instance_ids: {describe_unknown(client, missing, deadline)}. Nothing was stopped there.")
    return Unknown(tuple(ids), tuple(warnings))
