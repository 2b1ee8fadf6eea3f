# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line at the foot of the terminal shows the latest report, fits, and leaves nothing behind."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.live_line import ERASE, LiveLine, elapsed


@pytest.fixture
def line():
    """Return a line of 40 columns on a screen that keeps what is written; its clock is set by hand."""
    written: list[str] = []
    now = [100.0]
    drawn = LiveLine(written.append, lambda: 40, lambda: now[0])
    drawn.written, drawn.now = written, now
    return drawn


def test_it_shows_what_the_latest_task_reported(line):
    line.begin("web | Run")
    line.begin("db | Run")
    line.report("web | Run", "1/2 finished")
    line.now[0] += 65
    line.report("db | Run", "2/9 finished")
    assert line.written == [
        f"{ERASE}0:00  web | Run: 1/2 finished\r",
        f"{ERASE}1:05  db | R… (and 1 more): 2/9 finish…\r",
    ]


def test_a_long_name_is_cut_before_what_the_task_reports(line):
    label = "localhost | Run the script on the other instances, wave by wave"
    line.begin(label)
    line.report(label, "4/10 finished")
    line.report(label, "40/100 finished, 3 failed, t-1")
    assert line.written == [
        f"{ERASE}0:00  localhost | Run t…: 4/10 finished\r",
        f"{ERASE}0:00  localh…: 40/100 finished, …\r",
    ]


def test_it_is_cleared_once_before_anything_else_is_printed(line):
    line.begin("web | Run")
    line.erase()
    assert line.written == []
    line.report("web | Run", "so far")
    line.end("web | Run")
    line.erase()
    line.draw()
    assert line.written[1:] == [ERASE]


def test_who_has_ended_reports_nothing(line):
    line.report("web | Run", "too early")
    line.begin("web | Run")
    line.end("web | Run")
    line.report("web | Run", "too late")
    line.draw()
    assert line.written == []


def test_a_report_cannot_steer_the_terminal(line):
    line.begin("web")
    line.report("web", "\x1b[2J\x07 磁盘已满")
    assert line.written == [f"{ERASE}0:00  web: \\x1b[2J\\x07 磁盘已满\r"]


def test_time_as_a_clock_shows_it():
    assert [elapsed(seconds) for seconds in (0.9, 61, 3599, 3600, 36061)] == [
        "0:00",
        "1:01",
        "59:59",
        "1:00:00",
        "10:01:01",
    ]
