# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Tags: their limits, their forms in requests and replies, and how they are planned and changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..common.checks import check_length, check_no_control_characters
from ..common.errors import InputError

if TYPE_CHECKING:
    # tags are read where nothing is called, as in filters, and the client loads requests
    from ..alibaba.client import Client

MAX_TAGS = 20
"""Tags in one call (RunCommand, Tag and ResourceTag)."""
MAX_TAG_KEY, MAX_TAG_VALUE = 64, 128
"""Characters (RunCommand, Tag)."""

SYSTEM_PREFIXES = ("aliyun", "acs:")
"""Prefixes of keys that only the service can set, change or remove."""


def check_tags(tags: Mapping[str, object], option: str = "tags", *, limit: int = MAX_TAGS) -> dict[str, str]:
    """Return the tags as text. Raises InputError for tags that the service does not take (RunCommand, Tag)."""
    if len(tags) > limit:
        raise InputError(option, f"has {len(tags)} tags; at most {limit} are allowed")
    checked = {str(key): _value(option, str(key), value) for key, value in tags.items()}
    for key, value in checked.items():
        _check_key(option, key)
        _check_part(option, value, MAX_TAG_VALUE, f"the value of the tag {key!r}")
    return checked


def _value(option: str, key: str, value: object) -> str:
    """Return a tag's value as text; a null value is refused, because it is more often a variable without a value."""
    if value is None:
        raise InputError(option, f"the value of the tag {key!r} is null; write '' for an empty value")
    if isinstance(value, (list, tuple, Mapping)):
        raise InputError(option, f"the value of the tag {key!r} must be a string, not a list or a dictionary")
    return str(value)


def _check_key(option: str, key: str) -> None:
    if not key:
        raise InputError(option, "a tag has an empty key")
    _check_part(option, key, MAX_TAG_KEY, f"the tag key {key[:MAX_TAG_KEY]!r}")
    if _system(key):
        raise InputError(option, f"the tag key {key!r} starts with aliyun or acs:, which is reserved for the service")


def _check_part(option: str, text: str, limit: int, what: str) -> None:
    check_length(option, text, limit, what)
    check_no_control_characters(option, text, what)
    if "http://" in text or "https://" in text:
        raise InputError(option, f"{what} contains http:// or https://, which the service does not allow")


def tags_to_rows(tags: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    """Return tags in the form of a request (Tag.N.Key, Tag.N.Value), None when there are none."""
    return [{"Key": key, "Value": value} for key, value in tags.items()] if tags else None


@dataclass(frozen=True)
class TagChange:
    """What TagResources and UntagResources have to do to a resource."""

    set: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.set or self.remove)

    def apply_to(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return the tags after the change."""
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
        raise InputError(
            "tags", f"there would be {count} tags, including existing ones; at most {MAX_TAGS} are allowed"
        )
    return change


def has_tags(tags: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Return whether all of the wanted tags are among the tags, each with exactly its value."""
    return all(tags.get(key) == value for key, value in wanted.items())


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
        client.call("TagResources", {**target, "Tag": tags_to_rows(change.set)})


def tags_from_row(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a row of a reply; older replies spell them Key and Value, newer ones TagKey and TagValue."""
    rows = (row.get("Tags") or {}).get("Tag") or []
    return {str(tag.get("TagKey", tag.get("Key"))): str(tag.get("TagValue", tag.get("Value")) or "") for tag in rows}
