# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base64 as Go's standard encoding decodes it, with its error text, which is what users of the real agent see."""

from __future__ import annotations

import base64
import re

_CLEAN = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_ALPHABET = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_LINE_ENDS = b"\r\n"


class CorruptInput(ValueError):
    """Text that is not base64; ``str()`` is Go's message, with the offset of the first wrong byte."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"illegal base64 data at input byte {offset}")
        self.offset = offset


def decode(text: str) -> bytes:
    """Decode padded standard base64; CR and LF inside it are ignored. Raises CorruptInput."""
    bare = text.replace("\r", "").replace("\n", "")
    if _CLEAN.fullmatch(bare):
        return base64.b64decode(bare)
    raise CorruptInput(_first_fault(text.encode("utf-8", "surrogateescape")))


def _first_fault(data: bytes) -> int:
    """Return where a decoder that reads four characters at a time, as Go's does, stops."""
    position = filled = 0
    while position < len(data):
        byte = data[position]
        if byte in _ALPHABET:
            filled = (filled + 1) % 4
        elif byte == ord("=") and filled >= 2:
            return _padding_fault(data, position + 1, filled)
        elif byte not in _LINE_ENDS:
            return position
        position += 1
    return len(data) - filled


def _padding_fault(data: bytes, position: int, filled: int) -> int:
    """Return the fault after the first ``=``: a second one is missing, or something follows."""
    if filled == 2:
        position = _skip_line_ends(data, position)
        if position == len(data):
            return position
        if data[position] != ord("="):
            return position - 1
        position += 1
    return _skip_line_ends(data, position)


def _skip_line_ends(data: bytes, position: int) -> int:
    while position < len(data) and data[position] in _LINE_ENDS:
        position += 1
    return position
