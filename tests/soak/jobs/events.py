# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to instances in the middle of a task: they reboot, stop, are released, or lose their agent."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from typing import Any

from support.module_runs import Cloud

DELAYS = (0, 20, 60, 100)
"""Milliseconds from a call until something happens to an instance; a script takes 100."""


def draw_events(rng: random.Random, kinds: Sequence[str], action: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return rules by which something happens to up to two of the instances, after a call of `action`."""
    return [
        {
            "kind": rng.choice(kinds),
            "action": action,
            "instance_id": item,
            "delay_ms": rng.choice(DELAYS),
            "nth": [rng.choice((1, 1, 2, 3))],
        }
        for item in rng.sample(ids, min(2, len(ids)))
    ]


def state(cloud: Cloud, instance_id: str) -> str:
    """Return the status of an instance, ``Released`` once it is no more."""
    try:
        return str(cloud.emulator.instance(instance_id, "state")["status"])
    except ValueError:
        return "Released"


def recover(cloud: Cloud, ids: Sequence[str]) -> None:
    """Start what has stopped, and bring every agent online."""
    for item in ids:
        # it may be released between two of these calls
        with contextlib.suppress(ValueError):
            if state(cloud, item) == "Stopped":
                cloud.emulator.instance(item, "start")
            cloud.emulator.instance(item, "agent-online")
