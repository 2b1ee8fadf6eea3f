# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both signature versions of Alibaba Cloud's RPC style, checked as the gateway checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timezone

from .errors import ApiError, api_error
from .wire import percent_encode

TOLERANCE_S = 900
ALGORITHM = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(r"^(\S+)\s+Credential=([^,\s]*),\s*SignedHeaders=([^,\s]*),\s*Signature=([0-9a-fA-F]*)$")


def v1_signature(method: str, params: Mapping[str, str], secret: str) -> str:
    """Compute HMAC-SHA1 over the sorted parameters (query and form), without ``Signature`` itself."""
    query = "&".join(f"{percent_encode(k)}={percent_encode(v)}" for k, v in sorted(params.items()) if k != "Signature")
    text = f"{method}&{percent_encode('/')}&{percent_encode(query)}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def v3_signature(
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    signed: str,
    body_hash: str,
    secret: str,
) -> str:
    """Compute ACS3-HMAC-SHA256 over the canonical request; ``signed`` is the ';'-joined list of header names."""
    canonical_query = "&".join(f"{percent_encode(k)}={percent_encode(v)}" for k, v in sorted(query.items()))
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in signed.split(";"))
    request = f"{method}\n{path}\n{canonical_query}\n{lines}\n{signed}\n{body_hash}"
    text = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Verifier:
    """Knows one access key and the nonces seen; raises ``ApiError`` for what the gateway would refuse.

    Time stamps are compared with the machine's own clock, not with the emulator's, which tests move at will.
    """

    def __init__(self, access_key_id: str, access_key_secret: str, security_token: str = "") -> None:
        self._id = access_key_id
        self._secret = access_key_secret
        self._token = security_token
        self._nonces: set[str] = set()
        self._ages: deque[tuple[float, str]] = deque()

    def check(
        self,
        action: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        form: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        *,
        count_nonce: bool = True,
        skew_s: float = 0.0,
    ) -> str:
        """Check one request and return its signature version, ``v1`` or ``v3``.

        ``headers`` has lower-case names. ``count_nonce`` is false for a copy of a request that was already checked.
        The service's clock is ``skew_s`` ahead of the machine's.
        """
        if "authorization" in headers:
            nonce = self._check_v3(action, method, path, query, headers, body, skew_s)
            version = "v3"
        else:
            nonce = self._check_v1(action, method, {**query, **form}, skew_s)
            version = "v1"
        if count_nonce:
            self._use_nonce(action, nonce)
        return version

    def _check_v3(
        self,
        action: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        skew_s: float,
    ) -> str:
        match = _AUTHORIZATION.match(headers["authorization"])
        if not match or match[1] != ALGORITHM:
            raise api_error(action, "IncompleteSignature")
        signed = match[3]
        must_sign = {"host"} | {name for name in headers if name.startswith("x-acs-")}
        if not must_sign <= set(signed.split(";")):
            raise api_error(action, "IncompleteSignature")
        self._check_time(action, headers.get("x-acs-date", ""), skew_s)
        self._check_identity(action, match[2], headers.get("x-acs-security-token", ""))
        body_hash = hashlib.sha256(body).hexdigest()
        if not hmac.compare_digest(headers.get("x-acs-content-sha256", ""), body_hash):
            raise api_error(action, "SignatureDoesNotMatch")
        expected = v3_signature(method, path, query, headers, signed, body_hash, self._secret)
        if not hmac.compare_digest(expected, match[4].lower()):
            raise api_error(action, "SignatureDoesNotMatch")
        return self._nonce(action, headers.get("x-acs-signature-nonce", ""))

    def _check_v1(self, action: str, method: str, params: Mapping[str, str], skew_s: float) -> str:
        for name in ("AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"):
            if not params.get(name):
                raise _missing(action, name)
        if params["SignatureMethod"] != "HMAC-SHA1" or params["SignatureVersion"] != "1.0":
            raise api_error(action, "IncompleteSignature")
        self._check_time(action, params["Timestamp"], skew_s)
        self._check_identity(action, params["AccessKeyId"], params.get("SecurityToken", ""))
        expected = v1_signature(method, params, self._secret)
        if not hmac.compare_digest(expected.encode(), params["Signature"].encode()):
            raise api_error(action, "SignatureDoesNotMatch")
        return self._nonce(action, params.get("SignatureNonce", ""))

    def _check_identity(self, action: str, key: str, token: str) -> None:
        if not hmac.compare_digest(key.encode(), self._id.encode()):
            raise api_error(action, "InvalidAccessKeyId.NotFound")
        if self._token and not token:
            raise api_error(action, "MissingSecurityToken")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise api_error(action, "InvalidSecurityToken.MismatchWithAccessKey")

    @staticmethod
    def _check_time(action: str, stamp: str, skew_s: float) -> None:
        try:
            moment = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            raise api_error(action, "InvalidTimeStamp.Format") from None
        if abs(moment.timestamp() - time.time() - skew_s) > TOLERANCE_S:
            raise api_error(action, "InvalidTimeStamp.Expired")

    @staticmethod
    def _nonce(action: str, nonce: str) -> str:
        if not nonce:
            raise _missing(action, "SignatureNonce")
        return nonce

    def _use_nonce(self, action: str, nonce: str) -> None:
        now = time.monotonic()
        while self._ages and self._ages[0][0] < now - 2 * TOLERANCE_S:
            self._nonces.discard(self._ages.popleft()[1])
        if nonce in self._nonces:
            raise api_error(action, "SignatureNonceUsed")
        self._nonces.add(nonce)
        self._ages.append((now, nonce))


def _missing(action: str, name: str) -> ApiError:
    return api_error(action, "MissingParameter", name)
