# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that is shown may steer a terminal or a browser, nor be wider than the screen."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError, CloudError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.printable import (
    cut,
    names_of,
    some_of,
    visible,
)
from hypothesis import given
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(codec=None, categories=None))


def test_some_of_many():
    assert some_of([], 2) == ""
    assert some_of(["a", "b"], 2) == "a, b"
    assert some_of("abcde", 2) == "a, b and 3 more"
    assert some_of((f"{letter}: why" for letter in "abc"), 2, "; ") == "a: why; b: why; and 1 more"


def test_names_are_the_first_few_of_many():
    assert names_of(["t-1"], "invocation") == "invocation t-1"
    assert names_of(["i-1", "i-2", "i-3"], "instance", shown=2) == "3 instances (i-1, i-2 and 1 more)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("bell\a nul\0 delete\x7f next line\x85", r"bell\x07 nul\x00 delete\x7f next line\x85"),
        ("10%\r20%", r"10%\r20%"),
        ("Windows\r\nlines", "Windows\nlines"),
        ("a\tb\nc", "a\tb\nc"),
        ("gnp.\u202eexe", r"gnp.\u202eexe"),
        ("half a pair \ud800", r"half a pair \ud800"),
        ("磁盘已满 ✓ é", "磁盘已满 ✓ é"),
    ],
)
def test_control_characters_are_made_visible(text: str, shown: str):
    assert visible(text) == shown


@given(ANY_TEXT)
def test_visible_text_can_be_written_anywhere(text: str):
    shown = visible(text)
    shown.encode("utf-8")
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in shown if one not in "\t\n")
    assert visible(shown) == shown


@given(ANY_TEXT, st.integers(1, 60))
def test_a_cut_line_fits(text: str, width: int):
    line = cut(text, width)
    columns = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)
    assert columns <= width
    assert line == text or (line.endswith("…") and text.startswith(line[:-1]))


def test_every_message_of_an_error_is_visible_and_its_result_is_as_it_came():
    error = ApiError("RunCommand", "Bad", "no \x1b[2J screen", "r-1", 400)
    assert r"no \x1b[2J screen" in str(error)
    assert error.result["error"]["message"] == "no \x1b[2J screen"
    assert str(CloudError("output ends: \a")) == r"output ends: \x07"
