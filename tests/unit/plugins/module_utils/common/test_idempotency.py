# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens and digests."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.idempotency import (
    check_client_token,
    derive_client_token,
    key_digest,
    new_client_token,
)
from hypothesis import assume, given
from hypothesis import strategies as st

texts = st.lists(st.text(max_size=20), max_size=4)


def test_new_tokens_differ_and_are_valid() -> None:
    tokens = {new_client_token() for _turn in range(1000)}
    assert len(tokens) == 1000
    for token in tokens:
        check_client_token(token)


@given(st.text(), texts)
def test_a_derived_token_is_valid_and_the_same_each_time(token: str, parts: list[str]) -> None:
    derived = derive_client_token(token, *parts)
    assert derived == derive_client_token(token, *parts)
    check_client_token(derived)


@given(st.text(), texts, st.text(), texts)
def test_other_parts_give_another_token(token: str, parts: list[str], other: str, others: list[str]) -> None:
    assume((token, parts) != (other, others))
    assert derive_client_token(token, *parts) != derive_client_token(other, *others)


def test_parts_do_not_run_together() -> None:
    assert derive_client_token("t", "ab", "c") != derive_client_token("t", "a", "bc")
    assert derive_client_token("t", "") != derive_client_token("t")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "empty"),
        ("x" * 65, "65 characters; at most 64"),
        ("tökén", "ASCII"),
        ("a\nb", "printable"),
        ("a\x00b", "printable"),
    ],
)
def test_bad_tokens_are_refused_by_the_options_name(value: str, problem: str) -> None:
    with pytest.raises(InputError, match=f"client_token: .*{problem}"):
        check_client_token(value)


def test_64_characters_and_no_token_are_allowed() -> None:
    check_client_token("x" * 64)
    check_client_token(None)


@given(st.text())
def test_a_key_digest_is_a_valid_tag_value_that_hides_the_key(key: str) -> None:
    digest = key_digest(key)
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")
    assert len(key) < 8 or key not in digest
