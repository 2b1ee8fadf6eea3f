# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Stored commands by name, for any number of names and lookups with few calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..module_utils.alibaba.client import Client
from ..module_utils.cloud_assistant.commands.listing import find_commands, list_some
from ..module_utils.cloud_assistant.models import Command

LISTED = 500
"""Commands that are read in one pass. In a library with more of them, each name is looked up."""

Record = dict[str, Any]


def commands_by_name(
    client: Client,
    names: Iterable[str],
    filters: Mapping[str, Any],
    document: dict[str, Any] | None,
    *,
    content: bool,
) -> dict[str, list[Record]]:
    """Return the records of the commands of each name, in the names' order; an empty list where there are none.

    ``document`` keeps what was read: the whole list once, and what was found under single names that are not in it.
    A name that is not found is asked for again each time. Without a document, each name is asked for separately.
    ``filters`` are those of ``find_commands``; ``content`` says whether the records hold the scripts.
    """
    if document is None:
        return {name: _asked(client, name, filters, content) for name in names}
    if "commands" not in document:
        document["commands"] = [_record(command, content) for command in list_some(client, LISTED, **filters)]
        document["asked"] = {}
    found: dict[str, list[Record]] = {}
    complete = len(document["commands"]) < LISTED
    for name in names:
        records = [record for record in document["commands"] if record["name"] == name] if complete else []
        records = records or document["asked"].get(name) or _asked(client, name, filters, content)
        if records and not complete:
            document["asked"][name] = records
        found[name] = records
    return found


def _asked(client: Client, name: str, filters: Mapping[str, Any], content: bool) -> list[Record]:
    return [_record(command, content) for command in find_commands(client, name=name, **filters)]


def _record(command: Command, content: bool) -> Record:
    record = command.as_dict()
    if not content:
        record.pop("content", None)
        record.pop("content_base64", None)
    return record
