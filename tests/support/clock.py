# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock for tests that wait."""

from __future__ import annotations

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline


class Clock:
    """Time that passes only by sleeping, in seconds; ``pauses`` are the sleeps so far."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.pauses.append(seconds)
        self.now += seconds

    def deadline(self, seconds: float | None) -> Deadline:
        """Return a deadline on this clock."""
        return Deadline(seconds, self, self.sleep)
