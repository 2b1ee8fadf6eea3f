# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wire parameters and the table of operations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.operations import (
    Repeat,
    find,
    repeat_of,
    to_wire,
)
from hypothesis import given
from hypothesis import strategies as st

scalars = st.one_of(st.text(max_size=10), st.integers(), st.booleans())
names = st.text("ABCDEFxyz", min_size=1, max_size=6)


def test_each_kind_of_value_has_its_form() -> None:
    assert to_wire(
        {
            "Text": "a b",
            "Number": 5,
            "Yes": True,
            "No": False,
            "Nothing": None,
            "Empty": "",
            "None": [],
            "List": ["x", 1, True, None],
            "Tag": [{"Key": "k", "Value": None}, {"Key": "l", "Value": ""}],
            "Deep": [{"Names": ["p", "q"], "Map": {"a": "b"}}],
            "Map": {"ü": "c d", "n": 1},
        }
    ) == {
        "Text": "a b",
        "Number": "5",
        "Yes": "True",
        "No": "False",
        "Empty": "",
        "List.1": "x",
        "List.2": "1",
        "List.3": "True",
        "Tag.1.Key": "k",
        "Tag.2.Key": "l",
        "Tag.2.Value": "",
        "Deep.1.Names.1": "p",
        "Deep.1.Names.2": "q",
        "Deep.1.Map": '{"a":"b"}',
        "Map": '{"ü":"c d","n":1}',
    }


def test_a_named_list_becomes_one_json_array() -> None:
    wire = to_wire({"InstanceIds": ["i-1", "i-2"], "InstanceId": ["i-3"]}, frozenset({"InstanceIds"}))
    assert wire == {"InstanceIds": '["i-1","i-2"]', "InstanceId.1": "i-3"}


@pytest.mark.parametrize("value", [1.5, b"bytes", {1, 2}, object()])
def test_a_value_without_a_form_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="Name: a value of type"):
        to_wire({"Name": value})


@given(st.dictionaries(names, st.one_of(scalars, st.lists(scalars, max_size=5))))
def test_nothing_is_lost_or_invented(params: dict[str, Any]) -> None:
    expected = {}
    for name, value in params.items():
        if isinstance(value, list):
            expected.update({f"{name}.{number}": str(item) for number, item in enumerate(value, 1)})
        else:
            expected[name] = str(value)
    assert to_wire(params) == expected


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=10)))
def test_a_mapping_comes_back_out_of_its_json(mapping: dict[str, str]) -> None:
    assert json.loads(to_wire({"Parameters": mapping})["Parameters"]) == mapping


@pytest.mark.parametrize(
    ("operation", "params", "repeat"),
    [
        ("DescribeInvocations", {}, Repeat.READ),
        ("RunCommand", {"ClientToken": "t"}, Repeat.TOKEN_WRITE),
        ("RunCommand", {"ClientToken": ""}, Repeat.ONCE),
        ("RunCommand", {}, Repeat.ONCE),
        ("StopInvocation", {}, Repeat.REPEATABLE),
        ("RebootInstances", {"ClientToken": "t"}, Repeat.ONCE),
        ("DescribeSomethingNew", {}, Repeat.READ),
        ("DoSomethingNew", {"ClientToken": "t"}, Repeat.ONCE),
    ],
)
def test_how_a_call_may_be_repeated(operation: str, params: dict[str, Any], repeat: Repeat) -> None:
    assert repeat_of(find(operation), params) is repeat


# the operations whose request has a ClientToken, by the API's own description
WITH_TOKEN = [
    "CreateCommand",
    "RunCommand",
    "InvokeCommand",
    "ModifyInvocationAttribute",
    "SendFile",
    "DeleteInstances",
]


@pytest.mark.parametrize("operation", WITH_TOKEN)
def test_every_operation_with_a_token_is_a_token_write(operation: str) -> None:
    assert find(operation).repeat is Repeat.TOKEN_WRITE
