# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request asks of the instance, as lines of shell."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass, field

from .scripts import Envelope, compressed


@dataclass
class Content:
    """Bytes that a request hands over under a name: in itself, or in parts that were sent before it.

    ``token`` and ``parts`` name the parts that are on the instance already.
    """

    name: str
    data: bytes
    token: str = ""
    parts: int = 0

    def lines(self, envelope: Envelope) -> str:
        """The lines that make the file."""
        if not self.token:
            return envelope.literal(self.name, self.data)
        digest = hashlib.sha256(self.data).hexdigest()
        return f"join {self.name} {self.token} {self.parts} {digest}\n"

    def packed(self, envelope: Envelope) -> bytes:
        """The bytes that the parts hold together."""
        return compressed(self.data) if envelope.knowledge.compression == "gzip" else self.data


@dataclass
class Request:
    """Lines of shell, and the contents among them, in order."""

    items: list[str | Content] = field(default_factory=lambda: ["begin\n"])

    def contents(self) -> list[Content]:
        """All contents."""
        return [item for item in self.items if isinstance(item, Content)]

    def add(self, *words: str) -> None:
        """Call a function of the runner."""
        self.items.append(" ".join(shlex.quote(word) for word in words) + "\n")

    def hand_over(self, name: str, data: bytes) -> None:
        """Write the data to a file of that name."""
        self.items.append(Content(name, data))

    def body(self, envelope: Envelope) -> str:
        """The text of the request."""
        return "".join(item if isinstance(item, str) else item.lines(envelope) for item in self.items)


def run_request(command: str, stdin: bytes | None, executable: str, seconds: int) -> Request:
    """Run the command with the executable, for so many seconds at most, and with that on its standard input."""
    request = Request()
    if stdin:
        request.hand_over("in", stdin)
    request.add("run", executable, command, str(seconds))
    return request


def put_request(path: str, data: bytes) -> Request:
    """Write the data to the file, which keeps its owner and mode where it is there already."""
    request = Request()
    request.hand_over("file", data)
    request.add("put", "0", "file", path)
    request.add("reply", "done rc=0")
    return request


def fetch_request(path: str) -> Request:
    """Read the file."""
    request = Request()
    request.add("fetch", path)
    return request


def part_request(name: str, data: bytes) -> Request:
    """Keep one part of a content for the request that joins them."""
    request = Request()
    request.hand_over("part", data)
    request.add("part", name)
    request.add("reply", "done rc=0")
    return request


def block_request(nonce: str, number: int, last: bool) -> Request:
    """Read one block of a long answer, and remove the answer with the last one."""
    request = Request()
    request.add("block", nonce, str(number), "last" if last else "")
    return request
