# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's end of the spawner: requests, file descriptors and replies on an asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .spawner import MESSAGE_BYTES

_START_SECONDS = 20
# the spawner must not be killed before it has ended the daemons of thousands of instances: they would outlive it
_STOP_SECONDS = 60
_BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from emulator.instance import spawner; spawner.main()"
_TEXTS = {
    "namespace": "each instance has its own files, users and host name (private mount namespaces); the machine's"
    " programs are visible read-only, its network and processes are shared",
    "user-namespace": "each instance has its own files and host name (private mount namespaces of an unprivileged"
    " user); scripts run as this user, shown as root, and cannot switch to another one",
    "none": "no private mount namespaces here: scripts see the machine's own files; HOME, TMPDIR and sent files lie in"
    " each instance's directory",
}


class Host:
    """Runs the processes of all instances of one emulator.

    ``isolation``: "auto" takes the best that the machine allows; "namespace", "user-namespace" and "none" insist on
    one, and OSError says why it cannot be had. ``close`` leaves no process behind; so does the end of this process.
    """

    def __init__(self, isolation: str = "auto") -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MESSAGE_BYTES)
        tests = str(Path(__file__).resolve().parents[2])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, tests, str(theirs.fileno()), isolation],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=False,
            )
        self._channel = ours
        ours.settimeout(_START_SECONDS)
        data = ours.recv(MESSAGE_BYTES)
        hello = json.loads(data) if data else {"failure": "the spawner ended at its start"}
        if "failure" in hello:
            ours.close()
            self._process.wait()
            raise OSError(hello["failure"])
        ours.setblocking(False)
        self.isolation: str = hello["isolation"]
        self.shells: list[str] = hello["shells"]
        self._reason: str = hello["reason"]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._unsent: deque[tuple[bytes, list[int]]] = deque()

    def describe(self) -> str:
        """Return one line for the start-up: how far instances are kept apart from the machine, and why not farther."""
        text = _TEXTS[self.isolation]
        return f"{text} ({self._reason})" if self._reason else text

    # -- requests ------------------------------------------------------------------------------------------------

    def start(self, request: dict[str, Any], handles: list[int]) -> tuple[int, asyncio.Future[int]]:
        """Start a process; its number and the future of its exit status (negative: the signal). Closes handles."""
        self._attach()
        number = next(self._ids)
        ended = asyncio.get_running_loop().create_future()
        self._waiting[number] = ended
        self._send({**request, "id": number}, handles)
        return number, ended

    def kill(self, number: int, *, tree: bool) -> None:
        """SIGKILL to the process of that number and, with ``tree``, to its descendants first."""
        self._send({"op": "kill", "id": number, "tree": tree}, [])

    async def kill_instance(self, root: Path, mark: str) -> None:
        """End all processes of the instance whose root directory this is, or whose environment holds ``mark``."""
        self._attach()
        number = next(self._ids)
        done = asyncio.get_running_loop().create_future()
        self._waiting[number] = done
        self._send({"op": "kill_all", "id": number, "root": str(root), "mark": mark}, [])
        await done

    def close(self) -> None:
        """End every process of every instance and the spawner itself; may be called again."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._channel)
            self._loop.remove_writer(self._channel)
        self._loop = None
        self._channel.close()
        while self._unsent:
            _close(self._unsent.popleft()[1])
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._fail_all("the instance host was closed")

    # -- the socket ----------------------------------------------------------------------------------------------

    def _attach(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise RuntimeError("a Host serves one event loop at a time")
        self._loop = loop
        loop.add_reader(self._channel, self._receive)

    def _send(self, message: dict[str, Any], handles: list[int]) -> None:
        if self._channel.fileno() < 0:
            _close(handles)
            raise ConnectionError("the instance host was closed")
        self._unsent.append((json.dumps(message).encode(), handles))
        if len(self._unsent) == 1:
            self._flush()

    def _flush(self) -> None:
        assert self._loop is not None
        while self._unsent:
            data, handles = self._unsent[0]
            try:
                socket.send_fds(self._channel, [data], handles)
            except BlockingIOError:
                self._loop.add_writer(self._channel, self._flush)
                return
            except OSError as error:
                _close(self._unsent.popleft()[1])
                self._fail_all(f"the spawner is gone: {error}")
                continue
            self._unsent.popleft()
            _close(handles)
        self._loop.remove_writer(self._channel)

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self._channel.recv(MESSAGE_BYTES)
                if not data:
                    assert self._loop is not None
                    self._loop.remove_reader(self._channel)
                    self._fail_all("the spawner ended")
                    return
                reply = json.loads(data)
                future = self._waiting.pop(reply.get("exit", reply.get("done")), None)
                if future is not None and not future.done():
                    future.set_result(reply.get("status", 0))

    def _fail_all(self, text: str) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            with contextlib.suppress(RuntimeError):
                if not future.done():
                    future.set_exception(ConnectionError(text))
                    # perhaps no one is waiting for it any more
                    future.exception()


class PipeReader:
    """Collects what arrives in a pipe until its last writer closes it; never blocks.

    ``ended`` is done then. A task that is cancelled while it waits for that cancels it, and the pipe is read on.
    """

    def __init__(self, handle: int, on_data: Callable[[bytes], None]) -> None:
        os.set_blocking(handle, False)
        self._handle = handle
        self._on_data = on_data
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(handle, self._read)
        self._open = True
        self.ended = self._loop.create_future()

    def _read(self) -> None:
        try:
            data = os.read(self._handle, 1 << 18)
        except BlockingIOError:
            return
        if data:
            self._on_data(data)
        else:
            self.close()

    def take_all(self) -> None:
        """Read what is in the pipe now."""
        while self._open:
            try:
                data = os.read(self._handle, 1 << 18)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            self._on_data(data)

    def discard(self) -> None:
        """From now on read and forget, so that a process left in the background is not hurt by writing."""
        self._on_data = lambda _data: None

    def close(self) -> None:
        """Stop reading."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._handle)
            os.close(self._handle)
            if not self.ended.done():
                self.ended.set_result(None)


def _close(handles: list[int]) -> None:
    for handle in handles:
        os.close(handle)
