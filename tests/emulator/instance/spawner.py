# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small process that forks every script: cheap to fork, and the parent that orphans come back to."""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from .process import ScriptProcess, write_sent_file
from .view import NONE, Machine

MESSAGE_BYTES = 1 << 17
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_PR_CAPBSET_DROP = 24
_CAP_SYS_BOOT = 22
_STANDARD_ERROR = 2
# what `ps` shows as the parent of a script on a real instance
_NAME = b"aliyun-service"
# what systemd gives a service
_OPEN_FILES = 1024


class Spawner:
    """Serves one socket: starts and kills processes on request, tells of each one's end, dies with the socket."""

    def __init__(self, channel: socket.socket, machine: Machine) -> None:
        self.channel = channel
        self.machine = machine
        self.pids: dict[int, int] = {}
        self.runs: dict[int, dict[str, Any]] = {}

    def serve(self) -> None:
        """Work until the other side is gone; then leave no process behind."""
        wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.channel.shutdown(socket.SHUT_RD))
        poller = select.poll()
        poller.register(self.channel, select.POLLIN)
        poller.register(wake, select.POLLIN)
        while True:
            ready = {handle for handle, _unused in poller.poll()}
            if wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 65536)
                self.reap()
            if self.channel.fileno() in ready and not self.receive():
                break
        self.kill_while(self.descendants)

    def receive(self) -> bool:
        """Handle one request; False when the socket is closed."""
        try:
            data, ancillary, _flags, _address = self.channel.recvmsg(MESSAGE_BYTES, socket.CMSG_SPACE(4 * 3))
        except ConnectionError:
            return False
        if not data:
            return False
        handles = array.array("i")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                handles.frombytes(payload[: len(payload) - len(payload) % handles.itemsize])
        request = json.loads(data)
        if request["op"] in ("run", "file"):
            self.start(request, list(handles))
        elif request["op"] == "kill":
            self.kill_run(request["id"], tree=request["tree"])
        elif request["op"] == "kill_all":
            self.kill_instance(request["root"], request["mark"])
            self.tell({"done": request["id"]})
        return True

    def tell(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):
            self.channel.send(json.dumps(message).encode())

    # -- start and end -------------------------------------------------------------------------------------------

    def start(self, request: dict[str, Any], handles: list[int]) -> None:
        """Fork the process of one task. ``handles``: status, content and, for a run, output."""
        names = dict(zip(("status", "content", "output"), handles, strict=False))
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _keep_open(handles)
            if request["op"] == "run":
                ScriptProcess(self.machine, request).run(names)
            write_sent_file(self.machine, request, names)
        for handle in handles:
            os.close(handle)
        self.pids[pid] = request["id"]
        self.runs[request["id"]] = {"pid": pid, "root": request["root"]}

    def reap(self) -> None:
        """Tell the end of each task's process; orphans of earlier ones end here silently."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            run = self.pids.pop(pid, None)
            if run is not None:
                del self.runs[run]
                self.tell({"exit": run, "status": os.waitstatus_to_exitcode(status)})

    # -- kill ----------------------------------------------------------------------------------------------------

    def kill_run(self, run: int, *, tree: bool) -> None:
        """SIGKILL to the direct child; with ``tree`` to its descendants first."""
        known = self.runs.get(run)
        if known is None:
            return
        if tree:
            for pid in reversed(_below(known["pid"])):
                _kill(pid)
        _kill(known["pid"])

    def kill_instance(self, root: str, mark: str) -> None:
        """End every process of one instance: scripts, their children, daemons that they left."""
        self.kill_while(lambda: self.of_instance(root, mark))

    def of_instance(self, root: str, mark: str) -> list[int]:
        """Return ids of the living processes of an instance."""
        direct = {run["pid"] for run in self.runs.values() if run["root"] == root}
        pids = self.descendants()
        if self.machine.isolation == NONE:
            return [pid for pid in pids if pid in direct or mark.encode() in _environment(pid)]
        place = _identity(root)
        return [pid for pid in pids if pid in direct or _identity(f"/proc/{pid}/root/") == place]

    def descendants(self) -> list[int]:
        """Return ids of all living processes that came from this one."""
        return _below(os.getpid())

    def kill_while(self, find: Callable[[], list[int]]) -> None:
        """Kill until a look finds nothing alive; each killed process is waited for."""
        while pids := find():
            for pid in pids:
                _kill(pid)
            time.sleep(0.001)
            self.reap()


def _keep_open(handles: list[int]) -> None:
    """Close every descriptor but the standard ones and ``handles``, and those at the start of another program.

    A script must not find the spawner's socket: whoever writes to that rules over the scripts of all instances.
    """
    last = _STANDARD_ERROR
    for handle in sorted(handles):
        os.set_inheritable(handle, False)
        os.closerange(last + 1, handle)
        last = handle
    os.closerange(last + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _below(root: int) -> list[int]:
    """Return ids of the living descendants of a process, parents before children."""
    found: list[int] = []
    todo = [root]
    while todo:
        todo = [child for parent in todo for child in _children(parent)]
        found += todo
    return found


def _children(pid: int) -> list[int]:
    """Return ids of the living children of a process, all of whose threads count."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                children += [int(word) for word in file.read().split()]
    return [child for child in children if _lives(child)]


def _lives(pid: int) -> bool:
    """Return False for a process that has ended and only waits to be collected."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    return False


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _identity(path: str) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    return None


def _environment(pid: int) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()
    return b""


def _limit_open_files() -> None:
    """Give scripts the usual number of open files; the emulator, from which it is inherited, has raised its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, _OPEN_FILES), hard))


def main() -> None:
    """``argv``: number of the inherited socket, wanted isolation."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.setsid()
    _limit_open_files()
    os.umask(0o022)
    os.chdir("/")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NAME, _NAME, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # no script may restart the machine, with any system call; without the right to drop it there is none
    libc.prctl(_PR_CAPBSET_DROP, _CAP_SYS_BOOT, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        machine = Machine(sys.argv[2])
    except OSError as error:
        channel.send(json.dumps({"failure": str(error)}).encode())
        return
    spawner = Spawner(channel, machine)
    # a collection in a forked process would copy every page that it looks at
    gc.freeze()
    gc.disable()
    spawner.tell({"isolation": machine.isolation, "reason": machine.reason, "shells": sorted(machine.shells)})
    spawner.serve()
