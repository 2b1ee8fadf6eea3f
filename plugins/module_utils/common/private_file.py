# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write text files that only their owner may read, in one step."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .errors import InputError


def check_writable(option: str, place: str) -> Path:
    """Return the path of a file that can be written, or replaced, as the value of ``option``.

    Raises InputError if its folder does not exist or may not be written to, or if something other than a plain file is
    in its place.
    """
    path = Path(place)
    try:
        if "\0" in place:
            raise ValueError("it contains a NUL character")
        if path.exists() and not path.is_file():
            raise InputError(option, f"{place} is not a regular file")
        if not path.parent.is_dir():
            raise InputError(option, f"the folder {path.parent} does not exist")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise InputError(option, f"the folder {path.parent} is not writable")
    except (OSError, ValueError) as error:  # such as too long a name
        raise InputError(option, f"is not a valid path: {getattr(error, 'strerror', None) or error}") from error
    return path


def write_private(path: Path, pieces: Iterable[str]) -> None:
    """Write the pieces of text to a new file with mode 0600, and put it in the place of an earlier one when complete.

    Characters that UTF-8 cannot encode are written in escaped form. Raises OSError.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(pieces)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
