# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stored command as it is beside a command as it shall be: what must change, and in which way it can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import (
    DEFAULT_TIMEOUT,
    Command,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.tags import TagChange, plan_tags

REPLACES_TAG = "cloudops-replaces"
"""On a command that is about to replace another one: the id of that one. Gone once the other one is deleted."""

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

DEFAULT_TYPE = "RunShellScript"


@dataclass(frozen=True)
class DesiredCommand:
    """A command as a task wants it. None leaves a field as it is, or, for a new command, to the API's default.

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
    changed_fields: tuple[str, ...] = ()
    tags: TagChange = TagChange()

    @property
    def changed(self) -> bool:
        """Whether anything has to be done."""
        return self.action != "none" or bool(self.tags)

    def modification(self) -> dict[str, Any]:
        """Return the parameters of ModifyCommand: the command's id and the fields that differ."""
        fields = {MODIFIABLE[name]: getattr(self.after, name) for name in self.changed_fields if name in MODIFIABLE}
        return {"CommandId": self.after.command_id, **fields}


def plan_command(current: Command | None, desired: DesiredCommand) -> CommandPlan:
    """Return what leads from the stored command (None: there is none) to the desired one.

    Raises InputError when the tags would be too many.
    """
    before = current or Command(command_id="", name="", type=DEFAULT_TYPE, timeout=DEFAULT_TIMEOUT)
    wanted = {name: getattr(desired, name) for name in (*MODIFIABLE, *FIXED) if getattr(desired, name) is not None}
    differing = tuple(name for name, value in wanted.items() if getattr(before, name) != value)
    tags = plan_tags(before.tags, desired.tags, purge=desired.purge_tags, always_remove=REPLACES_TAG)
    after = replace(before, **wanted, tags=tags.apply_to(before.tags))
    if current is None:
        return CommandPlan("create", None, after, differing)
    if any(name in FIXED for name in differing):
        renewed = replace(after, command_id="", invoke_times=0, created_at="")
        return CommandPlan("replace", current, renewed, differing)
    return CommandPlan("modify" if differing else "none", current, after, differing, tags)


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
        "Tag": [{"Key": key, "Value": value} for key, value in command.tags.items()] or None,
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
    """The fields that a task owns, without the script and without the mark of an unfinished replacement."""
    if command is None:
        return {}
    fields = {name: getattr(command, name) for name in (*MODIFIABLE, *FIXED) if name != "content"}
    return {**fields, "tags": {key: value for key, value in command.tags.items() if key != REPLACES_TAG}}


def _script(command: Command | None) -> str:
    """The script as a diff shows it: text, or its Base64 form when it is no UTF-8."""
    if command is None:
        return ""
    return command.text if command.text is not None else command.content_base64
