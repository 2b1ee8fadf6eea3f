# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many tasks one agent runs and holds at a time."""

from __future__ import annotations

import asyncio

from .waiters import Waiters


class Places:
    """A number of places for tasks that were delivered and have not ended."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiters = Waiters()

    @property
    def full(self) -> bool:
        """Whether no place is free."""
        return self._free <= 0

    def take(self) -> None:
        """Take a free place."""
        self._free -= 1

    def release(self) -> None:
        """Give a place back and wake all who wait, in their order: one whose time has expired leaves it to the next."""
        self._free += 1
        self._waiters.wake()

    async def wait_change(self) -> None:
        """Return when a place may be free."""
        await self._waiters.next_change()


class AgentQueue:
    """The turns of one agent: it runs ``slots`` scripts, holds ``queue`` more, and takes no further one."""

    def __init__(self, slots: int, queue: int) -> None:
        self.slots = asyncio.Semaphore(slots)
        self.places = Places(slots + queue)
