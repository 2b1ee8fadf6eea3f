# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service takes as a Frequency."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from emulator.frequency import check, read


@pytest.mark.parametrize(
    ("text", "timeout"),
    [
        ("rate(60s)", 59),
        ("RATE ( 7d )", 60),
        ("at(2020-01-01 00:00:00 Asia/Shanghai)", 60),
        ("0 0 3 * * ?", 3600),
        ("*/10 * * * * ?", 10),
        ("0 0 0 1 1 ? 2020 UTC", 60),
        ("0 0 0,12 * * ?", 43200),
        ("0 59 23 1,15 * ?", 86400 * 7),
        # no run at all: the instances say so
        ("0 0 22-2 * * ?", 60),
    ],
)
def test_taken(text: str, timeout: int):
    check(text, timeout)


@pytest.mark.parametrize(
    ("text", "timeout"),
    [
        ("rate(59s)", 1),
        ("rate(8d)", 1),
        ("rate(60s)", 60),
        ("at(2020-13-01 00:00:00)", 1),
        ("at(2020-01-01)", 1),
        ("*/9 * * * * ?", 1),
        ("0 0 0,12 * * ?", 43201),
        ("0 59 23,0 * * ?", 3601),
        ("0 0 3 * * ? CST", 1),
        ("0 3 * * *", 1),
        ("hourly", 1),
    ],
)
def test_refused(text: str, timeout: int):
    with pytest.raises(ValueError):
        check(text, timeout)


def test_a_moment_in_a_time_zone():
    (run,) = read("at(2026-11-21 13:15:30 Asia/Shanghai)").next_runs(datetime(2026, 1, 1, tzinfo=timezone.utc), 1)
    assert run.isoformat() == "2026-11-21T13:15:30+08:00"
