# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Schedules of commands: rate(), at() and cron expressions, their limits, and when they run next."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import islice
from typing import ClassVar

from ..common.errors import InputError, MissingLibrary
from .cron import DAY_NAMES, CronError, CronFields
from .cron_text import describe_cron

# RunCommand, Frequency
MIN_RATE = 60
MAX_RATE = 7 * 86400
MIN_CRON_SPACING = 10

_AGENT_MAX_RATE = 1000 * 86400
_UNIT_NAMES = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"rate\s*\(\s*(\d+)\s*([smhd])\s*\)", re.IGNORECASE)
_AT = re.compile(r"at\s*\(\s*(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2}:\d{2})(?:\s+(\S+))?\s*\)", re.IGNORECASE)
_OFFSET = re.compile(r"GMT([+-])(\d|1[0-4]):([0-5]\d)")
_YEAR = re.compile(r"\*|\?|\*/\d+|.*(?:19[789]\d|20\d\d).*")
_ZONE_HELP = "a time zone must be a full name (Asia/Shanghai), an offset (GMT+8:00, without a leading zero) or UTC"


class FrequencyError(InputError):
    """A schedule that is refused; ``code`` is what the agent on an instance reports for it, "" where it accepts it."""

    def __init__(self, option: str, problem: str, code: str = "") -> None:
        super().__init__(option, problem)
        self.code = code


@dataclass(frozen=True)
class Schedule(ABC):
    """A schedule that can be computed with; ``kind`` is rate, at or cron."""

    kind: ClassVar[str]
    text: str

    @abstractmethod
    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """Return the next ``count`` runs strictly after ``base`` (aware), fewer if the schedule ends earlier.

        An at() that falls on ``base`` itself still runs. A rate() counts from ``created_at`` (default: ``base``) and
        never runs at that moment. Times are in the schedule's zone; a cron expression without one follows
        ``instance_zone``. Raises MissingLibrary for cron without croniter.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what the schedule means as part of a sentence, such as ``every day at 03:30, Asia/Shanghai``."""

    def notes(self) -> list[str]:
        """Return what a user may not expect of this schedule, as warnings."""
        return []

    @abstractmethod
    def problem(self, timeout: int, now: datetime) -> str:
        """Return why the service would refuse this as a new schedule, "" if it would not; ``timeout`` in seconds."""


@dataclass(frozen=True)
class RateSchedule(Schedule):
    """Runs at a fixed interval, counted from its creation."""

    kind = "rate"
    period: timedelta

    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """See Schedule."""
        origin = created_at or base
        passed = max((base - origin) // self.period, 0)
        return [origin + (passed + step) * self.period for step in range(1, count + 1)]

    def describe(self) -> str:
        """See Schedule."""
        seconds = int(self.period.total_seconds())
        unit, size = next((unit, size) for unit, size in _UNIT_NAMES if seconds % size == 0)
        return f"every {unit}" if seconds == size else f"every {seconds // size} {unit}s"

    def problem(self, timeout: int, now: datetime) -> str:
        """See Schedule."""
        seconds = int(self.period.total_seconds())
        if not MIN_RATE <= seconds <= MAX_RATE:
            return "the interval must be 60 s to 7 days"
        return f"the interval must be longer than the timeout ({timeout} s)" if seconds <= timeout else ""


@dataclass(frozen=True)
class AtSchedule(Schedule):
    """Runs once."""

    kind = "at"
    moment: datetime

    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """See Schedule."""
        return [self.moment] if self.moment >= base and count > 0 else []

    def describe(self) -> str:
        """See Schedule."""
        return f"once, on {self.moment:%Y-%m-%d} at {self.moment:%H:%M:%S}, {zone_name(self.moment.tzinfo)}"

    def problem(self, timeout: int, now: datetime) -> str:
        """See Schedule."""
        return f"this time is in the past (it is now {now:%Y-%m-%d %H:%M:%S %Z})" if self.moment <= now else ""


@dataclass(frozen=True)
class CronSchedule(Schedule):
    """Runs where the clock in ``zone`` (None: the instance's own) fits the fields."""

    kind = "cron"
    fields: CronFields
    zone: tzinfo | None

    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """See Schedule."""
        return list(islice(self._runs(base, self.zone or find_zone(instance_zone)), count))

    def _runs(self, base: datetime, zone: tzinfo) -> Iterator[datetime]:
        last, shown = base, datetime.min
        for wall in self.fields.after(base.astimezone(zone).replace(tzinfo=None, microsecond=0)):
            # what the clock shows at a run includes the times that it has skipped: they do not run again
            if wall <= shown:
                continue
            moment = _moment(wall, zone)
            # nor does the second pass through an hour that a clock repeats
            if moment > last:
                last, shown = moment, moment.replace(tzinfo=None)
                yield moment

    def describe(self) -> str:
        """See Schedule."""
        zone = "time zone of the instance" if self.zone is None else zone_name(self.zone)
        return f"{describe_cron(self.fields)}, {zone}"

    def notes(self) -> list[str]:
        """See Schedule."""
        notes = [
            f"{rule} means {DAY_NAMES[int(rule[0]) % 7]} for the agent, which counts Sunday as 0, although the vendor's"
            f" documentation counts otherwise; write the name of the day, such as {day}{rule[1:]}"
            for rule in self.fields.numbered_rules
            for day in [DAY_NAMES[int(rule[0]) % 7][:3].upper()]
        ]
        if self.fields.either_day:
            notes.append(
                "day of month and day of week are both given, so it runs on days that match either of them; put ? in"
                " one of the fields to use only the other"
            )
        return notes

    def problem(self, timeout: int, now: datetime) -> str:
        """See Schedule."""
        closest = self.fields.closest()
        if closest < MIN_CRON_SPACING:
            return f"two runs are only {closest} s apart; they must be at least {MIN_CRON_SPACING} s apart"
        if closest < timeout:
            return f"two runs are only {closest} s apart, which is less than the timeout ({timeout} s)"
        return "it will never run again" if self._is_over(now) else ""

    def _is_over(self, now: datetime) -> bool:
        if self.fields.never(now.year):
            return True
        if max(self.fields.years.values) > now.year:
            return False
        # the last year is running: only the walk can tell; without its library the service will
        try:
            return not self.next_runs(now, 1)
        except MissingLibrary:
            return False


# -- reading ---------------------------------------------------------------------------------------------------------


def parse_frequency(
    text: str, *, timeout: int | None = None, option: str = "frequency", now: datetime | None = None
) -> Schedule:
    """Return the schedule of a Frequency, checked as the service checks it: RunCommand, Frequency.

    ``timeout``: the command's, in seconds; runs may not come closer. ``now`` (default: the clock) decides what is
    past. Raises FrequencyError, an InputError that says why.
    """
    schedule = read_frequency(text, option=option)
    problem = schedule.problem(timeout or 0, now or datetime.now(timezone.utc))
    if problem:
        raise FrequencyError(option, f"{schedule.text}: {problem}")
    return schedule


def read_frequency(text: str, *, option: str = "frequency") -> Schedule:
    """Return the schedule of a Frequency that exists already, without the limits for a new one."""
    text = text.strip()
    try:
        if text.lower().startswith("rate"):
            return read_rate(text)
        if re.match(r"at\s*\(", text, re.IGNORECASE):
            return _read_at(text)
        schedule = read_cron(text)
    except CronError as error:
        raise FrequencyError(option, f"{text}: {error}", error.code) from error
    if schedule.fields.faults:
        raise FrequencyError(option, f"{text}: {schedule.fields.faults[0]}", "CronExpressionExpired")
    return schedule


def read_rate(text: str) -> RateSchedule:
    """Return the schedule of a rate() as the agent reads it: any interval up to 1,000 days. Raises CronError."""
    match = _RATE.fullmatch(text)
    if not match or int(match[1]) == 0:
        raise CronError("InvalidRateExpression", "expected rate(<number><unit>) with unit s, m, h or d, as in rate(5m)")
    seconds = int(match[1]) * _UNITS[match[2].lower()]
    if seconds > _AGENT_MAX_RATE:
        raise CronError("RateFrequencyTooLarge", "the interval must be 60 s to 7 days")
    return RateSchedule(text, timedelta(seconds=seconds))


def _read_at(text: str) -> AtSchedule:
    match = _AT.fullmatch(text)
    if not match:
        example = "at(2026-11-21 13:15:30 Asia/Shanghai)"
        raise CronError("InvalidAtExpression", f"expected at(yyyy-MM-dd HH:mm:ss <time zone>), as in {example}")
    zone = _zone(match[3], strict=True) if match[3] else timezone.utc
    try:
        wall = datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError as error:
        raise CronError("InvalidAtExpression", f"it is not a valid time ({error})") from error
    return AtSchedule(text, _moment(wall, zone))


def read_cron(text: str, *, strict: bool = True) -> CronSchedule:
    """Return the schedule of a cron expression with optional year and time zone. Raises CronError.

    ``strict`` refuses a time zone with something before or behind it, which the agent overlooks.
    """
    words = text.split()
    if not 6 <= len(words) <= 8:
        hint = f"; a crontab line needs the second in front: 0 {text}" if len(words) == 5 else ""
        raise CronError(
            "InvalidCronExpression",
            "expected rate(…), at(…) or a cron expression of 6 fields (second minute hour day-of-month month"
            f" day-of-week), then optionally a year and a time zone; this has {len(words)} fields{hint}",
        )
    rest = words[6:]
    fields = words[:6]
    if len(rest) == 2 or (rest and _YEAR.fullmatch(rest[0])):
        fields.append(rest.pop(0))
    zone = _zone(rest[0], strict=strict) if rest else None
    return CronSchedule(text, CronFields(fields), zone)


# -- time zones ------------------------------------------------------------------------------------------------------


def find_zone(name: str) -> tzinfo:
    """Return a time zone of the database by name. Raises MissingLibrary if this host has no such database."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        if name != "UTC" and _has_zones():
            raise CronError(
                "TimezoneInformationCorrupt: Information of sepcified timezone in cron expression cannot be parsed:"
                f" unknown time zone {name}",
                f"unknown time zone {name}; {_ZONE_HELP}",
            ) from error
        if name == "UTC":
            return timezone.utc
        raise MissingLibrary(
            "tzdata", "It provides the time zones; this host does not have a time zone database."
        ) from error


def _has_zones() -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Etc/UTC")
    except ZoneInfoNotFoundError:
        return False
    return True


def _zone(text: str, *, strict: bool) -> tzinfo:
    if "/" in text:
        if ".." in text or text.startswith(("/", "\\")):
            raise CronError(
                "TimezoneInformationCorrupt: Information of sepcified timezone in cron expression cannot be parsed:"
                " time: invalid location name",
                f"{text} is not a valid time zone; {_ZONE_HELP}",
            )
        return find_zone(text)
    if text in ("GMT", "UTC"):
        return timezone.utc
    match = _OFFSET.fullmatch(text) if strict else _OFFSET.search(text)
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    code = "InvalidGMTOffsetForTimezone" if re.search(r"[+-]|:", text) else "TimezoneInformationCorrupt"
    raise CronError(code, f"{text} is not a valid time zone; {_ZONE_HELP}")


def zone_name(zone: tzinfo | None) -> str:
    """Return the name of a time zone: that of the database, UTC, or an offset such as GMT+08:00."""
    if zone is None or zone is timezone.utc:
        return "UTC"
    return str(getattr(zone, "key", None) or str(zone).replace("UTC", "GMT"))


def _moment(wall: datetime, zone: tzinfo) -> datetime:
    """Return the instant at which a clock in ``zone`` shows ``wall``, as the agent computes it.

    An ambiguous time (the clock is set back) is read as the offset of that hour in UTC suggests. A time that the clock
    skips is shifted over the gap; where the shift would lead into the past, the first instant after the gap counts.
    """
    offset = _offset(wall, zone)
    utc = wall - offset
    if _offset(utc, zone) != offset:
        utc = wall - _offset(utc, zone)
    found = utc.replace(tzinfo=timezone.utc).astimezone(zone)
    if found.replace(tzinfo=None) >= wall:
        return found
    # the past: look for the gap's end between there and a day later
    before, after = utc, utc + timedelta(days=1)
    start = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if _offset(middle, zone) == start:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0, tzinfo=timezone.utc).astimezone(zone)


def _offset(utc: datetime, zone: tzinfo) -> timedelta:
    return utc.replace(tzinfo=timezone.utc).astimezone(zone).utcoffset() or timedelta()
