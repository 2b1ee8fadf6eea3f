# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ended alike is one line, whoever it happened to; what did not is kept apart."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.grouping import (
    count_classes,
    folded,
    group_rows,
    last_line,
)
from hypothesis import given
from hypothesis import strategies as st


def row(
    number: int, status: str = "Failed", rc: int | None = 3, stdout: str = "disk is full", **more: Any
) -> dict[str, Any]:
    known = {} if rc is None else {"rc": rc, "stdout": stdout}
    return {"instance_id": f"i-{number}", "status": status, **known, **more}


def test_one_line_per_reason_failures_first_and_the_most_frequent_first():
    rows = [row(0, "Success", 0, "fine"), row(1, rc=1, stdout="rare"), *(row(number) for number in range(2, 19))]
    assert [one.line() for one in group_rows(rows)] == [
        "17 x exit code 3: disk is full: i-2, i-3, i-4, +14",
        "1 x exit code 1: rare: i-1",
        "1 x exit code 0: fine: i-0",
    ]


def test_status_exit_code_and_last_line_each_set_instances_apart():
    rows = [row(1), row(2, rc=4), row(3, stdout="else"), row(4, "Timeout", None, error_code="Late", error_info="60 s.")]
    assert [one.as_dict() for one in group_rows(rows)] == [
        {"count": 1, "status": "Failed", "rc": 3, "reason": "exit code 3: disk is full", "instance_ids": ["i-1"]},
        {"count": 1, "status": "Failed", "rc": 4, "reason": "exit code 4: disk is full", "instance_ids": ["i-2"]},
        {"count": 1, "status": "Failed", "rc": 3, "reason": "exit code 3: else", "instance_ids": ["i-3"]},
        {"count": 1, "status": "Timeout", "rc": None, "reason": "Timeout Late: 60 s", "instance_ids": ["i-4"]},
    ]


def test_earlier_lines_and_blank_ends_do_not_matter():
    [found] = group_rows([row(1, stdout="at 10:01\ndisk is full\n\n"), row(2, stdout="at 10:02\r\ndisk is full  \r\n")])
    assert (found.reason, found.instance_ids) == ("exit code 3: disk is full", ("i-1", "i-2"))


def test_an_instances_own_id_does_not_set_it_apart():
    [found] = group_rows([row(number, stdout=f"i-{number} has no space") for number in (1, 2)])
    assert found.reason == "exit code 3: <instance id> has no space"
    [single] = group_rows([row(7, stdout="i-7 has no space")])
    assert single.reason == "exit code 3: i-7 has no space"


@pytest.mark.parametrize(
    "file",
    [
        "/usr/local/share/aliyun-assist/work/script/t-hz00001ac93b4c94c{}.sh",
        "/var/tmp/.cloudops-output.Jy06IE1Fp{}/script.sh",
        "C:\\ProgramData\\aliyun\\assist\\work\\script\\t-hz00001ac93b4c94c{}.ps1",
    ],
)
def test_the_file_of_the_script_does_not_set_an_instance_apart(file: str):
    lines = [f"{file.format(number)}: line 3: jq: not found" for number in (1, 2)]
    [found] = group_rows([row(number, stdout=lines[number - 1]) for number in (1, 2)])
    assert found.reason == "exit code 3: <script>: line 3: jq: not found"
    [single] = group_rows([row(7, stdout=lines[0])])
    assert single.reason == f"exit code 3: {lines[0]}"


def test_control_characters_are_visible_and_a_reason_is_one_line():
    [found] = group_rows([row(1, stdout="\x1b]0;title\a full")])
    assert found.line() == r"1 x exit code 3: \x1b]0;title\x07 full: i-1"
    [found] = group_rows([row(1, "Aborted", None, error_info="two\nlines\x1b[2J.")])
    assert found.reason == r"Aborted: two lines\x1b[2J"


def test_ids_are_folded():
    assert folded(["a", "b", "c"], 3) == "a, b, c"
    assert folded(["a", "b", "c", "d"], 3) == "a, b, c, d"
    assert folded(["a", "b", "c", "d", "e"], 3) == "a, b, c, +2"
    assert folded([], 3) == ""


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=300), st.lists(st.integers(), max_size=2))
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["instance_id", "status", "rc", "stdout", "error_code", "error_info"]), VALUES),
    max_size=12,
)


@given(ROWS)
def test_every_instance_of_any_rows_is_in_one_group(rows: list[dict[str, Any]]):
    groups = group_rows(rows)
    assert sum(len(one.instance_ids) for one in groups) == len(rows)
    assert all("\n" not in one.line() for one in groups)
    counts = count_classes(rows)
    assert counts["total"] == len(rows) == sum(counts.values()) - counts["total"]


@given(st.text(max_size=5000))
def test_the_last_line_is_short(text: str):
    line = last_line(text)
    assert "\n" not in line
    assert len(line) <= 160
