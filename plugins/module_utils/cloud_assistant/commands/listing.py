# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Stored commands: find them by exact name or id, create, change and delete them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...alibaba.client import Client
from ...common.checks import check_identifiers, check_ids
from ...common.errors import ApiError, InputError, TaskFailure
from ..models import Command
from ..tags import has_tags, tags_to_rows

PUBLIC_PROVIDERS = ("AlibabaCloud", "AlibabaCloud.ECS.GuestOS", "AlibabaCloud.ECS.GuestOSDiagnose")
"""Providers of public commands (DescribeCommands, Provider)."""

MAX_COMMAND_NAME = 128
"""Characters (CreateCommand, Name)."""

PREDICTED_COMMAND_ID = "c-created-outside-check-mode"
"""What check mode returns as the id of a command that it would create, so that dependent tasks can be predicted."""

COMMAND_NOT_FOUND = frozenset({"InvalidCmdId.NotFound", "InvalidCommandId.NotFound"})


def iter_commands(
    client: Client,
    *,
    name: str | None = None,
    command_id: str | None = None,
    type: str | None = None,
    provider: str | None = None,
    tags: Mapping[str, str] | None = None,
    resource_group_id: str | None = None,
) -> Iterator[Command]:
    """Yield what DescribeCommands answers to these filters, page by page, as it comes.

    A name is matched by the service's own rules (``*`` at its ends; loosely for public commands). Tags are compared
    here as well: for the service, an empty value stands for every value.
    """
    params = {
        "Name": name,
        "CommandId": command_id,
        "Type": type,
        "Provider": provider,
        "ResourceGroupId": resource_group_id,
        "Tag": tags_to_rows(tags),
    }
    for page in client.pages("DescribeCommands", params):
        for row in page.rows("Commands", "Command"):
            command = Command.from_row(row)
            if has_tags(command.tags, tags or {}):
                yield command


def list_some(client: Client, most: int, **filters: Any) -> list[Command]:
    """Return the first ``most`` commands that match the filters of ``iter_commands``; a shorter list is complete."""
    return list(itertools.islice(iter_commands(client, **filters), most))


def find_commands(
    client: Client,
    *,
    name: str | None = None,
    command_ids: Iterable[str] | None = None,
    type: str | None = None,
    provider: str | None = None,
    tags: Mapping[str, str] | None = None,
    resource_group_id: str | None = None,
    fuzzy: bool = False,
) -> list[Command]:
    """Return the stored commands that match every given filter, in the service's order, each once.

    ``name`` is compared exactly unless ``fuzzy``; without ``provider`` only the account's own commands are searched.
    Raises InputError for a name that no command can have.
    """
    check_identifiers(**{"name_pattern" if fuzzy else "name": name})
    filters: dict[str, Any] = {
        "name": name,
        "type": type,
        "provider": provider,
        "tags": tags,
        "resource_group_id": resource_group_id,
    }
    found: dict[str, Command] = {}
    for command_id in [None] if command_ids is None else dict.fromkeys(command_ids):
        try:
            for command in iter_commands(client, command_id=command_id, **filters):
                meant = command_id in (None, command.command_id)
                if meant and (fuzzy or name is None or command.name == name):
                    found.setdefault(command.command_id, command)
        except ApiError as error:
            if command_id is None or error.code not in COMMAND_NOT_FOUND:
                raise
    return list(found.values())


def describe_unknown_command(client: Client, command_id: str, name_option: str) -> str:
    """Return a warning about an id that is not in the region; a text that is the name of a command is shown as such.

    ``name_option`` is the option of the task that takes a name.
    """
    named = [command.command_id for command in find_commands(client, name=command_id)]
    hint = f"; it is the name of {', '.join(named)}, so use {name_option}" if named else ""
    return f"command_id: not found in {client.region}: {command_id}{hint}"


def find_one(client: Client, *, command_id: str | None = None, name: str | None = None) -> Command | None:
    """Return the one command of this id, or of exactly this name, None when there is none.

    An id that is not among the account's own commands is searched for among the public ones, which are invoked by name.
    Raises TaskFailure (with ``command_ids``) when several commands have the name, InputError for an empty name or id.
    """
    check_ids(command_id=command_id)
    check_identifiers(name=name)
    if command_id is not None:
        own = find_commands(client, command_ids=[command_id])
        if own:
            return own[0]
        if command_id.startswith("c-") or client.generation == "classic":
            return None
        for provider in PUBLIC_PROVIDERS:
            offered = find_commands(client, name=command_id, provider=provider)
            offered = offered or find_commands(client, command_ids=[command_id], provider=provider)
            if offered:
                return max(offered, key=lambda command: command.version or 0)
        return None
    if name is None:
        raise InputError("name", "give the name or the ID of a command")
    return the_only(name, find_commands(client, name=name))


def predicted_command_warning(name: str, region: str) -> str:
    """Return the warning that check mode takes a command for granted that an earlier task would create.

    It is for a name only: PREDICTED_COMMAND_ID can come from nowhere but such a task.
    """
    return (
        f"command_name: the command {name!r} does not exist in {region}; check mode assumes that an earlier task "
        "creates it"
    )


def the_only(name: str, commands: list[Command], option: str = "command_id") -> Command | None:
    """Return the single command of the list, None for an empty one; raise TaskFailure naming the ids of several."""
    if len(commands) > 1:
        ids = [command.command_id for command in commands]
        problem = f"{len(ids)} commands are named {name!r}: {', '.join(ids)}. Set {option} to select one of them."
        raise TaskFailure(problem, command_ids=ids)
    return commands[0] if commands else None
