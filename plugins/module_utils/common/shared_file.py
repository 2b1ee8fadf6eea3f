# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Files that several processes of one user work with at once: locks that end with their process, and documents."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .atomic_file import write_private


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of this file or folder, which one process and thread has at a time. Raises OSError."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def try_lock(path: Path, *, create: bool = True) -> int | None:
    """Return a handle that holds the lock of this file until it is closed; None if another process holds it.

    The system closes the handles of a process that ends, however it ends. Raises OSError.
    """
    handle = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


class SharedDocument:
    """A JSON object in a file that only its owner can read. Readers need no lock: it is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """Return the document; an empty one where there is none, or where its file is not the user's own or damaged."""
        with contextlib.suppress(OSError, ValueError), self.path.open(encoding="utf-8") as file:
            document = json.load(file)
            if os.fstat(file.fileno()).st_uid == os.geteuid() and isinstance(document, dict):
                return document
        return {}

    @contextmanager
    def opened(self) -> Iterator[dict[str, Any]]:
        """Give the document to one process at a time, and save it afterwards.

        Nothing is saved if the block raises an exception. Raises OSError.
        """
        with locked(self.path.with_suffix(".lock")):
            document = self.read()
            before = json.dumps(document)
            yield document
            after = json.dumps(document)
            if after != before:
                write_private(self.path, [after])
