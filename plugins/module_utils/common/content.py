# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read what a task gives as text (the option ``content``) or as a file (the option ``src``)."""

from __future__ import annotations

from .errors import InputError
from .plain_file import read_plain, unreadable


def read_content(content: str | None, src: str | None, limit: int) -> bytes | None:
    """Return the bytes of the option that is given, None if neither is.

    Files of the controller arrive as ``content``; a path that is still there is one of the module's own host. Raises
    InputError for text that cannot be encoded, and for anything but a plain file of at most ``limit`` bytes.
    """
    if content is not None:
        return content_bytes(content)
    if src is None:
        return None
    try:
        return read_plain(src, limit)
    except OSError as error:
        raise InputError("src", f"{src} {unreadable(error)}") from None


def content_bytes(content: str) -> bytes:
    """Return the bytes of the option ``content``. Raises InputError for half of a surrogate pair."""
    try:
        # undecodable bytes of a file that Ansible read come back as they were
        return content.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InputError("content", f"is not valid UTF-8 text at character {error.start}") from None
