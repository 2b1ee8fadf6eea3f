# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Repeat a call that failed for a transient reason: full jitter, one deadline over all tries."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar

from ansible.module_utils.api import generate_jittered_backoff

from .wait import Deadline

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

# seconds; a longer pause than this is not waited for, the caller gets the error instead
LONGEST_PAUSE = 300.0

MINUTE = 60.0
"""Seconds: the period by which the services count calls."""


def backoff(retries: int, base: float = 0.5, cap: float = 20.0) -> Iterator[float]:
    """Yield ``retries`` pauses in seconds, the n-th uniformly from 0 to ``min(cap, base * 2 ** n)``."""
    # the generator draws whole numbers, so it is asked for milliseconds
    pauses = generate_jittered_backoff(retries, delay_base=max(int(base * 1000), 1), delay_threshold=int(cap * 1000))
    for milliseconds in pauses:
        yield milliseconds / 1000


def outlasting_throttling(
    retry_delay: Callable[[E], float | None], throttled: Callable[[E], bool], *, base: float = 0.5
) -> Callable[[E], float | None]:
    """Return ``retry_delay`` for one call, with pauses that outlast a minute in which the service takes no more calls.

    With the usual settings they are 2, 4, 8, 16 and 32 seconds. Where the service asks for a pause of its own, that is
    kept at first; a call that is throttled again has others that compete with it for the same moment.
    """
    pauses = (min(base * 4 * 2.0**number, MINUTE) for number in itertools.count())
    again = False

    def pause_after(error: E) -> float | None:
        nonlocal again
        asked = retry_delay(error)
        if asked is None or not throttled(error):
            return asked
        own = next(pauses)
        first, again = not again, True
        return asked if first and asked else max(asked, own)

    return pause_after


def call_with_retries(
    attempt: Callable[[int], T],
    retry_delay: Callable[[Exception], float | None],
    *,
    retries: int,
    deadline: Deadline,
    base: float = 0.5,
    cap: float = 20.0,
) -> T:
    """Return ``attempt(n)`` for the first n = 0, 1, … that does not raise.

    ``retry_delay(error)`` decides on an error: None means that it is final, a number is the pause in seconds that the
    service asked for (0 if it asked for none), to which the jitter is added. The error is raised unchanged when it is
    final, when ``retries`` further tries were made, when the service asks for more than LONGEST_PAUSE, and when the
    pause would not end before the deadline.
    """
    pauses = backoff(retries, base, cap)
    number = 0
    while True:
        try:
            return attempt(number)
        except Exception as error:
            asked = retry_delay(error)
            jitter = next(pauses, None)
            if asked is None or jitter is None or asked > LONGEST_PAUSE or asked + jitter >= deadline.remaining():
                raise
            pause = asked + jitter
        deadline.pause(pause)
        number += 1
