# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks: SDK-HMAC-SHA256 signatures and tokens, checked as Huawei Cloud's API gateway checks them."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from urllib.parse import parse_qsl, quote, unquote

from .errors import HuaweiError, unauthenticated
from .state import HuaweiState, IamToken

ALGORITHM = "SDK-HMAC-SHA256"
TOLERANCE_S = 900
_AUTHORIZATION = re.compile(r"^SDK-HMAC-SHA256 Access=([^,\s]+), SignedHeaders=([^,\s]+), Signature=([0-9a-f]{64})$")


def signature(
    secret: str, method: str, path: str, query: str, headers: Mapping[str, str], signed: str, body: bytes
) -> str:
    """Return the signature of a request as it arrived: raw path and query, headers with lower-case names."""
    segments = "/".join(quote(part, safe="~") for part in unquote(path).split("/"))
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    canonical_query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in signed.split(";"))
    payload = headers.get("x-sdk-content-sha256") or hashlib.sha256(body).hexdigest()
    request = "\n".join(
        [method, segments if segments.endswith("/") else segments + "/", canonical_query, lines, signed, payload]
    )
    text = "\n".join([ALGORITHM, headers.get("x-sdk-date", ""), hashlib.sha256(request.encode()).hexdigest()])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Verifier:
    """Knows the account's one access key; raises ``HuaweiError`` for what the gateway would refuse.

    Dates are compared with the machine's own clock, not with the emulator's, which tests move at will.
    """

    def __init__(self, access_key: str, secret_key: str, security_token: str = "") -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._security_token = security_token

    def check(
        self,
        state: HuaweiState,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        now: float,
    ) -> IamToken | None:
        """Return the token that the request carries, or None when its signature is right at the service's ``now``."""
        if "x-auth-token" in headers:
            token = state.token(headers["x-auth-token"])
            if token is None:
                raise unauthenticated("decrypt token fail")
            return token
        if "authorization" not in headers:
            raise unauthenticated("X-Auth-Token or Authorization is missing")
        match = _AUTHORIZATION.match(headers["authorization"])
        if match is None:
            raise unauthenticated("the Authorization header is not in the form of " + ALGORITHM)
        access_key, signed, given = match.groups()
        if state.locked(access_key):
            raise unauthenticated("the access key is locked after too many wrong signatures")
        try:
            self._check_signature(access_key, signed, given, method, path, query, headers, body, now)
        except HuaweiError:
            state.signature_was(False, access_key)
            raise
        state.signature_was(True, access_key)
        return None

    def _check_signature(
        self,
        access_key: str,
        signed: str,
        given: str,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        now: float,
    ) -> None:
        names = signed.split(";")
        if names != sorted(names) or not {"host", "x-sdk-date"} <= set(names):
            raise unauthenticated("SignedHeaders must hold host and x-sdk-date, in order")
        try:
            date = datetime.strptime(headers.get("x-sdk-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            raise unauthenticated("X-Sdk-Date is missing or not in its form") from None
        if abs(date.timestamp() - now) > TOLERANCE_S:
            raise unauthenticated("the request has expired")
        if not hmac.compare_digest(access_key.encode(), self._access_key.encode()):
            raise unauthenticated("the access key does not exist")
        token = headers.get("x-security-token", "")
        if token and "x-security-token" not in names:
            raise unauthenticated("X-Security-Token is not signed")
        if not hmac.compare_digest(token.encode(), self._security_token.encode()):
            raise unauthenticated("the security token is missing, wrong, or not wanted with this key")
        expected = signature(self._secret_key, method, path, query, headers, signed, body)
        if not hmac.compare_digest(expected, given):
            raise unauthenticated("verify aksk signature fail")
