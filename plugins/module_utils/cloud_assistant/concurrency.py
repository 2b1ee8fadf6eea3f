# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Run a few calls concurrently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

CALLS_AT_ONCE = 8
"""Calls of one task that are under way at the same time."""

T = TypeVar("T")
R = TypeVar("R")


def map_concurrently(call: Callable[[T], R], items: Sequence[T], limit: int = CALLS_AT_ONCE) -> list[R]:
    """Return ``call(item)`` for each of the items, in their order; at most ``limit`` are under way at the same time.

    Raises what the first failing call raises, once those under way have ended; the others are not made.
    """
    if len(items) < 2:
        return [call(item) for item in items]
    with ThreadPoolExecutor(min(limit, len(items))) as pool:
        return list(pool.map(call, items))
