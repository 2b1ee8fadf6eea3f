# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that the domain hands around: commands, invocations and their results."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_TIMEOUT = 60
"""Seconds that a command may run when nobody says otherwise (CreateCommand, Timeout)."""


def decode_content(text: str) -> bytes:
    """Return the bytes of a script as the API gives them: Base64, or plain text where an endpoint does not encode."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8")


def tags_from_rows(rows: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the tags of a reply as a dict; older replies say Key and Value, newer ones TagKey and TagValue."""
    return {
        str(row.get("TagKey", row.get("Key"))): str(row.get("TagValue", row.get("Value", "")) or "") for row in rows
    }


@dataclass(frozen=True)
class Command:
    """A stored command, of the account itself or public, as DescribeCommands tells it.

    ``content`` is the decoded script, byte for byte (CRLF kept). ``timeout`` is in seconds.
    """

    command_id: str
    name: str
    type: str
    content: bytes = b""
    description: str = ""
    working_dir: str = ""
    timeout: int = DEFAULT_TIMEOUT
    enable_parameter: bool = False
    parameter_names: tuple[str, ...] = ()
    launcher: str = ""
    resource_group_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    provider: str = ""
    category: str = ""
    version: int | None = None
    latest: bool | None = None
    invoke_times: int = 0
    created_at: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Command:
        """Build the record from one element of ``Commands.Command``; absent fields take the API's defaults."""
        names = (row.get("ParameterNames") or {}).get("ParameterName") or []
        return cls(
            command_id=row["CommandId"],
            name=row.get("Name") or "",
            type=row.get("Type") or "",
            content=decode_content(row.get("CommandContent") or ""),
            description=row.get("Description") or "",
            working_dir=row.get("WorkingDir") or "",
            # the classic generation spells it TimeOut
            timeout=int(row.get("Timeout") or row.get("TimeOut") or DEFAULT_TIMEOUT),
            enable_parameter=bool(row.get("EnableParameter", False)),
            parameter_names=tuple(names),
            launcher=row.get("Launcher") or "",
            resource_group_id=row.get("ResourceGroupId") or "",
            tags=tags_from_rows((row.get("Tags") or {}).get("Tag") or []),
            provider=row.get("Provider") or "",
            category=row.get("Category") or "",
            version=row.get("Version"),
            latest=row.get("Latest"),
            invoke_times=int(row.get("InvokeTimes") or 0),
            created_at=row.get("CreationTime") or "",
        )

    @property
    def public(self) -> bool:
        """Whether Alibaba Cloud offers the command to everybody; such a command cannot be changed."""
        return self.provider.startswith("AlibabaCloud")

    @property
    def text(self) -> str | None:
        """The script as text, None when its bytes are not UTF-8."""
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as a task result shows it: plain values, the script as text (or as Base64)."""
        record: dict[str, Any] = {
            "command_id": self.command_id,
            "name": self.name,
            "type": self.type,
            "description": self.description,
            "working_dir": self.working_dir,
            "timeout": self.timeout,
            "enable_parameter": self.enable_parameter,
            "parameter_names": list(self.parameter_names),
            "launcher": self.launcher,
            "resource_group_id": self.resource_group_id,
            "tags": dict(self.tags),
            "provider": self.provider,
            "category": self.category,
            "invoke_times": self.invoke_times,
            "created_at": self.created_at,
        }
        if self.text is not None:
            record["content"] = self.text
        else:
            record["content_base64"] = base64.b64encode(self.content).decode("ascii")
        if self.version is not None:
            record["version"] = self.version
        if self.latest is not None:
            record["latest"] = self.latest
        return record
