# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Make one call to CloudDC or IAM: authenticate each try, check what comes back, repeat what may be repeated."""

from __future__ import annotations

import collections
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from ..common.answers import NotAnAnswer, read_object
from ..common.calling import Call, call_until_answered
from ..common.errors import ApiError
from ..common.paging import Incomplete, pages_by_token
from ..common.retry import outlasting_throttling
from ..common.transport import HttpAnswer, HttpTransport, NoAnswer, foreign_answer
from ..common.version import COLLECTION, VERSION
from ..common.wait import Deadline
from .errors import is_throttled, read_error, request_id_of, retry_delay
from .operations import OPERATIONS, Operation
from .signing import encode_query

Query = list[tuple[str, str]]

USER_AGENT = f"{COLLECTION}/{VERSION}"
CONTENT_TYPE = "application/json"
BODY_CONTENT_TYPE = "application/json;charset=utf-8"

PAGE_SIZE = 100
"""``limit`` of ListInstances, 10 to 1000. Each row may hold 32 KB of user data, and an answer is bounded in size."""


class Reply(dict[str, Any]):
    """The body of a successful answer, empty where it had none. ``headers`` finds names in any case."""

    def __init__(self, body: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> None:
        super().__init__(body)
        self.status = status
        self.headers = headers
        self.request_id = request_id_of(headers)


@dataclass(frozen=True)
class Request:
    """A request without credentials yet: ``path`` is percent-encoded, ``headers`` holds Host."""

    method: str
    path: str
    query: Query
    headers: dict[str, str]
    body: bytes


class Authentication(Protocol):
    """Adds to a request what shows who sends it."""

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers to send, with the credentials added. Raises CloudError when there are none."""

    def refresh(self, error: ApiError) -> bool:
        """Return whether there are new credentials, with which a request that was refused with 401 is tried again."""

    def secrets(self) -> list[str]:
        """Return the values that must not appear in any message."""


class Exchange:
    """Call operations of CloudDC and IAM over one transport. Threads may share it.

    ``max_retries`` counts the tries after the first one. ``requests`` counts the HTTP requests sent per operation,
    including repeated ones.
    """

    def __init__(self, transport: HttpTransport, max_retries: int = 5) -> None:
        self._transport = transport
        self._max_retries = max_retries
        self._counting = threading.Lock()
        self.requests: collections.Counter[str] = collections.Counter()

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
        """Call ``operation`` at ``base`` + ``path`` and return its body, which has the shape of the operation.

        ``path`` is percent-encoded, ``body`` becomes JSON. The call is repeated on lost answers, HTTP 5xx and
        throttling, within ``max_retries`` and ``deadline``; on a 401 once, if ``authentication`` has new credentials.
        Raises ApiError, TransportError, WaitTimeout (no time left).
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
        return call_until_answered(
            Call(operation.name, host, operation.reads, repeatable=True, recovery_hint=operation.recovery_hint),
            lambda _lost: self._authenticated(operation, base, request, authentication, limit),
            outlasting_throttling(retry_delay, is_throttled),
            retries=self._max_retries,
            deadline=limit,
        )

    def _authenticated(
        self, operation: Operation, base: str, request: Request, authentication: Authentication, deadline: Deadline
    ) -> Reply:
        """Send one HTTP request, and once more after a 401 where ``authentication`` has new credentials."""
        try:
            return self._send(operation, base, request, authentication, deadline)
        except ApiError as error:
            unauthorized = error.operation == operation.name and error.http_status == 401
            if not (unauthorized and authentication.refresh(error)):
                raise
        return self._send(operation, base, request, authentication, deadline)

    def _send(
        self, operation: Operation, base: str, request: Request, authentication: Authentication, deadline: Deadline
    ) -> Reply:
        """Send one HTTP request, authenticated again. Raises ApiError for an error of the service, else NoAnswer."""
        headers = authentication.authenticate(request, deadline)
        headers["User-Agent"] = USER_AGENT
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


class Client:
    """Call operations of CloudDC in one region and project. Threads may share a client.

    ``endpoint`` is the base URL of CloudDC. Without ``project_id``, ``find_project`` is asked for it before the first
    call.
    """

    def __init__(
        self,
        exchange: Exchange,
        endpoint: str,
        authentication: Authentication,
        *,
        region: str | None = None,
        project_id: str | None = None,
        find_project: Callable[[Deadline | None], str] | None = None,
    ) -> None:
        self._exchange = exchange
        self._endpoint = endpoint
        self._authentication = authentication
        self.region = region
        self._project_id = project_id
        self._find_project = find_project

    @property
    def requests(self) -> collections.Counter[str]:
        """Return how many HTTP requests were sent per operation, repeated ones and those to IAM included."""
        return self._exchange.requests

    def project_id(self, deadline: Deadline | None = None) -> str:
        """Return the id of the project, asking IAM once if it was not given. Raises what ``find_project`` raises."""
        if self._project_id is None:
            if self._find_project is None:
                raise ValueError("a client needs project_id or find_project")
            self._project_id = self._find_project(deadline)
        return self._project_id

    def call(
        self,
        operation: str,
        *,
        id: str | None = None,
        query: Mapping[str, str | None] | None = None,
        body: Any = None,
        deadline: Deadline | None = None,
    ) -> Reply:
        """Call ``operation`` and return its body; ``id`` goes into the path, query values of None are left out.

        Raises ApiError, TransportError, WaitTimeout (no time left).
        """
        found = OPERATIONS[operation]
        path = found.path if id is None else found.path.replace("{id}", quote(id, safe=""))
        project = self.project_id(deadline)
        return self._exchange.call(
            found,
            self._endpoint,
            f"/v1/{quote(project, safe='')}{path}",
            self._authentication,
            query=[(name, value) for name, value in (query or {}).items() if value is not None],
            body=body,
            headers={"X-Project-Id": project},
            deadline=deadline,
        )

    def pages(
        self,
        operation: str,
        query: Mapping[str, str | None],
        *,
        page_size: int = PAGE_SIZE,
        deadline: Deadline | None = None,
    ) -> Iterator[Reply]:
        """Yield every page of a listing, following ``page_info.next_marker``.

        Raises as ``call`` does, so that a listing is complete or an error. ``limit`` is always sent, because the
        service documents two different defaults for it.
        """

        def read(marker: str | None) -> Reply:
            given = {**query, "limit": str(page_size), "marker": marker}
            return self.call(operation, query=given, deadline=deadline)

        return pages_by_token(
            read,
            lambda reply: reply["page_info"].get("next_marker"),
            lambda reply: len(reply["instances"]) >= page_size,
            lambda reason: Incomplete(operation, urlsplit(self._endpoint).netloc, reason),
            "next_marker",
        )


def _read(operation: Operation, answer: HttpAnswer, secrets: list[str]) -> Reply:
    """Return the body of a successful answer. Raises NoAnswer if it does not have the shape of the operation."""
    if operation.shape is None:
        # even an empty answer of the service has a request id, unlike that of a proxy
        if answer.status != 204 or request_id_of(answer.headers) is None:
            raise foreign_answer(answer, secrets)
        return Reply({}, answer.status, answer.headers)
    try:
        body = read_object(answer.body)
        operation.shape.check(body)
    except NotAnAnswer as error:
        raise NoAnswer(str(error), may_have_arrived=True, status=answer.status) from None
    return Reply(body, answer.status, answer.headers)
