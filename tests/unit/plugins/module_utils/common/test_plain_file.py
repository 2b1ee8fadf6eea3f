# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only plain files are read: nothing hangs on a pipe, and nothing reads without end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.plain_file import (
    NotPlainError,
    TooLargeError,
    is_special,
    read_plain,
)


def test_a_plain_file_is_read(tmp_path: Path):
    for data in (b"", b"abc"):
        (tmp_path / "file").write_bytes(data)
        assert read_plain(tmp_path / "file", 3) == data
    (tmp_path / "link").symlink_to("file")
    assert read_plain(tmp_path / "link", 3) == b"abc"
    assert not is_special(tmp_path / "link") and not is_special(tmp_path / "nothing") and not is_special(tmp_path)


def test_a_large_file_is_refused_by_its_size(tmp_path: Path):
    with (tmp_path / "file").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(TooLargeError) as caught:
        read_plain(tmp_path / "file", 1000)
    assert caught.value.strerror == "has 1099511627776 bytes; the limit is 1000"


@pytest.mark.parametrize("name", ["fifo", "socket", "folder", "/dev/zero", "/dev/full", "/proc/self/status"])
def test_anything_else_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    os.mkfifo("fifo")
    Path("folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(NotPlainError):
            read_plain(name, 1000)
        assert is_special(Path(name)) == (name not in ("folder", "/proc/self/status"))


def test_the_kernels_log_is_not_waited_for():
    with pytest.raises(OSError, match=r"regular file|ermitted|ermission|such file"):
        read_plain("/proc/kmsg", 1000)
