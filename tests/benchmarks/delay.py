# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of this machine that is as slow as one wants: a port whose bytes arrive late at another one, both ways."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

_READ = 65_536


@contextlib.contextmanager
def delayed(port: int, milliseconds: float) -> Iterator[int]:
    """Yield a port of this machine that leads to ``port``; a byte takes so many milliseconds each way."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = asyncio.run_coroutine_threadsafe(_listen(port, milliseconds / 1000), loop)
    server = opening.result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(port: int, seconds: float) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # a connection that is still open at the end is cut off
        with contextlib.suppress(asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_carry(reader, far_writer, seconds), _carry(far_reader, writer, seconds))

    return await asyncio.start_server(connected, "127.0.0.1", 0)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Write what is read, in order, each piece so many seconds later; the end, too."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_READ):
            loop.call_later(seconds, writer.write, data)
    await asyncio.sleep(seconds)
    writer.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
