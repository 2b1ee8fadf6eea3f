# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read the address of a service as a user writes it."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from .errors import InputError

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])")
_PORTS = {"https": 443, "http": 80}


def base_url(text: str, option: str, dropped_paths: Collection[str] = ()) -> str:
    """Return ``text`` as scheme, host and port, without a slash at the end; a bare host name means https.

    ``dropped_paths`` may follow the host, and are left out. Raises InputError naming ``option`` for anything else; the
    message never quotes what may be a password.
    """
    url = text.strip()
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port = parts.port
    except ValueError as error:
        raise InputError(option, f"is not a host name or URL: {error}") from None
    if parts.scheme not in _PORTS:
        raise InputError(option, f"the scheme must be https or http, not {parts.scheme!r}")
    if parts.username is not None or parts.password is not None:
        raise InputError(option, "must not contain a user name or password")
    if parts.path.strip("/") not in ("", *dropped_paths) or parts.query or parts.fragment:
        raise InputError(option, "must be a host or scheme://host[:port], without a path")
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.rstrip(":")
    if not _HOST.fullmatch(host):
        raise InputError(option, "does not contain a valid host name")
    return f"{parts.scheme}://{host}" if port in (None, _PORTS[parts.scheme]) else f"{parts.scheme}://{host}:{port}"
