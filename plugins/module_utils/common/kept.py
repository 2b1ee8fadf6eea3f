# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Bytes that need not be in memory."""

from __future__ import annotations

from typing import Protocol


class Kept(Protocol):
    """Bytes that are kept outside of memory."""

    def read(self) -> bytes:
        """Return the bytes. Raises OSError."""


def in_hand(data: bytes | Kept | None) -> bytes | None:
    """Return the bytes wherever they are kept; None stays None."""
    return data if data is None or isinstance(data, bytes) else data.read()
