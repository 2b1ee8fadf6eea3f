# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the instance: calls of the runner's functions, and the contents that they work on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Content:
    """Bytes that a request needs in a file of that name.

    ``read_archive``: the bytes are a module that runs as the user who is connected, and so may read the store.
    """

    name: str
    data: bytes
    read_archive: bool = False


@dataclass
class Request:
    """Lines of shell, and the contents among them, in order."""

    items: list[str | Content] = field(default_factory=list)

    def add(self, *words: str) -> None:
        """Call a function of the runner."""
        self.items.append(" ".join(shlex.quote(word) for word in words) + "\n")


def run_request(command: str, stdin: bytes | None, executable: str, seconds: int, own_user: bool) -> Request:
    """Run the command with the executable, for so many seconds at most, and with that on its standard input.

    ``own_user``: the command runs as the user who is connected.
    """
    request = Request()
    if stdin:
        request.items.append(Content("in", stdin, read_archive=own_user))
    request.add("run", executable, command, str(seconds))
    return request


def put_request(path: str, data: bytes) -> Request:
    """Write the data to the file, which keeps its owner and mode where it is there already."""
    request = Request([Content("file", data)])
    request.add("put", "0", "file", path)
    request.add("reply", "done rc=0")
    return request


def fetch_request(path: str) -> Request:
    """Read the file."""
    request = Request()
    request.add("fetch", path)
    return request


def part_lines(name: str) -> str:
    """Keep the load named part under this name for the request that joins it with others."""
    return f"part {name}\nreply 'done rc=0'\n"


def block_lines(nonce: str, number: int, last: bool) -> str:
    """Read one block of a long answer, and remove the answer with the last one."""
    return f"begin\nblock {nonce} {number} {'last' if last else ''}\n"
