# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script on fleets of up to 20,000 instances that only pretend to run it: the client is what is measured."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.testing import Emulator, start_emulator

from .runs import MAX_IDS_PER_CALL, WAYS, measure

FLEETS = (1, 100, 1_000, 5_000, 20_000)
API_LATENCY_MS = 50
LONG, SHORT = (19.3, 20.0, 20.6), (1.2, 2.0, 2.8)
"""How long the scripts take, in seconds: where in a pause between two polls a script ends, decides about a second."""
ONE_TURN = 5_000
"""Instances from which on that matters less than the calls themselves, so that one script of 20 s is measured."""
OUTPUT_BYTES = 24_000
"""Bytes of output of each instance where the results are written to a file."""


def rows(fleets: Sequence[int] = FLEETS) -> list[dict[str, Any]]:
    """Return one row for each fleet and way: calls, seconds over the script's own length, CPU seconds and memory.

    Figures are medians of scripts of several lengths, beside the longest delay, and stand beside their aims. The
    largest fleet runs once more with much output, written to a file.
    """
    table = []
    with start_emulator(instances=1, quota_invocations=10**6, api_latency_ms=API_LATENCY_MS) as cloud:
        for size in fleets:
            for way in WAYS:
                table.append(_row(cloud, size, way, LONG if size < ONE_TURN else LONG[1:2]))
        table += [_row(cloud, min(fleets), way, SHORT) for way in WAYS]
        with tempfile.TemporaryDirectory() as folder:
            output = {"output": "0123456789abcdef\n", "output_bytes": OUTPUT_BYTES}
            options = {"results": "failed", "results_file": str(Path(folder) / "results.jsonl")}
            table.append(_row(cloud, max(fleets), "ecs_run_command", LONG[1:2], output, **options))
    return table


def _row(
    cloud: Emulator,
    size: int,
    way: str,
    lengths: Sequence[float],
    output: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    turns = [_turn(cloud, size, way, {"duration_s": length, **(output or {})}, options) for length in lengths]
    length = lengths[len(lengths) // 2]
    middle = {name: statistics.median(turn[name] or 0 for turn in turns) for name in turns[0]}
    ours = way == "ecs_run_command"
    return {
        "instances": size,
        "way": way,
        "script": f"{length:.0f} s{', 24 KB of output' if output else ''}",
        "calls": round(middle["calls"]),
        "aim: calls": 2 * -(-size // MAX_IDS_PER_CALL) + 18 if ours and length > SHORT[-1] else None,
        "over": round(middle["over"], 2),
        "longest": round(max(turn["over"] for turn in turns), 2),
        "aim: over": _most_over(size, length) if ours and not output else None,
        "CPU seconds": round(middle["CPU seconds"], 2),
        "MiB": round(middle["MiB"]),
        "aim: MiB": 120 if output else None,
        "MiB read": round(middle["MiB read"], 1),
        "KiB / poll": round(middle["KiB / poll"]) or None,
    }


def _turn(cloud: Emulator, size: int, way: str, rule: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    ids = cloud.reset(instances=size)
    cloud.options(pretend=json.dumps(rule))
    measured = measure(cloud, WAYS[way], ids, **options)
    return {**measured, "over": measured["seconds"] - rule["duration_s"]}


def _most_over(size: int, length: float) -> float | None:
    """Return the seconds over the script's own length that are the aim, None where it is the official SDK's figure."""
    if length <= SHORT[-1]:
        return 0.6
    return {1_000: 2.5, 5_000: 4.0}.get(size)
