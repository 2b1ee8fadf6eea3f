# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One instance: runs its scripts and takes its files as the Cloud Assistant agent on it would."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import hashlib
import inspect
import json
import os
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import agent_placeholders, go_base64, launcher_option
from .host import Host, PipeReader
from .output import OutputBuffer
from .process import EXTENSIONS
from .tasks import FileReport, FileTask, Interrupted, Report, ScriptTask, invalid, refused
from .view import SCRIPT_DIR

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DEFAULT_TIMEOUT = 3600
_FILE_NAME_BYTES = 255
# where a script file may lie below the root directory: for a user, in a view of its own, without one
_SCRIPT_FOLDERS = ("tmp", SCRIPT_DIR.replace("/usr/local", ".view/local"), SCRIPT_DIR.lstrip("/"))


@dataclass
class _Run:
    """A script that is being started or runs."""

    number: int | None = None
    stopped: bool = False
    interrupted: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Agent:
    """The agent of one instance.

    ``root``: the instance's private directory, kept between runs. ``shell``: what its /bin/sh is. ``isolation``: see
    Host. ``host``: shared by all instances of an emulator; without it one for the whole process is made.
    ``drain`` seconds the agent waits, after the script's end, for output of what the script left running.
    ``interim`` seconds between two calls of ``on_output``.
    ``names_in_shell``: a command's name is part of the script's path, which a shell gets without quoting, as from the
    recorded agent. ``without`` programs of these names, and with ``noexec_tmp`` running nothing from /tmp:
    both need a root directory of the instance's own.
    """

    def __init__(
        self,
        root: Path,
        *,
        shell: str = "dash",
        isolation: str = "auto",
        host: Host | None = None,
        instance_id: str = "",
        host_name: str = "",
        drain: float = 0.2,
        interim: float = 3.0,
        environment: Mapping[str, str] | None = None,
        names_in_shell: bool = False,
        without: Sequence[str] = (),
        noexec_tmp: bool = False,
    ) -> None:
        self.root = Path(root).resolve()
        self.shell = shell
        self.instance_id = instance_id or self.root.name
        self.host_name = host_name
        self.drain = drain
        self.interim = interim
        self.names_in_shell = names_in_shell
        self.without = list(without)
        self.noexec_tmp = noexec_tmp
        self._boot_id = str(uuid.uuid4())
        self._host = host or _shared_host(isolation)
        # unique to the instance: tells its processes from other instances' where there is no mount namespace
        self._mark = uuid.uuid5(uuid.NAMESPACE_URL, str(self.root)).hex
        self._environment = dict(environment) if environment is not None else self._service_environment()
        self._runs: dict[str, _Run] = {}

    def _service_environment(self) -> dict[str, str]:
        """Return the variables of a service of systemd, which is all that a script gets; HOME is added for each."""
        return {
            "PATH": PATH,
            "LANG": "C.UTF-8",
            "INVOCATION_ID": self._mark,
            "JOURNAL_STREAM": "8:12345",
            "SYSTEMD_EXEC_PID": "4242",
            "GODEBUG": "execerrdot=0",
        }

    # -- scripts -------------------------------------------------------------------------------------------------

    async def run(self, task: ScriptTask, on_output: Callable[[bytes], Any] | None = None) -> Report:
        """Run a script until it exits. Raises Interrupted when the instance goes down, ValueError for an id that runs.

        ``on_output`` gets new bytes of the output's head every ``interim`` seconds; it may be a coroutine function.
        """
        if task.task_id in self._runs:
            raise ValueError(f"task {task.task_id} is already running")
        if task.type not in EXTENSIONS:
            return invalid("TypeInvalid", f"TypeInvalid_{task.type}")
        try:
            content = go_base64.decode(task.content_b64)
        except go_base64.CorruptInput as error:
            return invalid("CommandContentInvalid", str(error))
        run = self._runs[task.task_id] = _Run()
        try:
            return await self._run(run, task, content, on_output)
        finally:
            del self._runs[task.task_id]

    async def stop(self, task_id: str) -> None:
        """Kill a running script; its ``run`` then reports "stopped". Nothing happens for one that does not run."""
        run = self._runs.get(task_id)
        if run is not None:
            run.stopped = True
            run.wake.set()

    async def kill_all(self) -> None:
        """End every process of the instance, as a power cut does; every ``run`` raises Interrupted."""
        for run in self._runs.values():
            run.interrupted = True
            run.wake.set()
        self._boot_id = str(uuid.uuid4())
        await self._host.kill_instance(self.root, self._mark)

    async def _run(
        self, run: _Run, task: ScriptTask, content: bytes, on_output: Callable[[bytes], Any] | None
    ) -> Report:
        request, content = self._request(task, content)
        output = OutputBuffer(task.log_quota)
        began, clock = time.time(), time.monotonic()
        output_read, output_write = os.pipe2(os.O_CLOEXEC)
        status = _StatusPipe()
        run.number, ended = self._host.start(request, [status.write_end, _sealed(content), output_write])
        reader = PipeReader(output_read, output.write)
        try:
            refusal = await status.message()
            if refusal is not None:
                await ended
                if run.interrupted:
                    raise Interrupted
                return refused(refusal, began, began + time.monotonic() - clock)
            progress = asyncio.ensure_future(self._show(output, on_output)) if on_output else None
            try:
                kind, exit_code = await self._wait(run, task, ended)
            finally:
                if progress:
                    progress.cancel()
            finished = began + time.monotonic() - clock
            if run.interrupted:
                raise Interrupted
            if kind == "finish" and self.drain and not reader.ended.done():
                # ends early when no process holds the pipe any more
                await asyncio.wait([reader.ended], timeout=self.drain)
            reader.take_all()
            return Report(kind, exit_code, output.kept, output.dropped, started_at=began, finished_at=finished)
        finally:
            status.close()
            reader.discard()
            if run.interrupted or ended.cancelled():
                reader.close()
            self._forget_script(task, request)

    async def _wait(self, run: _Run, task: ScriptTask, ended: asyncio.Future[int]) -> tuple[str, int]:
        """Wait until the script ends, times out or is stopped; return the report's kind and exit code."""
        assert run.number is not None
        seconds = _seconds(task.timeout)
        woken = asyncio.ensure_future(run.wake.wait())
        try:
            await asyncio.wait([ended, woken], timeout=seconds or None, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        if ended.done() and not run.stopped:
            # a process that a signal ended has no exit code: Go calls that -1
            return "finish", max(ended.result(), -1)
        if not ended.done():
            self._host.kill(run.number, tree=task.termination_mode == "ProcessTree")
            await ended
        return ("stopped", 0) if run.stopped else ("timeout", 1)

    async def _show(self, output: OutputBuffer, on_output: Callable[[bytes], Any]) -> None:
        while True:
            await asyncio.sleep(self.interim)
            fresh = output.interim()
            if fresh:
                answer = on_output(fresh)
                if inspect.isawaitable(answer):
                    await answer

    def _request(self, task: ScriptTask, content: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the spawner's request and the script with its parameters resolved.

        What is wrong with the parameters travels along as ``refusal``: user and directory are checked before it.
        """
        refusal: dict[str, Any] = {}
        extension: str | None = None
        words: list[str] = []
        try:
            content = self._resolved(task, content)
            words, extension = launcher_option.parse(task.launcher)
        except agent_placeholders.InvalidParameter as error:
            refusal = {"kind": "invalid", "param": error.param, "value": error.value}
        except agent_placeholders.UnknownInstanceName:
            text = "ResolvingInstanceNameFailed: Agent is not able to retrieve instance name"
            refusal = {"kind": "error", "code": "-12", "text": text, "exit_code": 0}
        request = {
            "op": "run",
            **self._place(),
            "environment": self._environment,
            "type": task.type,
            "username": task.username,
            "working_dir": task.working_dir,
            "stem": _stem(task, as_it_is=self.names_in_shell),
            "quoted": not self.names_in_shell,
            "extension": EXTENSIONS[task.type] if extension is None else extension,
            "launcher": words,
            "refusal": refusal,
        }
        return request, _in_windows_form(task.type, content)

    def _resolved(self, task: ScriptTask, content: bytes) -> bytes:
        """Return the script with its parameters filled in. Raises InvalidParameter, UnknownInstanceName."""
        if task.container_id or task.container_name:
            text = "ContainerConnectFailed: no container runtime is running on this instance"
            raise agent_placeholders.InvalidParameter("ContainerConnectFailed", text)
        if not task.enable_parameter:
            return content
        own = {"InstanceId": self.instance_id, **task.builtin, "CommandId": task.command_id, "InvokeId": task.task_id}
        return agent_placeholders.resolve(content, own)

    def _place(self) -> dict[str, Any]:
        return {
            "root": str(self.root),
            "shell": self.shell,
            "host_name": self.host_name,
            "without": self.without,
            "noexec_tmp": self.noexec_tmp,
            "boot_id": self._boot_id,
        }

    def _forget_script(self, task: ScriptTask, request: Mapping[str, Any]) -> None:
        """Delete the script file of a run; by directory handle, so that no link of a script leads elsewhere."""
        name = request["stem"] + request["extension"]
        if "/" in name:
            # the unquoted name of a command may lead anywhere; what the script left there stays
            return
        for folder in _SCRIPT_FOLDERS:
            with contextlib.suppress(OSError):
                handle = os.open(self.root / folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    os.unlink(name, dir_fd=handle)
                finally:
                    os.close(handle)

    # -- files ---------------------------------------------------------------------------------------------------

    async def send_file(self, task: FileTask) -> FileReport:
        """Write a file into the instance; what scripts see at that path afterwards."""
        refusal: dict[str, str] = {}
        content = b""
        if not task.content_b64:
            refusal = {"param": "EmptyFile", "value": ""}
        else:
            try:
                content = go_base64.decode(task.content_b64)
            except go_base64.CorruptInput:
                refusal = {"param": "InvalidFileContent", "value": ""}
        digest = hashlib.md5(task.content_b64.encode(), usedforsecurity=False).hexdigest()
        if not refusal and task.signature.lower() != digest:
            refusal = {"param": "InvalidSignature", "value": task.signature}
        status = _StatusPipe()
        request = {
            "op": "file",
            **self._place(),
            "name": task.name,
            "target_dir": task.target_dir,
            "owner": task.owner,
            "group": task.group,
            "mode": task.mode,
            "overwrite": task.overwrite,
            "refusal": refusal,
        }
        try:
            _number, ended = self._host.start(request, [status.write_end, _sealed(content)])
            answer = await status.message()
            await ended
        finally:
            status.close()
        if answer is None:
            raise Interrupted
        return FileReport(**answer)


class _StatusPipe:
    """One JSON message from a forked process, or nothing when it became the script."""

    def __init__(self) -> None:
        read_end, self.write_end = os.pipe2(os.O_CLOEXEC)
        self._data = bytearray()
        self._reader = PipeReader(read_end, self._data.extend)

    async def message(self) -> dict[str, Any] | None:
        await self._reader.ended
        return json.loads(self._data) if self._data else None

    def close(self) -> None:
        self._reader.close()


def _seconds(text: str) -> int:
    """Return seconds of a timeout given as text; 0 means none."""
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return _DEFAULT_TIMEOUT
    return max(int(text), 0)


def _in_windows_form(type: str, content: bytes) -> bytes:
    """Return the script with the line ends of Windows, where it is one for Windows."""
    if type == "RunPowerShellScript":
        return content.replace(b"\n", b"\r\n")
    if type == "RunBatScript":
        return b"@echo off\r\n" + content.replace(b"\n", b"\r\n")
    return content


def _stem(task: ScriptTask, *, as_it_is: bool) -> str:
    """Return the script file's name without extension; unless ``as_it_is``, it leads out of no directory."""
    if not task.command_name:
        return task.task_id
    if as_it_is:
        return f"{task.command_name}-{task.task_id}"
    room = _FILE_NAME_BYTES - len(task.task_id.encode()) - len("-.sh") - 16
    name = task.command_name.replace("/", "_").replace("\0", "_").encode()[:room].decode(errors="ignore")
    return f"{name}-{task.task_id}"


def _sealed(content: bytes) -> int:
    """Return a file descriptor from which a forked process reads the content."""
    handle = os.memfd_create("content", os.MFD_CLOEXEC)
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
    return handle


_shared: dict[str, Host] = {}


def _shared_host(isolation: str) -> Host:
    if isolation not in _shared:
        _shared[isolation] = Host(isolation)
        atexit.register(_shared[isolation].close)
    return _shared[isolation]
