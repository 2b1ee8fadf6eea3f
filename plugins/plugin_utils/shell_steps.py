# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Defer the housekeeping around a module to the next command, so that it needs no exchange of its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from ..module_utils.cloud_assistant.connection.asking import Step

Answer = tuple[int, bytes, bytes]

# A folder that core makes for one task: its name is core's own, so what the command prints is known beforehand.
_MAKES = re.compile(r'mkdir "` echo (/[\w/.,+@-]+) `" && echo ([\w.-]+)="` echo \1 `"')
_REMOVES = ["rm", "-f", "-r"]
# what core appends to a command
_SLEEP = " && sleep 0"


class ShellSteps:
    """Notes what the shell plugin's commands are for as core asks for them, and answers what needs no exchange.

    Core asks the shell plugin for the text of a command and has the connection run it. The notes are kept by that text:
    a text that is not noted is run unchanged.
    """

    def __init__(self, shell: Any, user: Callable[[], str]) -> None:
        self._user = user
        self._notes: dict[str, Callable[[], Answer | None]] = {}
        self._homes: set[str] = set()
        self._folders: set[str] = set()
        self.waiting: list[Step] = []
        """The steps that the next request carries, in order."""
        for name, note in (
            ("mkdtemp", self._note_mkdtemp),
            ("chmod", self._note_chmod),
            ("remove", self._note_remove),
            ("expand_user", self._note_expand_user),
        ):
            self._watch(shell, name, note)

    def answer(self, command: str, home: Callable[[], str]) -> Answer | None:
        """Return the answer to a command that need not be run now; None for any other.

        ``home`` gives the home folder of the user who is connected.
        """
        text = inner_command(command)
        if text in self._homes and text == self._own_home():
            return 0, home().encode() + b"\n", b""
        note = self._notes.get(text)
        return note() if note else None

    def put(self, path: str, data: bytes) -> bool:
        """Return whether the file can wait for the next request: it is in a folder that core made for this task."""
        if not any(PurePosixPath(path).is_relative_to(folder) for folder in self._folders):
            return False
        self.waiting.append(Step("put", path=path, data=data))
        return True

    def take(self) -> list[Step]:
        """Return the steps that wait, which the caller runs now."""
        steps, self.waiting = self.waiting, []
        return steps

    def _watch(self, shell: Any, name: str, note: Callable[[str], None]) -> None:
        original = getattr(shell, name, None)
        if original is None:
            return

        def watched(*args: Any, **kwargs: Any) -> Any:
            text = original(*args, **kwargs)
            if isinstance(text, str):
                note(text)
            return text

        setattr(shell, name, watched)

    def _note_mkdtemp(self, text: str) -> None:
        found = _MAKES.search(text)
        if found is None:
            return
        path, name = found.groups()

        def make() -> Answer:
            self._folders.add(path)
            self.waiting.append(Step("mkdir", command=text, path=path))
            return 0, f"{name}={path}\n".encode(), b""

        self._notes[text] = make

    def _note_chmod(self, text: str) -> None:
        _chmod, mode, *paths = shlex.split(text)
        # With another mode the exit code decides what core does next.
        if not mode.startswith("u+"):
            return

        def change() -> Answer | None:
            if not all(any(PurePosixPath(path).is_relative_to(base) for base in self._folders) for path in paths):
                return None
            self.waiting.append(Step("chmod", command=text))
            return 0, b"", b""

        self._notes[text] = change

    def _note_remove(self, text: str) -> None:
        *command, path = shlex.split(text)[: len(_REMOVES) + 1]
        if command != _REMOVES:
            return
        folder = path.rstrip("/")

        def remove() -> Answer | None:
            if folder not in self._folders:
                return None
            if any(step.kind == "mkdir" and step.path == folder for step in self.waiting):
                # nothing in it was needed: all that waits is for this folder, or for another one
                self.waiting = [step for step in self.waiting if not step.is_below(folder)]
            else:
                self.waiting.append(Step("remove", command=text, path=folder))
            return 0, b"", b""

        self._notes[text] = remove

    def _note_expand_user(self, text: str) -> None:
        if text == self._own_home():
            self._homes.add(text)

    def _own_home(self) -> str:
        return f"echo ~{self._user()}"


def inner_command(command: str) -> str:
    """Return the command of the shell plugin within the one that core hands to a connection."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    if len(words) != 3 or words[1] != "-c":
        return command
    return words[2].removesuffix(_SLEEP)
