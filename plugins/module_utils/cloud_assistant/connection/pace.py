# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Count what the service counts: calls per minute for all workers of a run, and invocations per day."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...common.shared_file import SharedDocument
from .failures import Refused

MINUTE = 60
"""Seconds: throttling is counted by the minute, and an operation that is throttled stays so until the next one."""
LONGEST_WAIT = 600.0
"""Seconds that a call waits for its turn."""
# seconds, over which workers that waited for the same minute spread their calls
_SPREAD = 3.0
# part of a day's quota from which on it is worth a warning
_NEAR = 0.8


class Pace:
    """The calls of each operation in the present minute, shared through a file by all who have the same folder.

    ``calls_per_minute`` is how many calls of one operation may be made; 0 means no limit. ``now`` and ``sleep`` are
    those of the module time.
    """

    def __init__(
        self,
        folder: Path,
        calls_per_minute: int,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._document = SharedDocument(folder / "pace.json")
        self._limit = calls_per_minute
        self._now = now
        self._sleep = sleep

    def take(self, operation: str) -> float:
        """Take one call of this minute and return 0; or the seconds until the next minute, where none is left."""
        now = self._now()
        minute = int(now // MINUTE)
        try:
            with self._document.opened() as document:
                granted = _take(document.setdefault(operation, {}), minute, self._limit)
        except OSError:
            # without a place for the count the service itself is the one who counts
            granted = True
        return 0.0 if granted else (minute + 1) * MINUTE - now

    def wait(self, operation: str) -> None:
        """Take a call, waiting for a minute that has one. Raises Refused after LONGEST_WAIT."""
        waited = 0.0
        while seconds := self.take(operation):
            pause = seconds + random.uniform(0, _SPREAD)
            if waited + pause > LONGEST_WAIT:
                raise Refused(
                    f"{operation}: the limit of calls per minute left none for this host within {waited:.0f} s. Use"
                    " fewer forks, or raise ansible_ecs_assistant_calls_per_minute if the account is allowed more."
                )
            self._sleep(pause)
            waited += pause

    def close_minute(self, operation: str) -> None:
        """Stop all calls of the operation for the rest of this minute: the service has throttled it."""
        with contextlib.suppress(OSError), self._document.opened() as document:
            document[operation] = {"minute": int(self._now() // MINUTE), "closed": True}


def _take(counted: dict[str, Any], minute: int, limit: int) -> bool:
    if counted.get("minute") != minute:
        counted.clear()
        counted.update(minute=minute, calls=0)
    if counted.get("closed") or (limit and counted["calls"] >= limit):
        return False
    counted["calls"] += 1
    return True


class Daily:
    """The invocations of one account, region and day, in a file that outlasts the run.

    ``quota`` is how many the account may start, 0 where that is not known.
    """

    def __init__(self, folder: Path, names: tuple[str, ...], quota: int) -> None:
        key = hashlib.sha256(json.dumps(names).encode()).hexdigest()[:32]
        self._document = SharedDocument(folder / f"day-{key}.json")
        self._quota = quota
        self.count = 0
        """How many there are today, as far as was seen."""

    def add(self) -> bool:
        """Count one more, and return whether it is the one from which on the quota is nearly used up."""
        today = datetime.now(timezone.utc).date().isoformat()
        try:
            self._document.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._document.opened() as document:
                if document.get("day") != today:
                    document.clear()
                    document.update(day=today, count=0)
                document["count"] += 1
                self.count = document["count"]
        except (OSError, KeyError, TypeError):
            return False
        return self._quota > 0 and self.count == max(1, int(self._quota * _NEAR))
