# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is an answer, and what is not one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba import operations
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.answers import (
    COUNT,
    FLAG,
    ID,
    MAPPING,
    MAX_DEPTH,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    Kind,
    NotAnAnswer,
    Shape,
    excerpt,
    read_object,
)
from support.genuine import MADE, ROWS, listing


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not complete JSON"),
        (b"<html>", "not complete JSON"),
        (b'{"a": 1', "not complete JSON"),
        (b"\xff{}", "not complete JSON"),
        (b'{"a": "\\ud800"}', "not complete JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not complete JSON|not a count"),
        (b"[" * 100_000, "not complete JSON"),
        (b'{"a":' * 100_000, "not complete JSON"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "nested more than"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"text"', "not a JSON object"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_not_an_object_is_not_an_answer(body: bytes, reason: str) -> None:
    with pytest.raises(NotAnAnswer, match=reason):
        Shape(optional={"a": COUNT}).check(read_object(body))


def test_an_object_is_read_unchanged() -> None:
    deep: Any = 1
    for _level in range(MAX_DEPTH - 1):
        deep = [deep]
    whole = {"a": deep, "b": "\U0001f600 \\u", "c": {"d": [None, True]}}
    assert read_object(json.dumps(whole).encode()) == whole
    with pytest.raises(NotAnAnswer, match="nested"):
        read_object(json.dumps({"a": [deep]}).encode())


@pytest.mark.parametrize(
    ("kind", "fitting", "others"),
    [
        (ID, ["i-1"], ["", None, 1, ["i"], "a\nb", True]),
        (TEXT, ["", "a\nb"], [None, 1, [], {}]),
        (WHOLE, [0, -1, "7", "-7"], [True, 1.5, "x", "", None, "9" * 30, 10**40, "1e3", "\u0661"]),
        (COUNT, [0, "7"], [-1, "-7", True, None]),
        (NUMBER, [0, 1.5, "2"], [True, "x", float("inf"), float("nan"), None]),
        (FLAG, [True, False, "true", "False"], [0, 1, "", "yes", None]),
        (TIME, ["2026-11-21T20:38:23Z", "2018-01-05 15:45:02", "2026-11-21T20:38Z"], ["", "soon", None, 5]),
        (MAPPING, [{}, {"a": 1}, "", "{}", '{"a": "b"}'], ["[]", "x", [], None, 5, "[" * 100_000]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_each_kind_of_value_is_distinguished(kind: Kind, fitting: list[Any], others: list[Any]) -> None:
    assert [value for value in fitting if not kind.fits(value)] == []
    assert [value for value in others if kind.fits(value)] == []


@pytest.mark.parametrize("operation", ROWS)
def test_a_listing_without_what_decisions_rest_on_is_not_one(operation: str) -> None:
    """Neither nothing, nor not there, nor ended: each field missing, null and of another type."""
    path, row = ROWS[operation]
    shape = operations.find(operation).shape
    whole = listing(operation, [{}, {}])
    shape.check(whole)
    for name in row:
        for broken in (
            {key: value for key, value in row.items() if key != name},
            {**row, name: None},
            {**row, name: [5]},
        ):
            inner: Any = [row, broken]
            for outer in reversed(path):
                inner = {outer: inner}
            with pytest.raises(NotAnAnswer, match=name):
                shape.check({"RequestId": "R", **inner})
    for broken_list in (None, {}, "text", 5, [None], ["text"], [[]]):
        inner = broken_list
        for outer in reversed(path):
            inner = {outer: inner}
        with pytest.raises(NotAnAnswer):
            shape.check({"RequestId": "R", **inner})
    for document in ({}, {"RequestId": "R"}, {**whole, "RequestId": None}, {"status": "error", "message": "log in"}):
        with pytest.raises(NotAnAnswer):
            shape.check(document)


@pytest.mark.parametrize("operation", ["CreateCommand", "RunCommand", "InvokeCommand", "SendFile"])
def test_a_write_names_what_it_made(operation: str) -> None:
    shape = operations.find(operation).shape_of_answer({})
    shape.check(MADE)
    made = "CommandId" if operation == "CreateCommand" else "InvokeId"
    for value in (None, "", 5, ["t-1"], {}):
        with pytest.raises(NotAnAnswer, match=made):
            shape.check({**MADE, made: value})


def test_a_page_is_shown_on_one_line_without_control_characters() -> None:
    shown = excerpt(b"<html>\r\n\t<b>\x1b[31mred\x00</b>" + b"x" * 500, 30)
    assert shown == "<html> <b>\ufffd[31mred\ufffd</b>xxxxxxx"
    assert excerpt(b"\xff\xfe") == "\ufffd\ufffd"
