# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of IDs as they are written: in lines, with blanks, more than once."""

from __future__ import annotations

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.entries import (
    dedupe,
    each_once,
    split_entries,
)
from hypothesis import given
from hypothesis import strategies as st

IDS = st.lists(st.integers(0, 400).map(lambda number: f"i-{number:03}"), max_size=350)


@given(IDS)
def test_duplicates_go_and_the_order_stays(ids: list[str]):
    unique, repeated = dedupe(ids)
    assert list(unique) == list(dict.fromkeys(ids))
    assert set(repeated) == {item for item in ids if ids.count(item) > 1}


@given(IDS, st.sampled_from([" ", "\n", "\r\n", " \t\n "]))
def test_a_block_of_lines_is_a_list(ids: list[str], between: str):
    assert split_entries([f"{between}{between.join(ids)}{between}"]) == (ids or [""])
    assert split_entries(ids) == ids


def test_a_warning_names_some_of_many_duplicates():
    told: list[str] = []
    ids = [f"i-{number:03}" for number in range(400)]
    assert each_once(ids * 2, "instance_ids", told.append) == tuple(ids)
    assert told[0].endswith("i-018, i-019 and 380 more")
