# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throttling: calls of each operation in each region are counted by the minute; what is over the limit is refused.

An operation that has used up its calls of a minute stays refused until the next one begins. Operations and regions
do not touch each other.
"""

from __future__ import annotations

import functools
import re

_ALL = "*"


@functools.lru_cache(maxsize=64)
def read_limits(text: str) -> dict[str, int]:
    """Read limits such as ``200`` or ``RunCommand=60,*=200``: {operation or *: calls}. Raises ValueError."""
    limits: dict[str, int] = {}
    for part in filter(None, text.replace(" ", "").split(",")):
        found = re.fullmatch(r"(?:(\*|[A-Za-z]+)=)?([0-9]{1,9})", part)
        if not found:
            raise ValueError(f"a number of calls, or OPERATION=NUMBER separated by commas, is wanted, not {part}")
        limits[found[1] or _ALL] = int(found[2])
    return limits


class Throttle:
    """Counts the calls of the present minute."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def refuses(self, region: str, action: str, limits: str, now: float, window_s: float) -> bool:
        """Count a call at the time ``now`` in seconds, and return whether its operation has none left."""
        table = read_limits(limits)
        limit = table.get(action, table.get(_ALL))
        if limit is None:
            return False
        window = int(now // window_s)
        begun, count = self._counts.get((region, action), (window, 0))
        count = count + 1 if begun == window else 1
        self._counts[(region, action)] = (window, count)
        return count > limit
