# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file appears complete and private, or the one that was there stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.atomic_file import (
    check_writable,
    write_private,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError


def test_a_file_is_private_and_replaces_the_earlier_one(tmp_path: Path):
    place = check_writable("file", str(tmp_path / "名"))
    for text in ("old", "half a pair \ud800, 磁盘\n"):
        write_private(place, iter([text]))
    assert place.read_text(encoding="utf-8") == "half a pair \\ud800, 磁盘\n"
    assert place.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["名"]


def test_what_breaks_off_leaves_nothing(tmp_path: Path):
    place = tmp_path / "file"
    place.write_text("old", encoding="utf-8")

    def pieces():
        yield "new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_private(place, pieces())
    assert (os.listdir(tmp_path), place.read_text(encoding="utf-8")) == (["file"], "old")


def test_what_cannot_be_written_is_refused_with_the_option(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for place, problem in (
        (tmp_path / "pipe", "is not a regular file"),
        (tmp_path, "is not a regular file"),
        (tmp_path / "none" / "file", "does not exist"),
        (tmp_path / ("x" * 300) / "file", "."),
        ("/dev/full", "is not a regular file"),
        ("a\0b", "is not a valid path"),
    ):
        with pytest.raises(InputError, match=problem) as refused:
            check_writable("results_file", str(place))
        assert refused.value.option == "results_file"
