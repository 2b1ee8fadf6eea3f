# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that several processes work with at once."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.shared_file import (
    SharedDocument,
    try_lock,
)
from support.processes import at_once


def test_a_damaged_document_is_an_empty_one(tmp_path: Path) -> None:
    document = SharedDocument(tmp_path / "file.json")
    assert document.read() == {}
    for text in ("", "[1]", '{"a": ', "\0"):
        document.path.write_text(text)
        with document.opened() as content:
            assert content == {}
            content["a"] = 1
        assert document.read() == {"a": 1}
    assert stat.S_IMODE(document.path.stat().st_mode) == 0o600


def test_many_processes_lose_nothing(tmp_path: Path) -> None:
    def add(number: int) -> None:
        with SharedDocument(tmp_path / "file.json").opened() as document:
            document["all"] = [*document.get("all", []), number]

    assert at_once(50, add) == [0] * 50
    assert sorted(SharedDocument(tmp_path / "file.json").read()["all"]) == list(range(50))


def test_a_process_that_is_killed_holds_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    def take_and_die(_number: int) -> None:
        assert try_lock(path) is not None
        os.kill(os.getpid(), signal.SIGKILL)

    assert at_once(1, take_and_die) == [-signal.SIGKILL]
    handle = try_lock(path, create=False)
    assert handle is not None
    assert try_lock(path) is None
    os.close(handle)
    with pytest.raises(FileNotFoundError):
        try_lock(tmp_path / "none", create=False)
