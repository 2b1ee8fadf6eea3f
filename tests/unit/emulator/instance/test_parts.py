# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of the instance side: base64 as Go reads it, kept output, placeholders, launchers, accounts."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path

import pytest
from emulator.instance import accounts, agent_placeholders, go_base64, launcher_option, schedules, write_file
from emulator.instance.output import OutputBuffer
from emulator.instance.process import SCRIPT_MARK
from hypothesis import given
from hypothesis import strategies as st


@given(st.binary(max_size=200), st.data())
def test_base64_round_trip_with_line_ends_anywhere(content: bytes, data: st.DataObject) -> None:
    text = base64.b64encode(content).decode()
    for _turn in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.sampled_from(["\n", "\r\n"])) + text[place:]
    assert go_base64.decode(text) == content


@given(st.text(alphabet="AZaz09+/=-_! \n", max_size=24))
def test_base64_is_decoded_or_refused_at_an_offset_in_the_text(text: str) -> None:
    try:
        content = go_base64.decode(text)
    except go_base64.CorruptInput as error:
        assert 0 <= error.offset <= len(text)
        assert str(error) == f"illegal base64 data at input byte {error.offset}"
    else:
        assert len(base64.b64encode(content)) == len(text.replace("\n", ""))


@pytest.mark.parametrize(
    ("text", "offset"),
    [("!", 0), ("QUI", 0), ("QUJDR", 4), ("QQ=", 3), ("QQ=x", 2), ("QQ==x", 4), ("QUI=\nQ", 5), ("=", 0), ("Q=", 1)],
)
def test_base64_faults_are_where_go_finds_them(text: str, offset: int) -> None:
    with pytest.raises(go_base64.CorruptInput) as caught:
        go_base64.decode(text)
    assert caught.value.offset == offset


@given(st.lists(st.binary(max_size=9000), max_size=20), st.integers(0, 30000))
def test_output_keeps_head_and_tail(pieces: list[bytes], quota: int) -> None:
    buffer = OutputBuffer(quota)
    shown = b""
    for piece in pieces:
        buffer.write(piece)
        shown += buffer.interim()
    whole, room = b"".join(pieces), max(quota, 12000)
    expected = whole if len(whole) <= room else whole[:6000] + whole[-(room - 6000) :]
    assert buffer.kept == expected
    assert buffer.dropped == len(whole) - len(expected)
    assert shown == whole[:6000]


VALUES = {"InstanceId": "i-1", "RegionId": "{{ACS::InstanceId}}", "InstanceName": "", "Odd-Na.me_1": "x"}


@pytest.mark.parametrize(
    ("script", "resolved"),
    [
        (b"{{ACS::InstanceId}}", b"i-1"),
        (b"{{ ACS\t::\nInstanceId }}", b"i-1"),
        (b"{{ACS::RegionId}}", b"{{ACS::InstanceId}}"),
        (b"{{ACS::Odd-Na.me_1}}", b"x"),
        (b"{{acs::InstanceId}} {{name}} { {ACS::InstanceId}}", b"{{acs::InstanceId}} {{name}} { {ACS::InstanceId}}"),
        (b"\xff{{ACS::InstanceId}}\xfe", b"\xffi-1\xfe"),
    ],
)
def test_built_in_parameters(script: bytes, resolved: bytes) -> None:
    assert agent_placeholders.resolve(script, VALUES) == resolved


@pytest.mark.parametrize("script", [b"{{ACS::Unknown}}", b"{{oos:x}}", b"{{ oos-secret : x }}"])
def test_parameters_that_refuse_the_task(script: bytes) -> None:
    with pytest.raises(agent_placeholders.InvalidParameter):
        agent_placeholders.resolve(script, VALUES)


def test_an_instance_without_a_name() -> None:
    with pytest.raises(agent_placeholders.UnknownInstanceName):
        agent_placeholders.resolve(b"{{ACS::InstanceName}}", VALUES)


@pytest.mark.parametrize(
    ("text", "words", "extension"),
    [
        ("", [], None),
        ("python3 -u", ["python3", "-u", SCRIPT_MARK], None),
        ("python3 {{acs::scriptfilename|ext(.py)}} -v", ["python3", SCRIPT_MARK, "-v"], ".py"),
        ("sh -c 'a b' \"c d\"", ["sh", "-c", "'a b'", '"c d"', SCRIPT_MARK], None),
        ("x --file={{ACS::ScriptFileName}}", ["x", f"--file={SCRIPT_MARK}"], ""),
        ("@@tool", ["@tool", SCRIPT_MARK], None),
    ],
)
def test_launchers(text: str, words: list[str], extension: str | None) -> None:
    assert launcher_option.parse(text) == (words, extension)


@pytest.mark.parametrize("text", ["x {{ACS::InstanceId}}", "x {{ACS::ScriptFileName}} {{ACS::ScriptFileName}}"])
def test_launchers_that_are_refused(text: str) -> None:
    with pytest.raises(agent_placeholders.InvalidParameter) as caught:
        launcher_option.parse(text)
    assert caught.value.param == "InvalidEnvironmentParameter"


@pytest.fixture(name="book")
def _book(tmp_path: Path) -> accounts.Book:
    (tmp_path / "passwd").write_text("root:x:0:0::/root:/bin/sh\nweb:x:7:8::/srv/web:/bin/sh\nbroken\n")
    (tmp_path / "group").write_text("root:x:0:\nweb:x:8:\nlogs:x:9:other,web\n")
    return accounts.Book(str(tmp_path / "passwd"), str(tmp_path / "group"))


@pytest.mark.parametrize("name", ["web", " web ", "web;true", "7"])
def test_accounts_as_id_finds_them(book: accounts.Book, name: str) -> None:
    assert book.find_as_id_does(name) == accounts.Account(7, 8, (8, 9))


@pytest.mark.parametrize("name", ["nobody", "web nobody", "9", "", ";web", "$(id)"])
def test_accounts_that_id_does_not_find(book: accounts.Book, name: str) -> None:
    assert book.find_as_id_does(name) is None


def test_only_an_exact_name_has_a_home(book: accounts.Book) -> None:
    assert book.home("web") == "/srv/web"
    assert book.home(" web") == book.home("7") == ""


@pytest.mark.parametrize("owner", ["7", "nobody"])
def test_owners_of_files_are_names(book: accounts.Book, tmp_path: Path, owner: str) -> None:
    task = {"name": "f", "target_dir": str(tmp_path), "mode": "", "overwrite": True, "refusal": {}}
    answer = write_file.write({**task, "owner": owner, "group": ""}, b"x", lambda path: path, book)
    assert (answer["status"], answer["param"], answer["value"]) == ("Invalid", "FileOwnerNotExist", owner)
    answer = write_file.write({**task, "owner": "", "group": owner}, b"x", lambda path: path, book)
    assert (answer["status"], answer["param"], answer["value"]) == ("Invalid", "FileGroupNotExist", owner)


@pytest.mark.parametrize(
    ("kind", "text", "report"),
    [
        ("Rate", "rate(0s)", "InvalidRateExpression"),
        ("Rate", "rate(1001d)", "RateFrequencyTooLarge"),
        ("Period", "0 0 3 * * ? UTC+8:00", "InvalidGMTOffsetForTimezone"),
        ("At", "at(2026-13-01T00:00:00)", 'parsing time "2026-13-01T00:00:00": month out of range'),
        ("At", "at(2026-12-01T00:00:00Z)", 'parsing time "2026-12-01T00:00:00Z": extra text: "Z"'),
    ],
)
def test_schedules_that_the_agent_refuses(kind: str, text: str, report: str) -> None:
    with pytest.raises(schedules.BadSchedule) as caught:
        schedules.read(kind, text)
    assert str(caught.value) == report


def _next(expression: str, base: str, count: int, zone: str = "UTC") -> list[str]:
    runs = schedules.read("Period", expression).next_runs(datetime.fromisoformat(base), count, instance_zone=zone)
    return [run.strftime("%a %Y-%m-%d %H:%M") for run in runs]


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        # no token has a leading zero: what is not found is 0, Sunday, and as a month the last one of the year before
        ("0 0 3 ? * 01", ["Sun 2026-11-29 03:00", "Sun 2026-12-06 03:00"]),
        ("0 0 3 1 01 ?", ["Tue 2026-12-01 03:00", "Wed 2027-12-01 03:00"]),
        ("0 0 03 01 * ?", ["Tue 2026-12-01 03:00", "Fri 2027-01-01 03:00"]),
        # a star among others lets every day pass, and an empty item counts for nothing
        ("0 0 3 ? * *,5", ["Tue 2026-11-24 03:00", "Wed 2026-11-25 03:00"]),
        ("0 0 3 ? * ?,5", ["Tue 2026-11-24 03:00", "Wed 2026-11-25 03:00"]),
        ("0 0 3 ? * 3,", ["Wed 2026-11-25 03:00", "Wed 2026-12-02 03:00"]),
        ("0 0 3,*,5 ? * 3", ["Wed 2026-11-25 00:00", "Wed 2026-11-25 01:00"]),
        # both day fields restricted: either will do
        ("0 0 3 26 * 3", ["Wed 2026-11-25 03:00", "Thu 2026-11-26 03:00"]),
        # what holds nothing has no run
        ("0 0 22-2 * * ?", []),
        ("0 0 3 10-5 * ?", []),
    ],
)
def test_odd_cron_expressions_as_the_agents_library_reads_them(expression: str, runs: list[str]) -> None:
    assert _next(expression, "2026-11-23T12:00:00+00:00", 2) == runs


@pytest.mark.parametrize(
    ("expression", "report"),
    [
        ("0 0 3 ? * */7", "invalid interval */7"),
        ("0 */60 3 ? * *", "invalid interval */60"),
        ("0 0 3 ? * ,", "day-of-week field: missing directive"),
        ("0 0 3 ? * 8", "syntax error in day-of-week field: '8'"),
        ("0 0 3 ? * 1,Mondays", "syntax error in day-of-week field: 'Mondays'"),
    ],
)
def test_cron_expressions_that_the_agents_library_refuses(expression: str, report: str) -> None:
    with pytest.raises(schedules.BadSchedule) as caught:
        schedules.read("Period", expression)
    assert str(caught.value) == report


def test_runs_in_an_hour_that_the_clock_skips_are_one() -> None:
    """In Europe the library goes on from the moment after the gap, in America from the end of the gap."""
    runs = _next("0 0,20,40 2 * * ?", "2027-03-27T12:00:00+00:00", 2, "Europe/Berlin")
    assert runs == ["Sun 2027-03-28 03:00", "Mon 2027-03-29 02:00"]
    runs = _next("0 0,20,40 2 * * ?", "2027-03-13T12:00:00+00:00", 2, "America/New_York")
    assert runs == ["Sun 2027-03-14 03:00", "Mon 2027-03-15 02:00"]


def test_an_hour_that_the_clock_repeats_has_its_runs_once() -> None:
    runs = _next("0 30 2 * * ?", "2026-10-24T12:00:00+00:00", 2, "Europe/Berlin")
    assert runs == ["Sun 2026-10-25 02:30", "Mon 2026-10-26 02:30"]


def test_the_agent_takes_any_rate_up_to_a_thousand_days() -> None:
    assert schedules.read("Rate", "RATE( 1 s )").period.total_seconds() == 1
