# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replays the recordings of the agent's schedule code: next runs, or the error, of an expression."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from .instance import schedules
from .instance.replay import Skip


def name(row: dict[str, Any]) -> str:
    """Return what the recording is called."""
    return f"{row['kind']} {row['expr']!r} from {row['base']} on an instance in {row['instance_zone']}"


def replay(row: dict[str, Any], read: Callable[[str, str], Any] = schedules.read) -> list[str]:
    """Return the differences between the recorded next runs, or error, and those of a reader. Raises Skip."""
    if "PANIC" in row.get("error", ""):
        raise Skip("the recorded agent crashes on it")
    base = _instant(row["base"])
    created = row.get("creation_ms")
    origin = _EPOCH + timedelta(milliseconds=created) if created is not None else None
    try:
        schedule = read(row["kind"], row["expr"])
        runs = schedule.next_runs(base, row["n"], instance_zone=row["instance_zone"], created_at=origin)
        # one word for both: that an expression has no run left, and that it ends after its runs
        error = "" if runs or "end" in row else "CronExpressionExpired"
    except schedules.BadSchedule as refusal:
        runs, error = [], str(refusal)
    if row.get("error", "") != error:
        return [f"error: expected {row.get('error', '')!r}, got {error!r}"]
    recorded = [_instant(text) for text in row["next"]]
    if _fires_twice(recorded):
        return _compare_after_gap(row, recorded, runs)
    expected = [_text(moment) for moment in recorded]
    got = [_text(moment) for moment in runs]
    return [] if expected == got else [f"next runs: expected {expected}, got {got}"]


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _instant(text: str) -> datetime:
    """Return an RFC 3339 time, with or without a fraction of a second of any length."""
    whole, fraction, offset = re.fullmatch(r"(.{19})(\.\d+)?(.+)", text.replace("Z", "+00:00")).groups()
    return datetime.fromisoformat(f"{whole}{(fraction or '.0').ljust(7, '0')[:7]}{offset}")


def _text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat()


def _fires_twice(recorded: list[datetime]) -> bool:
    """Return whether the recorded agent fires again at a moment that is not after the one before."""
    return any(later <= earlier for earlier, later in zip(recorded, recorded[1:], strict=False))


def _compare_after_gap(row: dict[str, Any], recorded: list[datetime], runs: list[datetime]) -> list[str]:
    """Compare where the clock skips the time: one run, at the first instant after the gap, then as on any day."""
    first = next(place for place, moment in enumerate(recorded) if recorded.count(moment) > 1)
    expected = [_text(moment) for moment in recorded[:first]]
    # the gap lies behind the moment at which the recorded agent fires over and over
    zone = runs[first].tzinfo
    after = [recorded[first] + timedelta(minutes=minute) for minute in range(24 * 60)]
    offset = recorded[first].astimezone(zone).utcoffset()
    end = next(moment for moment in after if moment.astimezone(zone).utcoffset() != offset)
    expected.append(_text(end))
    got = [_text(moment) for moment in runs[: first + 1]]
    found = [] if expected == got else [f"next runs: expected {expected}, got {got}"]
    steps = [later - earlier for earlier, later in zip(runs[first:], runs[first + 1 :], strict=False)]
    if any(step > timedelta(hours=26) for step in steps):
        found.append(f"next runs: the days after the gap are missing: {[_text(moment) for moment in runs]}")
    return found
