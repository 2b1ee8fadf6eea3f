# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paging: every row once and in order, by either scheme, also while rows are added."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.errors import ApiError
from emulator.paging import Pager
from emulator.tokens import next_token, read_next_token
from emulator.wire import Params
from hypothesis import given
from hypothesis import strategies as st

ACTION = "DescribeInvocations"


def _by_token(rows: list[int], size: int, keep: Any, newest_first: bool, grow: bool = False) -> list[int]:
    seen: list[int] = []
    token = ""
    while True:
        pager = Pager(ACTION, Params([("MaxResults", str(size)), ("NextToken", token)]))
        page, fields = pager.take(rows, keep, newest_first=newest_first)
        seen += page
        assert len(page) <= size
        token = fields["NextToken"]
        if not token:
            return seen
        if grow:
            rows.append(len(rows))


@given(st.integers(0, 80), st.integers(1, 50), st.integers(1, 5), st.booleans())
def test_every_row_once(count: int, size: int, modulus: int, newest_first: bool):
    rows = list(range(count))
    expected = [row for row in rows if row % modulus == 0]
    if newest_first:
        expected.reverse()
    assert _by_token(rows, size, lambda row: row % modulus == 0, newest_first) == expected
    by_number: list[int] = []
    for number in range(1, count // size + 2):
        pager = Pager(ACTION, Params([("PageNumber", str(number)), ("PageSize", str(size))]))
        page, fields = pager.take(rows, lambda row: row % modulus == 0, newest_first=newest_first)
        assert fields == {"NextToken": "", "TotalCount": len(expected), "PageNumber": number, "PageSize": size}
        by_number += page
    assert by_number == expected


@given(st.integers(0, 60), st.integers(1, 50))
def test_rows_that_appear_do_not_shift_pages(count: int, size: int):
    assert _by_token(list(range(count)), size, lambda row: True, True, grow=True) == list(reversed(range(count)))


def test_a_page_looks_at_no_more_rows_than_it_needs():
    looked: list[int] = []
    pager = Pager(ACTION, Params([("MaxResults", "10"), ("NextToken", next_token(ACTION, {"i": 5000}))]))
    page, _unused = pager.take(range(10_000), lambda row: looked.append(row) is None, newest_first=True)
    assert page == list(range(4999, 4989, -1)) and len(looked) == 11


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MaxResults": "0"}, "InvalidParameter.MaxResults"),
        ({"MaxResults": "51"}, "InvalidParameter.MaxResults"),
        ({"MaxResults": "-1"}, "InvalidParameter.MaxResults"),
        ({"MaxResults": "x"}, "InvalidParameter.MaxResults"),
        ({"NextToken": "x"}, "InvalidParameter.NextToken"),
        ({"NextToken": next_token("Other", {"i": 1})}, "InvalidParameter.NextToken"),
        ({"PageNumber": "0"}, "InvalidParam.PageNumber"),
        ({"PageNumber": "x"}, "InvalidParam.PageNumber"),
        ({"PageSize": "51"}, "InvalidParam.PageSize"),
        ({"PageSize": "0"}, "InvalidParam.PageSize"),
    ],
)
def test_refusals(params: dict[str, str], code: str):
    with pytest.raises(ApiError) as caught:
        Pager(ACTION, Params(params.items()))
    assert caught.value.code == code


def test_the_schemes_exclude_each_other():
    pager = Pager(ACTION, Params([("MaxResults", "2"), ("PageNumber", "99"), ("PageSize", "9999")]))
    assert pager.take([1, 2, 3], lambda row: True)[0] == [1, 2]


def test_clamped_sizes():
    sizes = {
        text: Pager(ACTION, Params([("MaxResults", text)]), largest=100, clamp=(10, 100)).size
        for text in ("1", "50", "1000")
    }
    assert sizes == {"1": 10, "50": 50, "1000": 100}


def test_invented_tokens_are_refused():
    token = next_token(ACTION, {"i": 3})
    assert read_next_token(ACTION, token) == {"i": 3}
    with pytest.raises(ApiError):
        read_next_token(ACTION, token[:-2] + "AA")
