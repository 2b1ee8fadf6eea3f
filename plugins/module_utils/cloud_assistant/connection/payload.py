# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module as core sends it, taken apart into what is the same in every task and what is not."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

# Core writes a module as a Python text that holds a ZIP archive as one literal of Base64 (AnsiballZ).
_ZIP_LITERAL = re.compile(rb"'(UEsDB[A-Za-z0-9+/]{2000,}={0,2})'")
# The lines of that text which differ between two tasks with the same module: 2.16 to 2.18, then 2.19 and later.
_TASK_LINE = rb" *(?:ANSIBALLZ_PARAMS = '|zinfo\.date_time = \(|params='|date_time=datetime).*\n"
# From 2.19 on two lines name the module; without them its text is the one of every other module.
_NAME_LINE = rb"(?:ansible_module|module_fqn)='.*\n"
_TASK_LINES = re.compile(rb"(?m)^" + _TASK_LINE)
_OWN_LINES = re.compile(rb"(?m)^(?:%b|%b)" % (_TASK_LINE, _NAME_LINE))
_OWN_LINES_OF_A_TASK = 2
# bytes; a shorter text is not worth an id
_LEAST_MEMBER = 200

# ZIP: the signatures of a file's header and of its row in the directory, and where the time of a file stands in them
_HEADER, _HEADER_TIME = b"PK\x03\x04", 10
_ROW, _ROW_BYTES, _ROW_TIME = b"PK\x01\x02", 46, 12
# 1980-01-01 00:00, the earliest that the format knows
_FIXED_TIME = struct.pack("<HH", 0, 0x21)


@dataclass(frozen=True)
class Member:
    """Bytes that the instance keeps under their digest."""

    id: str
    data: bytes


@dataclass(frozen=True)
class Archive:
    """The text of a ZIP archive in Base64, which the instance makes of the archive's files and its directory."""

    id: str
    text: bytes
    files: tuple[Member, ...]
    directory: bytes


# pylint: disable-next=unsupported-binary-operation
Piece = bytes | Member | Archive


def member(data: bytes) -> Member:
    """The member that holds these bytes."""
    return Member(digest(data), data)


def digest(data: bytes) -> str:
    """The name of these bytes in the store: 32 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(data).hexdigest()[:32]


def take_apart(data: bytes) -> list[Piece] | None:
    """The pieces of a module's payload; None for anything else, which is to travel as it is.

    Put together they make the same program as ``data``. Only the times in the archive are others, so that the same
    files are the same bytes in every run.
    """
    literals = list(_ZIP_LITERAL.finditer(data))
    if len(literals) != 1:
        return None
    (literal,) = literals
    archive = _archive(literal[1])
    own = len(_TASK_LINES.findall(data[: literal.start()])) + len(_TASK_LINES.findall(data[literal.end() :]))
    if archive is None or own != _OWN_LINES_OF_A_TASK:
        return None
    before, after = data[: literal.start(1)], data[literal.end(1) :]
    return [*_text(before), archive, *_text(after)]


def _text(data: bytes) -> Iterator[Piece]:
    """The lines that all tasks with the module share as members, and between them those of this task."""
    position = 0
    for line in _OWN_LINES.finditer(data):
        yield from _shared(data[position : line.start()])
        yield line[0]
        position = line.end()
    yield from _shared(data[position:])


def _shared(data: bytes) -> Iterator[Piece]:
    if data:
        yield member(data) if len(data) >= _LEAST_MEMBER else data


def _archive(text: bytes) -> Archive | None:
    try:
        data = base64.b64decode(text, validate=True)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            starts = sorted(info.header_offset for info in archive.infolist())
            end = archive.start_dir
    except (binascii.Error, zipfile.BadZipFile, ValueError):
        return None
    files = [_without_time(data[a:b], _HEADER_TIME) for a, b in zip(starts, [*starts[1:], end], strict=True)]
    directory = _directory(data[end:], len(files))
    if directory is None or starts[:1] != [0] or not all(file.startswith(_HEADER) for file in files):
        return None
    made = base64.b64encode(b"".join(files) + directory)
    return Archive(digest(made), made, tuple(member(file) for file in files), directory)


def _directory(data: bytes, rows: int) -> bytes | None:
    """The archive's directory with fixed times; None where it is not laid out as expected."""
    found, position = [], 0
    for _row in range(rows):
        if data[position : position + 4] != _ROW:
            return None
        name, extra, comment = struct.unpack_from("<HHH", data, position + 28)
        end = position + _ROW_BYTES + name + extra + comment
        found.append(_without_time(data[position:end], _ROW_TIME))
        position = end
    return b"".join(found) + data[position:]


def _without_time(data: bytes, position: int) -> bytes:
    return data[:position] + _FIXED_TIME + data[position + 4 :]
