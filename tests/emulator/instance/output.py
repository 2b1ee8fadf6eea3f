# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one run prints: the head and the tail are kept, the middle is counted and dropped."""

from __future__ import annotations

HEAD_BYTES = 6000
SMALLEST_QUOTA = 12000


class OutputBuffer:
    """Bytes of stdout and stderr in write order, never more than a quota of them.

    The agent keeps the first 6000 bytes and the last ``quota - 6000``; a quota under 12000 counts as 12000.
    """

    def __init__(self, quota: int) -> None:
        self.quota = max(quota, SMALLEST_QUOTA)
        self.total = 0
        self._head = bytearray()
        self._tail = bytearray()
        self._sent = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes that the script printed."""
        self.total += len(data)
        room = HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        keep = self.quota - HEAD_BYTES
        # cut only now and then: each cut moves the whole tail
        if len(self._tail) > 4 * keep:
            del self._tail[:-keep]

    @property
    def kept(self) -> bytes:
        """Head and tail, joined without a mark, as the service shows them."""
        return bytes(self._head + self._tail[-(self.quota - HEAD_BYTES) :])

    @property
    def dropped(self) -> int:
        """How many bytes of the middle are lost."""
        return max(0, self.total - self.quota)

    def interim(self) -> bytes:
        """Return the bytes since the last call that may be shown while the script runs: the head only."""
        fresh = bytes(self._head[self._sent :])
        self._sent = len(self._head)
        return fresh
