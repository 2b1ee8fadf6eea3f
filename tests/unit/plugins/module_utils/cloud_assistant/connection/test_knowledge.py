# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of an instance, by many workers at once."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.knowledge import (
    Knowledge,
    Memory,
)
from support.processes import at_once

KNOWN = Knowledge("/root/store", "/root", "base64", "sha256sum", "gzip")


def test_what_fifty_workers_send_at_once_is_all_known_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "cache"

    def send(number: int) -> None:
        Memory(str(folder), "host", "i-1").add(KNOWN.with_members({"common", f"own{number}"}))
        assert Memory(str(folder), "host", "i-1").read() is not None

    assert at_once(50, send) == [0] * 50
    found = Memory(str(folder), "host", "i-1").read()
    assert found == KNOWN.with_members({"common", *(f"own{number}" for number in range(50))})


def test_what_the_instance_lists_replaces_what_was_thought(tmp_path: Path) -> None:
    memory = Memory(str(tmp_path), "i-1")
    memory.add(KNOWN.with_members({"a"}))
    memory.write(KNOWN.with_members({"b"}))
    assert memory.read() == KNOWN.with_members({"b"})
    # another store, as after a reset: nothing of the old one is taken over
    other = Knowledge("/tmp/other", "/root", "base64", "sha256sum", "gzip").with_members({"c"})
    memory.add(other)
    assert memory.read() == other
    memory.forget()
    memory.forget()
    assert memory.read() is None
