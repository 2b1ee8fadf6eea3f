# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Sign requests as Alibaba Cloud's RPC services want it: ACS3-HMAC-SHA256 (v3) and HMAC-SHA1 (v1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from urllib.parse import quote

from .credentials import Credentials

ALGORITHM = "ACS3-HMAC-SHA256"
API_VERSION = "2014-05-26"
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
EMPTY_BODY_HASH = hashlib.sha256(b"").hexdigest()


def percent_encode(text: str) -> str:
    """Percent-encode as RFC 3986 has it: all UTF-8 bytes but letters, digits and ``-_.~``."""
    # most names and values need none, and a call on 100 instances has hundreds of them
    return text if _PLAIN.fullmatch(text) else quote(text, safe="-_.~")


def canonical_query(query: Mapping[str, str]) -> str:
    """Return the parameters in the order of their names, each name and value percent-encoded."""
    return "&".join(f"{percent_encode(name)}={percent_encode(query[name])}" for name in sorted(query))


def timestamp(moment: datetime) -> str:
    """Return ``moment`` in the form that both signatures use, e.g. 2026-11-21T20:38:23Z."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_nonce() -> str:
    """Return 32 hexadecimal digits, new for every try: the service refuses a nonce that it has seen."""
    return uuid.uuid4().hex


def sign_v3(method: str, query: Mapping[str, str], headers: Mapping[str, str], credentials: Credentials) -> str:
    """Return the Authorization header over ``headers``, all of which are signed, ``x-acs-content-sha256`` included."""
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    names = sorted(lowered)
    signed = ";".join(names)
    canonical = "\n".join(
        (
            method,
            "/",
            canonical_query(query),
            "".join(f"{name}:{lowered[name]}\n" for name in names),
            signed,
            lowered["x-acs-content-sha256"],
        )
    )
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(credentials.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={credentials.access_key_id},SignedHeaders={signed},Signature={signature}"


def sign_v1(method: str, query: Mapping[str, str], access_key_secret: str) -> str:
    """Return the value of the parameter Signature over all of ``query``, which must not hold one yet."""
    to_sign = "&".join((method, percent_encode("/"), percent_encode(canonical_query(query))))
    digest = hmac.new(f"{access_key_secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def headers_v3(
    operation: str, host: str, user_agent: str, credentials: Credentials, nonce: str, moment: datetime
) -> dict[str, str]:
    """Return the headers of a v3 request with an empty body, still without Authorization."""
    headers = {
        "host": host,
        "x-acs-version": API_VERSION,
        "x-acs-action": operation,
        "user-agent": user_agent,
        "x-acs-date": timestamp(moment),
        "x-acs-signature-nonce": nonce,
        "accept": "application/json",
        "x-acs-content-sha256": EMPTY_BODY_HASH,
        "x-acs-credentials-provider": credentials.provider,
    }
    if credentials.security_token:
        headers["x-acs-accesskey-id"] = credentials.access_key_id
        headers["x-acs-security-token"] = credentials.security_token
    return headers


def query_v1(operation: str, credentials: Credentials, nonce: str, moment: datetime) -> dict[str, str]:
    """Return the common parameters of a v1 request, still without Signature."""
    query = {
        "Action": operation,
        "Format": "JSON",
        "Version": API_VERSION,
        "Timestamp": timestamp(moment),
        "SignatureNonce": nonce,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "AccessKeyId": credentials.access_key_id,
    }
    if credentials.security_token:
        query["SecurityToken"] = credentials.security_token
    return query
