# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of commands and invocations: check them, find out what must change, change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError

MAX_TAGS = 20
MAX_KEY_LENGTH = 64
MAX_VALUE_LENGTH = 128
"""Tags a resource, characters a key, characters a value (RunCommand, Tag)."""

SYSTEM_PREFIXES = ("aliyun", "acs:")
"""Keys that only the service sets; nobody else can change or remove them."""


def check_tags(tags: Mapping[str, str], option: str = "tags") -> dict[str, str]:
    """Return the tags as plain text; raise InputError naming what the service would refuse."""
    if len(tags) > MAX_TAGS:
        raise InputError(option, f"has {len(tags)} tags, at most {MAX_TAGS} are allowed")
    checked = {str(key): "" if value is None else str(value) for key, value in tags.items()}
    for key, value in checked.items():
        if not key:
            raise InputError(option, "a tag's key must not be empty")
        if len(key) > MAX_KEY_LENGTH:
            raise InputError(option, f"the key {key!r} has {len(key)} characters, at most {MAX_KEY_LENGTH} are allowed")
        if len(value) > MAX_VALUE_LENGTH:
            problem = f"the value of {key!r} has {len(value)} characters, at most {MAX_VALUE_LENGTH} are allowed"
            raise InputError(option, problem)
        if key.lower().startswith(SYSTEM_PREFIXES):
            raise InputError(option, f"the key {key!r} starts with aliyun or acs:, which the service keeps for itself")
        for text in (key, value):
            if "http://" in text or "https://" in text:
                raise InputError(option, f"the tag {key!r} must not contain http:// or https://")
    return checked


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


def plan_tags(
    current: Mapping[str, str], desired: Mapping[str, str] | None, *, purge: bool, always_remove: str | None = None
) -> TagChange:
    """Return the change from ``current`` to ``desired`` (None: leave all); ``always_remove`` goes in any case.

    Raises InputError when the resource would have more tags than it can.
    """
    wanted = dict(desired or {})
    remove = {key for key in current if key == always_remove and key not in wanted}
    if desired is not None and purge:
        remove |= {key for key in current if key not in wanted and not key.lower().startswith(SYSTEM_PREFIXES)}
    change = TagChange(
        set={key: value for key, value in wanted.items() if current.get(key) != value}, remove=tuple(sorted(remove))
    )
    count = len([key for key in change.apply_to(current) if not key.lower().startswith(SYSTEM_PREFIXES)])
    if count > MAX_TAGS:
        raise InputError("tags", f"there would be {count} tags with those already set, at most {MAX_TAGS} are allowed")
    return change


def apply_tags(client: Client, resource_type: str, resource_id: str, change: TagChange) -> None:
    """Carry out the change on a ``command`` or ``invocation``; removals go first, to make room under the limit."""
    target = {"ResourceType": resource_type, "ResourceId": [resource_id]}
    if change.remove:
        client.call("UntagResources", {**target, "TagKey": list(change.remove)})
    if change.set:
        pairs = [{"Key": key, "Value": value} for key, value in change.set.items()]
        client.call("TagResources", {**target, "Tag": pairs})
