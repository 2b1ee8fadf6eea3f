# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateCommand, ModifyCommand, DeleteCommand, DescribeCommands."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from ..call import Answer, Call, operation
from ..clock import iso
from ..errors import ApiError
from ..paging import Pager
from ..placeholders import placeholders
from ..state import Command
from ..targets import matches
from ..validation import check_tags
from .results import tag_rows
from .runs import (
    CLASSIC_CONTENT_LIMIT,
    CONTENT_LIMIT,
    check_request_group,
    encoded_size,
    find_command,
    read_content,
    read_timeout,
    stored_commands,
)

_CLASSIC_TIMEOUT_S = 3600
_CLASSIC_FLOOR_S = 60
_LONGEST_NAME = 128
_LONGEST_DESCRIPTION = 512


def _content(call: Call) -> bytes:
    """CommandContent of CreateCommand, Base64 unless it says PlainText, within the generation's limit."""
    if not call.classic:
        content = read_content(call, "Base64")
        if encoded_size(len(content)) > CONTENT_LIMIT:
            raise call.error("CmdContent.ExceedLimit")
        return content
    content = read_content(call, "Base64", "Invalid.CommandContent")
    if len(content) > CLASSIC_CONTENT_LIMIT:
        raise call.error("Invalid.CommandContent")
    return content


def _classic_timeout(call: Call) -> int:
    return max(call.params.number("TimeOut", _CLASSIC_TIMEOUT_S) or 0, _CLASSIC_FLOOR_S)


@operation("CreateCommand")
def create_command(call: Call) -> Answer:
    """Store a command."""
    params = call.params
    tags = check_tags(call)
    check_request_group(call)
    content = _content(call)
    enabled = params.flag("EnableParameter")
    names = placeholders(call, content) if enabled else []
    if stored_commands(call) >= call.cloud.options.quota_commands:
        raise ApiError(
            "CmdCount.ExceedQuota", "The total number of commands in the current region exceeds the quota.", 403
        )
    command = Command(
        id=call.cloud.new_id("c"),
        name=params["Name"],
        type=params["Type"],
        content=content,
        description=params.text("Description"),
        working_dir=params.text("WorkingDir"),
        timeout=_classic_timeout(call) if call.classic else read_timeout(call, 60),
        enable_parameter=enabled,
        launcher=params.text("Launcher"),
        resource_group_id=params.text("ResourceGroupId"),
        tags=tags,
        created=call.now,
        parameter_names=names,
    )
    call.region.commands.append(command)
    call.region.commands_by_id[command.id] = command
    return {"CommandId": command.id}


@operation("ModifyCommand")
def modify_command(call: Call) -> Answer:
    """Change what can be changed in place; CommandContent is taken and has no effect."""
    params = call.params
    command = find_command(call, params["CommandId"])
    if encoded_size(len(params.text("CommandContent"))) > 2 * CONTENT_LIMIT:
        raise call.error("CmdContent.ExceedLimit")
    timeout = command.timeout
    if call.classic and params.text("TimeOut"):
        timeout = _classic_timeout(call)
    elif params.text("Timeout"):
        timeout = read_timeout(call, timeout)
    command.timeout = timeout
    command.name = params.text("Name") or command.name
    if "Description" in params:
        command.description = params["Description"]
    if "WorkingDir" in params:
        command.working_dir = params["WorkingDir"]
    if "Launcher" in params:
        command.launcher = params["Launcher"]
    return {}


@operation("DeleteCommand")
def delete_command(call: Call) -> Answer:
    """Delete a stored command; what was invoked stays readable. One that is being run cannot be deleted."""
    command = find_command(call, call.params["CommandId"])
    if any(invocation.command is command and invocation.live for invocation in call.region.invocations):
        raise ApiError("Operation.Forbidden", "The operation is not permitted.", 403)
    command.deleted = True
    return {}


def _definition_row(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ParameterName": definition["ParameterName"],
        "Description": definition.get("Description", ""),
        "DefaultValue": definition.get("DefaultValue", ""),
        "Required": definition.get("Required", False),
        "PossibleValues": {"PossibleValue": definition.get("PossibleValues", [])},
        "PatternRegex": definition.get("PatternRegex", ""),
    }


def _row(call: Call, command: Command) -> dict[str, Any]:
    plain = call.params.text("ContentEncoding").lower() == "plaintext"
    definitions = [_definition_row(definition) for definition in command.parameter_definitions]
    row: dict[str, Any] = {
        "CommandId": command.id,
        "Name": command.name,
        "Type": command.type,
        "Description": command.description,
        "CommandContent": command.content.decode("utf-8", "replace")
        if plain
        else base64.b64encode(command.content).decode(),
        "WorkingDir": command.working_dir,
        "Timeout": command.timeout,
        "Launcher": command.launcher,
        "EnableParameter": command.enable_parameter,
        "ParameterNames": {"ParameterName": command.parameter_names},
        "ParameterDefinitions": {"ParameterDefinition": definitions},
        "CreationTime": iso(command.created),
        "InvokeTimes": command.invoke_times,
        "Provider": command.provider or "User",
        "Category": command.category,
        "Version": command.version,
        "Latest": command.latest,
        "ResourceGroupId": command.resource_group_id,
        "Tags": tag_rows(command.tags),
    }
    if call.only_classic:
        row = {
            "TimeOut": row.pop("Timeout"),
            **{
                name: row[name] for name in ("CommandId", "Name", "Type", "Description", "CommandContent", "WorkingDir")
            },
        }
    return row


def _like(value: str, pattern: str, fuzzy: bool) -> bool:
    """With ``fuzzy`` a part is enough; otherwise ``*`` at the start or the end stands for anything."""
    if fuzzy:
        return pattern.strip("*").lower() in value.lower()
    head, tail = pattern.startswith("*"), pattern.endswith("*") and len(pattern) > 1
    core = pattern[head : len(pattern) - tail]
    if head and tail:
        return core in value
    if head:
        return value.endswith(core)
    return value.startswith(core) if tail else value == core


@operation("DescribeCommands")
def describe_commands(call: Call) -> Answer:
    """Own commands, or the public ones of a provider, newest first."""
    keep = _command_filter(call)
    pager = Pager(call.action, call.params)
    rows = call.cloud.public_commands if call.params.text("Provider") else call.region.commands
    page, paging = pager.take(rows, keep, newest_first=True)
    return {**paging, "Commands": {"Command": [_row(call, command) for command in page]}}


def _command_filter(call: Call) -> Callable[[Command], bool]:
    """Return what says whether a command passes all filters of the call.

    A name without ``*`` still finds every own command that contains it: the service's search is fuzzy, and callers
    that want one exact name have to filter.
    """
    params = call.params
    name, description = params.text("Name"), params.text("Description")
    if len(name) > _LONGEST_NAME:
        raise call.error("InvalidName.LengthLimitExceeded")
    if len(description) > _LONGEST_DESCRIPTION:
        raise call.error("InvalidDescription.LengthLimitExceeded")
    tags = check_tags(call)
    provider = params.text("Provider")
    lag = call.cloud.options.visibility_lag_ms / 1000

    def keep(command: Command) -> bool:
        compared = (
            (params.text("CommandId"), command.id),
            (params.text("Type"), command.type),
            (params.text("ResourceGroupId"), command.resource_group_id),
        )
        texts = ((name, command.name), (description, command.description))
        return (
            not command.deleted
            and (bool(provider) or call.now - command.created >= lag)
            and all(not wanted or wanted == found for wanted, found in compared)
            # AlibabaCloud stands for all of its providers
            and (not provider or f"{command.provider}.".startswith(f"{provider}."))
            and all(not like or _like(found, like, bool(provider) or "*" not in like) for like, found in texts)
            and not (provider and params.flag("Latest") and not command.latest)
            and (not tags or matches(command.tags, tags))
        )

    return keep
