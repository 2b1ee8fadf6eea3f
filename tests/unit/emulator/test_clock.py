# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The movable clock: sleepers wake at their instants and in order, and nothing waits longer than it must."""

from __future__ import annotations

import asyncio
import time

from emulator.clock import Clock, iso


async def _settled() -> None:
    for _turn in range(5):
        await asyncio.sleep(0)


def test_sleepers_wake_in_order_and_at_their_instants():
    async def scenario() -> list[tuple[str, int]]:
        clock = Clock()
        start = clock.now()
        woken: list[tuple[str, int]] = []

        async def tick(name: str, period: float) -> None:
            number = 1
            while True:
                await clock.sleep_until(start + number * period)
                woken.append((name, round(clock.now() - start)))
                number += 1

        tasks = [asyncio.create_task(tick("a", 60)), asyncio.create_task(tick("b", 100))]
        await asyncio.sleep(0)
        await clock.advance(205, _settled)
        for task in tasks:
            task.cancel()
        return woken

    assert asyncio.run(scenario()) == [("a", 60), ("b", 100), ("a", 120), ("a", 180), ("b", 200)]


def test_an_hour_takes_no_time():
    async def scenario() -> float:
        clock = Clock()
        sleeper = asyncio.create_task(clock.sleep(3600))
        await asyncio.sleep(0)
        await clock.advance(3599.99, _settled)
        assert not sleeper.done()
        began = time.monotonic()
        await sleeper
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 30, "the rest of a sleep shrinks with the clock"


def test_many_short_sleeps_leave_nothing_behind():
    async def scenario() -> int:
        clock = Clock()
        for _turn in range(40):
            await asyncio.gather(*(clock.sleep(0) for _turn in range(50)))
        return len(clock._sleepers)

    assert asyncio.run(scenario()) < 300


def test_cancelled_sleepers_are_passed_over():
    async def scenario() -> None:
        clock = Clock()
        sleeper = asyncio.create_task(clock.sleep(10))
        await asyncio.sleep(0)
        sleeper.cancel()
        await asyncio.gather(sleeper, return_exceptions=True)
        await clock.advance(20, _settled)

    asyncio.run(scenario())


def test_times_of_the_api():
    assert iso(1576822555.9) == "2019-12-20T06:15:55Z"
