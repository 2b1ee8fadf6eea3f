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


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (2, [(0, 1)]), (3, [(0, 1, 2)]), (7, [(0, 1, 2), (3, 4, 5), (6,)])]
)
def test_batches(count: int, expected: list[tuple[int, ...]]):
    assert batches(range(count), 3) == expected


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
