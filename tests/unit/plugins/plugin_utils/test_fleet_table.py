# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a run fits the screen it is made for and hides no number."""

from __future__ import annotations

from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.fleet_table import fleet_table
from hypothesis import given
from hypothesis import strategies as st


def row(number, rc, stdout):
    return {"instance_id": f"i-{number:05}", "status": "Failed" if rc else "Success", "rc": rc, "stdout": stdout}


def test_a_fleet_with_one_reason_to_fail():
    rows = [row(number, 3 * (number < 94), "disk is full" if number < 94 else "ok") for number in range(100)]
    rows.append({"instance_id": "i-off", "status": "Skipped", "error_code": "CheckMode", "error_info": "offline."})
    assert fleet_table(rows) == [
        "101 instances: 6 succeeded, 94 failed, 1 skipped",
        "  94 x exit code 3: disk is full: i-00000, i-00001, i-00002, +91",
        "   1 x Skipped CheckMode: offline: i-off",
        "   6 x exit code 0: ok: i-00094, i-00095, i-00096, +3",
    ]
    assert len(fleet_table(rows, successes=False)) == 3


def test_what_does_not_fit_is_counted():
    lines = fleet_table([row(number, 1, f"reason {number}") for number in range(300)], height=10, width=60)
    assert len(lines) == 10
    assert lines[-1] == "  … and 292 more instances in 292 groups"


def test_a_reason_is_whole_before_a_second_instance_is_named_and_is_cut_before_the_first_is():
    reason = "cannot reach the mirror (timed out after 30 s)"
    rows = [row(number, 1, reason) for number in range(9)]
    lines = {width: fleet_table(rows, width=width)[1] for width in (110, 90, 80, 60, 50)}
    assert lines == {
        110: f"  9 x exit code 1: {reason}: i-00000, i-00001, i-00002, +6",
        90: f"  9 x exit code 1: {reason}: i-00000, i-00001, +7",
        80: f"  9 x exit code 1: {reason}: i-00000, +8",
        60: "  9 x exit code 1: cannot reach the mirror (ti…: i-00000, +8",
        50: "  9 x exit code 1: cannot reach the mirror (timed…",
    }


def test_wide_characters_take_two_columns():
    rows = [row(number, 1, "磁盘已满" * 8) for number in range(9)]
    assert fleet_table(rows, width=100)[1].endswith("磁盘已满: i-00000, +8")
    assert fleet_table(rows, width=90)[1].endswith("磁盘已满…: i-00000, +8")


@given(
    st.lists(st.builds(row, st.integers(0, 99999), st.integers(0, 3), st.text(max_size=200)), max_size=60),
    st.integers(1, 30),
    st.integers(1, 200),
    st.integers(1, 5),
)
def test_it_never_exceeds_the_screen(rows, height, width, shown):
    lines = fleet_table(rows, height=height, width=width, shown_ids=shown)
    assert 1 <= len(lines) <= max(height, 2)
    assert all(len(line) <= width and "\n" not in line for line in lines)
