# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of services are read as users write them, and anything else is refused by the option's name."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.urls import base_url
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("host", "https://host"),
        ("host:8443", "https://host:8443"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
        ("https://[::1]:2/v3", "https://[::1]:2"),
    ],
)
def test_base_url(text: str, url: str):
    assert base_url(text, "endpoint", ("v3",)) == url


@pytest.mark.parametrize(
    "text", ["ftp://host", "https://", "https://host/a/b", "https://host?x=1", "https://host:port", "https://[::1"]
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(InputError, match="^endpoint: "):
        base_url(text, "endpoint")


@given(st.text("[]:@/?#%.a1-\\ ", max_size=12))
def test_what_is_accepted_is_read_again_as_the_same(text: str):
    try:
        url = base_url(text, "endpoint")
    except InputError:
        return
    assert base_url(url, "endpoint") == url
