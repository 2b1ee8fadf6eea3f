# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send one call to Huawei Cloud until it has an answer: authenticate, repeat what may be repeated, name the errors."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..common.errors import ApiError, TransportError, WaitTimeout
from ..common.redact import redact
from ..common.retry import call_with_retries
from ..common.transport import HttpAnswer, HttpTransport, NoAnswer
from ..common.version import COLLECTION, VERSION
from ..common.wait import Deadline
from .error_table import hint_for
from .signing import encode_query

Query = list[tuple[str, str]]

DEFAULT_MAX_RETRIES = 5
# As the SDK has them; the gateway wants a type on requests without a body too.
CONTENT_TYPE = "application/json"
BODY_CONTENT_TYPE = "application/json;charset=utf-8"
# Statuses after which the same request may succeed. The vendor advises a growing pause for 500 iMetal.0099.
PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})
# The three spellings of an error body that Huawei Cloud's services and gateways use.
_BODY_FORMS = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))


class Reply(dict[str, Any]):
    """The JSON body of an answer, empty when there was none."""

    def __init__(self, body: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> None:
        """``headers`` finds names in any case."""
        super().__init__(body)
        self.status = status
        self.headers = headers
        self.request_id = request_id_of(headers)


@dataclass(frozen=True)
class Request:
    """What a proof is made for: ``path`` is percent-encoded, ``headers`` holds Host."""

    method: str
    path: str
    query: Query
    headers: dict[str, str]
    body: bytes


class Authentication(Protocol):
    """How a request proves who sends it."""

    def prove(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers to send, with the proof added. Raises CloudError when there is none to be had."""

    def renew(self, error: ApiError) -> bool:
        """Say whether a request that was refused with 401 is worth one more try, with a new proof."""

    def secrets(self) -> list[str]:
        """Return the values that must not appear in any message."""


class Anonymous:
    """No proof at all: for the request that fetches a token. ``secret`` is what its body hides."""

    def __init__(self, secret: str) -> None:
        """``secret`` is masked in error texts."""
        self._secret = secret

    def prove(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers unchanged."""
        return dict(request.headers)

    def renew(self, error: ApiError) -> bool:
        """A wrong password stays wrong, and asking again could lock the account."""
        return False

    def secrets(self) -> list[str]:
        """Return the password."""
        return [self._secret]


class Exchange:
    """Calls over one transport. ``requests`` counts what was sent, by operation, repeats included.

    Every call of this collection may be repeated: reads and logins change nothing, powering off aims at a state, and
    an instance can be deleted only once. A repeated deletion may be refused because the first one worked; the error's
    ``after_lost_reply`` tells so.
    """

    def __init__(self, transport: HttpTransport, max_retries: int = DEFAULT_MAX_RETRIES) -> None:
        """``max_retries`` counts the tries after the first one."""
        self._transport = transport
        self._max_retries = max_retries
        self.requests: Counter[str] = Counter()

    def call(
        self,
        operation: str,
        method: str,
        base: str,
        path: str,
        authentication: Authentication,
        *,
        query: Query | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> Reply:
        """Return the answer to ``method base+path``; ``path`` is percent-encoded, ``body`` becomes JSON.

        Lost connections, 5xx and 429 are tried again with growing, random pauses within the deadline; a 401 only
        when ``authentication`` has a new proof, and once. Raises ApiError or TransportError.
        """
        limit = deadline or Deadline(None)
        host = urlsplit(base).netloc
        request = Request(
            method,
            path,
            query or [],
            {"Host": host, "Content-Type": CONTENT_TYPE if body is None else BODY_CONTENT_TYPE, **(headers or {})},
            b"" if body is None else json.dumps(body).encode(),
        )
        url = base + path + (f"?{encode_query(request.query)}" if request.query else "")
        lost_reply = False

        def once() -> Reply:
            proven = authentication.prove(request, limit)
            proven["User-Agent"] = f"{COLLECTION}/{VERSION}"
            self.requests[operation] += 1
            remaining = None if limit.seconds is None else limit.remaining()
            answer = send_once(self._transport, operation, method, url, proven, request.body, remaining)
            return _read(operation, host, answer, authentication.secrets())

        def attempt(_number: int) -> Reply:
            nonlocal lost_reply
            try:
                try:
                    return once()
                except ApiError as exc:
                    if exc.operation != operation or exc.http_status != 401 or not authentication.renew(exc):
                        raise
                return once()
            except TransportError as exc:
                lost_reply = lost_reply or (exc.operation == operation and exc.may_have_arrived)
                raise
            except ApiError as exc:
                if exc.operation == operation:
                    exc.after_lost_reply = lost_reply
                    lost_reply = lost_reply or (exc.http_status or 0) >= 500
                raise

        def decide(error: Exception) -> float | None:
            if isinstance(error, (ApiError, TransportError)) and error.operation != operation:
                return None  # the login inside this call has had its own repeats
            return _again(error)

        try:
            return call_with_retries(attempt, decide, retries=self._max_retries, deadline=limit)
        except TransportError as exc:
            # The limits of the last try were cut to the time left: what failed is the wait, not the connection.
            if method == "GET" and limit.expired():
                raise WaitTimeout(f"{operation}: no answer within the time allowed") from exc
            raise


class _Hopeless(TransportError):
    """No answer, for a reason that will not pass: an untrusted certificate, an impossible URL."""


def send_once(
    transport: HttpTransport,
    operation: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    remaining: float | None = None,
) -> HttpAnswer:
    """Return the answer, whatever its status. ``remaining`` is in seconds. Raises TransportError."""
    try:
        return transport.send(method, url, headers, body or None, remaining=remaining)
    except NoAnswer as exc:
        error = TransportError if exc.passing else _Hopeless
        raise error(operation, urlsplit(url).netloc, exc.reason, exc.may_have_arrived) from None


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Return the id under which support finds the request; IAM has a header of its own."""
    return headers.get("X-Request-Id") or headers.get("X-IAM-Trace-Id")


def _again(error: Exception) -> float | None:
    """Return the pause in seconds that the service asked for, 0 for none; None when the error will not pass."""
    if isinstance(error, TransportError):
        return None if isinstance(error, _Hopeless) else 0.0
    if isinstance(error, ApiError) and error.http_status in PASSING_STATUSES:
        return error.retry_after or 0.0
    return None


def _read(operation: str, host: str, answer: HttpAnswer, secrets: list[str]) -> Reply:
    if not 200 <= answer.status < 300:
        raise _api_error(operation, host, answer, secrets)
    if not answer.body.strip():
        return Reply({}, answer.status, answer.headers)
    try:
        body = json.loads(answer.body)
    except ValueError as exc:
        raise TransportError(operation, host, "the answer is not complete JSON", True) from exc
    if not isinstance(body, dict):
        raise TransportError(operation, host, "the answer is not a JSON object", True)
    return Reply(body, answer.status, answer.headers)


def _api_error(operation: str, host: str, answer: HttpAnswer, secrets: list[str]) -> ApiError:
    code, message = _error_body(answer.body.decode("utf-8", "replace"))
    asked = answer.headers.get("Retry-After", "")
    return ApiError(
        operation,
        code or str(answer.status),
        redact(message or f"the service answered HTTP {answer.status} without saying why", secrets),
        request_id_of(answer.headers),
        answer.status,
        host,
        hint_for(code, answer.status),
        retry_after=float(asked) if asked.isdecimal() else None,
    )


def _error_body(text: str) -> tuple[str | None, str]:
    """Return (code, message) of an error body; the code is None where the body has none."""
    try:
        found = _find_error(json.loads(text))
    except ValueError:
        found = None
    # what is not JSON is a proxy's or a gateway's page: its beginning is enough
    return found or (None, " ".join(text.split())[:300])


def _find_error(value: Any) -> tuple[str, str] | None:
    """Look for an error block in ``value`` or in the objects inside it."""
    if not isinstance(value, dict):
        return None
    for code, message in _BODY_FORMS:
        if code in value and message in value:
            return str(value[code]), str(value[message])
    return next((found for inner in value.values() if (found := _find_error(inner))), None)
