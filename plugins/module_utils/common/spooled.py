# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Bytes that are in memory, or spooled to a file until they are needed."""

from __future__ import annotations

from typing import Protocol


class Spooled(Protocol):
    """Bytes that are in a file."""

    def read(self) -> bytes:
        """Return the bytes. Raises OSError."""


def bytes_of(data: bytes | Spooled | None) -> bytes | None:
    """Return the bytes, read from their file if they were spooled; None stays None. Raises OSError."""
    return data if data is None or isinstance(data, bytes) else data.read()
