# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a pipe beside other work."""

from __future__ import annotations

import asyncio
import os

from emulator.instance.host import PipeReader


def test_a_reader_ends_although_the_task_that_waited_for_it_was_cancelled():
    """A pipe at its end that is still watched would keep the event loop busy for ever."""

    async def scenario() -> bool:
        read_end, write_end = os.pipe()
        reader = PipeReader(read_end, lambda data: None)

        async def wait() -> None:
            await reader.ended

        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        os.close(write_end)
        reader.close()
        return asyncio.get_running_loop().remove_reader(read_end)

    assert not asyncio.run(scenario())


def test_what_was_written_is_collected_until_the_last_writer_closes():
    async def scenario() -> bytes:
        read_end, write_end = os.pipe()
        got = bytearray()
        reader = PipeReader(read_end, got.extend)
        os.write(write_end, b"one ")
        reader.take_all()
        os.write(write_end, b"two")
        os.close(write_end)
        await asyncio.wait([reader.ended])
        return bytes(got)

    assert asyncio.run(scenario()) == b"one two"
