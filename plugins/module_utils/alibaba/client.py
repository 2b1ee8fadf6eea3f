# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Make one call to Alibaba Cloud ECS: parameters in, body out, repeated only where that cannot act twice."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from ..common.answers import NotAnAnswer, read_object
from ..common.calling import Call, call_until_answered
from ..common.credentials import CredentialSource
from ..common.errors import ApiError, CloudError
from ..common.paging import Incomplete, pages_by_token
from ..common.retry import outlasting_throttling
from ..common.transport import HttpTransport, NoAnswer
from ..common.version import COLLECTION, VERSION
from ..common.wait import Deadline
from . import generations, operations, signing
from .credentials import Credentials
from .errors import is_throttled, read_error, retry_delay
from .operations import Operation, Repeat

USER_AGENT = f"{COLLECTION}/{VERSION} (Ansible collection)"


class Reply(dict[str, Any]):
    """The body of a successful answer.

    ``server_time``: the service's clock (UTC) when it answered, None if the answer has none. ``after_lost_reply``: an
    earlier try of the same call got no usable answer and may be the one that took effect.
    """

    def __init__(
        self, body: Mapping[str, Any], server_time: datetime | None = None, after_lost_reply: bool = False
    ) -> None:
        super().__init__(body)
        self.server_time = server_time
        self.after_lost_reply = after_lost_reply

    @property
    def request_id(self) -> str | None:
        """Return the id under which the service's support finds the request."""
        return self.get("RequestId")

    def rows(self, *path: str) -> list[Any]:
        """Return the list under ``path``, e.g. ``rows("Commands", "Command")``, which the shape of the answer promises.

        An answer to an operation that has no such list has none: an empty list.
        """
        value: Any = self
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return list(value) if isinstance(value, list) else []

    def next_token(self, rows_path: tuple[str, ...]) -> str | None:
        """Return the token of the next page, empty on the last one, None where the answer has none."""
        return next(
            (outer["NextToken"] for outer in self._around(rows_path) if outer.get("NextToken") is not None), None
        )

    def total_count(self, rows_path: tuple[str, ...]) -> int | None:
        """Return how many rows all pages have together, None where the answer does not tell."""
        counts = (outer["TotalCount"] for outer in self._around(rows_path) if outer.get("TotalCount") is not None)
        return next((int(count) for count in counts), None)

    def _around(self, rows_path: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
        """Yield the objects that the fields of paging may stand in: DescribeInvocationResults has them inside."""
        yield self
        inner = self.get(rows_path[0]) if len(rows_path) > 2 else None
        if isinstance(inner, Mapping):
            yield inner


class Client:
    """Call operations of one region with one account. Threads may share a client.

    ``generation`` is ``current`` or ``classic``; callers use the names of the current one with both. ``requests``
    counts the HTTP requests sent per operation, including repeated ones. Without ``outlast_throttling``, a throttled
    call is an error at once, unless the service says when to repeat it: for callers that share a minute with others.
    """

    def __init__(
        self,
        *,
        region: str,
        credentials: CredentialSource[Credentials],
        url: str,
        transport: HttpTransport,
        generation: str = "current",
        signature_version: str | None = None,
        max_retries: int = 5,
        backoff_base: float = 0.5,
        outlast_throttling: bool = True,
    ) -> None:
        self.region = region
        self.generation = generation
        self.requests: collections.Counter[str] = collections.Counter()
        self.host = urlsplit(url).netloc
        self._credentials = credentials
        self._url = url
        self._transport = transport
        self._dialect = generations.dialect(generation)
        self._signature_version = signature_version or self._dialect.signature_version
        self._max_retries = max_retries
        self._backoff_base = backoff_base
        self._outlast_throttling = outlast_throttling
        self._counting = threading.Lock()

    def __repr__(self) -> str:
        return f"<Client {self.generation} {self.region} at {self.host}>"

    def call(
        self, operation: str, params: Mapping[str, Any] | None = None, *, deadline: Deadline | None = None
    ) -> Reply:
        """Call ``operation`` and return its body, which has the shape of the operation.

        None values are left out, RegionId is added. The call is repeated on lost answers, HTTP 5xx and throttling,
        within ``max_retries`` and ``deadline``, as far as the operation allows: writes only with a ClientToken (the
        caller's, the same in every try) or where repeating is harmless. Raises ApiError, TransportError, WaitTimeout
        (no time left), InputError (not possible in this generation).
        """
        found = operations.find(self._dialect.operation(operation))
        limit = deadline or Deadline(None)
        parts = [self._call_once(found, wire, limit) for wire in self._requests(found, params or {})]
        return parts[0] if len(parts) == 1 else _merged(parts, found.rows_path)

    def pages(
        self,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        page_size: int = 50,
        deadline: Deadline | None = None,
    ) -> Iterator[Reply]:
        """Yield every page of a listing; ``page_size`` is cut to what the operation allows.

        Raises as ``call`` does, so that a listing is complete or an error.
        """
        found = operations.find(operation)
        paging = self._dialect.paging(found)
        size = min(page_size, self._dialect.max_page(found))
        given = {name: value for name, value in (params or {}).items() if name not in generations.PAGING_PARAMETERS}
        if paging is None:
            yield self.call(operation, given, deadline=deadline)
        elif paging == "number":
            yield from self._pages_by_number(found, given, size, deadline)
        else:
            yield from self._pages_by_token(found, given, size, deadline)

    def _pages_by_token(
        self, operation: Operation, params: Mapping[str, Any], size: int, deadline: Deadline | None
    ) -> Iterator[Reply]:
        def read(token: str | None) -> Reply:
            given = {**params, "MaxResults": size, "NextToken": token}
            return self.call(operation.name, given, deadline=deadline)

        return pages_by_token(
            read,
            lambda reply: reply.next_token(operation.rows_path),
            lambda reply: len(reply.rows(*operation.rows_path)) >= size,
            lambda reason: self._incomplete(operation, reason),
            "NextToken",
        )

    def _pages_by_number(
        self, operation: Operation, params: Mapping[str, Any], size: int, deadline: Deadline | None
    ) -> Iterator[Reply]:
        number, last = 1, None
        while True:
            reply = self.call(operation.name, {**params, "PageNumber": number, "PageSize": size}, deadline=deadline)
            total = reply.total_count(operation.rows_path)
            if total is None:
                raise self._incomplete(operation, "a page came without TotalCount")
            rows = reply.rows(*operation.rows_path)
            if rows and rows == last:
                raise self._incomplete(operation, "the same page came twice")
            if not rows and total > (number - 1) * size:
                raise self._incomplete(operation, f"page {number} is empty, and TotalCount is {total}")
            yield reply
            if number * size >= total:
                return
            number, last = number + 1, rows

    def _incomplete(self, operation: Operation, reason: str) -> Incomplete:
        return Incomplete(operation.name, self.host, reason)

    def _requests(self, operation: Operation, params: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the parameters of each request of the call: of one, or of several where fewer ids fit in one."""
        given = {name: value for name, value in params.items() if value is not None}
        if operation.region:
            given.setdefault("RegionId", self.region)
        return [
            operations.to_wire(part, operation.json_arrays | self._dialect.json_arrays(operation))
            for part in self._dialect.request(operation, given)
        ]

    def _call_once(self, operation: Operation, wire: Mapping[str, str], deadline: Deadline) -> Reply:
        """Send one request until it is answered, within the limits of the client and the deadline."""
        repeat = operations.repeat_of(operation, wire)
        call = Call(
            operation.name,
            self.host,
            reads=repeat is Repeat.READ,
            repeatable=repeat is not Repeat.ONCE,
            recovery_hint=operation.recovery_hint,
        )
        return call_until_answered(
            call,
            lambda lost: self._exchange(operation, wire, repeat, deadline, lost),
            self._pause_after(),
            retries=self._max_retries,
            deadline=deadline,
            backoff_base=self._backoff_base,
        )

    def _pause_after(self) -> Callable[[ApiError], float | None]:
        """Return what gives the pause after an error of one call, None where the call is not repeated."""
        if self._outlast_throttling:
            return outlasting_throttling(retry_delay, is_throttled, base=self._backoff_base)
        return lambda error: None if is_throttled(error) and not error.retry_after else retry_delay(error)

    def _exchange(
        self, operation: Operation, wire: Mapping[str, str], repeat: Repeat, deadline: Deadline, lost: bool
    ) -> Reply:
        """Send one HTTP request, signed again since nonce and time stamp must differ. Raises ApiError, NoAnswer."""
        credentials = self.credentials()
        query, headers = self._signed(operation.name, wire, credentials)
        with self._counting:
            self.requests[operation.name] += 1
        answer = self._transport.send(
            "POST",
            f"{self._url}/?{signing.canonical_query(query)}",
            headers,
            remaining=None if deadline.seconds is None else deadline.remaining(),
            fresh=repeat is Repeat.ONCE,
        )
        if answer.status != 200:
            raise read_error(operation.name, answer, self.host, credentials.secrets())
        try:
            body = self._dialect.reply(operation, read_object(answer.body))
            self._dialect.shape(operation, wire).check(body)
        except NotAnAnswer as error:
            raise NoAnswer(str(error), may_have_arrived=True, status=answer.status) from None
        return Reply(body, answer.server_time, lost)

    def credentials(self) -> Credentials:
        """Return the credentials that are valid now.

        They were valid when the client was made, so a failure is one of renewing them: raises NoAnswer.
        """
        try:
            return self._credentials.get()
        except CloudError as error:
            reason = f"the credentials could not be refreshed: {error}"
        raise NoAnswer(reason, may_have_arrived=False)

    def _signed(
        self, operation: str, wire: Mapping[str, str], credentials: Credentials
    ) -> tuple[dict[str, str], dict[str, str]]:
        nonce, now = signing.new_nonce(), datetime.now(timezone.utc)
        headers = signing.headers_v3(operation, self.host, USER_AGENT, credentials, nonce, now)
        if self._signature_version == "v1":
            query = {**signing.query_v1(operation, credentials, nonce, now), **wire}
            query["Signature"] = signing.sign_v1("POST", query, credentials.access_key_secret)
            kept = ("host", "x-acs-version", "x-acs-action", "user-agent", "accept", "x-acs-credentials-provider")
            return query, {name: headers[name] for name in kept}
        headers["Authorization"] = signing.sign_v3("POST", wire, headers, credentials)
        return dict(wire), headers


def _merged(parts: list[Reply], rows_path: tuple[str, ...]) -> Reply:
    """Return one reply out of those of a call that was split by ids."""
    last = parts[-1]
    merged = Reply(last, last.server_time, any(part.after_lost_reply for part in parts))
    if rows_path:
        everything: Any = [row for part in parts for row in part.rows(*rows_path)]
        merged["TotalCount"] = len(everything)
        for name in reversed(rows_path[1:]):
            everything = {name: everything}
        merged[rows_path[0]] = everything
    return merged
