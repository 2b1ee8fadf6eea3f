# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loopback HTTP server that gives scripted answers and keeps every request that it got."""

from __future__ import annotations

import itertools
import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .genuine import MADE


@dataclass(frozen=True)
class Request:
    """What arrived; header names are in small letters."""

    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def query(self) -> dict[str, str]:
        """The decoded parameters; a parameter that came twice is an error."""
        pairs = parse_qsl(self.raw_query, keep_blank_values=True, strict_parsing=bool(self.raw_query))
        assert len(dict(pairs)) == len(pairs), "a parameter came twice"
        return dict(pairs)


@dataclass(frozen=True)
class Answer:
    """One answer, a success unless it says otherwise.

    ``drop`` closes the connection instead; ``cut`` leaves out that many bytes at the body's end.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: int = 0

    def payload(self) -> bytes:
        """Return the body's bytes: bytes and texts unchanged, anything else as JSON."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(MADE if self.body is None else self.body).encode()


def api_error(status: int, code: str, message: str = "a message", **headers: str) -> Answer:
    """Return an error document of the service; ``retry_after`` becomes its header."""
    names = {"retry_after": "x-acs-retry-after"}
    return Answer(
        status,
        {"RequestId": "R-9", "HostId": "ecs.example.com", "Code": code, "Message": message},
        {names.get(name, name): value for name, value in headers.items()},
    )


class _Handler(BaseHTTPRequestHandler):
    """Asks its server for the answer to each request."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.connection_number = next(self.server.connections)
        super().setup()

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            parts.path,
            parts.query,
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
            self.connection_number,
        )
        answer = self.server.answer(request)
        if answer.drop:
            self.close_connection = True
            return
        payload = answer.payload()
        self.send_response_only(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload[: len(payload) - answer.cut])
        if answer.cut:
            self.close_connection = True

    do_GET = do_POST = handle_any

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    """Gives what ``answer`` returns for a request; numbers its connections from 0."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], answer: Callable[[Request], Answer]) -> None:
        super().__init__(address, _Handler)
        self.answer = answer
        self.connections = itertools.count()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an error, unless a client stopped waiting for its answer, which is part of the tests."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class ScriptedServer:
    """Gives the answers in their order and keeps giving the last one; a function may be given instead of answers."""

    def __init__(
        self, answers: Iterable[Answer] | Callable[[Request], Answer] = (), *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self.script(answers)
        self._server = _Server(("127.0.0.1", 0), self._next)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def script(self, answers: Iterable[Answer] | Callable[[Request], Answer]) -> None:
        """Replace what is answered, and forget the requests so far."""
        self.requests.clear()
        self._function = answers if callable(answers) else None
        self._answers = [] if callable(answers) else list(answers)

    def _next(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            if self._function is not None:
                return self._function(request)
            if len(self._answers) > 1:
                return self._answers.pop(0)
            return self._answers[0] if self._answers else Answer()

    @property
    def host(self) -> str:
        """Address and port."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Scheme, address and port."""
        return f"http://{self.host}"

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
