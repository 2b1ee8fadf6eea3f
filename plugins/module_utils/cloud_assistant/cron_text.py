# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Describe a cron expression in words, such as ``every day at 03:30``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .cron import DAY_NAMES, MONTH_NAMES, CronFields

MAX_TIMES = 6
"""Times of day that a description lists one by one."""

_MONTHS = ("", *MONTH_NAMES)
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth")


def describe_cron(fields: CronFields) -> str:
    """Return the days and times of the fields in words, without a time zone."""
    times, days = _times(fields), _days(fields)
    months = "" if fields.months.free else f"in {_spans(fields.months.values, _MONTHS)}"
    years = "" if fields.years.free else f"in {_spans(fields.years.values)}"
    if not days and not times.startswith("every"):
        days = "every day"
    parts = (days, times) if not times.startswith("every") else (times, days)
    return " ".join(part for part in (*parts, months, years) if part)


def _times(fields: CronFields) -> str:
    seconds, minutes, hours = (part.values for part in (fields.seconds, fields.minutes, fields.hours))
    if len(seconds) * len(minutes) * len(hours) <= MAX_TIMES:
        times = sorted((hour, minute, second) for hour in hours for minute in minutes for second in seconds)
        return f"at {_joined([_clock(*time, exact=seconds != {0}) for time in times])}"
    if len(seconds) > 1:
        pace, rest = _pace(seconds, "second"), "" if len(minutes) == 60 else f"in minute {_spans(minutes)}"
    else:
        pace, rest = _pace(minutes, "minute"), "" if seconds == {0} else f"at second {min(seconds)}"
        step = 24 // len(hours)
        if 1 < step < 24 and sorted(hours) == list(range(0, 24, step)) and pace.startswith("every hour"):
            return " ".join(part for part in (pace.replace("every hour", f"every {step} hours"), rest) if part)
    return " ".join(part for part in (pace, rest, _within(hours, minutes)) if part)


def _clock(hour: int, minute: int, second: int = 0, *, exact: bool = False) -> str:
    return f"{hour:02}:{minute:02}:{second:02}" if exact else f"{hour:02}:{minute:02}"


def _within(hours: Collection[int], minutes: Collection[int]) -> str:
    """Return the part of the day that the hours make up, empty for all of it."""
    if len(hours) == 24:
        return ""
    first, last = min(hours), max(hours)
    if len(hours) == last - first + 1:
        return f"from {_clock(first, min(minutes))} to {_clock(last, max(minutes))}"
    return f"in hour {_spans(hours)}"


def _pace(values: Collection[int], unit: str) -> str:
    """Return ``every 15 minutes`` for values that divide an hour or a minute evenly, else the values themselves."""
    whole = "hour" if unit == "minute" else "minute"
    ordered = sorted(values)
    step = ordered[1] - ordered[0] if len(ordered) > 1 else 60
    if ordered != list(range(0, 60, step)) or 60 % step:
        return f"every {whole} at {unit} {_spans(values)}"
    return {1: f"every {unit}", 60: f"every {whole}"}.get(step, f"every {step} {unit}s")


def _days(fields: CronFields) -> str:
    """Return the days, empty where every day matches."""
    given = []
    if not fields.days.free:
        numbers = [f"on day {_spans(fields.days.values)} of the month"] if fields.days.values else []
        given += [*numbers, *(_month_rule(rule) for rule in fields.days.rules)]
    if not fields.weekdays.free:
        weekdays = {value % 7 for value in fields.weekdays.values}
        given += [f"every {_spans(weekdays, DAY_NAMES)}"] if weekdays else []
        given += [_weekday_rule(rule) for rule in fields.weekdays.rules]
    return " or ".join(given)


def _month_rule(rule: str) -> str:
    if rule == "L":
        return "on the last day of the month"
    if rule == "LW":
        return "on the last working day of the month"
    return f"on the working day nearest to day {rule[:-1]} of the month"


def _weekday_rule(rule: str) -> str:
    which = "last" if rule.endswith("L") else _ORDINALS[int(rule[-1])]
    return f"on the {which} {DAY_NAMES[int(rule[0])]} of the month"


def _spans(values: Collection[int], names: Sequence[str] = ()) -> str:
    """Return the values in order, three or more in a row as a range: ``1, 5 to 8 and 20``."""
    spans: list[list[int]] = []
    for value in sorted(values):
        if spans and value == spans[-1][-1] + 1:
            spans[-1].append(value)
        else:
            spans.append([value])
    shown = []
    for span in spans:
        texts = [names[value] if names else str(value) for value in span]
        shown += [f"{texts[0]} to {texts[-1]}"] if len(texts) > 2 else texts
    return _joined(shown)


def _joined(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
