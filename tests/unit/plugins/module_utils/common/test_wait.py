# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deadlines and polling, on a clock of the test's own."""

from __future__ import annotations

import math

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import WaitTimeout
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import (
    poll,
    proportional_interval,
)
from hypothesis import given
from hypothesis import strategies as st
from support.clock import Clock


def test_a_deadline_counts_down_and_stops_at_zero() -> None:
    clock = Clock(1000.0)
    deadline = clock.deadline(10)
    clock.now += 4
    assert (deadline.elapsed(), deadline.remaining(), deadline.expired()) == (4, 6, False)
    clock.now += 60
    assert (deadline.remaining(), deadline.expired()) == (0, True)


def test_without_seconds_there_is_no_limit() -> None:
    clock = Clock(1000.0)
    deadline = clock.deadline(None)
    clock.now += 1e9
    assert deadline.remaining() == math.inf
    assert not deadline.expired()


def test_a_pause_ends_with_the_deadline() -> None:
    clock = Clock(1000.0)
    deadline = clock.deadline(3)
    deadline.pause(2)
    deadline.pause(2)
    deadline.pause(2)
    assert clock.pauses == [2, 1]


@given(st.floats(0, 1e6))
def test_intervals_stay_within_their_bounds(elapsed: float) -> None:
    assert 0.5 <= proportional_interval(elapsed) <= 10
    assert proportional_interval(elapsed) <= proportional_interval(elapsed + 1)
    assert elapsed >= 3 or proportional_interval(elapsed) == 0.5
    assert elapsed >= 60 or proportional_interval(elapsed) <= 2


def test_poll_returns_the_first_value_even_a_false_one() -> None:
    clock = Clock(1000.0)
    answers = iter([None, None, 0, 5])
    assert poll(lambda: next(answers), clock.deadline(60), "the value") == 0
    assert len(clock.pauses) == 2


@pytest.mark.parametrize(("took", "pause"), [(0.0, 2.0), (0.5, 1.5), (9.0, 1.0)])
def test_the_time_that_a_look_takes_is_part_of_the_interval(took: float, pause: float) -> None:
    clock = Clock(1000.0)
    answers = iter([None, 1])

    def probe() -> int | None:
        clock.now += took
        return next(answers)

    poll(probe, clock.deadline(60), "the value", interval=lambda elapsed: 2.0)
    assert clock.pauses == [pause]


def test_poll_says_what_it_waited_for() -> None:
    clock = Clock(1000.0)
    with pytest.raises(WaitTimeout, match="invocation t-1: not finished after 30 s"):
        poll(lambda: None, clock.deadline(30), "invocation t-1")
    assert clock.now == pytest.approx(1030)


def test_poll_keeps_a_last_look_before_the_deadline() -> None:
    clock = Clock(1000.0)
    looks: list[float] = []

    def probe() -> None:
        looks.append(clock.now)

    with pytest.raises(WaitTimeout):
        poll(probe, clock.deadline(20), "it", interval=lambda elapsed: 12.0)
    assert looks == [1000, 1012, 1019]


def test_a_wait_that_expires_within_a_probe_is_reported_in_the_words_of_the_poll() -> None:
    clock = Clock(1000.0)

    def probe() -> None:
        clock.now += 100
        raise WaitTimeout("a call had no time left")

    with pytest.raises(WaitTimeout, match="^the result: not finished"):
        poll(probe, clock.deadline(10), "the result")


def test_another_wait_within_a_probe_keeps_its_own_words() -> None:
    def probe() -> None:
        raise WaitTimeout("an inner wait")

    with pytest.raises(WaitTimeout, match="^an inner wait"):
        poll(probe, Clock(1000.0).deadline(10), "the result")


@given(st.floats(0.01, 500), st.floats(0.001, 50))
def test_poll_never_passes_its_deadline(limit: float, interval: float) -> None:
    clock = Clock(1000.0)
    rounds = 0

    def probe() -> None:
        nonlocal rounds
        rounds += 1

    with pytest.raises(WaitTimeout):
        poll(probe, clock.deadline(limit), "it", interval=lambda elapsed: max(interval, limit / 100))
    assert clock.now - 1000 <= limit + 1e-6
    assert rounds >= 1
