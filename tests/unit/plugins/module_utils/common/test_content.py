# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content comes from one of two options, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.content import read_content
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError


def test_text_is_read_byte_for_byte():
    assert read_content("caf\u00e9\r\n", None, 10) == b"caf\xc3\xa9\r\n"
    assert read_content("not UTF-8: \udce9", None, 20) == b"not UTF-8: \xe9"


def test_a_file_is_read_up_to_the_limit(tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(b"\xff\0\r\n")
    assert read_content(None, str(file), 4) == b"\xff\0\r\n"
    with pytest.raises(InputError, match="src: .*file has 4 bytes; the limit is 3"):
        read_content(None, str(file), 3)


def test_neither_option_gives_nothing():
    assert read_content(None, None, 10) is None


@pytest.mark.parametrize(
    ("content", "src", "problem"),
    [
        ("half \ud83d", None, "content: is not valid UTF-8 text at character 5"),
        (None, "/does/not/exist", "src: /does/not/exist cannot be read: No such file or directory"),
        (None, "/dev/zero", "src: /dev/zero is not a regular file"),
    ],
)
def test_what_cannot_be_read_is_refused(content: str | None, src: str | None, problem: str):
    with pytest.raises(InputError, match=problem):
        read_content(content, src, 10)
