# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls per minute that workers share, and invocations per day."""

from __future__ import annotations

import collections
import tempfile
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection import pace as module
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.failures import (
    Refused,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.pace import (
    MINUTE,
    Daily,
    Pace,
)
from hypothesis import given
from hypothesis import strategies as st
from support.clock import Clock
from support.processes import at_once

RUN = "RunCommand"


# wall time in seconds, some seconds into a minute
START = 1_800_000_007.5


def pace(folder: Path, limit: int, clock: Clock) -> Pace:
    return Pace(folder, limit, clock, clock.sleep)


@given(
    limit=st.integers(1, 5),
    pauses=st.lists(st.floats(0, 90), min_size=1, max_size=30),
    throttled=st.sets(st.integers(0, 29), max_size=3),
)
def test_no_minute_has_more_calls_than_its_budget(limit: int, pauses: list[float], throttled: set[int]) -> None:
    clock = Clock(START)
    calls: collections.Counter[int] = collections.Counter()
    with tempfile.TemporaryDirectory() as name:
        workers = [pace(Path(name), limit, clock) for _number in range(3)]
        for number, seconds in enumerate(pauses):
            clock.sleep(seconds)
            before = clock.now
            workers[number % 3].wait(RUN)
            minute = int(clock.now // MINUTE)
            calls[minute] += 1
            # it waits for the next minute at the longest, and for nothing while there is a call left
            assert clock.now - before < MINUTE + 4
            assert clock.now == before or minute == int(before // MINUTE) + 1
            if number in throttled:
                workers[0].close_minute(RUN)
                assert all(worker.take(RUN) > 0 for worker in workers)
                assert not workers[1].take("DescribeInvocationResults")
    assert max(calls.values()) <= limit


def test_without_a_limit_only_throttling_holds_calls_back(tmp_path: Path) -> None:
    clock = Clock(START)
    budget = pace(tmp_path, 0, clock)
    assert not any(budget.take(RUN) for _number in range(100))
    budget.close_minute(RUN)
    assert budget.take(RUN) == pytest.approx(MINUTE - clock.now % MINUTE)
    budget.wait(RUN)
    assert clock.now < START + MINUTE + 4


def test_waiting_for_a_call_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START)
    budget = pace(tmp_path, 1, clock)
    monkeypatch.setattr(module, "_take", lambda counted, minute, limit: False)
    with pytest.raises(Refused, match="calls_per_minute"):
        budget.wait(RUN)
    assert clock.now - START <= module.LONGEST_WAIT


def test_processes_share_a_budget(tmp_path: Path) -> None:
    def call(number: int) -> None:
        if not pace(tmp_path, 20, Clock(START)).take(RUN):
            (tmp_path / f"made{number}").touch()

    assert at_once(30, call) == [0] * 30
    assert len(list(tmp_path.glob("made*"))) == 20


def test_a_missing_folder_stops_no_worker(tmp_path: Path) -> None:
    budget = pace(tmp_path / "gone", 1, Clock(START))
    assert [budget.take(RUN) for _number in range(3)] == [0, 0, 0]
    budget.close_minute(RUN)


def test_invocations_are_counted_by_day_and_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [Daily(tmp_path, names, 5) for names in (("a", "r"), ("a", "r"), ("b", "r"))]
    # the fourth of five is the one that is warned of, once
    assert [days[number % 2].add() for number in range(6)] == [False, False, False, True, False, False]
    assert not days[2].add()
    assert [day.count for day in days] == [5, 6, 1]
    (kept,) = [path for path in tmp_path.glob("*.json") if '"count": 6' in path.read_text()]
    kept.write_text(kept.read_text().replace('"day": "2', '"day": "1'))
    assert not days[0].add()
    assert days[0].count == 1
    kept.write_text('{"day": 1, "count": "x"}')
    assert not Daily(tmp_path, ("a", "r"), 0).add()
