# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a script goes: instances by id or by tag, in batches that one call takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..common.errors import InputError
from .tags import check_tags

MAX_BATCH = 100
"""Instances in one call (RunCommand, InstanceId)."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


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
        for instance_id in ids:
            if not is_instance_id(instance_id):
                raise InputError("instance_ids", f"{instance_id!r} is not the id of an instance")
        checked = check_tags(tags or {}, "resource_tags")
        unique, repeated = dedupe(ids)
        if repeated and warn:
            warn(f"instance_ids: given more than once, used once: {', '.join(repeated)}")
        return cls(unique, checked, resource_group_id)


def is_instance_id(text: str) -> bool:
    """Whether a text has the form of an instance's id."""
    return _ID.fullmatch(text) is not None


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
    if not 1 <= size <= MAX_BATCH:
        raise InputError("batch_size", f"is {size}, one call takes 1 to {MAX_BATCH} instances")
