# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules: what is refused and why, and when the others run, beside a slow and simple reading of cron."""

from __future__ import annotations

import builtins
import calendar
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant import cron
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant import frequency as schedule
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.frequency import (
    FrequencyError,
    parse_frequency,
    read_frequency,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError, MissingLibrary
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=timezone.utc)


def _parse(text: str, timeout: int | None = 60) -> schedule.Schedule:
    return parse_frequency(text, timeout=timeout, now=NOW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rate(59s)", "rate(59s): the interval must be 60 s to 7 days"),
        ("rate(8d)", "the interval must be 60 s to 7 days"),
        ("rate(604801s)", "the interval must be 60 s to 7 days"),
        ("rate(9999999999d)", "the interval must be 60 s to 7 days"),
        ("rate(60s)", "the interval must be longer than the timeout (60 s)"),
        ("rate(5)", "expected rate(<number><unit>)"),
        ("rate(0m)", "expected rate(<number><unit>)"),
        ("rate(1.5h)", "expected rate(<number><unit>)"),
        ("rate 5m", "expected rate(<number><unit>)"),
        ("at(2026-11-21 10:00:00)", "this time is in the past"),
        ("at(2026-11-21 17:59:59 Asia/Shanghai)", "this time is in the past"),
        ("at(2026-02-30 00:00:00)", "it is not a valid time"),
        ("at(2026-11-22T00:00:00)", "expected at(yyyy-MM-dd HH:mm:ss <time zone>)"),
        ("at(2026-11-22 00:00:00 CST)", "CST is not a valid time zone"),
        ("at(2026-11-22 00:00:00 GMT+08:00)", "without a leading zero"),
        ("", "this has 0 fields"),
        ("0 3 * * *", "this has 5 fields; a crontab line needs the second in front: 0 0 3 * * *"),
        ("0 0 3 ? * 01", "write 1 instead of 01 as the day-of-week: the agent interprets a leading zero as Sunday"),
        ("0 0 3 ? * MON,02-05", "write 2-5 instead of 02-05"),
        ("0 0 3 1 01,2 ?", "write 1 instead of 01 as the month"),
        ("0 0 3 ? * */7", "the step of */7 must be between 1 and 6"),
        ("0 0 3 1/032 * ?", "the step of 1/032 must be between 1 and 31"),
        ("0 0 3 , * ?", "the day-of-month field is empty"),
        ("0 0 3 * * ? 2027 UTC x", "this has 9 fields"),
        ("@daily", "this has 1 fields"),
        ("*/9 * * * * ?", "two runs are only 6 s apart; they must be at least 10 s"),
        ("0 0/1 * * * ?", "two runs are only 60 s apart, which is less than the timeout (61 s)"),
        ("0 0 0 * * ? Asia/Atlantis", "unknown time zone Asia/Atlantis"),
        ("0 0 0 * * ? ../etc/passwd", "is not a valid time zone"),
        ("0 0 0 * * ? xUTC", "xUTC is not a valid time zone"),
        ("0 0 0 * * ? xGMT+8:00", "xGMT+8:00 is not a valid time zone"),
        ("0 60 3 * * ?", "'60' is not a valid minute (0 to 59)"),
        ("0 0 3 * FOO ?", "'FOO' is not a valid month (1 to 12, or JAN, FEB"),
        ("0 0 3 L-3 * ?", "'L-3' is not a valid day-of-month"),
        ("0 0 3 ? * L", "'L' is not a valid day-of-week"),
        ("*/60 0 3 * * ?", "the step of */60 must be between 1 and 59"),
        ("0 0 22-2 * * ?", "22-2 is empty: a range must ascend"),
        ("0 0 3 ? * 1-7", "Sunday is day 0"),
        ("0 0 3 ? * MON-SUN", "Sunday is day 0"),
        ("0 0 3 30 2 ?", "will never run again"),
        ("0 0 3 31W 2 ?", "will never run again"),
        ("0 0 3 29 2 ? 2027", "will never run again"),
        ("0 0 3 * * ? 2025", "will never run again"),
        ("0 0 3 20 11 ? 2026", "will never run again"),
    ],
)
def test_refused_with_a_reason(text: str, reason: str) -> None:
    timeout = 61 if "0/1" in text else 60
    with pytest.raises(InputError) as caught:
        _parse(text, timeout)
    assert str(caught.value).startswith("frequency: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("rate(60s)", "rate"),
        ("RATE ( 7 d )", "rate"),
        ("at(2026-11-21 18:00:01 Asia/Shanghai)", "at"),
        ("at(2026-11-21 03:00:01 GMT-7:00)", "at"),
        ("at(2026-11-21 10:00:01)", "at"),
        ("0 */20 * * * ?", "cron"),
        ("*/10 * * * * ?", "cron"),
        ("0 15 10 ? * * 2027 Asia/Shanghai", "cron"),
        ("0 0/30 10-11 * * ? 2027 GMT+8:00", "cron"),
        ("0 0/5 14 * 10 ? 2022/2 UTC", "cron"),
        ("0 0 23,0 1,15 * ?", "cron"),
        ("0 0 12 L * ? 2026", "cron"),
        ("0 00 09 01 * ?", "cron"),
        ("0 0 3 *,5 * ?", "cron"),
        ("0 0 ?,5 * * ?", "cron"),
        ("0 0 3, * * ,MON", "cron"),
    ],
)
def test_accepted(text: str, kind: str) -> None:
    assert _parse(text, None).kind == kind


def test_days_that_never_follow_each_other_do_not_come_closer_than_their_times() -> None:
    # 23:59 and 00:00 lie a minute apart only where two days in a row match
    with pytest.raises(FrequencyError, match="only 60 s apart"):
        _parse("0 0/59 0/23 * * ?", 61)
    assert _parse("0 0/59 0/23 1,15 * ?", 61).kind == _parse("0 0/59 0/23 ? * 1#1", 61).kind == "cron"


def test_the_code_is_what_an_agent_reports() -> None:
    with pytest.raises(FrequencyError) as caught:
        _parse("0 60 3 * * ?")
    assert caught.value.code == "syntax error in minute field: '60'"
    with pytest.raises(FrequencyError) as caught:
        _parse("rate(59s)")
    assert caught.value.code == ""


def test_an_accepted_schedule_is_read_at_any_time() -> None:
    assert read_frequency("at(2020-01-01 00:00:00)").next_runs(NOW, 5) == []
    assert read_frequency("0 0 3 * * ? 2020").next_runs(NOW, 5) == []


@given(st.integers(60, 604800), st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.integers(1, 5))
def test_rate_runs_on_its_grid_and_never_at_once(period: int, since: int, micro: int, count: int) -> None:
    created = NOW + timedelta(seconds=since, microseconds=micro)
    runs = read_frequency(f"rate({period}s)").next_runs(NOW, count, created_at=created)
    assert len(runs) == count
    assert all(run > NOW and run > created for run in runs)
    assert all((run - created) % timedelta(seconds=period) == timedelta() for run in runs)
    assert [later - earlier for earlier, later in zip(runs, runs[1:], strict=False)] == [timedelta(seconds=period)] * (
        count - 1
    )
    assert runs[0] - max(NOW, created) <= timedelta(seconds=period)


# -- cron, beside a reading that looks at every minute ---------------------------------------------------------------


def _field(low: int, high: int) -> st.SearchStrategy[tuple[str, set[int] | None]]:
    """Return the text of a field and the values that it means; None: any."""
    number = st.integers(low, high)
    span = st.tuples(number, number).map(sorted)
    items = st.one_of(
        number.map(lambda value: (str(value), {value})),
        span.map(lambda ends: (f"{ends[0]}-{ends[1]}", set(range(ends[0], ends[1] + 1)))),
        st.tuples(number, st.integers(1, high)).map(
            lambda pair: (f"{pair[0]}/{pair[1]}", set(range(pair[0], high + 1, pair[1])))
        ),
        st.integers(1, high).map(lambda step: (f"*/{step}", set(range(low, high + 1, step)))),
    )
    several = st.lists(items, min_size=1, max_size=3).map(
        lambda found: (",".join(text for text, _unused in found), set().union(*(values for _unused, values in found)))
    )
    return st.one_of(st.sampled_from([("*", None), ("?", None)]), several)


_DAY_RULES = st.sampled_from(["L", "LW", "1W", "15W", "31W", "L,15", "15W,L"])
_WEEKDAY_RULES = st.sampled_from(["5L", "0L", "1#1", "7#2", "FRIL", "mon#5", "1#1,3#2"])


def _nearest_weekday(year: int, month: int, day: int) -> int:
    length = calendar.monthrange(year, month)[1]
    near = [other for other in range(1, length + 1) if date(year, month, other).weekday() < 5]
    return min(near, key=lambda other: (abs(other - day), other != day))


def _day_of_month_matches(rule: str, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    if rule == "L":
        return day.day == length
    if rule == "LW":
        return day.day == _nearest_weekday(day.year, day.month, length)
    if rule.endswith("W"):
        wanted = int(rule[:-1])
        return wanted <= length and day.day == _nearest_weekday(day.year, day.month, wanted)
    return day.day == int(rule)


def _weekday_matches(rule: str, day: date) -> bool:
    names = {"FRI": 5, "mon": 1}
    if rule.endswith("L"):
        number = names.get(rule[:-1]) if rule[:-1] in names else int(rule[:-1])
        return day.isoweekday() % 7 == number % 7 and (day + timedelta(days=7)).month != day.month
    name, _hash, nth = rule.partition("#")
    number = names[name] if name in names else int(name)
    return day.isoweekday() % 7 == number % 7 and (day.day - 1) // 7 + 1 == int(nth)


class _Expression:
    """An expression, a test of a day, and the times of such a day."""

    def __init__(self, text: str, matches: Callable[[date], bool], times: list[timedelta]) -> None:
        self.text = text
        self.matches = matches
        self.times = times

    def __repr__(self) -> str:
        return repr(self.text)


@st.composite
def _expressions(draw: st.DrawFn) -> _Expression:
    minute, hour, month = draw(_field(0, 59)), draw(_field(0, 23)), draw(_field(1, 12))
    day = draw(st.one_of(_field(1, 31), _DAY_RULES))
    weekday = draw(st.one_of(_field(0, 6), _WEEKDAY_RULES))

    def matches(when: date) -> bool:
        if month[1] is not None and when.month not in month[1]:
            return False
        tests = []
        if isinstance(day, str):
            tests.append(any(_day_of_month_matches(rule, when) for rule in day.split(",")))
        elif day[1] is not None:
            tests.append(when.day in day[1])
        if isinstance(weekday, str):
            tests.append(any(_weekday_matches(rule, when) for rule in weekday.split(",")))
        elif weekday[1] is not None:
            tests.append(when.isoweekday() % 7 in weekday[1])
        return any(tests) if tests else True

    times = [
        timedelta(hours=one_hour, minutes=one_minute)
        for one_hour in range(24)
        if hour[1] is None or one_hour in hour[1]
        for one_minute in range(60)
        if minute[1] is None or one_minute in minute[1]
    ]
    days = [part if isinstance(part, str) else part[0] for part in (day, weekday)]
    return _Expression(f"0 {minute[0]} {hour[0]} {days[0]} {month[0]} {days[1]}", matches, times)


def _slowly(expression: _Expression, base: datetime, count: int, days: int) -> list[datetime]:
    start = datetime(base.year, base.month, base.day, tzinfo=timezone.utc)
    runs = (
        start + timedelta(days=number) + time
        for number in range(days)
        if expression.matches((start + timedelta(days=number)).date())
        for time in expression.times
    )
    return list(islice((run for run in runs if run > base), count))


@given(_expressions(), st.integers(0, 4 * 366 * 86400), st.integers(0, 999999))
def test_cron_runs_are_those_of_the_slow_reading(expression: _Expression, seconds: int, micro: int) -> None:
    base = NOW + timedelta(seconds=seconds, microseconds=micro)
    expected = _slowly(expression, base, 6, 400)
    runs = read_frequency(expression.text).next_runs(base, 6)
    assert runs[: len(expected)] == expected
    assert all(run > base for run in runs)
    assert runs == sorted(set(runs))


ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai", "America/Sao_Paulo"]


@given(
    st.sampled_from(ZONES),
    st.sampled_from(["0 30 2 * * ?", "0 */20 1-3 * * ?", "0 0 0 * * ?", "0 15,45 * * * ?"]),
    st.integers(0, 366 * 86400),
)
def test_clock_changes_neither_repeat_nor_reorder_runs(zone: str, text: str, seconds: int) -> None:
    base = NOW + timedelta(seconds=seconds)
    runs = read_frequency(f"{text} {zone}").next_runs(base, 30)
    assert len(runs) == 30
    assert all(later > earlier for earlier, later in zip([base, *runs], runs, strict=False))


@pytest.mark.parametrize(
    ("zone", "first"),
    [("America/New_York", "2027-03-14T03:00:00-04:00"), ("Europe/Berlin", "2027-03-28T03:10:00+02:00")],
)
def test_several_times_that_a_clock_skips_run_once(zone: str, first: str) -> None:
    day_before = datetime.fromisoformat(first).replace(hour=12, minute=0) - timedelta(days=1)
    runs = read_frequency(f"0 10,20,50 2 * * ? {zone}").next_runs(day_before, 2)
    assert runs[0].isoformat() == first
    assert runs[1].replace(tzinfo=None) == runs[0].replace(tzinfo=None, hour=2, minute=10) + timedelta(days=1)


def test_a_skipped_time_runs_once_right_after_the_gap() -> None:
    runs = read_frequency("0 30 2 * * ? America/New_York").next_runs(datetime(2027, 3, 13, 12, tzinfo=timezone.utc), 2)
    assert [run.isoformat() for run in runs] == ["2027-03-14T03:00:00-04:00", "2027-03-15T02:30:00-04:00"]


def test_the_instances_zone_counts_where_the_expression_names_none() -> None:
    run = read_frequency("0 0 3 * * ?").next_runs(NOW, 1, instance_zone="Asia/Shanghai")[0]
    assert run.isoformat() == "2026-11-22T03:00:00+08:00"


@given(_expressions(), st.integers(1, 4000))
def test_accepted_cron_schedules_keep_their_distance(expression: _Expression, timeout: int) -> None:
    try:
        accepted = parse_frequency(expression.text, timeout=timeout, now=NOW)
    except FrequencyError:
        return
    runs = accepted.next_runs(NOW, 20)
    least = timedelta(seconds=max(timeout, schedule.MIN_CRON_SPACING))
    assert runs
    assert all(later - earlier >= least for earlier, later in zip(runs, runs[1:], strict=False))


@given(st.text(alphabet="0123456789*/?-,LW#ratecSUN() :GMT+", max_size=40))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    try:
        assert _parse(text).kind in ("rate", "at", "cron")
    except FrequencyError as error:
        assert error.problem


# -- the library -----------------------------------------------------------------------------------------------------


def test_without_the_library_schedules_are_still_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_croniter(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "croniter":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_croniter)
    parsed = _parse("0 0 3 20 11 ? 2026", None)
    with pytest.raises(FrequencyError, match="only 1 s apart"):
        _parse("* * * * * ?")
    with pytest.raises(MissingLibrary, match="croniter"):
        parsed.next_runs(NOW, 1)
    assert _parse("rate(5m)").next_runs(NOW, 1) == [NOW + timedelta(minutes=5)]


def test_a_library_too_old_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cron, "version", lambda name: "2.0.1")
    with pytest.raises(MissingLibrary, match=r"croniter>=3.*The installed croniter 2\.0\.1"):
        _parse("0 0 3 * * ?").next_runs(NOW, 1)


def test_checking_loads_no_library() -> None:
    script = (
        f"import sys; from {schedule.__name__} import parse_frequency;"
        "parse_frequency('0 0 3 ? * MON-FRI'); parse_frequency('rate(5m)');"
        "sys.exit('croniter' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_names_are_english_in_every_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    # ansible-core sets the locale of the controller, in which calendar names the months
    monkeypatch.setattr(calendar, "month_name", ["", "Januar", "Februar", "M\N{LATIN SMALL LETTER A WITH DIAERESIS}rz"])
    loaded = importlib.util.spec_from_file_location(f"{cron.__name__}_in_german", cron.__file__)
    assert loaded and loaded.loader
    module = importlib.util.module_from_spec(loaded)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    loaded.loader.exec_module(module)
    assert module.CronFields(["0", "0", "3", "1", "MAR", "?"]).months.values == {3}


def test_zone_of_the_agents_reading() -> None:
    with pytest.raises(cron.CronError):
        schedule.read_cron("0 0 3 * * ? xGMT+8:00y")
    assert schedule.read_cron("0 0 3 * * ? xGMT+8:00y", strict=False).zone is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 30 3 * * ? Asia/Shanghai", "every day at 03:30, Asia/Shanghai"),
        ("0 0 3 ? * MON-FRI", "every Monday to Friday at 03:00, time zone of the instance"),
        ("5 10,20 3 ? * SAT UTC", "every Saturday at 03:10:05 and 03:20:05, UTC"),
        ("0 */15 * * * ? GMT+8:00", "every 15 minutes, GMT+08:00"),
        ("0 5 * * * ? UTC", "every hour at minute 5, UTC"),
        ("0 0 9-17 * * ? UTC", "every hour from 09:00 to 17:00, UTC"),
        ("0 7 */2 * * ? UTC", "every 2 hours at minute 7, UTC"),
        ("30 0/5 9-17 ? * MON UTC", "every 5 minutes at second 30 from 09:00 to 17:55 every Monday, UTC"),
        ("*/10 * * * * ? UTC", "every 10 seconds, UTC"),
        ("0 0 3 L * ? UTC", "on the last day of the month at 03:00, UTC"),
        (
            "0 0 3 15W,LW * ? UTC",
            "on the working day nearest to day 15 of the month or on the last working day of the month",
        ),
        ("0 0 3 ? * FRI#3 UTC", "on the third Friday of the month at 03:00, UTC"),
        ("0 0 3 1 1,6-8 ? 2027 UTC", "on day 1 of the month at 03:00 in January and June to August in 2027, UTC"),
        ("0 0 3 1 * MON UTC", "on day 1 of the month or every Monday at 03:00, UTC"),
        ("rate(5m)", "every 5 minutes"),
        ("rate(24h)", "every day"),
        ("at(2026-12-21 13:15:30 Asia/Shanghai)", "once, on 2026-12-21 at 13:15:30, Asia/Shanghai"),
    ],
)
def test_a_schedule_in_words(text: str, words: str) -> None:
    assert read_frequency(text).describe().startswith(words)


def test_what_a_user_may_not_expect_is_noted() -> None:
    for rule, day in (("6L", "Saturday"), ("6#3", "Saturday"), ("7l", "Sunday")):
        (note,) = read_frequency(f"0 0 3 ? * {rule}").notes()
        assert f"{rule} means {day}" in note and f"{day[:3].upper()}{rule[1:]}" in note
    (either,) = read_frequency("0 0 3 1 * MON").notes()
    assert "either of them" in either
    assert read_frequency("0 0 3 ? * FRIL,MON#1").notes() == []
    assert read_frequency("rate(5m)").notes() == []
