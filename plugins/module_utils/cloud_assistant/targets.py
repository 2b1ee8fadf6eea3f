# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a script goes: instances by id or by tag, in batches that one call takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..common.checks import check_ids, check_range
from ..common.errors import InputError
from .tags import check_tags

MAX_BATCH = 100
"""Instances in one call (RunCommand, InstanceId)."""
MAX_SHOWN = 64
"""Characters of a refused id in a message."""

_ID = re.compile(r"(?:i|mi)-[A-Za-z0-9][A-Za-z0-9._-]{0,60}|AY[A-Za-z0-9]{8,62}")
"""Instances, managed instances (RegisterManagedInstance), and instances created before 2014."""


@dataclass(frozen=True)
class Targets:
    """The instances that a script is meant for: ids in the order wanted, or the tags that they all carry.

    ``resource_group_id`` narrows both: every instance has to be in that group.
    """

    instance_ids: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    resource_group_id: str | None = None

    @classmethod
    def of(
        cls,
        instance_ids: Iterable[str] | None = None,
        tags: Mapping[str, object] | None = None,
        resource_group_id: str | None = None,
        *,
        warn: Callable[[str], None] | None = None,
    ) -> Targets:
        """Build the targets of a task; ids given twice are used once, which ``warn`` is told.

        Raises InputError for no targets, both kinds of targets, a malformed id or a bad tag.
        """
        ids = list(instance_ids or ())
        if ids and tags:
            raise InputError("instance_ids", "give either instance_ids or resource_tags, not both")
        if not ids and not tags:
            raise InputError("instance_ids", "no targets: give instance_ids or resource_tags")
        check_ids(resource_group_id=resource_group_id)
        unique = read_instance_ids(ids, warn=warn) if ids else ()
        return cls(unique, check_tags(tags or {}, "resource_tags"), resource_group_id)


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
    ids = [item for entry in entries for item in (entry.split() or [""])]
    for instance_id in ids:
        check_instance_id(option, instance_id)
    unique, repeated = dedupe(ids)
    if repeated and warn:
        warn(f"{option}: given more than once, used once: {', '.join(repeated)}")
    return unique


def check_instance_id(option: str, text: str) -> None:
    """Raise InputError unless a text has the form of an instance's id."""
    if _ID.fullmatch(text) is None:
        shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
        problem = f"{shown!r} is not a valid instance ID; IDs look like i-bp67acfmxazb4p1a2b3c"
        raise InputError(option, f"{problem}, and the name of an instance is not its ID")


def dedupe(ids: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids, each once in the order of its first place, and those that came more than once."""
    count: dict[str, int] = {}
    for instance_id in ids:
        count[instance_id] = count.get(instance_id, 0) + 1
    return tuple(count), tuple(instance_id for instance_id, times in count.items() if times > 1)


def batches(ids: Sequence[str], size: int = MAX_BATCH) -> list[tuple[str, ...]]:
    """Cut the ids into runs of at most ``size``, in their order."""
    return [tuple(ids[start : start + size]) for start in range(0, len(ids), size)]


def check_batch_size(size: int) -> None:
    """Raise InputError unless one call can take that many instances."""
    check_range("batch_size", size, 1, MAX_BATCH, "instances per call")
