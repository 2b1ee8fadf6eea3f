# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling how far a long task is, without flooding the log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST_AFTER = 3.0  # seconds: a shorter task needs no progress
AT_MOST_EVERY = 5.0  # seconds between two lines
REPEAT_AFTER = 60.0  # seconds: a line that says nothing new still says that the task goes on


class Progress:
    """Pass on a line of progress when enough time has passed and it says something new, or nothing was said for long.

    `show` gets the line with `label` and the seconds elapsed. `clock` is monotonic, in seconds. May be called from
    several threads.
    """

    def __init__(self, show: Callable[[str], None], label: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._label = label
        self._clock = clock
        self._lock = threading.Lock()
        self._started = clock()
        self._next = self._started + FIRST_AFTER
        self._repeat = self._next
        self._last = ""

    def __call__(self, text: str) -> None:
        """Show `text` now, or not at all: a line held back is replaced by the next one anyway."""
        with self._lock:
            now = self._clock()
            if now < (self._repeat if text == self._last else self._next):
                return
            self._last = text
            self._next = now + AT_MOST_EVERY
            self._repeat = now + REPEAT_AFTER
        self._show(f"{self._label}: {text} ({now - self._started:.0f} s)")
