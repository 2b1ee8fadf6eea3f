# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""What a task does to a CloudDC instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..common.changes import ABSENT, Change

ERROR_GRACE = 30.0
"""Seconds after which something that still reads "error" has failed; it may read so from before the request."""


@dataclass
class InstanceChange(Change):
    """What was found of one instance, what is done to it, and how that ended. ``action``: none, wait or delete."""

    id: str
    name: str | None = None
    server_id: str | None = None
    state_before: str = ABSENT
    state: str = ABSENT
    action: str = "none"
    power_off: bool = False
    # whether a request to delete the instance got no answer and may have taken effect
    unanswered: bool = False
    # whether the deletion was seen at work, so that an error state is its result and no leftover
    seen_going: bool = False
    accepted_at: float = 0.0

    @property
    def label(self) -> str:
        """See Change."""
        return self.id

    @property
    def condition(self) -> str:
        """See Change."""
        return self.state

    def facts(self) -> dict[str, Any]:
        """See Change."""
        return {
            "id": self.id,
            "name": self.name,
            "server_id": self.server_id,
            "state_before": self.state_before,
            "state": self.state,
            "action": self.action,
            "power_off": self.power_off,
        }
