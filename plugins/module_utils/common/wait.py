# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Wait with a deadline on the monotonic clock."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from queue import Empty, Queue
from typing import TypeVar

from .errors import WaitTimeout

T = TypeVar("T")

# seconds that a wait keeps for one last look before its deadline
LAST_LOOK = 1.0
# seconds: less than this counts as none, because the clock is rounded
_TICK = 0.001
# seconds between two looks in the first minute, after which the pauses grow
SHORT_PAUSE = 2.0
# seconds in which the looks are as close together as they ever are
_BEGINNING = 3.0
# seconds; a shorter pause before the last look would only double it
_SHORTEST_PAUSE = 0.1


class Deadline:
    """A point in time, ``seconds`` from now, after which nothing may be started; None for no limit.

    ``clock`` counts seconds and never goes back; ``sleep`` suspends the thread for a number of seconds.
    """

    def __init__(
        self,
        seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._start = clock()

    def elapsed(self) -> float:
        """Return the seconds since the deadline was set."""
        return self._clock() - self._start

    def remaining(self) -> float:
        """Return the seconds left, never negative; infinite if there is no limit."""
        if self.seconds is None:
            return math.inf
        return max(self.seconds - self.elapsed(), 0.0)

    def expired(self) -> bool:
        """Return whether no time is left."""
        return self.remaining() < _TICK

    def pause(self, seconds: float) -> None:
        """Sleep ``seconds``, or what is left of the time when that is less."""
        length = min(seconds, self.remaining())
        if length > 0:
            self._sleep(length)


def within(seconds: float, function: Callable[[], T]) -> T:
    """Return what ``function`` returns, or raise what it raises; raise TimeoutError when it takes longer.

    It runs in its own thread, which is abandoned then: this is for libraries without a timeout of their own.
    """
    outcome: Queue[tuple[T | None, BaseException | None]] = Queue()

    def run() -> None:
        try:
            outcome.put((function(), None))
        except BaseException as error:  # noqa: BLE001  raised again where it belongs
            outcome.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, error = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"not finished after {seconds:.0f} s") from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


def proportional_interval(
    elapsed: float, floor: float = 0.5, share: float = 0.3, cap: float = 10.0, early: float = SHORT_PAUSE
) -> float:
    """Return the seconds until the next look: a share of the time waited so far, between ``floor`` and ``cap``.

    Short runs are noticed soon, long ones cost few calls. In the first three seconds the pause is ``floor``, in the
    first minute at most ``early`` or a thirtieth of the time waited so far.
    """
    if elapsed < _BEGINNING:
        return min(floor, cap)
    return min(max(min(elapsed * share, max(early, elapsed / 30)), floor), cap)


def poll(
    probe: Callable[[], T | None],
    deadline: Deadline,
    what: str,
    interval: Callable[[float], float] = proportional_interval,
) -> T:
    """Call ``probe`` until it returns something other than None and return that.

    ``interval`` gets the seconds waited so far and returns the seconds from this look to the next, of which up to half
    may pass in the look itself. ``what`` names in the error what was waited for. The last pause is cut so that one
    look falls just before the deadline.
    Raises WaitTimeout when the deadline passes first, also in the middle of a probe.
    """
    start = deadline.elapsed()
    while not deadline.expired():
        began = deadline.elapsed()
        try:
            value = probe()
        except WaitTimeout:
            if not deadline.expired():
                raise
            break
        if value is not None:
            return value
        pause = interval(began - start)
        pause = max(pause - (deadline.elapsed() - began), pause / 2)
        until_last_look = deadline.remaining() - LAST_LOOK
        if _SHORTEST_PAUSE < until_last_look < pause:
            pause = until_last_look
        deadline.pause(pause)
    raise WaitTimeout(f"{what}: not finished after {deadline.elapsed():.0f} s: the time limit has expired")
