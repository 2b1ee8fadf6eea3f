# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""A line at the bottom of the terminal that is redrawn in place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..module_utils.common.printable import columns, cut, visible

ERASE = "\r\x1b[K"
"""Back to the first column, and clear to the end of the line."""
EVERY = 1.0
"""Seconds after which the time on the line is renewed though nothing new was reported."""
LABEL_SHARE = 5
"""The name of the task has this part of the width, a fifth, that a long report does not take away."""


@dataclass
class _Task:
    text: str = ""
    since: float = 0.0


@dataclass
class LiveLine:
    """The tasks under way and what each last reported, the latest on the line.

    ``write`` puts text on the terminal unchanged; ``width`` returns its columns. May be called from several threads.
    """

    write: Callable[[str], None]
    width: Callable[[], int]
    clock: Callable[[], float] = time.monotonic
    _tasks: dict[str, _Task] = field(default_factory=dict)
    _latest: str = ""
    _drawn: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def begin(self, label: str) -> None:
        """Note when a task began."""
        with self._lock:
            self._tasks[label] = _Task(since=self.clock())

    def report(self, label: str, text: str) -> None:
        """Draw the line with what a task reports; one that has ended, or never began, reports nothing."""
        with self._lock:
            if label in self._tasks:
                self._tasks[label].text = text
                self._latest = label
                self.draw()

    def end(self, label: str) -> None:
        """Take a task off the line."""
        with self._lock:
            self._tasks.pop(label, None)
            self.erase()

    def draw(self) -> None:
        """Draw the line again, with the time that has passed; nothing where no task has reported."""
        with self._lock:
            task = self._tasks.get(self._latest)
            if task is None or not task.text:
                return
            others = sum(bool(other.text) for other in self._tasks.values()) - 1
            more = f" (and {others} more)" if others else ""
            line = _fitted(elapsed(self.clock() - task.since), self._latest, f"{more}: ", task.text, self.width() - 1)
            # back to the first column, so that what others print begins there
            self.write(f"{ERASE}{line}\r")
            self._drawn = True

    def erase(self) -> None:
        """Clear the line before something else is printed."""
        with self._lock:
            if self._drawn:
                self.write(ERASE)
                self._drawn = False


def _fitted(clock: str, label: str, more: str, report: str, width: int) -> str:
    """Return the line of at most ``width`` columns.

    The label is cut first, for it does not change; then the report, by whole parts: half an id is of no use.
    """
    label, report = visible(label), visible(report)
    room = width - len(clock) - 2 - len(more)
    head = cut(label, max(width // LABEL_SHARE, room - columns(report)))
    left = room - columns(head)
    if columns(report) > left:
        parts = cut(report, left).rpartition(", ")
        report = f"{parts[0]}{parts[1]}…" if parts[0] else parts[2]
    return cut(f"{clock}  {head}{more}{report}", width)


def elapsed(seconds: float) -> str:
    """Return seconds as a clock shows them: ``0:07``, ``12:34``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
