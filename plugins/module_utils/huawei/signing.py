# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Sign a request with SDK-HMAC-SHA256, the access-key signature of Huawei Cloud's API gateway."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
DATE_HEADER = "X-Sdk-Date"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"


def encode(text: str) -> str:
    """Percent-encode as the gateway does: everything but letters, digits and ``-._~``."""
    return quote(text, safe="~")


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the query string in canonical order, which is also the form that is sent."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(pairs))


def canonical_path(path: str) -> str:
    """Return the encoded path with the closing slash that the gateway adds before it checks the signature."""
    encoded = "/".join(encode(part) for part in unquote(path).split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def canonical_request(
    method: str, path: str, query: Iterable[tuple[str, str]], headers: Mapping[str, str], body: bytes
) -> tuple[str, str]:
    """Return (canonical request, names of the signed headers joined by ``;``).

    Every header given is signed; ``path`` may be encoded or plain.
    """
    values = {name.lower(): value.strip() for name, value in headers.items()}
    names = sorted(values)
    signed = ";".join(names)
    lines = "".join(f"{name}:{values[name]}\n" for name in names)
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join([method.upper(), canonical_path(path), encode_query(query), lines, signed, digest]), signed


def signature(secret_key: str, canonical: str, timestamp: str) -> str:
    """Return the hexadecimal signature. The secret key itself is the HMAC key; nothing is derived from it."""
    text = "\n".join([ALGORITHM, timestamp, hashlib.sha256(canonical.encode()).hexdigest()])
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign(
    access_key: str,
    secret_key: str,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes = b"",
    now: datetime | None = None,
) -> dict[str, str]:
    """Return ``headers`` with ``X-Sdk-Date`` (unless given) and ``Authorization`` added.

    ``headers`` must hold ``Host``. The gateway refuses a date more than 15 minutes away from its own clock.
    """
    out = dict(headers)
    out.setdefault(DATE_HEADER, (now or datetime.now(timezone.utc)).strftime(DATE_FORMAT))
    canonical, signed = canonical_request(method, path, query, out, body)
    value = signature(secret_key, canonical, out[DATE_HEADER])
    out["Authorization"] = f"{ALGORITHM} Access={access_key}, SignedHeaders={signed}, Signature={value}"
    return out
