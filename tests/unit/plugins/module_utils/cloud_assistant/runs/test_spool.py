# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outputs that wait in a file come back as they were, and none is lost where the file takes no more."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.spool import (
    in_memory,
    spool_in,
    stored,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.spooled import bytes_of


def test_outputs_come_back_as_they_were_and_nothing_is_left_in_the_folder(tmp_path: Path):
    texts = [b"%d" % number * number for number in range(300)]
    with spool_in(tmp_path) as store:
        with ThreadPoolExecutor(8) as pool:
            pieces = list(pool.map(store, texts))
        assert [bytes_of(piece) for piece in pieces] == texts
    assert not any(isinstance(piece, bytes) for piece in pieces[1:])
    assert list(tmp_path.iterdir()) == []


def test_a_result_shows_streams_from_memory_and_from_a_file_alike(tmp_path: Path):
    kept = InstanceResult("i-1", "Success", rc=0, output=b"out\n", stderr=b"err\n")
    cut = InstanceResult("i-1", "Success", rc=0, output=b"h" * 6000 + b"t" * 100, dropped=7)
    with spool_in(tmp_path) as store:
        for result in (kept, cut, InstanceResult("i-1", "Pending")):
            moved = stored(result, store)
            assert moved.as_dict() == result.as_dict()
            assert stored(moved, store) == moved


def test_what_a_full_disk_cannot_take_stays_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write = os.pwrite

    def half(handle: int, data: Any, place: int) -> int:
        if len(data) < 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, bytes(data[:-3]), place)

    with spool_in(tmp_path) as store:
        first = store(b"first")
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", half)
            assert store(b"second") == b"second"
        third = store(b"third")
        assert [bytes_of(first), bytes_of(third)] == [b"first", b"third"]


@pytest.mark.parametrize("folder", [None, Path("/nowhere/at/all")])
def test_without_a_folder_outputs_stay_in_memory(folder: Path | None):
    with spool_in(folder) as store:
        assert store is in_memory
