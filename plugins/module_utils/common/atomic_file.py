# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Write files in one step: whole or not at all, and with their permissions from the start."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from .checks import refuse_empty
from .errors import InputError


def check_writable(option: str, place: str) -> Path:
    """Return the path of a file that can be written, or replaced, as the value of ``option``.

    Raises InputError if its folder does not exist or may not be written to, or if something other than a plain file is
    in its place.
    """
    refuse_empty(option, place)
    path = Path(place)
    try:
        if "\0" in place:
            raise ValueError("it contains a NUL character")
        if path.exists() and not path.is_file():
            raise InputError(option, f"{place} is not a regular file")
        if path.parent.exists() and not path.parent.is_dir():
            raise InputError(option, f"{path.parent} is not a directory")
        if not path.parent.is_dir():
            raise InputError(option, f"the directory {path.parent} does not exist")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise InputError(option, f"the directory {path.parent} is not writable")
    except (OSError, ValueError) as error:  # such as too long a name
        raise InputError(option, f"is not a valid path: {getattr(error, 'strerror', None) or error}") from error
    return path


PRIVATE = 0o600
"""Permissions of a file that only its owner may read."""


@contextlib.contextmanager
def replacing(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Give a new file with these permissions; at the end, put it in the place of an earlier one.

    If that fails, or what is done with the file, the earlier one stays. Raises OSError.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if mode != PRIVATE:
                os.fchmod(file.fileno(), mode)
            yield file
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_private(path: Path, pieces: Iterable[str]) -> None:
    """Write the pieces of text to a file that only its owner may read, in the place of an earlier one.

    Characters that UTF-8 cannot encode are written in escaped form. Raises OSError.
    """
    with replacing(path) as file:
        file.writelines(piece.encode("utf-8", "backslashreplace") for piece in pieces)
