# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The outcome of a run on a fleet as text of at most a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..module_utils.cloud_assistant.grouping import (
    SUCCESS,
    Group,
    count_classes,
    folded,
    group_rows,
)
from ..module_utils.common.printable import columns, counted, cut

WORDS = {
    "success": "succeeded",
    "failed": "failed",
    "back": "rolled back",
    "skipped": "skipped",
    "running": "not finished",
}
"""How a total is named, by class."""

SHORTEST_REASON = 40
"""Columns of a reason, below which no instance is named beside it."""

Row = Mapping[str, Any]


def totals_line(counts: Mapping[str, int]) -> str:
    """Return the totals as one line: ``12 instances: 10 succeeded, 2 failed``; what is zero is left out."""
    total = counted(counts["total"], "instance")
    parts = [f"{counts[name]} {word}" for name, word in WORDS.items() if counts.get(name)]
    return f"{total}: {', '.join(parts)}" if parts else total


def fleet_table(
    rows: Sequence[Row],
    *,
    counts: Mapping[str, int] | None = None,
    width: int = 120,
    height: int = 20,
    shown_ids: int = 3,
    successes: bool = True,
) -> list[str]:
    """Return the lines of a table: the totals, then one line per group of instances that ended alike, failures first.

    There are at most `height` lines of at most `width` columns. `counts` are the totals where `rows` are a part of the
    results only. ``shown_ids`` is how many instances a line names. Groups that succeeded are listed with ``successes``.
    """
    groups = [one for one in group_rows(rows) if successes or one.class_name != SUCCESS]
    lines = [totals_line(counts or count_classes(rows))]
    room = max(1, height - 1)
    shown = groups if len(groups) <= room else groups[: room - 1]
    lines += [f"  {line}" for line in _aligned(shown, width - 2, shown_ids)]
    if len(shown) < len(groups):
        left = sum(len(one.instance_ids) for one in groups[len(shown) :])
        lines.append(f"  … and {left} more instances in {len(groups) - len(shown)} groups")
    return [cut(line, width) for line in lines]


def _aligned(groups: Iterable[Group], width: int, shown_ids: int) -> list[str]:
    """Return one line per group, the counts right-aligned."""
    groups = list(groups)
    digits = max((len(str(len(one.instance_ids))) for one in groups), default=1)
    return [
        f"{str(len(one.instance_ids)).rjust(digits)} x {_described(one, width - digits - len(' x '), shown_ids)}"
        for one in groups
    ]


def _described(one: Group, width: int, shown: int) -> str:
    """Return the reason of a group and as many of its ids as fit beside the whole of it, at most `shown`.

    A reason that leaves no room for one of them is cut, but not below SHORTEST_REASON: then it stands alone.
    """
    room = width - len(": ")
    ids = fitting(one.instance_ids, shown, room - columns(one.reason))
    left = room - columns(ids)
    if left < min(SHORTEST_REASON, columns(one.reason)):
        return cut(one.reason, width)
    return f"{cut(one.reason, left)}: {ids}"


def fitting(ids: Sequence[str], shown: int, width: int) -> str:
    """Return the ids folded, as many of them as fit into the width, at most `shown` and at least one."""
    found = (text for number in range(shown, 1, -1) if columns(text := folded(ids, number)) <= width)
    return next(found, folded(ids, 1))
