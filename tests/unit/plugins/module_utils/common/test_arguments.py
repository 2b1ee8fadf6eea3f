# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that no option can take are refused, naming the option and never quoting the value."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.arguments import (
    refuse_unusable,
    split_lists,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError

SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "aliases": ["title"]},
    "content": {"type": "str"},
    "tags": {"type": "dict"},
    "role": {"type": "dict", "options": {"arn": {"type": "str"}}},
    "timeout": {"type": "int"},
    "codes": {"type": "list", "elements": "int"},
    "ids": {"type": "list", "elements": "str"},
    "rules": {"type": "list", "elements": "dict", "options": {"port": {"type": "int"}}},
}


def nested(levels: int) -> Any:
    """Return a value within so many lists."""
    value: Any = "x"
    for _level in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"name": "a\0b"}, "name: must not contain a NUL character"),
        ({"title": "a\0b"}, "title: must not contain a NUL character"),
        ({"name": "half \ud83d"}, "name: is not valid UTF-8 text"),
        ({"name": "caf\udce9"}, "name: is not valid UTF-8 text"),
        ({"tags": {"k": ["\udce9"]}}, "tags: is not valid UTF-8 text"),
        ({"tags": {"\udce9": "v"}}, "tags: is not valid UTF-8 text"),
        ({"tags": {"k": float("nan")}}, "tags: must be a finite number"),
        ({"name": float("inf")}, "name: must be a finite number"),
        ({"content": float("-inf")}, "content: must be a finite number"),
        ({"name": 10**40}, "name: is too large a number; the limit is 9223372036854775807"),
        ({"name": -(10**5000)}, "name: is too large a number"),
        ({"tags": nested(40)}, "tags: is nested too deeply; at most 32 levels are allowed"),
        ({"timeout": True}, "timeout: must be a number, and is a boolean"),
        ({"codes": [0, False]}, "codes: must be a number, and is a boolean"),
        ({"name": ["echo a", "echo b"]}, "name: must be text, and is a list"),
        ({"content": ["echo a", "echo b"]}, "content: must be text, and is a list; for JSON, use the filter to_json"),
        ({"content": {"a": 1}}, "content: must be text, and is a dictionary; for JSON, use the filter to_json"),
        ({"content": True}, "content: must be text, and is a boolean; put quotes around it"),
        ({"ids": ["a", ["b"]]}, "ids: an entry must be text, and is a list"),
        ({"role": 5}, "role: must be a dictionary"),
        ({"role": ["arn"]}, "role: must be a dictionary"),
        ({"rules": [5]}, "rules: must be a list of dictionaries"),
    ],
)
def test_an_unusable_value_is_refused(arguments: dict[str, Any], problem: str):
    with pytest.raises(InputError) as caught:
        refuse_unusable(SPEC, arguments)
    assert str(caught.value).startswith(problem)


def test_everything_else_is_left_to_the_option():
    usable = {
        "name": "日本 \U0001f680 \x1b",
        "content": "bytes of a file: \udce9 \0",
        "tags": {"k": None, "n": 2**63 - 1, "f": 1.5, "b": True, "l": nested(20)},
        "role": "arn=acs:ram::1:role/x",
        "rules": [{"port": 1}, "port=2"],
        "unknown": 1,
        "_ansible_version": "\0",
    }
    refuse_unusable(SPEC, usable)


def test_a_list_as_text_loses_the_blanks_around_its_entries():
    given = {"names": "web-01, web-02 ,\tweb-03\n", "codes": "0, 3", "name": "a, b", "other": "x, y"}
    split = split_lists({**SPEC, "hosts": {"type": "list", "aliases": ["names"]}}, given)
    assert split == {**given, "names": ["web-01", "web-02", "web-03"], "codes": ["0", "3"]}


@pytest.mark.parametrize("value", [[" a "], 5, None, {"a": 1}, True])
def test_a_list_of_another_type_is_kept(value: Any):
    assert split_lists(SPEC, {"codes": value}) == {"codes": value}
