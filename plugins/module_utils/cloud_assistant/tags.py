# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of commands and invocations: what must change, and changing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..alibaba.client import Client
from ..common.errors import InputError

MAX_TAGS = 20
"""Tags in one call (RunCommand, Tag and ResourceTag)."""
MAX_TAG_KEY = 64
MAX_TAG_VALUE = 128


def check_tags(tags: Mapping[str, object], option: str = "tags", *, limit: int = MAX_TAGS) -> dict[str, str]:
    """Return the tags as text; raise InputError for what the service does not take (RunCommand, Tag)."""
    if len(tags) > limit:
        raise InputError(option, f"has {len(tags)} tags, at most {limit} are allowed")
    for key, value in tags.items():
        if isinstance(value, (list, tuple, Mapping)):
            raise InputError(option, f"the value of {str(key)!r} must be one text, not {value!r}")
    checked = {str(key): "" if value is None else str(value) for key, value in tags.items()}
    for key, value in checked.items():
        if not 1 <= len(key) <= MAX_TAG_KEY:
            raise InputError(option, f"the key {key!r} has {len(key)} characters, allowed are 1 to {MAX_TAG_KEY}")
        if key.lower().startswith(("aliyun", "acs:")):
            raise InputError(option, f"the key {key!r} begins with aliyun or acs:, which the service keeps for itself")
        if len(value) > MAX_TAG_VALUE:
            problem = f"the value of {key!r} has {len(value)} characters, at most {MAX_TAG_VALUE} are allowed"
            raise InputError(option, problem)
        if any("http://" in text or "https://" in text for text in (key, value)):
            raise InputError(option, f"the tag {key!r} may not contain http:// or https://")
    return checked


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    """Return tags the way the client sends them (Tag.N.Key, Tag.N.Value), None when there are none."""
    return [{"Key": key, "Value": value} for key, value in tags.items()] if tags else None


SYSTEM_PREFIXES = ("aliyun", "acs:")
"""Keys that only the service sets; nobody else can change or remove them."""


@dataclass(frozen=True)
class TagChange:
    """What TagResources and UntagResources have to do to a resource."""

    set: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.set or self.remove)

    def apply_to(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return the tags as they are after the change."""
        return {**{key: value for key, value in tags.items() if key not in self.remove}, **self.set}


def plan_tags(current: Mapping[str, str], desired: Mapping[str, str] | None, *, purge: bool) -> TagChange:
    """Return the change from ``current`` to ``desired`` (None: leave all); with ``purge`` other tags are removed.

    Tags that only the service sets always stay. Raises InputError when the resource would have more tags than it can.
    """
    wanted = dict(desired or {})
    remove = [key for key in current if purge and desired is not None and key not in wanted and not _system(key)]
    change = TagChange(
        set={key: value for key, value in wanted.items() if current.get(key) != value}, remove=tuple(sorted(remove))
    )
    count = len(own_tags(change.apply_to(current)))
    if count > MAX_TAGS:
        raise InputError("tags", f"there would be {count} tags with those already set, at most {MAX_TAGS} are allowed")
    return change


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags without those that only the service sets."""
    return {key: value for key, value in tags.items() if not _system(key)}


def _system(key: str) -> bool:
    return key.lower().startswith(SYSTEM_PREFIXES)


def apply_tags(client: Client, resource_type: str, resource_id: str, change: TagChange) -> None:
    """Carry out the change on a ``command`` or ``invocation``; removals go first, to make room under the limit."""
    target = {"ResourceType": resource_type, "ResourceId": [resource_id]}
    if change.remove:
        client.call("UntagResources", {**target, "TagKey": list(change.remove)})
    if change.set:
        pairs = [{"Key": key, "Value": value} for key, value in change.set.items()]
        client.call("TagResources", {**target, "Tag": pairs})


def tags_from_rows(rows: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the tags of a reply as a dict; older replies say Key and Value, newer ones TagKey and TagValue."""
    return {
        str(row.get("TagKey", row.get("Key"))): str(row.get("TagValue", row.get("Value", "")) or "") for row in rows
    }
