# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags: their limits, their forms in requests and replies, and the planning of changes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant import tags
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("refused_tags", "problem"),
    [
        ({f"k{number}": "v" for number in range(21)}, "tags: has 21 tags; at most 20 are allowed"),
        ({"": "v"}, "tags: a tag has an empty key"),
        ({"k" * 65: "v"}, f"tags: the tag key '{'k' * 64}' has 65 characters; at most 64 are allowed"),
        ({"k": "v" * 129}, "tags: the value of the tag 'k' has 129 characters; at most 128 are allowed"),
        ({"acs:k": "v"}, "tags: the tag key 'acs:k' starts with aliyun or acs:, which is reserved for the service"),
        ({"ALIYUN-k": "v"}, "tags: the tag key 'ALIYUN-k' starts with aliyun or acs:"),
        ({"k": "see http://x"}, "tags: the value of the tag 'k' contains http:// or https://"),
        ({"see https://x": ""}, "tags: the tag key 'see https://x' contains http:// or https://"),
        ({"k": None}, "tags: the value of the tag 'k' is null; write '' for an empty value"),
        ({"k": ["a"]}, "tags: the value of the tag 'k' must be a string, not a list or a dictionary"),
        ({"k": "a\x07"}, "tags: the value of the tag 'k' contains a control character (U+0007)"),
        ({"k\n": "a"}, "tags: the tag key 'k\\n' contains a control character (U+000A)"),
        ({"k": "a\udcff"}, "tags: the value of the tag 'k' is not valid UTF-8 text"),
    ],
)
def test_tags_that_are_refused(refused_tags: dict[str, Any], problem: str):
    with pytest.raises(InputError) as refused:
        tags.check_tags(refused_tags)
    assert str(refused.value).startswith(problem)


def test_the_form_of_a_request_and_of_replies():
    assert tags.tags_to_rows({"a": "1", "b": ""}) == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    assert tags.tags_to_rows({}) is None
    new = {"Tags": {"Tag": [{"TagKey": "a", "TagValue": "1"}]}}
    old = {"Tags": {"Tag": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}}
    assert tags.tags_from_row(new) == {"a": "1"}
    assert tags.tags_from_row(old) == {"a": "1", "b": ""}
    assert tags.tags_from_row({}) == {}


tag_sets = st.dictionaries(st.sampled_from([f"k{n}" for n in range(24)] + ["acs:own"]), st.sampled_from("ab"))


@given(current=tag_sets, desired=st.none() | tag_sets, purge=st.booleans())
def test_planned_tags_are_what_is_wanted(current: dict[str, str], desired: dict[str, str] | None, purge: bool) -> None:
    desired = desired and {key: value for key, value in desired.items() if key != "acs:own"}
    try:
        change = tags.plan_tags(current, desired, purge=purge)
    except InputError:
        return
    after = change.apply_to(current)
    assert after.get("acs:own") == current.get("acs:own")
    own = {key: value for key, value in after.items() if key != "acs:own"}
    if desired is None:
        assert not change
    elif purge:
        assert own == desired
    else:
        assert own == {**{key: value for key, value in current.items() if key != "acs:own"}, **desired}
    assert not tags.plan_tags(after, desired, purge=purge)


def test_more_tags_than_there_is_room_for_are_refused() -> None:
    current = {f"k{number}": "" for number in range(20)}
    with pytest.raises(InputError, match="21 tags"):
        tags.plan_tags(current, {"one more": ""}, purge=False)
    assert tags.plan_tags(current, {"one more": ""}, purge=True)
