# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Cron expressions as the Cloud Assistant agent reads them: seconds first, crontab's weekdays, L, W, #, years."""

from __future__ import annotations

import calendar
import heapq
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.metadata import version
from typing import Any

from ..common.errors import MissingLibrary

FIRST_YEAR, LAST_YEAR = 1970, 2099
_SHORTEST_MONTH = 28
_OLDEST_CRONITER = 3
# calendar.month_name follows the locale, which Ansible sets to that of the user; the agent knows English names only
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


class CronError(ValueError):
    """An expression that the agent refuses.

    ``code`` is what the agent reports (its text, where it reports a text), ``str()`` the reason for the user.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class _Field:
    """One field of an expression: the agent's name for it, its range, its names and its day rules."""

    name: str
    low: int
    high: int
    names: dict[str, int] = field(default_factory=dict)
    # forms beside numbers, ranges and steps
    rules: str = r"(?!)"

    def number(self, text: str) -> int | None:
        """Return the value that the text names, None if it is not one of this field."""
        if text.lower() in self.names:
            return self.names[text.lower()]
        if self.names and re.fullmatch(r"0\d", text):
            # the agent's table of names has no such entry, which counts as 0 there
            return 0 if int(text) <= self.high else None
        if not re.fullmatch(r"\d{1,4}", text) or len(text) > max(2, len(str(self.high))):
            return None
        value = int(text)
        return value if self.low <= value <= self.high else None


def _named(names: tuple[str, ...], first: int) -> dict[str, int]:
    return {text.lower(): first + place for place, name in enumerate(names) for text in (name, name[:3])}


_SECOND = _Field("second", 0, 59)
_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day-of-month", 1, 31, rules=r"L|LW|(?P<near>0?[1-9]|[12]\d|3[01])W")
_MONTH = _Field("month", 1, 12, _named(MONTH_NAMES, 1))
# 7 is Sunday too
_WEEKDAY = _Field(
    "day-of-week", 0, 7, _named(DAY_NAMES, 0), r"(?P<last>[0-7]|[a-z]+)L|(?P<day>[0-7]|[a-z]+)#(?P<nth>[1-5])"
)
_PADDED = re.compile(r"(?<![\d/])0(?=\d)")
_YEAR = _Field("year", FIRST_YEAR, LAST_YEAR)


@dataclass(frozen=True)
class _Values:
    """What one field allows: values, and for days the rules that name one in each month. ``free``: ``*`` or ``?``."""

    values: frozenset[int]
    rules: tuple[str, ...] = ()
    free: bool = False
    faults: tuple[str, ...] = ()


def _parse(text: str, wanted: _Field) -> _Values:
    values: set[int] = set()
    rules: list[str] = []
    faults: list[str] = []
    items = [item for item in text.split(",") if item]
    if not items:
        raise CronError(f"{wanted.name} field: missing directive", f"the {wanted.name} field is empty")
    free = False
    for item in items:
        if item in ("*", "?"):
            free = True
            continue
        if wanted.names and _PADDED.search(item):
            faults.append(_padded(item, wanted))
            if wanted is _MONTH:
                continue
        rule = re.fullmatch(wanted.rules, item, re.IGNORECASE)
        if rule:
            rules.append(_rule(item, rule, wanted))
            continue
        start, end, step = _range(item, wanted)
        if wanted is _WEEKDAY:
            start, end = start % 7, end % 7
        if start > end:
            faults.append(_upwards(item, wanted))
        values.update(range(start, end + 1, step))
    if free:
        return _Values(frozenset(range(wanted.low, wanted.high + 1)), free=True, faults=tuple(faults))
    return _Values(frozenset(values), tuple(rules), faults=tuple(faults))


def _padded(item: str, wanted: _Field) -> str:
    plain = _PADDED.sub("", item)
    what = "Sunday" if wanted is _WEEKDAY else "no month"
    return f"write {plain} instead of {item} as the {wanted.name}: the agent interprets a leading zero as {what}"


def _upwards(item: str, wanted: _Field) -> str:
    if wanted is _WEEKDAY and re.search(r"7|sun", item.partition("-")[2], re.IGNORECASE):
        return f"{item} is empty: Sunday is day 0, so the range would run backwards; list it separately (0,5,6)"
    return f"{item} is empty: a range must ascend; use two (22-23,0-2)"


def _rule(item: str, match: re.Match[str], wanted: _Field) -> str:
    """Return the rule of a day field in one spelling: L, LW, 15W, 5L, 1#2, with numbers for names."""
    parts = match.groupdict()
    name = parts.get("last") or parts.get("day")
    if not name:
        return f"{int(parts['near'])}W" if parts.get("near") else item.upper()
    day = wanted.number(name)
    if day is None:
        raise _syntax(item, wanted)
    return f"{day % 7}L" if parts.get("last") else f"{day % 7}#{parts['nth']}"


def _range(item: str, wanted: _Field) -> tuple[int, int, int]:
    """Return first, last and step of one item. Raises CronError."""
    span, slash, step_text = item.partition("/")
    first, dash, last = span.partition("-")
    if slash and not re.fullmatch(r"\d+", step_text):
        raise _syntax(item, wanted)
    top = 6 if wanted is _WEEKDAY else wanted.high
    if first == "*" and not dash and slash:
        start, end = wanted.low, top
    else:
        low, high = wanted.number(first), wanted.number(last) if dash else None
        if low is None or (dash and high is None):
            raise _syntax(item, wanted)
        start = low
        end = high if high is not None else (top if slash else low)
    step = _step(step_text) if slash else 1
    if not 1 <= step <= top:
        raise CronError(f"invalid interval {item}", f"the step of {item} must be between 1 and {top}")
    return start, end, step


def _step(text: str) -> int:
    """Return a step as the agent reads it: 0, which is refused, for what its table of numbers does not hold."""
    known = int(text) <= _SECOND.high if len(text) <= 2 else text in map(str, range(FIRST_YEAR, LAST_YEAR + 1))
    return int(text) if known else 0


def _syntax(item: str, wanted: _Field) -> CronError:
    return CronError(
        f"syntax error in {wanted.name} field: '{item}'",
        f"{item!r} is not a valid {wanted.name} ({wanted.low} to {wanted.high}"
        f"{', or ' + ', '.join(list(wanted.names)[1::2][:2]).upper() + ' …' if wanted.names else ''})",
    )


class CronFields:
    """The fields of one expression without its time zone.

    Weekdays are crontab's: 0 and 7 are Sunday, 1 is Monday. Where both day fields are restricted, either may match.
    """

    def __init__(self, words: list[str]) -> None:
        """``words``: second, minute, hour, day of month, month, day of week and, optionally, year. Raises CronError."""
        kinds = (_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY, _YEAR)
        parsed = [_parse(word, kind) for word, kind in zip([*words, "*"], kinds, strict=False)]
        self.seconds, self.minutes, self.hours, self.days, self.months, self.weekdays, self.years = parsed
        self.faults = [fault for one in parsed for fault in one.faults]
        # rules that name a weekday by a number, of which the vendor's documentation and the agent think differently
        self.numbered_rules = [
            item for item in words[5].split(",") if re.fullmatch(r"[0-7](L|#[1-5])", item, re.IGNORECASE)
        ]

    @property
    def either_day(self) -> bool:
        """Whether both day fields are restricted, so that either of them lets a day match."""
        return not (self.days.free or self.weekdays.free)

    # -- what can be said without walking through time -----------------------------------------------------------

    def never(self, year: int) -> bool:
        """Return whether the fields alone show that nothing can match in this year or later."""
        parts = (self.seconds, self.minutes, self.hours, self.months)
        if not all(part.values for part in parts) or not any(later >= year for later in self.years.values):
            return True
        days, weekdays = (not part.free and bool(part.values or part.rules) for part in (self.days, self.weekdays))
        if not (days or weekdays or (self.days.free and self.weekdays.free)):
            return True
        if self.days.free or not self.weekdays.free or any(rule.startswith("L") for rule in self.days.rules):
            return False
        # 31W does not occur in a month without a 31st
        wanted = self.days.values | {int(rule[:-1]) for rule in self.days.rules}
        leap = any(calendar.isleap(later) for later in self.years.values if later >= year)
        longest = max(calendar.monthrange(2028 if leap else 2027, month)[1] for month in self.months.values)
        return min(wanted) > longest

    def closest(self) -> int:
        """Return the shortest time in seconds between two runs, on consecutive days where such days can match."""
        times = sorted(
            hour * 3600 + minute * 60 + second
            for hour in self.hours.values
            for minute in self.minutes.values
            for second in self.seconds.values
        )
        gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
        if times and self._days_in_a_row():
            gaps.append(86400 + times[0] - times[-1])
        return min(gaps, default=86400 * 2)

    def _days_in_a_row(self) -> bool:
        """Return whether two matching days can be consecutive; if several rules are given, assume it."""
        if self.days.free and self.weekdays.free:
            return True
        if self.weekdays.free:
            days, rules = self.days.values, self.days.rules
            ends = bool(days & {28, 29, 30, 31}) or any(rule.startswith("L") for rule in rules)
            return any(day + 1 in days for day in days) or (1 in days and ends) or len(rules) + bool(days) > 1
        if self.days.free:
            weekdays, rules = self.weekdays.values, self.weekdays.rules
            return any((day + 1) % 7 in {value % 7 for value in weekdays} for day in weekdays) or (
                len(rules) + bool(weekdays) > 1
            )
        return True

    # -- the walk ------------------------------------------------------------------------------------------------

    def after(self, start: datetime) -> Iterator[datetime]:
        """Yield the wall clock times that match, in order, strictly after ``start`` (naive, whole seconds).

        The walk is croniter's, one for each rule about days: where several are given it reads some of them
        differently from the agent, for which any of them will do. Raises MissingLibrary.
        """
        if self.never(start.year):
            return
        last = start
        for moment in heapq.merge(*self._walks(start)):
            if moment > last:
                last = moment
                yield moment

    def _walks(self, start: datetime) -> Iterator[Iterator[datetime]]:
        if self.days.free and self.weekdays.free:
            yield _walk(self._expression("*", "*"), start)
        if not self.days.free:
            if self.days.values:
                yield self._walk_days(start)
            for rule in self.days.rules:
                yield _walk(self._expression("l", "*"), start) if rule == "L" else self._walk_nearest(rule, start)
        if not self.weekdays.free:
            if self.weekdays.values:
                yield _walk(self._expression("*", _list({value % 7 for value in self.weekdays.values})), start)
            for rule in self.weekdays.rules:
                yield _walk(self._expression("*", f"L{rule[0]}" if rule.endswith("L") else rule), start)

    def _walk_days(self, start: datetime) -> Iterator[datetime]:
        """Iterate over days by number: all at once, or month by month where not every month has all of them.

        croniter before 7.0 leaves out the first of March where the 30th or 31st is also in the list.
        """
        if max(self.days.values) <= _SHORTEST_MONTH:
            return _walk(self._expression(_list(self.days.values), "*"), start)
        return self._by_month(start, self._days_of)

    def _days_of(self, year: int, month: int) -> Collection[int]:
        length = calendar.monthrange(year, month)[1]
        return [day for day in self.days.values if day <= length]

    def _walk_nearest(self, rule: str, start: datetime) -> Iterator[datetime]:
        """Iterate over the days of LW or 15W: croniter lacks LW, and takes 31W differently in shorter months."""

        def day_of(year: int, month: int) -> Collection[int]:
            day = _nearest(rule, year, month)
            return [] if day is None else [day]

        return self._by_month(start, day_of)

    def _by_month(self, start: datetime, days_of: Callable[[int, int], Collection[int]]) -> Iterator[datetime]:
        """Iterate over the days that ``days_of`` returns for each year and month."""
        for year in range(start.year, LAST_YEAR + 1):
            for month in sorted(self.months.values) if year in self.years.values else ():
                days = days_of(year, month) if (year, month) >= (start.year, start.month) else ()
                if days:
                    begin = max(start, datetime(year, month, min(days)) - timedelta(seconds=1))
                    yield from _walk(self._expression(_list(days), "*", str(month), str(year)), begin)

    def _expression(self, days: str, weekdays: str, months: str = "", years: str = "") -> str:
        """Return the expression for croniter, with the days as given."""
        years = years or ("*" if self.years.free else _list(self.years.values))
        times = (_list(part.values) for part in (self.seconds, self.minutes, self.hours))
        return " ".join((*times, days, months or _list(self.months.values), weekdays, years))


def _list(values: Collection[int]) -> str:
    return ",".join(map(str, sorted(values)))


def _nearest(rule: str, year: int, month: int) -> int | None:
    """Return the day of a month that LW or a rule such as 15W names, None if the month has no such day."""
    length = calendar.monthrange(year, month)[1]
    day = length if rule == "LW" else int(rule[:-1])
    if day > length:
        return None
    weekday = date(year, month, day).weekday()
    # the nearest weekday inside the month
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < length else day - 2
    return day


def _walk(expression: str, start: datetime) -> Iterator[datetime]:
    library = _croniter()
    # the longest wait between two matches is from leap day to leap day over 2100, which lies outside anyway
    steps = library.croniter(
        expression, start, second_at_beginning=True, max_years_between_matches=LAST_YEAR - FIRST_YEAR
    )
    while True:
        try:
            found = steps.get_next(datetime)
        except library.CroniterBadDateError:
            return
        if found.year > LAST_YEAR:
            return
        yield found


def _croniter() -> Any:
    # loading it costs more than everything else here, and only the times of cron schedules need it
    try:
        import croniter

        installed = version("croniter")
    except ImportError as error:
        raise MissingLibrary("croniter", "It computes the run times of cron schedules.") from error
    if int(installed.partition(".")[0]) < _OLDEST_CRONITER:
        found = f"The installed croniter {installed} does not support years in cron expressions."
        raise MissingLibrary(f"croniter>={_OLDEST_CRONITER}", found)
    return croniter
