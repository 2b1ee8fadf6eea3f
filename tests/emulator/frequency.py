# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Frequency of a request: what the service takes, and the schedule that an agent makes of it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from .instance.schedules import At, BadSchedule, Cron, Rate, Schedule, at_wall, read_cron, read_rate, read_zone

_SHORTEST_RATE = timedelta(minutes=1)
_LONGEST_RATE = timedelta(days=7)
_CLOSEST_S = 10
_DAY_S = 86400
_AT = re.compile(r"at\s*\(\s*(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2}:\d{2})(?:\s+(\S+))?\s*\)", re.IGNORECASE)
# two years hold every distance between two days but those over a leap day
_DAYS_LOOKED_AT = 731


def read(text: str) -> Schedule:
    """Read a Frequency that was taken before. Raises BadSchedule, with the code that the instance's result has."""
    text = text.strip()
    if text.lower().startswith("rate"):
        return read_rate(text)
    return _read_at(text) if re.match(r"at\s*\(", text, re.IGNORECASE) else read_cron(text)


def check(text: str, timeout_s: int) -> None:
    """Refuse what the service does: no schedule at all, or runs that come too close. Raises ValueError.

    A schedule in the past is accepted: the service reports it for each instance, not for the request.
    """
    schedule = read(text)
    if isinstance(schedule, Rate):
        if not _SHORTEST_RATE <= schedule.period <= _LONGEST_RATE:
            raise ValueError("a rate is 60 s to 7 days")
        if schedule.period <= timedelta(seconds=timeout_s):
            raise ValueError("a rate is longer than the timeout")
    elif isinstance(schedule, Cron) and _closest(schedule) < max(_CLOSEST_S, timeout_s):
        raise ValueError("two runs come too close")


def _read_at(text: str) -> At:
    match = _AT.fullmatch(text)
    if not match:
        raise BadSchedule("InvalidAtExpression")
    zone = read_zone(match[3]) if match[3] else timezone.utc
    try:
        return At(at_wall(datetime.fromisoformat(f"{match[1]}T{match[2]}"), zone))
    except ValueError as error:
        raise BadSchedule("InvalidAtExpression") from error


def _closest(schedule: Cron) -> float:
    """Return the least time in seconds between two runs, on the wall clock."""
    times = schedule.expression.seconds_of_day()
    gaps: list[float] = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    last: date | None = None
    for count, day in enumerate(schedule.expression.days(date(2026, 1, 1))):
        if times and last is not None:
            gaps.append((day - last).days * _DAY_S + times[0] - times[-1])
        if count == _DAYS_LOOKED_AT:
            break
        last = day
    return min(gaps, default=float("inf"))
