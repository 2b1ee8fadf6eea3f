# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Outputs that wait in a file for the end of a run, so that those of a large fleet do not fill the memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ...common.spooled import Spooled
from ..models import InstanceResult

if TYPE_CHECKING:
    # stores bytes until the end of a run, and returns the object that reads them back
    Store = Callable[[bytes], "bytes | Spooled"]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes in a file, from ``start`` on."""

    file: IO[bytes] = field(repr=False)
    start: int
    size: int

    def read(self) -> bytes:
        """Return the bytes. Raises OSError."""
        return os.pread(self.file.fileno(), self.size, self.start)


class Spool:
    """A file that takes outputs one after the other. Threads may share it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0
        self._one_at_a_time = threading.Lock()

    def __call__(self, data: bytes) -> bytes | Spooled:
        """Return what gives the data back: a piece of the file, or the data where the file cannot take it."""
        with self._one_at_a_time:
            piece = _Piece(self._file, self._end, len(data))
            try:
                self._write(data)
            except OSError:
                return data
            self._end += len(data)
        return piece if data else data

    def _write(self, data: bytes) -> None:
        written = 0
        while written < len(data):
            written += os.pwrite(self._file.fileno(), memoryview(data)[written:], self._end + written)


@contextlib.contextmanager
def spool_in(folder: Path | None) -> Iterator[Store]:
    """Yield a spool in a folder; without a folder, or where it cannot take a file, outputs stay in memory.

    The file has no name, so that it is gone with the process, whichever way that ends.
    """
    with contextlib.ExitStack() as stack:
        store: Store = in_memory
        if folder is not None:
            with contextlib.suppress(OSError):
                store = Spool(stack.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0)))
        yield store


def in_memory(data: bytes) -> bytes:
    """Leave the data where they are."""
    return data


def stored(result: InstanceResult, store: Store) -> InstanceResult:
    """Return the result with its streams put where ``store`` puts them."""
    if store is in_memory:
        return result
    if isinstance(result.output, bytes):
        result = replace(result, output=store(result.output))
    if isinstance(result.stderr, bytes):
        result = replace(result, stderr=store(result.stderr))
    return result
