# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task does to an ECS instance, and what the service's answers to a change mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...common.changes import ABSENT, Change, Changes
from ...common.errors import ApiError
from .selection import Row

WRONG_STATUS = "IncorrectInstanceStatus"
"""How the error codes begin that refuse a change because of the status of the instance."""


@dataclass
class InstanceChange(Change):
    """What was found of one instance, what is done to it, and how that ended."""

    instance_id: str
    name: str = ""
    status_before: str = ABSENT
    status: str = ABSENT
    action: str = "none"

    @classmethod
    def of_row(cls, row: Row) -> InstanceChange:
        """Return the change of an instance that exists, nothing done yet."""
        status = str(row.get("Status") or "")
        return cls(row["InstanceId"], str(row.get("InstanceName") or ""), status, status)

    @property
    def label(self) -> str:
        """See Change."""
        return f"{self.instance_id} ({self.name})"

    def facts(self) -> dict[str, Any]:
        """See Change."""
        return {
            "instance_id": self.instance_id,
            "name": self.name,
            "status_before": self.status_before,
            "status": self.status,
            "action": self.action,
        }


InstanceChanges = Changes[InstanceChange]


def is_refusal(error: ApiError) -> bool:
    """Return whether the service rejected a call because of what it names, so that a part of it may be accepted.

    A client token that belongs to another request is no such reason: no part of the call is what it stands for.
    """
    status = error.http_status or 0
    return 400 <= status < 500 and status != 429 and not error.code.startswith(("Throttling", "Idempotent"))


def is_dry_run_success(error: ApiError) -> bool:
    """Return whether the error is how the service reports a successful DryRun."""
    return error.code.lower().startswith("dryrun")
