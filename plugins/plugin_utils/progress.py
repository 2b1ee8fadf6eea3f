# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Report how far a long task is, without flooding the log."""

from __future__ import annotations

import json
import os
import selectors
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

FIRST_AFTER = 3.0  # seconds: a shorter task needs no progress
AT_MOST_EVERY = 5.0  # seconds between two lines
REPEAT_AFTER = 60.0  # seconds: an unchanged line is repeated, to show that the task is still running


def label_of(host: str, task: Any) -> str:
    """Return how lines of progress name a task of ansible-core on a host; a role without its collection."""
    return f"{host} | {task.get_name(include_role_fqcn=False)}"


class Progress:
    """Pass on a line of progress when enough time has passed and it is new, or nothing was shown for long.

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
        """Show ``text`` now, or not at all: a line held back is replaced by the next one anyway."""
        with self._lock:
            now = self._clock()
            if now < (self._repeat if text == self._last else self._next):
                return
            self._last = text
            self._next = now + AT_MOST_EVERY
            self._repeat = now + REPEAT_AFTER
        self._show(f"{self._label}: {text} ({now - self._started:.0f} s)")


class Channel:
    """Carries lines of progress from the processes of the tasks to the process that prints.

    ansible-core forks a process per task and host. Those that are forked after the channel was made have its writing
    end, even if they share nothing else.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        # a printing process that is late must not hold a task up
        os.set_blocking(self._writing, False)

    def send(self, label: str, text: str) -> None:
        """Send a line of the task that ``label`` names; it is lost if there is no reader."""
        line = json.dumps([label[:LONGEST_TEXT], text[:LONGEST_TEXT]]).encode("ascii") + b"\n"
        try:
            os.write(self._writing, line)
        except OSError:
            return

    def read(self, every: float) -> Iterator[tuple[str, str] | None]:
        """Yield label and text of each line as it comes, None after ``every`` seconds without one, until closed."""
        pending = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reading, selectors.EVENT_READ)
            while True:
                if not selector.select(every):
                    yield None
                    continue
                *lines, pending = (pending + os.read(self._reading, 65536)).split(b"\n")
                for line in lines:
                    if not line:
                        return
                    label, text = json.loads(line)
                    yield label, text

    def close(self) -> None:
        """End the reading; what is sent from now on is lost."""
        os.set_blocking(self._writing, True)
        os.write(self._writing, b"\n")


LONGEST_TEXT = 300  # characters: even in escaped form two of them are written in one piece (PIPE_BUF, 4096 bytes)

listener: Channel | None = None
"""Where tasks send their progress; None where a callback that shows it is not in use."""
