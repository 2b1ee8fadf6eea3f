# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cron expressions as the agent's library, gorhill's cronexpr, reads them, with what it does to odd ones.

It is written apart from the collection's own reader, so that a rehearsal shows where that one would be wrong.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 1970, 2099
_MONTHS = [name.lower() for name in calendar.month_name][1:]
_DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


class CronError(ValueError):
    """An expression that the library refuses; ``str()`` is its text."""


def _tokens(names: list[str], first: int) -> dict[str, int]:
    """Return names in full and by three letters, and numbers without a leading zero."""
    numbers = {str(number): number for number in range(first, first + len(names))}
    words = {text: first + place for place, name in enumerate(names) for text in (name, name[:3])}
    return numbers | words


class _Field(NamedTuple):
    """One field: its name in errors, its range, the pattern of a value, and the words it knows beside plain numbers."""

    name: str
    low: int
    high: int
    pattern: str
    words: dict[str, int] | None = None

    def value(self, text: str) -> int:
        """Return the number of a value; one that the pattern takes and the words do not hold is 0: ``01`` is Sunday."""
        return int(text) if self.words is None else self.words.get(text, 0)

    def match(self, form: str, text: str) -> tuple[str, ...] | None:
        """Return the groups of a form in which V stands for a value, None where the text has another form."""
        found = re.fullmatch(form.replace("V", f"({self.pattern})"), text)
        return found.groups() if found else None

    def step(self, text: str, item: str) -> int:
        """Return the step of an item. Raises CronError."""
        step = int(text) if len(text) <= 4 else 0
        if not 1 <= step <= self.high:
            raise CronError(f"invalid interval {item}")
        return step


_SECOND = _Field("second", 0, 59, "0?[0-9]|[1-5][0-9]")
_MINUTE = _Field("minute", 0, 59, "0?[0-9]|[1-5][0-9]")
_HOUR = _Field("hour", 0, 23, "0?[0-9]|1[0-9]|2[0-3]")
_DAY = _Field("day-of-month", 1, 31, "0?[1-9]|[12][0-9]|3[01]")
_MONTH = _Field(
    "month", 1, 12, "|".join(["0?[1-9]|1[012]", *_MONTHS, *(name[:3] for name in _MONTHS)]), _tokens(_MONTHS, 1)
)
_WEEKDAY = _Field("day-of-week", 0, 6, "|".join(["0?[0-7]", *_DAYS, *(name[:3] for name in _DAYS)]), _tokens(_DAYS, 0))
_YEAR = _Field("year", FIRST_YEAR, LAST_YEAR, "19[789][0-9]|20[0-9]{2}")


class _Read(NamedTuple):
    """What a field holds: values, items of another form, and whether an item lets everything pass."""

    values: set[int]
    others: list[str]
    free: bool


def _read(text: str, field: _Field) -> _Read:
    """Read the items of a field; empty ones count for nothing. Raises CronError."""
    items = [item.lower() for item in text.split(",") if item]
    if not items:
        raise CronError(f"{field.name} field: missing directive")
    values: set[int] = set()
    others: list[str] = []
    free = False
    for item in items:
        found = _item(item, field)
        free = free or item in ("*", "?")
        if found is None:
            others.append(item)
        else:
            values.update(found)
    return _Read(values, others, free)


def _item(item: str, field: _Field) -> range | None:
    """Return the values of one item, None for an item of another form. Raises CronError."""
    if item in ("*", "?"):
        return range(field.low, field.high + 1)
    if found := field.match("V", item):
        return range(field.value(found[0]), field.value(found[0]) + 1)
    if found := field.match("V-V", item):
        return range(field.value(found[0]), field.value(found[1]) + 1)
    if found := field.match(r"\*/(\d+)", item):
        return range(field.low, field.high + 1, field.step(found[0], item))
    if found := field.match(r"V/(\d+)", item):
        return range(field.value(found[0]), field.high + 1, field.step(found[1], item))
    if found := field.match(r"V-V/(\d+)", item):
        return range(field.value(found[0]), field.value(found[1]) + 1, field.step(found[2], item))
    return None


def _plain(text: str, field: _Field) -> list[int]:
    read = _read(text, field)
    if read.others:
        raise _syntax(read.others[0], field, text)
    return sorted(range(field.low, field.high + 1)) if read.free else sorted(read.values)


def _syntax(item: str, field: _Field, text: str) -> CronError:
    # the text is shown as it was written
    written = next((part for part in text.split(",") if part.lower() == item), item)
    return CronError(f"syntax error in {field.name} field: '{written}'")


class _Days:
    """The days of the month and of the week. Where both are restricted, either counts."""

    def __init__(self, days: str, weekdays: str) -> None:
        self._days = _read(days, _DAY)
        self._weekdays = _read(weekdays, _WEEKDAY)
        for item in self._days.others:
            if item not in ("l", "lw") and not _DAY.match("Vw", item):
                raise _syntax(item, _DAY, days)
        for item in self._weekdays.others:
            if not _WEEKDAY.match("Vl", item) and not _WEEKDAY.match("V#([1-5])", item):
                raise _syntax(item, _WEEKDAY, weekdays)

    def of(self, year: int, month: int) -> list[int]:
        """Return the days that count in a month."""
        length = calendar.monthrange(year, month)[1]
        if self._days.free and self._weekdays.free:
            return list(range(1, length + 1))
        found: set[int] = set()
        if not self._days.free:
            found |= self._by_number(year, month, length)
        if not self._weekdays.free:
            found |= self._by_weekday(year, month, length)
        return sorted(day for day in found if day <= length)

    def _by_number(self, year: int, month: int, length: int) -> set[int]:
        found = set(self._days.values)
        for item in self._days.others:
            day = length if item in ("l", "lw") else int(item[:-1])
            if day <= length:
                found.add(day if item == "l" else _workday(year, month, day, length))
        return found

    def _by_weekday(self, year: int, month: int, length: int) -> set[int]:
        # Sunday is 0
        first = (date(year, month, 1).weekday() + 1) % 7

        def all_of(weekday: int) -> list[int]:
            return list(range(1 + (weekday - first) % 7, length + 1, 7))

        found = {day for weekday in self._weekdays.values for day in all_of(weekday % 7)}
        for item in self._weekdays.others:
            name, numbered, number = item.partition("#")
            days = all_of(_WEEKDAY.value(name if numbered else item[:-1]))
            found.update(days[int(number) - 1 : int(number)] if numbered else days[-1:])
        return found


def _workday(year: int, month: int, day: int, length: int) -> int:
    """Return the weekday nearest to a day, in the same month."""
    weekday = date(year, month, day).weekday()
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < length else day - 2
    return day


class CronExpression:
    """Six fields from seconds to days of the week, and a year."""

    def __init__(self, words: list[str]) -> None:
        """Read the fields in their order; the seventh may be left out. Raises CronError."""
        second, minute, hour, days, month, weekdays, year = [*words, "*"][:7]
        self._seconds, self._minutes = _plain(second, _SECOND), _plain(minute, _MINUTE)
        self._hours = _plain(hour, _HOUR)
        self._days = _Days(days, weekdays)
        self._months = _plain(month, _MONTH)
        self._years = _plain(year, _YEAR)

    def next(self, wall: datetime) -> datetime | None:
        """Return the first time on the wall clock that matches and is after ``wall``, None where there is none."""
        if not (self._seconds and self._minutes and self._hours):
            return None
        for day in self.days(wall.date()):
            found = self._time(wall.time() if day == wall.date() else None)
            if found is not None:
                return datetime.combine(day, found)
        return None

    def days(self, first: date) -> Iterator[date]:
        """Return the matching days from ``first`` on, in their order."""
        for year in self._years:
            if year < first.year:
                continue
            for number in self._months:
                # month 0, as which the library reads 01, is the last one of the year before
                month = date(year, number, 1) if number else date(year - 1, 12, 1)
                if (month.year, month.month) >= (first.year, first.month):
                    days = (month.replace(day=day) for day in self._days.of(month.year, month.month))
                    yield from (day for day in days if day >= first)

    def seconds_of_day(self) -> list[int]:
        """Return the matching times of a day, in seconds since its beginning."""
        return [
            hour * 3600 + minute * 60 + second
            for hour in self._hours
            for minute in self._minutes
            for second in self._seconds
        ]

    def _time(self, after: time | None) -> time | None:
        """Return the first matching time of a day, after ``after`` if given."""
        if after is None:
            return time(self._hours[0], self._minutes[0], self._seconds[0])
        start = (datetime.combine(date.min, after.replace(microsecond=0)) + timedelta(seconds=1)).time()
        if start == time(0):
            return None
        return self._at_or_after(start)

    def _at_or_after(self, start: time) -> time | None:
        for hour in (hour for hour in self._hours if hour >= start.hour):
            for minute in (m for m in self._minutes if hour > start.hour or m >= start.minute):
                later = (hour, minute) > (start.hour, start.minute)
                for second in self._seconds:
                    if later or second >= start.second:
                        return time(hour, minute, second)
        return None
