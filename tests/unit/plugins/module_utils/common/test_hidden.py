# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no_log and encrypted files keep secret appears in no message, and the rest of the message stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.hidden import (
    hide_lines,
    hide_refused,
    hide_source,
    hide_values,
    json_without,
    without_values,
)

SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "aliases": ["title"]},
    "instance_ids": {"type": "list"},
    "timeout": {"type": "int"},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "tags": {"type": "dict"},
}


@pytest.mark.parametrize(
    ("message", "arguments", "shown"),
    [
        ("name: 'hunter2' is not a name", {"name": "hunter2"}, "name: (not shown) is not a name"),
        ("name: 'hunt...' is not a name", {"name": "hunter2"}, "name: (not shown) is not a name"),
        ("timeout: is 5 s, must be 10 to 15 s", {"timeout": 5}, "timeout: is (not shown) s, must be 10 to 15 s"),
        (
            "tags: the key 'k' and its value v",
            {"tags": {"k": "v"}},
            "tags: the key (not shown) and its value (not shown)",
        ),
        ("argument 'timeout' is of type str", {"timeout": "str"}, "argument 'timeout' is of type (not shown)"),
        (
            "value of state must be one of: present, absent, got: gone",
            {"state": "gone"},
            "value of state must be one of: present, absent, got: (not shown)",
        ),
        ("state is absent but name is missing", {"state": "absent"}, "state is absent but name is missing"),
        (r"name: a\nb \u65e5", {"name": "a\nb \u65e5"}, "name: (not shown)"),
        ("not shown", {"name": "not", "title": "shown"}, "(not shown) (not shown)"),
        ("nothing is quoted, really", {"name": "", "title": ",", "tags": None}, "nothing is quoted, really"),
    ],
)
def test_a_refusal_quotes_no_value(message: str, arguments: dict[str, Any], shown: str):
    assert hide_refused(message, SPEC, arguments) == shown


def test_the_message_of_an_outcome_keeps_what_identifies_things():
    arguments = {"instance_ids": ["i-1"], "name": "hunter2", "timeout": 60, "state": "absent"}
    message = "i-1: absent after 60 s, the service says: hunter2 is bad"
    assert hide_values(message, SPEC, arguments) == "i-1: absent after 60 s, the service says: (not shown) is bad"


def test_no_line_of_an_encrypted_file_is_quoted():
    assert hide_lines("line 2: 'export P=hunter2' failed", "#!/bin/sh\n  export P=hunter2\nfi\n") == (
        "line 2: '(not shown)' failed"
    )


def test_the_text_of_an_encrypted_file_is_hidden_everywhere_in_a_result():
    result: dict[str, Any] = {
        "command": {"name": "c", "content": "x", "content_base64": "eA=="},
        "diff": [{"before": "", "after": "x"}, {"prepared": "x"}],
    }
    arguments = {"content": "x", "name": "c"}
    hide_source(result, arguments)
    hidden = "(not shown: the source file is encrypted)\n"
    assert arguments == {"content": hidden, "name": "c"}
    assert result == {
        "command": {"name": "c", "content": hidden, "content_base64": hidden},
        "diff": [{"before": "", "after": hidden}, {"prepared": hidden}],
    }


VALUE: dict[str, Any] = {
    "lines": ["plain", "the hunter2 here", "hunter2"],
    "plain": ["nothing", "of it", ""],
    "rows": [{"text": 'x with "quotes" y', "rc": 42, "flag": True, "none": None, "share": 0.5}],
    "many": [{"number": number, "text": "größer\n"} for number in range(250)],
    "mixed": ["hunter2", 7, ["deep hunter2"], ("a", "42")],
    "data": b"hunter2",
}


@pytest.mark.parametrize(
    "secrets", [set(), {"hunter2", "42", 'with "quotes"'}, {"größer\n"}, {"\u00f6"}, {"True"}, {"one"}, {"0.5"}, {"e"}]
)
def test_secrets_are_removed_from_any_value_as_ansible_does(secrets: set[str]):
    expected = remove_values(VALUE, secrets)
    # a list may stay a tuple, which is the same to JSON
    assert json.dumps(without_values(VALUE, secrets), default=str) == json.dumps(expected, default=str)
    for name, value in VALUE.items():
        text = json_without(value, secrets)
        assert text is None or json.loads(text) == json.loads(json.dumps(expected[name])), name


def test_a_plain_value_without_secrets_has_a_json_text():
    assert json_without({"a": ["größer", 1, None]}, {"hunter2"}) == '{"a": ["größer", 1, null]}'
    assert json_without({"a": "hunter2"}, {"hunter2"}) is None
    assert json_without({"a": b"bytes"}, {"hunter2"}) is None
