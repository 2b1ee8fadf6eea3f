# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a process: listeners, ready file, orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from .call import handlers
from .control import Control
from .dispatch import Dispatcher
from .fleet import FleetDocument
from .huawei import clouddc, iam
from .lifecycle import Lifecycle
from .options import Options
from .service import Service
from .state import Cloud

# the SDKs send every parameter in the URL, a file of 32 KB after Base64 too, of which a character may take three bytes
_LONGEST_LINE = 128 * 1024
_MEMORY = "/dev/shm"
_PLENTY_BYTES = 2 << 30


class Emulator:
    """One emulated cloud with its three listeners: ECS (and the control API), Huawei IAM, Huawei CloudDC."""

    def __init__(self, options: Options, rows: FleetDocument, work_dir: Path) -> None:
        self.cloud = Cloud(options, work_dir, rows)
        self.dispatcher = Dispatcher(self.cloud)
        self.lifecycle = Lifecycle(self.cloud, self.dispatcher)
        self._on_reset: list[Callable[[], Awaitable[None]]] = [self._forget]
        self._runners: list[web.AppRunner] = []

    async def _forget(self) -> None:
        await self.dispatcher.clear()
        await _remove(self.cloud.instance_root("x").parent)

    async def start(self, host: str, port: int) -> dict[str, str]:
        """Open the listeners; returns what the ready file says."""
        service = Service(self.cloud, self.dispatcher, self.lifecycle)
        huawei = {
            name: room.application(self.cloud) for name, room in (("iam_endpoint", iam), ("clouddc_endpoint", clouddc))
        }
        routes = [route for application in huawei.values() for route in application.router.routes()]
        actions = {*handlers(), *(route.name for route in routes if route.name)}
        control = Control(self.cloud, self.dispatcher, self.lifecycle, self._on_reset, actions)
        ecs = web.Application(client_max_size=1 << 22)
        ecs.add_routes(control.routes())
        ecs.router.add_route("GET", "/", service.handle)
        ecs.router.add_route("POST", "/", service.handle)
        endpoint = await self._listen(ecs, host, port)
        options = self.cloud.options
        ready = {
            "endpoint": endpoint,
            "control": f"{endpoint}/_emulator",
            "region": options.region,
            "access_key_id": options.access_key_id,
            "access_key_secret": options.access_key_secret,
            "account_id": options.account_id,
        }
        for name, application in huawei.items():
            ready[name] = await self._listen(application, host, 0)
        return ready

    async def _listen(self, application: web.Application, host: str, port: int) -> str:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0, max_line_size=_LONGEST_LINE)
        await runner.setup()
        site = web.TCPSite(runner, host, port, backlog=1024)
        await site.start()
        self._runners.append(runner)
        host, port = runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """Close the listeners and end every script."""
        await self.dispatcher.close()
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))


async def serve(
    options: Options, rows: FleetDocument, listen: tuple[str, int], ready_file: Path | None, stop_with_stdin: bool
) -> None:
    """Run until SIGTERM or SIGINT, until the terminal closes, or with ``stop_with_stdin`` until standard input ends."""
    _open_many_files()
    work_dir = Path(tempfile.mkdtemp(prefix="emulator-", dir=options.work_dir or _quick_directory()))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # nohup has SIGHUP ignored in what is to outlive its terminal
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, ended.set)
    if stop_with_stdin:
        loop.add_reader(sys.stdin.fileno(), _read_stdin, loop, ended)
    try:
        emulator = Emulator(options, rows, work_dir)
        try:
            ready = await emulator.start(*listen)
            print(
                f"emulator: {ready['endpoint']}, {len(emulator.cloud.instances)} instances; "
                f"{emulator.dispatcher.isolation}",
                flush=True,
            )
            if ready_file is not None:
                _write(ready_file, ready)
            await ended.wait()
        finally:
            await emulator.stop()
    finally:
        await _remove(work_dir)
        if ready_file is not None:
            with contextlib.suppress(OSError):
                ready_file.unlink()


def _open_many_files() -> None:
    """Allow as many open files as may be: every script that runs needs some, and every daemon that it leaves one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _quick_directory() -> str | None:
    """Memory for the instances' files where there is plenty that programs may run from, else the usual place.

    An instance has about a hundred small files; on a disk, making and removing them costs more than the scripts.
    """
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return None
    unavailable = found.f_flag & (os.ST_NOEXEC | os.ST_RDONLY) or not os.access(_MEMORY, os.W_OK)
    return None if unavailable or found.f_bavail * found.f_frsize < _PLENTY_BYTES else _MEMORY


async def _remove(path: Path) -> None:
    """Remove a directory tree; rm is several times as fast as Python with the files of thousands of instances."""
    process = await asyncio.create_subprocess_exec("rm", "-rf", "--", str(path), stderr=asyncio.subprocess.DEVNULL)
    await process.wait()


def _read_stdin(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        loop.remove_reader(sys.stdin.fileno())
        ended.set()


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Whole or not at all: whoever waits for the file must not read half of it. It holds a secret."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(document, file)
    part.replace(path)
