# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The targets of a script: instances by id, name or tag, in batches of one call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common.checks import check_identifiers, check_ids, check_range, quoted
from ..common.entries import each_once, split_entries
from ..common.errors import InputError
from .tags import check_tags

MAX_BATCH = 100
"""Instances in one call (RunCommand, InstanceId) of an account whose quota has not been raised."""
MAX_RAISED_BATCH = 1000
"""Instances in one call that the collection sends at most. The quota can be raised in Quota Center; its limit is not
published, and a call with more ids would no longer fit into the request line of every gateway."""

_ID = re.compile(r"(?:i|mi)-[A-Za-z0-9][A-Za-z0-9._-]{0,60}|AY[A-Za-z0-9]{8,62}")
"""Instances, managed instances (RegisterManagedInstance), and instances created before 2014."""


@dataclass(frozen=True)
class Targets:
    """The instances that a script is meant for: ids or names in the order wanted, or the tags that they all have.

    ``resource_group_id`` narrows all of them: every instance has to be in that group.
    """

    instance_ids: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    resource_group_id: str | None = None
    names: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        instance_ids: Iterable[str] | None = None,
        tags: Mapping[str, object] | None = None,
        resource_group_id: str | None = None,
        *,
        names: Iterable[str] | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> Targets:
        """Build the targets of a task; ``warn`` gets a line about ids and names that are given twice and used once.

        Raises InputError for no targets, more than one kind of targets, a malformed id, a bad name or a bad tag.
        """
        ids, given_names = list(instance_ids or ()), list(names or ())
        given = {"instance_ids": ids, "instance_names": given_names, "resource_tags": tags}
        chosen = [option for option, value in given.items() if value]
        if len(chosen) > 1:
            raise InputError(chosen[0], f"give either {' or '.join(chosen)}, not both")
        if not chosen:
            raise InputError("instance_ids", "no targets: give instance_ids, instance_names or resource_tags")
        check_ids(resource_group_id=resource_group_id)
        unique = read_instance_ids(ids, warn=warn) if ids else ()
        return cls(
            unique, check_tags(tags or {}, "resource_tags"), resource_group_id, read_names(given_names, warn=warn)
        )

    @classmethod
    def of_options(cls, params: Mapping[str, Any], *, warn: Callable[[str], None]) -> Targets:
        """Build the targets of a task from its options, as ``of`` does."""
        return cls.of(
            params["instance_ids"],
            params["resource_tags"],
            params["resource_group_id"],
            names=params.get("instance_names"),
            warn=warn,
        )


def read_instance_ids(
    entries: Iterable[str], option: str = "instance_ids", *, warn: Callable[[str], None] | None = None
) -> tuple[str, ...]:
    """Return the ids of a list option, each once, in the order given; ``warn`` gets a line about repeated ones.

    An entry can hold several ids separated by white space, as a block of lines does. Raises InputError for an empty
    list or entry, and for text that cannot be an id, such as the name of an instance.
    """
    entries = list(entries)
    if not entries:
        raise InputError(option, "must not be an empty list; omit it if it should not select instances")
    unique = each_once(split_entries(entries), option, warn)
    for instance_id in unique:
        check_instance_id(option, instance_id)
    return unique


def read_names(names: Iterable[str], *, warn: Callable[[str], None] | None = None) -> tuple[str, ...]:
    """Return the names of ``instance_names``, each once, in the order given; ``warn`` gets a line about repeated ones.

    Raises InputError for a name that no instance can have.
    """
    unique = each_once(names, "instance_names", warn)
    for name in unique:
        check_exact_name("instance_names", name)
    return unique


def check_exact_name(option: str, name: str) -> None:
    """Raise InputError for a name that no instance can have, or that would need wildcards."""
    check_identifiers(**{option: name})
    if "*" in name:
        raise InputError(option, f"{name!r} contains *; a name is compared exactly, without wildcards")


def check_instance_id(option: str, text: str) -> None:
    """Raise InputError unless a text has the form of an instance's id."""
    if _ID.fullmatch(text) is None:
        problem = f"{quoted(text)} is not a valid instance ID such as i-bp67acfmxazb4p1a2b3c"
        raise InputError(option, f"{problem}; give the ID of the instance, not its name")


def check_batch_size(size: int) -> None:
    """Raise InputError unless one call can take that many instances."""
    check_range("batch_size", size, 1, MAX_RAISED_BATCH, "instances per call")
