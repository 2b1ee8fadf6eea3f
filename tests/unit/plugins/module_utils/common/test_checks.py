# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of single values: what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common import checks
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (lambda: checks.check_wait_timeout(0), "wait_timeout: is 0; it must be between 1 and 2147483647 seconds"),
        (lambda: checks.check_wait_timeout(float("inf")), "wait_timeout: is inf; it must be between"),
        (lambda: checks.check_wait_timeout(float("nan")), "wait_timeout: is nan; it must be between"),
        (lambda: checks.check_wait_timeout(10**5000), "wait_timeout: is a number of more than 20 digits; it must"),
        (lambda: checks.check_seconds("timeout", 9, 10), "timeout: is 9; it must be between 10 and 2147483647 seconds"),
        (lambda: checks.check_range("size", 0, 1), "size: is 0; it must be at least 1"),
        (lambda: checks.check_range("size", 9, 1, 8, "parts"), "size: is 9; it must be between 1 and 8 parts"),
        (lambda: checks.check_text("name", "x" * 129, 128), "name: has 129 characters; at most 128 are allowed"),
        (lambda: checks.check_text("name", "a\nb", 128), "name: contains a control character (U+000A)"),
        (lambda: checks.check_text("name", "a\x9bb", 128), "name: contains a control character (U+009B)"),
        (
            lambda: checks.check_text("note", "a\x00b", 128, multiline=True),
            "note: contains a control character (U+0000",
        ),
        (lambda: checks.check_text("name", "a\udcff", 128), "name: is not valid UTF-8 text"),
        (lambda: checks.check_identifiers(name=" "), "name: must not be empty"),
        (lambda: checks.check_identifiers(name="n" * 129), "name: has 129 characters; at most 128 are allowed"),
        (
            lambda: checks.check_octal_mode("mode", 420),
            "mode: 420 is not a valid mode; give three or four",
        ),
        (lambda: checks.check_octal_mode("mode", "0888"), "mode: '0888' is not a valid mode"),
    ],
)
def test_a_refusal_names_option_problem_and_limit(check: Callable[[], None], problem: str):
    with pytest.raises(InputError) as refused:
        check()
    assert str(refused.value).startswith(problem)


def test_what_is_right_or_not_given_passes():
    checks.check_wait_timeout(0.5)
    checks.check_wait_timeout(None)
    checks.check_seconds("timeout", None)
    checks.check_text("name", None, 1)
    checks.check_text("note", "one\r\n\ttwo", 20, multiline=True)
    checks.check_text("name", "\u8fd0\u7ef4", 2)
    checks.check_identifiers(name=None, command_id="c-1")
    checks.check_octal_mode("mode", "0644")
    checks.check_octal_mode("mode", None)
