# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The line of progress of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..grouping import folded


@dataclass
class Waves:
    """The numbers of batches in total, of batches that may run concurrently, and of started batches."""

    batches: int = 0
    window: int = 1
    started: int = 0

    def __str__(self) -> str:
        """Return which wave this is, empty where there is only one."""
        waves = math.ceil(self.batches / self.window)
        return f"wave {max(1, math.ceil(self.started / self.window))} of {waves}" if waves > 1 else ""


def progress_line(finished: int, total: int, failed: int, running: int, waves: Waves, invoke_ids: Sequence[str]) -> str:
    """Return how far a run is: ``40/100 finished, 3 failed, 10 running, wave 5 of 10, t-1``.

    ``running`` counts the instances that were started and have not ended. ``invoke_ids`` are the invocations under way.
    """
    counts = f"{finished}/{total} finished, {failed} failed, {running} running"
    return ", ".join(filter(None, (counts, str(waves), folded(invoke_ids, 2))))
