# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""A module as core sends it, taken apart into what is the same in every task and what is not."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
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
_INTERPRETER = re.compile(rb"#! *([\w./+-]*python[\w.]*)\s*\n")
# bytes; a shorter text is not worth an id
_LEAST_MEMBER = 200

# the earliest time that a ZIP archive can name
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


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
    """Return the member that holds these bytes."""
    return Member(digest(data), data)


def digest(data: bytes) -> str:
    """Return the name of these bytes in the store: 32 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(data).hexdigest()[:32]


def interpreter(data: bytes) -> str:
    """Return the Python that a module's payload names in its first line; empty if it names none."""
    found = _INTERPRETER.match(data)
    return found[1].decode() if found else ""


def take_apart(data: bytes) -> list[Piece] | None:
    """Return the pieces of a module's payload; None for anything else, which is sent unchanged.

    Put together they make the same program as ``data``. Only the archive is laid out in another way: the same files
    are the same bytes in every run.
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
    """Yield the lines that all tasks with the module share as members, and between them those of this task."""
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
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(text, validate=True))) as archive:
            files = {info.filename: archive.read(info) for info in archive.infolist()}
    except (binascii.Error, zipfile.BadZipFile, zlib.error, ValueError):
        return None
    data, starts = _stored(files)
    made = base64.b64encode(data)
    members = tuple(member(data[start:end]) for start, end in zip(starts, starts[1:], strict=False))
    return Archive(digest(made), made, members, data[starts[-1] :])


def _stored(files: Mapping[str, bytes]) -> tuple[bytes, list[int]]:
    """Return the same archive without compression and times, and where its files and its directory begin in it.

    Text is much shorter where it is compressed as a whole, and the same files are the same bytes in every run.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED_TIME), data)
        starts = [info.header_offset for info in archive.infolist()]
        starts.append(archive.fp.tell() if archive.fp else 0)
    return file.getvalue(), starts
