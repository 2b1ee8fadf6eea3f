# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read plain files only: a pipe, a device or a file of the kernel would block, or never end."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path


class NotPlainError(OSError):
    """The path is not a regular file; ``strerror`` has the reason."""

    def __init__(self) -> None:
        super().__init__(0, "is not a regular file")


class TooLargeError(OSError):
    """The file has more bytes than allowed; ``strerror`` names both."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(0, f"has {size} bytes; the limit is {limit}")


def is_special(place: Path) -> bool:
    """Return whether something that is neither a plain file nor a directory is in the place. Raises OSError."""
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextlib.contextmanager
def open_plain(place: str | os.PathLike[str]) -> Iterator[io.BufferedReader]:
    """Give the file, opened for reading; nothing waits for a writer at the other end of a pipe.

    Raises OSError if it cannot be opened; NotPlainError if it is a directory, a pipe, a device, a socket, or a file
    that reports no size and is not empty: the kernel generates those while they are read.
    """
    _check_plain(os.stat(place))  # opening a device may already have an effect
    with open(os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        _check_plain(found)
        if found.st_size == 0 and not _ends_at_once(file):
            raise NotPlainError
        yield file


def _check_plain(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NotPlainError


def _ends_at_once(file: io.BufferedReader) -> bool:
    try:
        return file.raw.read(1) == b""  # None where reading would have to wait
    except OSError:
        return False


def read_plain(place: str | os.PathLike[str], limit: int) -> bytes:
    """Return the content of a plain file. Raises as ``open_plain`` does, and TooLargeError above ``limit`` bytes."""
    with open_plain(place) as file:
        size = os.fstat(file.fileno()).st_size
        data = b"" if size > limit else file.read(limit + 1)
        if max(size, len(data)) > limit:
            raise TooLargeError(max(size, len(data)), limit)
        return data


def unreadable(error: OSError) -> str:
    """Return the reason for a message, after the path of the file, from an error of reading it."""
    return (
        str(error.strerror)
        if isinstance(error, (NotPlainError, TooLargeError))
        else f"cannot be read: {error.strerror}"
    )
