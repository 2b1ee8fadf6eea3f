# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Repeat a call that failed for a transient reason: full jitter, one deadline over all tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ansible.module_utils.api import generate_jittered_backoff

from .wait import Deadline

T = TypeVar("T")

# seconds; a longer pause than this is not waited for, the caller gets the error instead
LONGEST_PAUSE = 300.0


def backoff(retries: int, base: float = 0.5, cap: float = 20.0) -> Iterator[float]:
    """Yield ``retries`` pauses in seconds, the n-th uniformly from 0 to ``min(cap, base * 2 ** n)``."""
    # the generator draws whole numbers, so it is asked for milliseconds
    pauses = generate_jittered_backoff(retries, delay_base=max(int(base * 1000), 1), delay_threshold=int(cap * 1000))
    for milliseconds in pauses:
        yield milliseconds / 1000


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
