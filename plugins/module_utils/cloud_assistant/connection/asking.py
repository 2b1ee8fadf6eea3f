# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Requests to the instance: calls of the runner's functions, and the contents that they work on."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from .failures import Refused

STDIN = "in"
"""The file that holds the standard input of a command."""

# the file that holds a command of more bytes than should stand among the lines of a request
_COMMAND = "command"
_LONG = 4_000


@dataclass(frozen=True)
class Content:
    """Bytes that a request needs in a file of that name.

    ``read_archive``: the bytes are a module that runs as the user who is connected, and so may read the store.
    """

    name: str
    data: bytes
    read_archive: bool = False


@dataclass(frozen=True)
class Step:
    """Something small that is done before a command: ``mkdir``, ``put``, ``chmod`` or ``remove``.

    ``command`` is the shell's text for it, ``path`` the folder or file, ``data`` what a ``put`` writes.
    """

    kind: str
    command: str = ""
    path: str = ""
    data: bytes = b""

    def is_below(self, folder: str) -> bool:
        """Return whether it is about this folder or something in it."""
        return folder in self.command or self.path == folder or self.path.startswith(f"{folder}/")


@dataclass
class Request:
    """Lines of shell, and the contents among them, in order."""

    items: list[str | Content] = field(default_factory=list)

    def add_steps(self, steps: Sequence[Step]) -> None:
        """Do these first, in order; the first one that fails ends the request, and the answer names its number."""
        for number, step in enumerate(steps):
            if step.kind == "put":
                self.items.append(Content(f"file{number}", step.data))
                self.add("put", str(number), f"file{number}", step.path)
            else:
                # the command runs even if something cannot be removed
                self.add("step", str(number), f"{step.command} || :" if step.kind == "remove" else step.command)

    def add(self, *words: str) -> None:
        """Call a function of the runner. Raises Refused for words that a shell cannot take."""
        for word in words:
            _encoded(word)
        self.items.append(" ".join(shlex.quote(word) for word in words) + "\n")


def _encoded(word: str) -> bytes:
    """Return the bytes of a command or path. Raises Refused where no shell can take it."""
    if "\0" in word:
        raise Refused("a command or a path must not contain a NUL character")
    try:
        return word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Refused("a command or a path is not valid UTF-8 text") from None


@dataclass(frozen=True)
class Command:
    """A command for the executable, with that on its standard input.

    ``own_user`` is false where it changes to another user, who cannot read what the instance keeps.
    """

    text: str
    stdin: bytes | None = None
    own_user: bool = True


def run_request(command: Command, executable: str, seconds: int, steps: Sequence[Step]) -> Request:
    """Do the steps, then run the command with the executable for so many seconds at most."""
    request = Request()
    request.add_steps(steps)
    if command.stdin:
        request.items.append(Content(STDIN, command.stdin, read_archive=command.own_user))
    text = _encoded(command.text)
    if len(text) > _LONG:
        # it travels like a file, in as many parts as it takes
        request.items.append(Content(_COMMAND, text))
        request.add("run_long", executable, _COMMAND, str(seconds))
    else:
        request.add("run", executable, command.text, str(seconds))
    return request


def steps_request(steps: Sequence[Step]) -> Request:
    """Do the steps alone. A file that is there already keeps its owner and mode when it is written."""
    request = Request()
    request.add_steps(steps)
    request.add("reply", "done rc=0")
    return request


def fetch_request(path: str, steps: Sequence[Step]) -> Request:
    """Do the steps, then read the file."""
    request = Request()
    request.add_steps(steps)
    request.add("fetch", path)
    return request


def part_lines(name: str) -> str:
    """Keep the load named part under this name for the request that joins it with others."""
    return f"part {name}\nreply 'done rc=0'\n"


def block_lines(nonce: str, number: int, last: bool) -> str:
    """Read one block of a long answer, and remove the answer with the last one."""
    return f"begin\nblock {nonce} {number} {'last' if last else ''}\n"
