# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send one call to Huawei Cloud until it is answered: authenticate each try, and check what comes back."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..common.answers import NotAnAnswer, read_object
from ..common.calling import Call, call_until_answered
from ..common.errors import ApiError
from ..common.transport import HttpAnswer, HttpTransport, NoAnswer, foreign_answer
from ..common.version import COLLECTION, VERSION
from ..common.wait import Deadline
from .errors import read_error, request_id_of, retry_delay
from .operations import Operation
from .signing import encode_query

Query = list[tuple[str, str]]

DEFAULT_MAX_RETRIES = 5
# As the SDK has them; the gateway wants a type on requests without a body too.
CONTENT_TYPE = "application/json"
BODY_CONTENT_TYPE = "application/json;charset=utf-8"


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
    """A request that is still to be authenticated: ``path`` is percent-encoded, ``headers`` holds Host."""

    method: str
    path: str
    query: Query
    headers: dict[str, str]
    body: bytes


class Authentication(Protocol):
    """How a request shows who sends it."""

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers to send, with the credentials added. Raises CloudError when there are none."""

    def refresh(self, error: ApiError) -> bool:
        """Return whether a request that was refused with 401 is worth one more try, with new credentials."""

    def secrets(self) -> list[str]:
        """Return the values that must not appear in any message."""


class Anonymous:
    """No credentials at all: for the request that fetches a token. ``secret`` is what its body hides."""

    def __init__(self, secret: str) -> None:
        """``secret`` is masked in error texts."""
        self._secret = secret

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers unchanged."""
        return dict(request.headers)

    def refresh(self, error: ApiError) -> bool:
        """Return False: a wrong password stays wrong, and asking again could lock the account."""
        return False

    def secrets(self) -> list[str]:
        """Return the password."""
        return [self._secret]


class Exchange:
    """Make calls over one transport; threads may share it. ``requests`` counts what was sent, by operation."""

    def __init__(self, transport: HttpTransport, max_retries: int = DEFAULT_MAX_RETRIES) -> None:
        """``max_retries`` counts the tries after the first one."""
        self._transport = transport
        self._max_retries = max_retries
        self._counting = threading.Lock()
        self.requests: Counter[str] = Counter()

    def call(
        self,
        operation: Operation,
        base: str,
        path: str,
        authentication: Authentication,
        *,
        query: Query | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> Reply:
        """Return the answer of ``operation`` at ``base+path``, which has the operation's shape.

        ``path`` is percent-encoded, ``body`` becomes JSON. Lost answers, 5xx and 429 are tried again with growing,
        random pauses within the deadline; a 401 only when ``authentication`` has new credentials, and once. Raises
        ApiError, TransportError, and WaitTimeout where a read ran out of time.
        """
        limit = deadline or Deadline(None)
        host = urlsplit(base).netloc
        request = Request(
            operation.method,
            path,
            query or [],
            {"Host": host, "Content-Type": CONTENT_TYPE if body is None else BODY_CONTENT_TYPE, **(headers or {})},
            b"" if body is None else json.dumps(body).encode(),
        )

        def attempt(_lost: bool) -> Reply:
            try:
                return self._send(operation, base, request, authentication, limit)
            except ApiError as error:
                if not (error.operation == operation.name and error.http_status == 401):
                    raise
                if not authentication.refresh(error):
                    raise
            return self._send(operation, base, request, authentication, limit)

        return call_until_answered(
            Call(operation.name, host, operation.reads, repeatable=True, recovery_hint=operation.recovery_hint),
            attempt,
            retry_delay,
            retries=self._max_retries,
            deadline=limit,
        )

    def _send(
        self, operation: Operation, base: str, request: Request, authentication: Authentication, deadline: Deadline
    ) -> Reply:
        """Send one HTTP request. Raises ApiError for the service's refusal, NoAnswer for anything but an answer."""
        headers = authentication.authenticate(request, deadline)
        headers["User-Agent"] = f"{COLLECTION}/{VERSION}"
        with self._counting:
            self.requests[operation.name] += 1
        answer = self._transport.send(
            request.method,
            base + request.path + (f"?{encode_query(request.query)}" if request.query else ""),
            headers,
            request.body or None,
            remaining=None if deadline.seconds is None else deadline.remaining(),
        )
        if not 200 <= answer.status < 300:
            raise read_error(operation.name, answer, urlsplit(base).netloc, authentication.secrets())
        return _read(operation, answer, authentication.secrets())


def _read(operation: Operation, answer: HttpAnswer, secrets: list[str]) -> Reply:
    """Return the body of a successful answer. Raises NoAnswer for what is not an answer of the operation."""
    if operation.shape is None:
        # what has nothing to say still has a request id, which a proxy's empty answer has not
        if answer.status != 204 or request_id_of(answer.headers) is None:
            raise foreign_answer(answer, secrets)
        return Reply({}, answer.status, answer.headers)
    try:
        body = read_object(answer.body)
        operation.shape.check(body)
    except NotAnAnswer as error:
        raise NoAnswer(str(error), may_have_arrived=True, status=answer.status) from None
    return Reply(body, answer.status, answer.headers)
