# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipe on which instances ask the emulator to restart or stop them."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from .power_programs import FOLDER

# verb (reboot, poweroff, cancel) and time (now, +MINUTES, hh:mm) of a request
Listener = Callable[[str, str], None]


class PowerLine:
    """One named pipe for all instances of a fleet, linked into each; a key per instance says which one writes."""

    def __init__(self, path: Path) -> None:
        """Make the pipe at ``path``, on the file system of the instances' directories."""
        os.mkfifo(path, 0o600)
        self._path = path
        # open for writing as well: a script that opens it never waits, and its end does not look like an end of file
        self._handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._listeners: dict[str, Listener] = {}
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._handle, self._read)

    def connect(self, root: Path, listener: Listener) -> None:
        """Put the pipe and a new key into the instance at ``root``; its requests go to ``listener``."""
        folder = root / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        os.link(self._path, folder / "request")
        key = secrets.token_hex(16)
        handle = os.open(folder / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{key}\n")
        self._listeners[key] = listener

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove_reader(self._handle)
        os.close(self._handle)
        self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        *lines, self._rest = (self._rest + os.read(self._handle, 1 << 16)).split(b"\n")
        # a script may write what it likes; anything but a request of this form is ignored
        self._rest = self._rest[-256:]
        for line in lines:
            words = line.decode("ascii", "replace").split(" ")
            if len(words) == 3 and words[0] in self._listeners:
                self._listeners[words[0]](*words[1:])
