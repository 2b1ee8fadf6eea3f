# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back-off and its bounds, on a clock of the test's own."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.retry import (
    LONGEST_PAUSE,
    backoff,
    call_with_retries,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from hypothesis import given
from hypothesis import strategies as st
from support.clock import Clock


@given(st.integers(0, 20), st.floats(0.001, 5), st.floats(0.01, 60))
def test_each_pause_lies_below_the_doubled_base_and_the_cap(retries: int, base: float, cap: float) -> None:
    pauses = list(backoff(retries, base, cap))
    assert len(pauses) == retries
    for number, pause in enumerate(pauses):
        assert 0 <= pause <= min(cap, base * 2**number)


def test_pauses_use_their_whole_range() -> None:
    firsts = [next(backoff(1, base=1.0)) for _turn in range(400)]
    assert min(firsts) < 0.2
    assert max(firsts) > 0.8


def failing(times: int) -> tuple[list[int], object]:
    numbers: list[int] = []

    def attempt(number: int) -> str:
        numbers.append(number)
        if len(numbers) <= times:
            raise OSError(f"failure {len(numbers)}")
        return "done"

    return numbers, attempt


def run(
    attempt: object, clock: Clock, *, retries: int = 3, seconds: float | None = None, asked: float | None = 0.0
) -> str:
    deadline = Deadline(seconds, clock=clock, sleep=clock.sleep)
    return call_with_retries(attempt, lambda error: asked, retries=retries, deadline=deadline)  # type: ignore[arg-type]


def test_the_first_success_is_returned() -> None:
    numbers, attempt = failing(2)
    assert run(attempt, Clock()) == "done"
    assert numbers == [0, 1, 2]


def test_the_last_error_comes_out_when_the_retries_are_used_up() -> None:
    numbers, attempt = failing(9)
    with pytest.raises(OSError, match="failure 4"):
        run(attempt, Clock(), retries=3)
    assert len(numbers) == 4


def test_a_final_error_is_not_repeated() -> None:
    numbers, attempt = failing(9)
    with pytest.raises(OSError, match="failure 1"):
        run(attempt, Clock(), asked=None)
    assert len(numbers) == 1


def test_the_pause_that_was_asked_for_is_kept() -> None:
    clock = Clock()
    _numbers, attempt = failing(2)
    run(attempt, clock, asked=7.0)
    assert 14 <= clock.now <= 14 + 0.5 + 1.0


def test_a_pause_beyond_the_deadline_is_not_begun() -> None:
    clock = Clock()
    numbers, attempt = failing(9)
    with pytest.raises(OSError, match="failure 1"):
        run(attempt, clock, asked=7.0, seconds=7.0)
    assert (len(numbers), clock.now) == (1, 0)


def test_an_absurd_pause_is_not_begun() -> None:
    clock = Clock()
    _numbers, attempt = failing(9)
    with pytest.raises(OSError, match="failure 1"):
        run(attempt, clock, asked=LONGEST_PAUSE + 1)
    assert clock.now == 0


@given(st.floats(0.01, 30), st.floats(0, 5))
def test_all_tries_together_stay_within_the_deadline(seconds: float, asked: float) -> None:
    clock = Clock()
    _numbers, attempt = failing(100)
    with pytest.raises(OSError, match="failure"):
        run(attempt, clock, retries=20, seconds=seconds, asked=asked)
    assert clock.now < seconds
