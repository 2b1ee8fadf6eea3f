# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches hold every value once, and a listing is complete or an error."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.paging import (
    Incomplete,
    batches,
    pages_by_token,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 350), st.integers(1, 100))
def test_batches_hold_everything_once_in_order(count: int, size: int):
    cut = batches(range(count), size)
    assert [item for batch in cut for item in batch] == list(range(count))
    assert all(len(batch) == size for batch in cut[:-1])
    assert all(1 <= len(batch) <= size for batch in cut)


def pages(*answers: dict[str, Any]) -> list[list[int]]:
    """Return the rows of each page of a listing of two rows per page."""
    left = iter(answers)
    read = pages_by_token(
        lambda token: next(left),
        lambda page: page.get("token"),
        lambda page: len(page["rows"]) == 2,
        lambda reason: Incomplete("ListThings", "host", reason),
        "NextToken",
    )
    return [page["rows"] for page in read]


def test_pages_are_followed_to_the_last_one():
    assert pages({"rows": [1, 2], "token": "a"}, {"rows": [3, 4], "token": ""}) == [[1, 2], [3, 4]]
    assert pages({"rows": [1]}) == [[1]]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([{"rows": [1, 2]}], "a full page came without NextToken"),
        ([{"rows": [1, 2], "token": "a"}, {"rows": [3, 4], "token": "a"}], "the same NextToken came twice"),
    ],
)
def test_a_listing_that_breaks_off_is_an_error(answers: list[dict[str, Any]], reason: str):
    with pytest.raises(Incomplete, match=f"{reason}, so the list is not complete"):
        pages(*answers)
