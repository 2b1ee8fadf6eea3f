# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Schedules as the agent itself reads them, with the codes and texts that it reports for a bad one."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .cronexpr import CronError, CronExpression

_LAYOUT = ("2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05")
_UNITS = {"01": ("month", 1, 12), "15": ("hour", 0, 23), "04": ("minute", 0, 59), "05": ("second", 0, 59)}
_RATE = re.compile(r"rate\s*\(\s*(\d+)\s*([smhd])\s*\)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_RATE_S = 1000 * 86400
_YEAR = re.compile(r"\*|\?|\*/\d+|.*(?:19[789]\d|20\d\d).*")
_OFFSET = re.compile(r"GMT([+-])(\d|1[0-4]):([0-5]\d)")
_CORRUPT = "TimezoneInformationCorrupt"
# the misspelling is the agent's
_CORRUPT_TEXT = f"{_CORRUPT}: Information of sepcified timezone in cron expression cannot be parsed:"
_SECOND = timedelta(seconds=1)


class BadSchedule(ValueError):
    """An expression that the agent refuses: ``str()`` is what it reports."""


class Schedule(ABC):
    """When a task runs. ``kind`` is cron, rate or at."""

    kind: str

    @abstractmethod
    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """Return the next runs after ``base``, fewer than ``count`` where no more are left.

        A cron expression without a time zone follows ``instance_zone``, a rate counts from ``created_at``.
        """


@dataclass(frozen=True)
class Rate(Schedule):
    """Runs at a fixed interval since its creation, never at once."""

    period: timedelta
    kind = "rate"

    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """See Schedule."""
        origin = created_at or base
        passed = max((base - origin) // self.period, 0)
        return [origin + (passed + step) * self.period for step in range(1, count + 1)]


@dataclass(frozen=True)
class At(Schedule):
    """Runs once."""

    moment: datetime
    kind = "at"

    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """See Schedule."""
        return [self.moment] if self.moment >= base and count > 0 else []


@dataclass(frozen=True)
class Cron(Schedule):
    """Runs where the clock in ``zone`` (None: the instance's own) matches the expression."""

    expression: CronExpression
    zone: tzinfo | None
    kind = "cron"

    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """See Schedule."""
        zone = self.zone or ZoneInfo(instance_zone)
        last = base.astimezone(zone).replace(microsecond=0)
        runs: list[datetime] = []
        wall = self.expression.next(last.replace(tzinfo=None))
        while wall is not None and len(runs) < count:
            moment = at_wall(wall, zone)
            # an hour that the clock repeats has runs in its first pass alone
            if moment > last:
                last = moment
                runs.append(moment)
                # from what the clock shows then: runs that it skips after a first one are lost
                wall = moment.replace(tzinfo=None)
            wall = self.expression.next(wall)
        return runs


def read(kind: str, text: str) -> Schedule:
    """Read an expression by the kind that it is delivered with (Period, Rate, At). Raises BadSchedule."""
    if kind == "At":
        return At(_read_at(text))
    return read_rate(text) if kind == "Rate" else read_cron(text)


def read_rate(text: str) -> Rate:
    """Read a rate(), any interval up to 1,000 days. Raises BadSchedule."""
    match = _RATE.fullmatch(text)
    if not match or int(match[1]) == 0:
        raise BadSchedule("InvalidRateExpression")
    seconds = int(match[1]) * _SECONDS[match[2].lower()]
    if seconds > _LONGEST_RATE_S:
        raise BadSchedule("RateFrequencyTooLarge")
    return Rate(timedelta(seconds=seconds))


def read_cron(text: str) -> Cron:
    """Read a cron expression with optional year and time zone. Raises BadSchedule."""
    words = text.split()
    if not 6 <= len(words) <= 8:
        raise BadSchedule("InvalidCronExpression")
    fields, rest = words[:6], words[6:]
    if len(rest) == 2 or (rest and _YEAR.fullmatch(rest[0])):
        fields.append(rest.pop(0))
    zone = read_zone(rest[0]) if rest else None
    try:
        return Cron(CronExpression(fields), zone)
    except CronError as error:
        raise BadSchedule(str(error)) from error


def read_zone(text: str) -> tzinfo:
    """Read a time zone: a name with a slash, GMT, UTC, or an offset with any text around it. Raises BadSchedule."""
    if "/" in text:
        if ".." in text or text.startswith(("/", "\\")):
            raise BadSchedule(f"{_CORRUPT_TEXT} time: invalid location name")
        try:
            return ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError):
            raise BadSchedule(f"{_CORRUPT_TEXT} unknown time zone {text}") from None
    if text in ("GMT", "UTC"):
        return timezone.utc
    match = _OFFSET.search(text)
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    raise BadSchedule("InvalidGMTOffsetForTimezone" if re.search(r"[+-]|:", text) else _CORRUPT)


def _read_at(text: str) -> datetime:
    """Return the moment, in UTC, of ``at(YYYY-MM-DDThh:mm:ss)``, with or without the wrapper; errors are Go's."""
    wrapped = re.fullmatch(r"at\((.*)\)", text, re.IGNORECASE)
    stamp = rest = wrapped[1] if wrapped else text
    for piece in _LAYOUT:
        found = re.match(rf"\d{{{len(piece)}}}" if piece.isdigit() else re.escape(piece), rest)
        if not found:
            raise BadSchedule(f'parsing time "{stamp}" as "{"".join(_LAYOUT)}": cannot parse "{rest}" as "{piece}"')
        if piece in _UNITS:
            name, low, high = _UNITS[piece]
            if not low <= int(found[0]) <= high:
                raise BadSchedule(f'parsing time "{stamp}": {name} out of range')
        rest = rest[found.end() :]
    if rest:
        raise BadSchedule(f'parsing time "{stamp}": extra text: "{rest}"')
    try:
        return datetime.fromisoformat(stamp).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise BadSchedule(f'parsing time "{stamp}": day out of range') from error


# -- from the wall clock to the moment -------------------------------------------------------------------------------


def at_wall(wall: datetime, zone: tzinfo) -> datetime:
    """Return the moment at which a clock in ``zone`` shows ``wall``, as Go's time.Date finds it.

    A time that the clock skips is shifted over the gap. Where Go shifts it into the past, at which the agent fires
    over and over, this is the first moment after the gap.
    """
    offset = _offset(wall, zone)
    utc = wall - offset
    if _offset(utc, zone) != offset:
        utc = wall - _offset(utc, zone)
    found = utc.replace(tzinfo=timezone.utc).astimezone(zone)
    return found if found.replace(tzinfo=None) >= wall else _end_of_gap(found, zone)


def _end_of_gap(start: datetime, zone: tzinfo) -> datetime:
    """Return the first moment after ``start`` at which the clock in ``zone`` has another offset."""
    before = start.astimezone(timezone.utc).replace(tzinfo=None)
    after = before + timedelta(days=1)
    offset = _offset(before, zone)
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if _offset(middle, zone) == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0, tzinfo=timezone.utc).astimezone(zone)


def _offset(utc: datetime, zone: tzinfo) -> timedelta:
    return utc.replace(tzinfo=timezone.utc).astimezone(zone).utcoffset() or timedelta()
