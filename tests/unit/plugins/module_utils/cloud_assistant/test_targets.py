# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: order, duplicates, and the tokens that go with their batches."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant import targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.batches import plan_batches
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from hypothesis import given
from hypothesis import strategies as st

IDS = st.lists(st.integers(0, 400).map(lambda number: f"i-{number:03}"), max_size=350)


@given(IDS, st.integers(1, 100), st.text("abc-1", min_size=1, max_size=64))
def test_tokens_are_the_same_for_the_same_request_and_differ_within_it(ids: list[str], size: int, token: str):
    unique = list(dict.fromkeys(ids))
    plan = plan_batches(unique, size, token)
    assert plan == plan_batches(unique, size, token)
    tokens = [batch.token for batch in plan]
    assert len(set(tokens)) == len(tokens)
    assert all(item is not None and item.isascii() and 1 <= len(item) <= 64 for item in tokens)
    if len(plan) == 1:
        assert tokens == [token]
    else:
        assert token not in tokens


def test_what_an_earlier_start_has_left_never_takes_the_users_own_token():
    (rest,) = plan_batches(("i-1",), 100, "mine", whole=False)
    assert rest.token != "mine"
    assert plan_batches(("i-1",), 100, None) == plan_batches(("i-1",), 100, None, whole=False)


def test_duplicates_cause_a_warning():
    told: list[str] = []
    made = Targets.of(["i-1", "i-2", "i-1"], warn=told.append)
    assert made.instance_ids == ("i-1", "i-2")
    assert told == ["instance_ids: duplicates removed: i-1"]


@pytest.mark.parametrize(
    ("ids", "tags", "problem"),
    [
        ([], {}, "^instance_ids: no targets"),
        (None, None, "^instance_ids: no targets"),
        (["i-1"], {"role": "web"}, "not both"),
        (["i-1,i-2"], None, "'i-1,i-2' is not a valid instance ID"),
        (["web-01"], None, "'web-01' is not a valid instance ID .*; give the ID of the instance, not its name"),
        (["i-" + "1" * 100], None, "is not a valid instance ID"),
        (["i-1\x1b[31m"], None, "is not a valid instance ID"),
        ([""], None, "'' is not a valid instance ID"),
        ([" \n"], None, "'' is not a valid instance ID"),
        (None, {f"k{number}": "v" for number in range(21)}, "^resource_tags: has 21 tags; at most 20"),
    ],
)
def test_targets_that_are_refused(ids: list[str] | None, tags: dict[str, str] | None, problem: str):
    with pytest.raises(InputError, match=problem):
        Targets.of(ids, tags)


def test_an_entry_may_hold_several_lines():
    made = Targets.of(["  i-1\n i-2\n", "mi-hz01 ", "AY1308221131234567"])
    assert made.instance_ids == ("i-1", "i-2", "mi-hz01", "AY1308221131234567")


def test_tag_values_become_text():
    assert Targets.of(None, {"build": 12, "note": ""}).tags == {"build": "12", "note": ""}


@pytest.mark.parametrize("size", [0, 1001])
def test_batch_sizes_that_no_call_takes(size: int):
    with pytest.raises(InputError, match=f"is {size}; it must be between 1 and 1000 instances per call"):
        targets.check_batch_size(size)


def test_names_are_read_once_each_in_their_order():
    warnings: list[str] = []
    assert Targets.of(names=["b", "a", "b"], warn=warnings.append).names == ("b", "a")
    assert warnings == ["instance_names: duplicates removed: b"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"names": ["a"], "instance_ids": ["i-1"]},
            "instance_ids: give either instance_ids or instance_names, not both",
        ),
        ({"names": ["a"], "tags": {"a": "b"}}, "instance_names: give either instance_names or resource_tags, not both"),
        ({"names": [""]}, "instance_names: must not be empty"),
        ({"names": ["web-*"]}, "instance_names: 'web-.*' contains"),
        ({"names": ["a\nb"]}, "instance_names: contains a control character"),
        ({"names": []}, "instance_ids: no targets: give instance_ids, instance_names or resource_tags"),
    ],
)
def test_names_that_no_instance_has_are_refused(given, problem):
    with pytest.raises(InputError, match=problem):
        Targets.of(**given)
