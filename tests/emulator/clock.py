# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's clock: the machine's time plus an offset that tests may move forward."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone


def iso(moment: float) -> str:
    """Return seconds since the epoch as the API writes times: UTC, to the second."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock:
    """Time in seconds since the epoch, and sleeping on it.

    ``advance`` lets every sleeper that falls due on the way wake at its own instant and in order, and after each
    waits until the work it began is done, so that three runs of a rate schedule are three runs and not one.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        # how far this clock is ahead of the machine's although it was not moved, in seconds
        self.skew = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None], asyncio.TimerHandle]] = []
        self._order = itertools.count()
        self._spent = 0

    def now(self) -> float:
        """Return the present, in seconds since the epoch."""
        return time.time() + self._offset + self.skew

    def reset(self) -> None:
        """Go back to the machine's time; sleepers keep the length of sleep that was left."""
        self._offset = 0.0

    async def sleep(self, seconds: float) -> None:
        """Sleep on this clock."""
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, moment: float) -> None:
        """Sleep until the clock shows ``moment``; moving the clock past it ends the sleep."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        handle = loop.call_later(max(0.0, moment - self.now()), self._wake, future)
        entry = (moment, next(self._order), future, handle)
        heapq.heappush(self._sleepers, entry)
        try:
            await future
        finally:
            handle.cancel()
            # a spent entry stays in the heap (advance() skips it) until most of the heap is spent
            self._spent += 1
            if self._spent > 64 and self._spent > len(self._sleepers) // 2:
                self._sleepers = [e for e in self._sleepers if not e[2].done()]
                heapq.heapify(self._sleepers)
                self._spent = 0

    @staticmethod
    def _wake(future: asyncio.Future[None]) -> None:
        if not future.done():
            future.set_result(None)

    async def advance(self, seconds: float, settled: Callable[[], Awaitable[None]]) -> None:
        """Move forward by ``seconds``; ``settled`` waits for what a woken sleeper has started."""
        target = self.now() + seconds
        while True:
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers or self._sleepers[0][0] > target:
                break
            moment, _unused, future, _unused = heapq.heappop(self._sleepers)
            self._offset += max(0.0, moment - self.now())
            self._wake(future)
            await asyncio.sleep(0)
            await settled()
        self._offset += max(0.0, target - self.now())
        self._rearm()

    def _rearm(self) -> None:
        """Shorten the remaining real waiting time of each sleeper."""
        loop = asyncio.get_running_loop()
        entries = [e for e in self._sleepers if not e[2].done()]
        for _unused, _unused, _unused, handle in entries:
            handle.cancel()
        self._sleepers = [
            (moment, order, future, loop.call_later(max(0.0, moment - self.now()), self._wake, future))
            for moment, order, future, _unused in entries
        ]
        heapq.heapify(self._sleepers)
