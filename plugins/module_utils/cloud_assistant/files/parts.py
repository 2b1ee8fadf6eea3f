# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""A file cut into the numbered parts that it travels in, and the numbers of those that are missing."""

from __future__ import annotations

import hashlib
import math
import zlib
from dataclasses import dataclass, field

PART_BYTES = 24 * 1024
"""Bytes in one part: 32 KB after Base64 (SendFile, Content)."""

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Bytes that a file may have; beyond that, the number of calls is out of proportion."""

SAMPLE_BYTES = 1024 * 1024
"""Bytes that are compressed as a trial: if they do not shrink, the file is not compressed."""


@dataclass(frozen=True)
class Parcel:
    """A file prepared for the transfer.

    ``sha256`` and ``size`` (bytes) are those of the file. ``stream`` is what the parts make up, in their order: the
    file itself or its gzip form, as ``compressed`` says. ``stream_id`` distinguishes streams.
    """

    sha256: str
    size: int
    compressed: bool
    stream: bytes = field(repr=False)
    stream_id: str
    part_bytes: int = PART_BYTES

    @property
    def count(self) -> int:
        """The number of parts; an empty file has none."""
        return math.ceil(len(self.stream) / self.part_bytes)

    def part(self, number: int) -> bytes:
        """Return the bytes of a part, numbered from 1."""
        return self.stream[(number - 1) * self.part_bytes : number * self.part_bytes]

    def part_name(self, number: int) -> str:
        """Return the file name of a part, which holds a digest of it: which shows whether the part arrived whole."""
        return f"{self.stream_id}.{number:04d}.{hashlib.sha256(self.part(number)).hexdigest()[:16]}"


def pack(data: bytes, *, compress: bool = True, part_bytes: int = PART_BYTES) -> Parcel:
    """Prepare a file for the transfer, compressed where that saves a part and ``compress`` allows it."""
    stream, compressed = data, False
    if compress and len(data) > part_bytes:
        small = _gzip(data)
        if small is not None and math.ceil(len(small) / part_bytes) < math.ceil(len(data) / part_bytes):
            stream, compressed = small, True
    return Parcel(
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        compressed=compressed,
        stream=stream,
        stream_id=hashlib.sha256(b"gzip" + stream if compressed else stream).hexdigest()[:16],
        part_bytes=part_bytes,
    )


def _gzip(data: bytes) -> bytes | None:
    """Return the gzip form, always the same for the same data; None for data that does not shrink."""
    sample = data[:SAMPLE_BYTES]
    if len(data) > SAMPLE_BYTES and len(zlib.compress(sample, 1)) > len(sample) * 0.95:
        return None
    # wbits 31: gzip framing, with no time stamp in its header
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def parse_numbers(text: str) -> set[int]:
    """Return the numbers of ranges such as ``1-3,7-7``. Raises ValueError for anything else."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _dash, last = part.partition("-")
        numbers.update(range(int(first), int(last) + 1))
    return numbers
