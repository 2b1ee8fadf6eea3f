# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Compare a stored command with the desired one, and plan the change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...alibaba.generations import DEFAULT_TIMEOUT
from ...common.checks import check_choice, check_identifiers, check_ids, check_seconds, check_text
from ..models import Command
from ..scripts import SCRIPT_TYPES, ScriptContent, check_launcher, check_working_dir
from ..tags import TagChange, check_tags, own_tags, plan_tags, tags_to_rows
from .listing import MAX_COMMAND_NAME

INTERIM_SUFFIX = "~replacing"
"""Suffix for a replacement until the command that it replaces is gone."""

RETIRED_SUFFIX = "~replaced"
"""Suffix for a replaced command that is still in use and cannot be deleted yet."""

MODIFIABLE = {
    "name": "Name",
    "description": "Description",
    "working_dir": "WorkingDir",
    "timeout": "Timeout",
    "launcher": "Launcher",
}
"""What ModifyCommand changes, with its parameters' names."""

FIXED = ("type", "content", "enable_parameter", "resource_group_id")
"""What no operation changes: a command that differs in one of these is replaced (ModifyCommand, CommandContent)."""

COMMAND_TEXT_LIMITS = {"description": 512, "working_dir": 200}
"""Characters of each text of a stored command (CreateCommand); its name is checked as an identifier."""

DEFAULT_TYPE = "RunShellScript"


@dataclass(frozen=True)
class DesiredCommand:
    """A command as a task wants it. None leaves a field unchanged, or, for a new command, to the API's default.

    ``content`` is the script's bytes; ``timeout`` is in seconds.
    """

    name: str | None = None
    type: str | None = None
    content: bytes | None = None
    description: str | None = None
    working_dir: str | None = None
    timeout: int | None = None
    enable_parameter: bool | None = None
    launcher: str | None = None
    resource_group_id: str | None = None
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True


@dataclass(frozen=True)
class CommandPlan:
    """The way from one state to the other: ``action`` is none, create, modify or replace.

    ``after`` is the record that results, with the id of the present command, or none where a new one is made.
    ``tags`` is the change for a command that stays; a new one is created with its tags.
    """

    action: str
    before: Command | None
    after: Command
    tags: TagChange = TagChange()

    @property
    def changed(self) -> bool:
        """Whether anything has to be done."""
        return self.action != "none" or bool(self.tags)

    def modification(self) -> dict[str, Any]:
        """Return the parameters of ModifyCommand that this plan takes."""
        return modification(self.before or self.after, self.after)


def modification(before: Command, after: Command) -> dict[str, Any]:
    """Return the parameters of ModifyCommand: the command's id and the fields that differ."""
    fields = {
        parameter: getattr(after, name)
        for name, parameter in MODIFIABLE.items()
        if getattr(after, name) != getattr(before, name)
    }
    return {"CommandId": after.command_id, **fields}


def check_desired(desired: DesiredCommand, generation: str = "current") -> None:
    """Raise InputError for the first value that the service of this generation would not take (CreateCommand)."""
    check_choice("type", desired.type, SCRIPT_TYPES)
    check_identifiers(name=desired.name)
    check_ids(resource_group_id=desired.resource_group_id)
    for option, limit in COMMAND_TEXT_LIMITS.items():
        check_text(option, getattr(desired, option), limit, multiline=option == "description")
    if desired.working_dir:  # an empty one stands for the default
        check_working_dir(desired.working_dir, desired.type)
    check_seconds("timeout", desired.timeout)
    if desired.launcher is not None:
        check_launcher(desired.launcher)
    if desired.content is not None:
        ScriptContent(desired.content).check_size(generation)
        if desired.enable_parameter:
            ScriptContent(desired.content).check_names()
    if desired.tags is not None:
        check_tags(desired.tags)


def plan_command(
    current: Command | None, desired: DesiredCommand, default_timeout: int = DEFAULT_TIMEOUT
) -> CommandPlan:
    """Return what leads from the stored command (None: there is none) to the desired one.

    ``default_timeout`` is that of a new command, in seconds. Raises InputError when the tags would be too many.
    """
    before = current or Command(command_id="", name="", type=DEFAULT_TYPE, timeout=default_timeout)
    wanted = {name: getattr(desired, name) for name in (*MODIFIABLE, *FIXED) if getattr(desired, name) is not None}
    differing = tuple(name for name, value in wanted.items() if getattr(before, name) != value)
    tags = plan_tags(before.tags, desired.tags, purge=desired.purge_tags)
    after = replace(before, **wanted, tags=tags.apply_to(before.tags))
    if "content" in differing or "enable_parameter" in differing:
        names = ScriptContent(after.content).placeholders() if after.enable_parameter else ()
        after = replace(after, parameter_names=names)
    if current is None:
        return CommandPlan("create", None, after)
    if any(name in FIXED for name in differing):
        # what the service itself has tagged, it will tag again
        renewed = replace(after, command_id="", tags=own_tags(after.tags), invoke_times=0, created_at="")
        return CommandPlan("replace", current, renewed)
    return CommandPlan("modify" if differing else "none", current, after, tags)


def interim_name(name: str) -> str:
    """Return the name that the replacement of a command has at first; it fits where the name itself does."""
    return _with_suffix(name, INTERIM_SUFFIX)


def retired_name(name: str) -> str:
    """Return the name under which a replaced command stays while the service does not let it go."""
    return _with_suffix(name, RETIRED_SUFFIX)


def _with_suffix(name: str, suffix: str) -> str:
    room = MAX_COMMAND_NAME - len(suffix)
    if len(name) > room:
        # long names may differ at their ends only
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        name = f"{name[: room - len(digest) - 1]}-{digest}"
    return name + suffix


def creation(command: Command) -> dict[str, Any]:
    """Return the parameters of CreateCommand that make this command; what equals the API's default is left out."""
    return {
        "Name": command.name,
        "Type": command.type,
        "CommandContent": command.content_base64,
        "Timeout": command.timeout,
        "Description": command.description or None,
        "WorkingDir": command.working_dir or None,
        "EnableParameter": command.enable_parameter or None,
        "Launcher": command.launcher or None,
        "ResourceGroupId": command.resource_group_id or None,
        "Tag": tags_to_rows(command.tags),
    }


def command_diff(before: Command | None, after: Command | None) -> list[dict[str, Any]]:
    """Return Ansible's diff of two records, the script apart from the other fields; empty when they are alike."""
    parts = []
    old, new = _shown(before), _shown(after)
    if old != new:
        parts.append({"before_header": _title(before), "after_header": _title(after), "before": old, "after": new})
    old_script, new_script = _script(before), _script(after)
    if old_script != new_script:
        parts.append(
            {
                "before_header": f"{_title(before)}: script",
                "after_header": f"{_title(after)}: script",
                "before": old_script,
                "after": new_script,
            }
        )
    return parts


def _title(command: Command | None) -> str:
    if command is None:
        return "(absent)"
    return f"{command.name} ({command.command_id or 'new'})"


def _shown(command: Command | None) -> dict[str, Any]:
    """Return the fields that a task sets, without the script."""
    if command is None:
        return {}
    fields = {name: getattr(command, name) for name in (*MODIFIABLE, *FIXED) if name != "content"}
    return {**fields, "tags": dict(command.tags)}


def _script(command: Command | None) -> str:
    """Return the script as a diff shows it: as text, or as Base64 if it is not UTF-8."""
    if command is None:
        return ""
    return command.text if command.text is not None else command.content_base64
