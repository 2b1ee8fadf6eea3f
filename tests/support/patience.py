# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long tests wait: limits that guard against hangs and nothing else, so that a busy machine fails none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

# seconds, far beyond what anything here takes on a machine that is busy with other work; below the limit per test
HANG_GUARD = 1500


def until(probe: Callable[[], Value], done: Callable[[Value], bool] = bool, pause: float = 0.03) -> Value:
    """Return the first value of ``probe`` that is ``done``, asking every ``pause`` seconds.

    Raises AssertionError with the last value when HANG_GUARD seconds have passed.
    """
    deadline = time.monotonic() + HANG_GUARD
    while not done(value := probe()):
        assert time.monotonic() < deadline, f"not reached in {HANG_GUARD} s: {value}"
        time.sleep(pause)
    return value
