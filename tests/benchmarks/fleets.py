# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script on fleets of up to 20,000 instances that only pretend to run it: the client is what is measured."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.testing import Emulator, start_emulator

from .runs import MAX_IDS_PER_CALL, WAYS, measure

FLEETS = (1, 100, 1_000, 5_000, 20_000)
API_LATENCY_MS = 50
LONG, SHORT = 20, 2
"""How long the scripts take, in seconds."""
OUTPUT_BYTES = 24_000
"""Bytes of output of each instance where the results are written to a file."""


def rows(fleets: Sequence[int] = FLEETS) -> list[dict[str, Any]]:
    """Return one row for each fleet and way: calls, seconds over the script's own length, CPU seconds and memory.

    The aims stand beside the figures. The largest fleet runs once more with much output, written to a file.
    """
    table = []
    rule: dict[str, Any] = {"duration_s": LONG}
    with start_emulator(instances=1, quota_invocations=10**6, api_latency_ms=API_LATENCY_MS) as cloud:
        for size in fleets:
            for way in WAYS:
                table.append(_row(cloud, size, way, rule))
        table.append(_row(cloud, min(fleets), "ecs_run_command", {"duration_s": SHORT}))
        with tempfile.TemporaryDirectory() as folder:
            rule = {"duration_s": LONG, "output": "0123456789abcdef\n", "output_bytes": OUTPUT_BYTES}
            options = {"results": "failed", "results_file": str(Path(folder) / "results.jsonl")}
            table.append(_row(cloud, max(fleets), "ecs_run_command", rule, **options))
    return table


def _row(cloud: Emulator, size: int, way: str, rule: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    ids = cloud.reset(instances=size)
    cloud.options(pretend=json.dumps(rule))
    measured = measure(cloud, WAYS[way], ids, **options)
    ours = way == "ecs_run_command"
    large = "output_bytes" in rule
    return {
        "instances": size,
        "way": way,
        "script": f"{rule['duration_s']} s{', 24 KB of output' if large else ''}",
        "calls": measured["calls"],
        "aim: calls": 2 * -(-size // MAX_IDS_PER_CALL) + 18 if ours else None,
        "over": round(measured["seconds"] - rule["duration_s"], 2),
        "aim: over": _most_over(size, rule["duration_s"]) if ours and not large else None,
        "CPU seconds": measured["CPU seconds"],
        "MiB": measured["MiB"],
        "aim: MiB": 120 if large else None,
    }


def _most_over(size: int, length: float) -> float | None:
    """Return the seconds over the script's own length that are the aim, None where it is the official SDK's figure."""
    if length <= SHORT:
        return 0.6
    return {1_000: 2.5, 5_000: 4.0}.get(size)
