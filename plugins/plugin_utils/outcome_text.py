# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The outcome of a task on its instances, as lines for the terminal."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..module_utils.cloud_assistant.grouping import FAILED, SUCCESS, class_of, count_classes
from ..module_utils.common.printable import cut, visible
from .fleet_table import fitting, fleet_table

_HEAD = re.compile(r"\d+ of \d+ instances? failed:")
"""The first line of the message of a run that failed on instances (runs/outcome.py)."""
_COUNTS = re.compile(rf"{_HEAD.pattern}|\d+ skipped$")
"""Lines of it that the totals repeat."""
_REPEATED = re.compile(rf"{_COUNTS.pattern}|\d+ x |… and \d+ more in ")
"""Lines of it that the table repeats."""


def is_fleet_result(result: Mapping[str, Any]) -> bool:
    """Return whether a task's result holds results per instance that are shown to the user."""
    rows, summary = result.get("results"), result.get("summary")
    if result.get("_ansible_no_log") or not isinstance(rows, (list, tuple)):
        return False
    if not all(isinstance(row, Mapping) and {"instance_id", "status"} <= row.keys() for row in rows):
        return False
    return bool(rows) or (isinstance(summary, Mapping) and "total" in summary)


def outcome_lines(
    result: Mapping[str, Any], *, width: int, height: int | None, successes: bool, shown_ids: int = 3
) -> list[str]:
    """Return the totals, one line per group of instances, and where the whole result is found.

    At most `height` lines of `width` columns; without `height` nothing is left out. `successes` lists what succeeded as
    well. A run that went well is one line otherwise.
    """
    rows = result["results"]
    summary = result.get("summary")
    counts = summary if isinstance(summary, Mapping) and "total" in summary else count_classes(rows)
    failed = [row for row in rows if class_of(str(row["status"])) == FAILED]
    foot = _where(result, width) if successes or counts.get(FAILED) or result.get("failed") else []
    limit = len(rows) + LONGEST_MESSAGE if height is None else max(4, height)
    advice = advice_lines(str(result.get("msg") or ""), {str(row["instance_id"]) for row in failed})
    errors = [f"  {line}" for line in advice][: max(1, limit // 2)]
    shown = [row for row in rows if successes or class_of(str(row["status"])) != SUCCESS]
    lines = fleet_table(
        shown, counts=counts, width=width, height=max(2, limit - len(errors) - len(foot)), shown_ids=shown_ids
    )
    return [cut(visible(line), width) for line in [*lines, *errors, *foot]]


LONGEST_MESSAGE = 100
"""Lines that a message and the place of the result take at most where nothing is to be left out."""


def lists_failures(message: str) -> bool:
    """Return whether a failure's message begins with the instances that failed."""
    return bool(_HEAD.match(message))


def advice_lines(message: str, listed: Collection[str]) -> list[str]:
    """Return the lines of a failure's message that a list of the failed instances does not repeat: errors, advice.

    ``listed`` are the failed instances in the list; where it has none, the message's reasons are needed.
    """
    repeated = _REPEATED if listed else _COUNTS
    lines = [line for line in message.splitlines() if not repeated.match(line)]
    return [line for line in lines if line.partition(": ")[0] not in listed]


def _where(result: Mapping[str, Any], width: int) -> list[str]:
    """Return where the results are found again: the invocations, and the file that holds everything."""
    invoke_ids = [str(item) for item in result.get("invoke_ids") or ()]
    head = "Invocations: "
    lines = [f"{head}{fitting(invoke_ids, 3, width - len(head))}"] if invoke_ids else []
    if result.get("results_file"):
        lines.append(f"Full result: {result['results_file']}")
    elif invoke_ids:
        lines.append("Full result: register the task, set results_file, or use ecs_invocation_info")
    return lines
