# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The protocol of controller and instance: its version, its sizes, and the frame of an answer."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import zlib
from dataclasses import dataclass

from ...common.errors import CloudError
from ...common.numbers import natural_number

VERSION = 1
"""The version of the protocol. It stands in every frame, and rises with each change of what a frame means."""

MARK = f"ECSA/{VERSION}"

MAX_SCRIPT = 24 * 1024 // 4 * 3
"""Bytes of a script that RunCommand takes: 24 KB after Base64."""

BLOCK = 17_900
"""Bytes of an answer in one frame: in Base64, with the frame around it, less than the 24 KB that the agent keeps."""

HEX_BLOCK = 11_900
"""Bytes of an answer in one frame where the instance has no tool for Base64, and writes hexadecimal digits."""

_FIELD = re.compile(r"([a-z]+)=(\S+)")


class BadFrame(CloudError):
    """What the instance wrote is not a whole answer."""


@dataclass(frozen=True)
class Frame:
    """One answer of an instance: its kind, the rest of its first line, its fields, and its lines."""

    kind: str
    text: str
    fields: dict[str, str]
    lines: list[str]

    def number(self, name: str) -> int:
        """Return the field of that name as a number. Raises BadFrame if the answer has none."""
        value = natural_number(self.fields.get(name, ""))
        if value is None:
            raise BadFrame(f"the reply of the instance does not contain {name}")
        return value


def find_frame(output: bytes, nonce: str) -> Frame | None:
    """Return the frame with this nonce in what a script wrote; None if there is none, or its end is missing.

    Lines before and after the frame, such as warnings of the shell, are passed over.
    """
    begin, end = f"{MARK} {nonce} ", f"{MARK} {nonce} end"
    lines = output.decode("utf-8", "replace").splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith(begin)), None)
    if first is None:
        return None
    kind, _blank, text = lines[first].removeprefix(begin).partition(" ")
    if kind == "broken":
        # the instance had no more to say
        return Frame(kind, text, {}, [])
    try:
        last = lines.index(end, first + 1)
    except ValueError:
        return None
    return Frame(kind, text, dict(_FIELD.findall(text)), lines[first + 1 : last])


def is_public(output: bytes) -> bool:
    """Return whether a script wrote only one frame, and that frame holds nothing of a task or is sealed."""
    lines = output.decode("utf-8", "replace").splitlines()
    mark, _blank, rest = (lines or [""])[0].partition(" ")
    nonce, _blank, text = rest.partition(" ")
    kind = text.partition(" ")[0]
    whole = mark == MARK and lines[-1] == f"{MARK} {nonce} end"
    return whole and (kind in ("hello", "missing") or "seal" in dict(_FIELD.findall(text)))


def block(frame: Frame, encoding: str) -> bytes:
    """Return the bytes in a frame. ``encoding`` is the instance's tool for Base64, ``none`` for hexadecimal digits.

    Raises BadFrame where they cannot be read.
    """
    text = "".join(frame.lines)
    try:
        return bytes.fromhex(text) if encoding == "none" else base64.b64decode(text, validate=True)
    except ValueError:
        raise BadFrame("the reply of the instance is damaged") from None


def check(data: bytes, size: int, digest: str) -> bytes:
    """Return ``data``; raise BadFrame unless it has that size and SHA-256 (``-`` where the instance has no tool)."""
    if len(data) != size or digest not in ("-", hashlib.sha256(data).hexdigest()):
        raise BadFrame("the reply of the instance is damaged or truncated")
    return data


def unpack(frame: Frame, data: bytes, compression: str) -> tuple[bytes, bytes]:
    """Return the standard output and the standard error in ``data``, the whole answer. Raises BadFrame."""
    try:
        plain = data if compression == "none" else gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        raise BadFrame("the reply of the instance is damaged") from None
    out = frame.number("out")
    if len(plain) != out + frame.number("err"):
        raise BadFrame("the reply of the instance is truncated")
    return plain[:out], plain[out:]
