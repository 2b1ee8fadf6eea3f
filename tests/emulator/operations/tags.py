# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TagResources, UntagResources, ListTagResources, for commands, invocations and instances."""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Answer, Call, operation
from ..errors import ApiError
from ..tokens import next_token, read_next_token
from ..validation import check_tags

_KINDS = ("command", "invocation", "instance")
_MOST_RESOURCES = 50
_MOST_TAGS = 20
_KEY_LIMIT = 128
_PAGE = 50


def _all(call: Call, kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    region = call.region
    if kind == "command":
        yield from ((command.id, command.tags) for command in region.commands if not command.deleted)
    elif kind == "invocation":
        yield from ((invocation.id, invocation.tags) for invocation in region.invocations)
        yield from ((delivery.id, delivery.tags) for delivery in region.deliveries)
    else:
        yield from ((instance.id, instance.tags) for instance in region.instances if not instance.released)


def _one(call: Call, kind: str, identity: str) -> dict[str, str] | None:
    region = call.region
    if kind == "command":
        command = region.commands_by_id.get(identity)
        return command.tags if command is not None and not command.deleted else None
    if kind == "invocation":
        found = region.invocations_by_id.get(identity) or region.deliveries_by_id.get(identity)
        return found.tags if found is not None else None
    instance = call.cloud.instances.get(identity)
    there = instance is not None and not instance.released and instance.region == region.id
    return instance.tags if instance is not None and there else None


def _kind(call: Call) -> str:
    kind = call.params["ResourceType"]
    if kind not in _KINDS:
        raise call.error("InvalidResourceType.NotFound")
    return kind


def _resources(call: Call, kind: str) -> list[tuple[str, dict[str, str]]]:
    ids = call.params.items("ResourceId")
    if len(ids) > _MOST_RESOURCES:
        raise call.error("NumberExceed.ResourceIds")
    found = []
    for identity in dict.fromkeys(ids):
        tags = _one(call, kind, identity)
        if tags is None:
            raise call.error("InvalidResourceId.NotFound")
        found.append((identity, tags))
    return found


@operation("TagResources")
def tag_resources(call: Call) -> Answer:
    """Add tags, or change the values of those that are there; to all resources or to none."""
    kind = _kind(call)
    wanted = check_tags(call, key_limit=_KEY_LIMIT)
    resources = _resources(call, kind)
    if any(len({**tags, **wanted}) > _MOST_TAGS for _unused, tags in resources):
        raise call.error("OperationDenied.QuotaExceed")
    for _unused, tags in resources:
        tags.update(wanted)
    return {}


@operation("UntagResources")
def untag_resources(call: Call) -> Answer:
    """Remove the given tags, or with All every tag."""
    keys = call.params.items("TagKey")
    if len(keys) > _MOST_TAGS:
        raise call.error("NumberExceed.Tags")
    everything = not keys and call.params.flag("All")
    for _unused, tags in _resources(call, _kind(call)):
        for key in list(tags) if everything else keys:
            tags.pop(key, None)
    return {}


@operation("ListTagResources")
def list_tag_resources(call: Call) -> Answer:
    """List the tags of resources: given ones, those with given tags, or all of a kind."""
    kind = _kind(call)
    wanted = check_tags(call, key_limit=_KEY_LIMIT)
    ids = call.params.items("ResourceId")
    if not ids and not wanted and not call.params.rows("TagFilter"):
        raise ApiError("MissingParameter.Tags", "The parameter - Tags should not be null", 404)
    if len(ids) > _MOST_RESOURCES:
        raise call.error("NumberExceed.ResourceIds")
    rows = []
    for identity, tags in _all(call, kind):
        if ids and identity not in ids:
            continue
        if not all(key in tags and (not value or tags[key] == value) for key, value in wanted.items()):
            continue
        if not _matches_filters(call, tags):
            continue
        rows += [
            {"ResourceId": identity, "ResourceType": kind, "TagKey": key, "TagValue": value}
            for key, value in tags.items()
        ]
    token = call.params.text("NextToken")
    begin = int(read_next_token(call.action, token).get("i", 0)) if token else 0
    more = begin + _PAGE < len(rows)
    return {
        "NextToken": next_token(call.action, {"i": begin + _PAGE}) if more else "",
        "TagResources": {"TagResource": rows[begin : begin + _PAGE]},
    }


def _matches_filters(call: Call, tags: dict[str, str]) -> bool:
    for row in call.params.rows("TagFilter"):
        values = [value for name, value in row.items() if name.startswith("TagValues.")]
        key = row.get("TagKey", "")
        if key not in tags or (values and tags[key] not in values):
            return False
    return True
