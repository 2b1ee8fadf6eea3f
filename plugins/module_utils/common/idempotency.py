# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Client tokens and digests that make a repeated request the same request."""

from __future__ import annotations

import hashlib
import uuid

from .checks import check_length, refuse_empty
from .errors import InputError

# RunCommand, ClientToken: ASCII characters only, at most 64
MAX_TOKEN_LENGTH = 64


def new_client_token() -> str:
    """Return a token that no other request has."""
    return str(uuid.uuid4())


def derive_client_token(token: str, *parts: str) -> str:
    """Return a token of 64 hexadecimal digits that depends on ``token`` and each of ``parts``, and on nothing else."""
    digest = hashlib.sha256()
    for part in (token, *parts):
        data = part.encode("utf-8", "surrogatepass")
        # the length in front keeps ("ab", "c") and ("a", "bc") apart
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def check_client_token(value: str | None) -> None:
    """Raise InputError unless ``client_token`` is 1 to 64 printable ASCII characters; None means not given."""
    if value is None:
        return
    refuse_empty("client_token", value)
    if not (value.isascii() and value.isprintable()):
        raise InputError("client_token", "can contain only printable ASCII characters")
    check_length("client_token", value, MAX_TOKEN_LENGTH)


def key_digest(key: str) -> str:
    """Return the SHA-256 of ``key`` as 64 hexadecimal digits: suitable as a tag value, without revealing the key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
