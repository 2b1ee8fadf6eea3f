# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The shell scripts that read a file on an instance, whole or range by range, and what they print.

They are POSIX sh for Linux and need sha256sum, stat, base64 and dd, as coreutils or BusyBox have them, and gzip for
files that do not fit into one output.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..runs.rounds import RANGE_BYTES
from .parts import MAX_FILE_BYTES
from .shell import PRELUDE, invalid_output, script_with

INLINE_BYTES = 17000
"""Bytes of a file that the first look brings along."""

# the copy belongs to one task: several may fetch the same file at the same time
_STAGE = (
    PRELUDE
    + r"""
umask 077
stage=${HOME:-/root}/.cache/cloud-assistant/fetch-$copy
"""
)

_LOOK = r"""
need sha256sum stat base64
if [ -d "$file" ]; then fail FilePathInvalid "$file is a directory"; fi
[ -e "$file" ] || fail FileNotFound "$file does not exist"
[ -f "$file" ] || fail FilePathInvalid "$file is not a regular file"
size=$(wc -c <"$file") || fail FileUnreadable "$file cannot be read"
size=$((size + 0))
[ "$size" -le "$largest" ] || fail FileTooLarge "$file has $size bytes; at most $largest can be fetched"
if [ "$size" -le "$inline" ]; then
  # what is printed is what is summed up, even if the file changes meanwhile
  encoded=$(base64 <"$file")
  digest=$(printf '%s\n' "$encoded" | base64 -d | sha256sum)
  size=$(printf '%s\n' "$encoded" | base64 -d | wc -c)
else
  encoded=''
  digest=$(sha256sum <"$file")
fi
say "sha256 ${digest%% *}"
say "size $((size + 0))"
stat -L -c 'mode %a' "$file"
stat -L -c 'owner %U' "$file"
stat -L -c 'group %G' "$file"
say state found
if [ "$write" = 1 ] && [ "$size" -le "$inline" ]; then say content; say "$encoded"; fi
"""

_SNAPSHOT = r"""
need sha256sum gzip dd base64
# what killed tasks have left
find "${stage%/*}" -name 'fetch-*' -prune -mtime +1 -exec rm -rf {} + 2>/dev/null
mkdir -p "$stage" && cd "$stage" || fail FileCreateFail "$stage cannot be created"
gzip -nc <"$file" >data 2>/dev/null ||
  { rm -rf "$stage"; fail FileCreateFail "there is not enough space in $stage for a copy of $file"; }
size=$(gzip -dc <data | wc -c)
size=$((size + 0))
# it may have grown since the look
[ "$size" -le "$largest" ] ||
  { rm -rf "$stage"; fail FileTooLarge "$file has $size bytes; at most $largest can be fetched"; }
digest=$(gzip -dc <data | sha256sum)
stream=$(sha256sum <data)
say "sha256 ${digest%% *}"
say "size $size"
say "stream ${stream%% *}"
say "length $(($(wc -c <data) + 0))"
say state found
"""

_RANGE = r"""
[ -f "$stage/data" ] || fail SnapshotGone "the copy in $stage no longer exists"
say state found
say content
dd if="$stage/data" bs="$bytes" skip="$skip" count=1 2>/dev/null | base64
"""

_TIDY = r"""
rm -rf "$stage"
rmdir "${stage%/*}" 2>/dev/null
say state tidy
"""


def look_script(path: str, *, write: bool) -> str:
    """Return the script that reports what the file is and, with ``write``, the content of a small one."""
    values: dict[str, str | int | bool] = {
        "file": path,
        "write": write,
        "inline": INLINE_BYTES,
        "largest": MAX_FILE_BYTES,
    }
    return script_with(values, PRELUDE + _LOOK)


def snapshot_script(path: str, copy: str) -> str:
    """Return the script that makes a compressed copy, so that all ranges are of the same content."""
    return script_with({"file": path, "copy": copy, "largest": MAX_FILE_BYTES}, _STAGE + _SNAPSHOT)


def range_script(copy: str, number: int) -> str:
    """Return the script that prints a range of the copy, numbered from 1."""
    return script_with({"copy": copy, "bytes": RANGE_BYTES, "skip": number - 1}, _STAGE + _RANGE)


def tidy_script(copy: str) -> str:
    """Return the script that removes the copy."""
    return script_with({"copy": copy}, _STAGE + _TIDY)


@dataclass(frozen=True)
class Found:
    """What one of the scripts printed; ``content`` are the bytes that came along, None where none did."""

    facts: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    error_code: str = ""
    error_info: str = ""


def read_found(output: bytes, dropped: int = 0) -> Found:
    """Return what a script printed; anything that is not whole becomes the error INVALID_OUTPUT.

    ``dropped`` is the number of bytes that the service cut out of the output.
    """
    text, mark, encoded = output.decode("utf-8", "replace").partition("\ncontent\n")
    facts: dict[str, str] = {}
    for line in text.splitlines():
        word, _blank, value = line.partition(" ")
        if word == "error":
            code, _blank, info = value.partition(" ")
            return Found(error_code=code, error_info=info)
        facts[word] = value
    content = None
    if mark:
        try:
            content = base64.b64decode("".join(encoded.split()), validate=True)
        except binascii.Error:
            dropped = dropped or 1
    if dropped or "state" not in facts:
        code, info = invalid_output(text)
        return Found(error_code=code, error_info=info)
    return Found(facts, content)
