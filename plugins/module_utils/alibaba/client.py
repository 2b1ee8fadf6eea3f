# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call to Alibaba Cloud ECS: parameters in, body out, repeated only where that cannot act twice."""

from __future__ import annotations

import collections
import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from ..common.errors import ApiError, CloudError, TransportError, WaitTimeout
from ..common.retry import call_with_retries
from ..common.transport import HttpAnswer, HttpTransport, NoAnswer
from ..common.version import COLLECTION, VERSION
from ..common.wait import Deadline
from . import generations, operations, signing
from .credentials import Credentials, CredentialSource
from .failures import read_error
from .operations import Operation, Repeat

USER_AGENT = f"{COLLECTION}/{VERSION} (Ansible collection)"

# shown on 503, on some pages on 500; refused before anything is done
_UNAVAILABLE = "ServiceUnavailable"

# seconds
_MINUTE = 60.0


class Reply(dict[str, Any]):
    """The body of a successful answer.

    ``server_time``: the service's clock (UTC) when it answered, None when it did not say. ``after_lost_reply``: an
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
        """The id under which the service's support finds the request."""
        value = self.get("RequestId")
        return None if value is None else str(value)

    def rows(self, *path: str) -> list[Any]:
        """The list under ``path``, e.g. ``rows("Commands", "Command")``; empty when any part of it is missing."""
        value: Any = self
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return list(value) if isinstance(value, list) else []


class Client:
    """Calls operations of one region with one account. Threads may share a client.

    ``generation`` is ``current`` or ``classic``; callers use the names of the current one with both. ``requests``
    counts the HTTP requests sent per operation, repeated ones too.
    """

    def __init__(
        self,
        *,
        region: str,
        credentials: CredentialSource,
        url: str,
        transport: HttpTransport,
        generation: str = "current",
        signature_version: str | None = None,
        max_retries: int = 5,
        backoff_base: float = 0.5,
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
        self._counting = threading.Lock()

    def __repr__(self) -> str:
        return f"<Client {self.generation} {self.region} at {self.host}>"

    def call(
        self, operation: str, params: Mapping[str, Any] | None = None, *, deadline: Deadline | None = None
    ) -> Reply:
        """Call ``operation`` and return its body.

        None values are left out, RegionId is added. The call is repeated on network errors, HTTP 5xx and throttling,
        within ``max_retries`` and ``deadline``, as far as the operation allows: writes only with a ClientToken (the
        caller's, the same in every try) or where repeating is harmless. Raises ApiError, TransportError, WaitTimeout
        (no time left), InputError (not possible in this generation).
        """
        kind = operations.find(self._dialect.operation(operation))
        parts = [self._one(kind, wire, deadline or Deadline(None)) for wire in self._wire(kind, params or {})]
        return parts[0] if len(parts) == 1 else _merged(parts, kind.rows)

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
        kind = operations.find(operation)
        paging = self._dialect.paging(kind)
        size = min(page_size, self._dialect.max_page(kind))
        given = {name: value for name, value in (params or {}).items() if name not in generations.PAGING_PARAMETERS}
        if paging is None:
            yield self.call(operation, given, deadline=deadline)
        elif paging == "number":
            yield from self._numbered(kind, given, size, deadline)
        else:
            limits = {} if paging == "token_only" else {"MaxResults": size}
            yield from self._by_token(kind, {**given, **limits}, deadline)

    def _by_token(self, kind: Operation, params: Mapping[str, Any], deadline: Deadline | None) -> Iterator[Reply]:
        seen: set[str] = set()
        token: str | None = None
        while True:
            reply = self.call(kind.name, {**params, "NextToken": token}, deadline=deadline)
            yield reply
            token = reply.get("NextToken") or _nested_token(reply, kind.rows)
            if not token:
                return
            if token in seen:
                raise CloudError(f"{kind.name}: {self.host} gave the same NextToken twice, the listing is not complete")
            seen.add(token)

    def _numbered(
        self, kind: Operation, params: Mapping[str, Any], size: int, deadline: Deadline | None
    ) -> Iterator[Reply]:
        number = 1
        while True:
            reply = self.call(kind.name, {**params, "PageNumber": number, "PageSize": size}, deadline=deadline)
            yield reply
            total = reply.get("TotalCount", (reply.get(kind.rows[0]) or {}).get("TotalCount"))
            if not reply.rows(*kind.rows) or (total is not None and number * size >= int(total)):
                return
            number += 1

    def _wire(self, kind: Operation, params: Mapping[str, Any]) -> list[dict[str, str]]:
        """The parameters of each request that the call takes: one, or several where the generation takes fewer ids."""
        given = {name: value for name, value in params.items() if value is not None}
        if kind.region:
            given.setdefault("RegionId", self.region)
        return [
            operations.to_wire(part, kind.json_arrays | self._dialect.json_arrays(kind))
            for part in self._dialect.request(kind, given)
        ]

    def _one(self, kind: Operation, wire: Mapping[str, str], deadline: Deadline) -> Reply:
        repeat = operations.repeat_of(kind, wire)
        lost = False

        def attempt(number: int) -> Reply:
            nonlocal lost
            try:
                return self._exchange(kind, wire, repeat, deadline, lost)
            except NoAnswer as error:
                lost = lost or error.may_have_arrived
                raise
            except ApiError as error:
                error.after_lost_reply = lost
                # a gateway's 5xx says nothing of what the service behind it did
                lost = lost or (error.http_status or 0) >= 500
                raise

        # the service counts by the minute: with the usual settings these pauses outlast one, 2 + 4 + 8 + 16 + 32 s
        slower = (min(self._backoff_base * 4 * 2.0**number, _MINUTE) for number in itertools.count())

        def least_pause(error: Exception) -> float | None:
            pause = _pause(error, repeat)
            if pause == 0.0 and isinstance(error, ApiError) and _throttled(error):
                # it did not say when to come back
                return next(slower)
            return pause

        failure: CloudError
        try:
            return call_with_retries(
                attempt, least_pause, retries=self._max_retries, deadline=deadline, base=self._backoff_base
            )
        except NoAnswer as error:
            failure = self._unanswered(kind, repeat, error, lost, deadline)
            failure.passing = error.passing
        except ApiError as error:
            failure = _with_advice(error, kind) if lost and repeat is not Repeat.READ else error
            failure.passing = _pause(error, Repeat.READ) is not None
        raise failure

    def _exchange(
        self, kind: Operation, wire: Mapping[str, str], repeat: Repeat, deadline: Deadline, lost: bool
    ) -> Reply:
        """One HTTP request, signed anew: nonce and time stamp must differ in every try."""
        if deadline.expired():
            raise WaitTimeout(f"{kind.name}: not sent, the time allowed has passed")
        credentials = self._valid_credentials()
        query, headers = self._signed(kind.name, wire, credentials)
        with self._counting:
            self.requests[kind.name] += 1
        answer = self._transport.send(
            "POST",
            f"{self._url}/?{signing.canonical_query(query)}",
            headers,
            remaining=None if deadline.seconds is None else deadline.remaining(),
            fresh=repeat is Repeat.ONCE,
        )
        if answer.status != 200:
            raise read_error(kind.name, answer, self.host, credentials.secrets())
        body = self._dialect.reply(kind, _body(answer))
        # a dry run need not make anything that has an id
        if kind.gives and not body.get(kind.gives) and wire.get("RepeatMode") != "DryRun":
            raise NoAnswer(f"the answer names no {kind.gives}", may_have_arrived=True)
        return Reply(body, answer.server_time, lost)

    def _valid_credentials(self) -> Credentials:
        """The credentials of now. They were good when the client was made, so a failure means that renewing failed."""
        try:
            return self._credentials.get()
        except CloudError as error:
            reason = f"the credentials could not be renewed: {error}"
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

    def _unanswered(
        self, kind: Operation, repeat: Repeat, error: NoAnswer, lost: bool, deadline: Deadline
    ) -> CloudError:
        reason = error.reason
        if repeat is Repeat.READ:
            if deadline.expired():
                return WaitTimeout(f"{kind.name}: the time allowed has passed before {self.host} answered ({reason})")
            return TransportError(kind.name, self.host, reason, may_have_arrived=False)
        return TransportError(kind.name, self.host, reason, may_have_arrived=lost, advice=kind.look if lost else "")


def _throttled(error: ApiError) -> bool:
    return error.code == "Throttling" or error.code.startswith("Throttling.") or error.http_status == 429


def _pause(error: Exception, repeat: Repeat) -> float | None:
    """The least pause in seconds before a call of this kind may be tried again, None when it may not."""
    once = repeat is Repeat.ONCE
    if isinstance(error, NoAnswer):
        return 0.0 if error.passing and not (once and error.may_have_arrived) else None
    if not isinstance(error, ApiError):
        return None
    asked = error.retry_after or 0.0
    if _throttled(error):
        # refused before anything was done, so every kind may come again
        return asked
    if once:
        return None
    if error.code == "IdempotentProcessing" and repeat is Repeat.TOKEN_WRITE:
        return asked
    if error.code == _UNAVAILABLE or (error.http_status or 0) >= 500 or asked:
        return asked
    return None


def _body(answer: HttpAnswer) -> dict[str, Any]:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise NoAnswer("the answer is not a complete JSON object", may_have_arrived=True)
    return body


def _with_advice(error: ApiError, kind: Operation) -> ApiError:
    advice = f"The request may have taken effect all the same. {kind.look}".rstrip()
    told = ApiError(
        error.operation,
        error.code,
        error.api_message,
        error.request_id,
        error.http_status,
        error.host,
        f"{error.hint} {advice}" if error.hint else advice,
        retry_after=error.retry_after,
    )
    told.after_lost_reply = error.after_lost_reply
    return told


def _nested_token(reply: Reply, rows: tuple[str, ...]) -> str | None:
    """DescribeInvocationResults keeps its NextToken beside the list, not at the top."""
    inner = reply.get(rows[0]) if len(rows) > 2 else None
    return inner.get("NextToken") if isinstance(inner, Mapping) else None


def _merged(parts: list[Reply], rows: tuple[str, ...]) -> Reply:
    """One reply out of those of a call that was split by ids."""
    last = parts[-1]
    merged = Reply(last, last.server_time, any(part.after_lost_reply for part in parts))
    if rows:
        everything: Any = [row for part in parts for row in part.rows(*rows)]
        merged["TotalCount"] = len(everything)
        for name in reversed(rows[1:]):
            everything = {name: everything}
        merged[rows[0]] = everything
    return merged
