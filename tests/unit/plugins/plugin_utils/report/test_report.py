# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of any results: whatever they hold, every file can be written and read, and no number is lost."""

from __future__ import annotations

import json
import threading
import xml.etree.ElementTree
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import MissingLibrary, TaskFailure
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.report import files
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.report.entries import entries_of, failure_groups
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.report.files import write_files
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.report.junit import junit_of
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.report.page import Report, index_page
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.report.timeline import timeline_of
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=timezone.utc)
TEXT = st.text(st.characters(codec=None, categories=None), max_size=30)
TIMES = st.sampled_from(["", "2026-11-22T01:00:00Z", "2026-11-22T03:00:00Z", "2018-01-05 15:45:02", "soon", None, 5])
STATUSES = st.sampled_from(["Success", "Failed", "Timeout", "Skipped", "Running", "RolledBack", "NotRolledBack", "x<"])
KNOWN = {
    "rc": st.one_of(st.none(), st.integers(), TEXT),
    "stdout": st.one_of(st.none(), TEXT),
    "error_code": TEXT,
    "error_info": st.one_of(st.none(), TEXT),
    "started_at": TIMES,
    "finished_at": TIMES,
    "phase": st.one_of(st.none(), st.sampled_from(["canary", "waves", "roll back", "switch"]), TEXT),
}
STEP = st.fixed_dictionaries({}, optional={"status": STATUSES, **KNOWN})
ROW = st.fixed_dictionaries(
    {"instance_id": TEXT, "status": STATUSES},
    optional={
        **KNOWN,
        "wave": st.one_of(st.integers(), TEXT),
        "previous": st.booleans(),
        "dropped": st.integers(),
        "steps": st.one_of(
            st.none(), st.lists(st.fixed_dictionaries({}, optional={"status": STATUSES, **KNOWN}), max_size=3)
        ),
    },
)


def run(number: int, wave: int, seconds: int, status: str = "Success", **more: Any) -> dict[str, Any]:
    """Return a result of an instance in a wave, of ten seconds."""
    times = {"started_at": f"2026-11-22T01:00:{seconds:02}Z", "finished_at": f"2026-11-22T01:00:{seconds + 10:02}Z"}
    return {"instance_id": f"i-{number}", "invoke_id": f"t-{wave}", "status": status, "phase": "waves", **times, **more}


def report(rows: list[dict[str, Any]], **more: Any) -> Report:
    return Report(title="T", entries=entries_of(rows), written_at=NOW, **more)


class Page(HTMLParser):
    """Counts the rows of a page, and fails where a value became markup."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows = 0
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.rows += tag == "details" and "row" in (dict(attrs).get("class") or "")


def test_a_run_is_stopped_when_the_wave_that_failed_has_ended():
    rows = [
        run(1, 1, 0),
        run(2, 2, 20, "Failed", rc=3),
        run(3, 2, 25),
        {"instance_id": "i-4", "status": "Skipped", "phase": "waves", "error_info": "not started: more failed"},
    ]
    timeline = timeline_of(entries_of(rows))
    assert timeline is not None
    assert timeline.stopped == timeline.bands[1].ended == timeline.ended
    assert timeline.left == 1


def test_the_message_of_a_failed_run_is_shown_without_what_the_page_repeats():
    rows = [run(1, 1, 0, "Failed", rc=3, stdout="full"), run(2, 1, 0), run(3, 1, 0, "Skipped")]
    failure = "1 of 3 instances failed:\ni-1: exit code 3; output ends: full\n1 skipped"
    advice = "To continue, run the task again."
    shown = "".join(report(rows, notes=[failure, f"{failure}\n{advice}", "1 skipped"]).page())
    notes = [text.partition("</p>")[0] for text in shown.split('<p role="note">')[1:]]
    assert notes == [advice, "1 skipped"]


@given(st.lists(ROW, max_size=5), TEXT)
def test_a_report_of_any_results_can_be_written_and_read(rows, text):
    written = report(rows, subtitle=text, notes=[text], who=text)
    page = "".join(written.page())
    page.encode("utf-8")
    assert Page(page).rows == len(rows)
    assert not Page(page).tags & {"img", "iframe", "x<"}
    document = json.loads("".join(written.document()).encode("utf-8", "backslashreplace"))
    assert document["results"] == rows
    counts = document["summary"]
    assert counts["total"] == len(rows) == sum(counts[name] for name in ("success", "failed", "skipped", "running"))
    cases = list(xml.etree.ElementTree.fromstring(junit_of(text, written.entries)).iter("testcase"))
    assert len(cases) == len(rows)
    assert sum(len(one.entries) for one in failure_groups(written.entries)) <= written.totals["failed"]


def test_waves_are_bands_in_their_order_and_the_stop_is_named():
    rows = [
        run(1, 9, 0, phase="canary"),
        run(2, 7, 12),
        run(3, 7, 14, "Failed", rc=1),
        run(4, 5, 30, previous=True),
        {
            "instance_id": "i-5",
            "status": "Skipped",
            "error_info": "not started: more than max_failures",
            "phase": "waves",
        },
    ]
    line = timeline_of(entries_of(rows))
    assert line is not None
    assert [(band.name, band.counts["success"], band.counts["failed"]) for band in line.bands] == [
        ("canary", 1, 0),
        ("wave 1", 1, 1),
    ]
    assert (line.seconds, line.left, line.percent(line.stopped)) == (24.0, 1, 100.0)
    assert [label for _place, label in line.ticks] == ["0 s", "5 s", "10 s", "15 s", "20 s"]


def test_a_wave_that_has_not_ended_lasts_until_now():
    running = {"instance_id": "i-1", "status": "Running", "wave": 1, "started_at": "2026-11-22T01:00:05Z"}
    line = timeline_of(entries_of([running, {**run(2, 2, 20), "wave": 2}]))
    assert line is not None
    assert [(band.name, band.ended) for band in line.bands] == [("wave 1", line.ended), ("wave 2", line.ended)]


def test_without_times_there_is_no_timeline():
    assert timeline_of(entries_of([{"instance_id": "i", "status": "Success"}])) is None


def test_who_caused_a_roll_back_stands_apart_from_who_suffered_it():
    def member(name: str, check: str) -> dict[str, Any]:
        steps = [
            {"phase": "post-check", "status": check, "rc": 1},
            {"phase": "roll back", "status": "Success", "rc": 0},
        ]
        return {"instance_id": name, "status": "RolledBack", "error_info": "Wave 2", "steps": steps}

    culprit, innocent = entries_of([member("i-1", "Failed"), member("i-2", "Success")])
    assert (culprit.css_class, culprit.reason) == ("failed", "post-check: exit code 1")
    assert (innocent.css_class, innocent.reason) == ("back", "Wave 2")


def test_no_report_overwrites_another_even_at_the_same_moment(tmp_path: Path):
    def write() -> None:
        write_files(report([]), tmp_path, "nightly", ["html", "json"], pytest.fail)

    writers = [threading.Thread(target=write) for _writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    names = sorted(path.stem for path in tmp_path.glob("nightly-*.html"))
    assert names == ["nightly-20261122T010203Z", *(f"nightly-20261122T010203Z-{number}" for number in (2, 3, 4))]
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{name}.html"' in index for name in names)


def test_the_index_survives_what_lies_in_the_folder(tmp_path: Path):
    head = '<meta name="cloudops-report" content="{}">'
    for name, text in {
        "a": "",
        "b": head.format("[]"),
        "c": head.format("{&quot;totals&quot;: {}}"),
        "d": "\xff",
    }.items():
        (tmp_path / f"{name} %.html").write_text(text, encoding="latin-1")
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "loop.html").symlink_to("loop.html")
    page = "".join(index_page(tmp_path))
    assert page.count("<tr>") == 2
    assert "c%20%25.html" in page


def test_without_junitparser_the_other_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def missing(*_arguments: Any) -> str:
        raise MissingLibrary("junitparser")

    monkeypatch.setattr(files, "junit_of", missing)
    warnings: list[str] = []
    written = write_files(report([]), tmp_path, "r", ["html", "junit"], warnings.append)
    assert set(written) == {"html", "index"}
    assert "junitparser" in warnings[0]
    with pytest.raises(MissingLibrary):
        write_files(report([]), tmp_path, "r", ["junit"], warnings.append)


def test_a_folder_that_cannot_be_is_a_failure_with_its_name(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(TaskFailure, match="^dest: .*file/reports cannot be written to"):
        write_files(report([]), tmp_path / "file" / "reports", "r", ["html"], pytest.fail)
