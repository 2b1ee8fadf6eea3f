# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loopback server that answers each request with bytes of any kind, at any pace."""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable

Pieces = Callable[[], Iterable[bytes]]


class RawServer:
    """Answers each request with ``pieces()`` and closes the connection, unless it is to be kept.

    ``stopped`` ends what would never end.
    """

    def __init__(self, pieces: Pieces, *, tls: ssl.SSLContext | None = None, keep: bool = False) -> None:
        self.stopped = threading.Event()
        self.requests = 0
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    while self.request.recv(65536):
                        outer.requests += 1
                        for piece in pieces():
                            if outer.stopped.is_set():
                                return
                            self.request.sendall(piece)
                        if not keep:
                            return

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def trickle(self, pieces: Iterable[bytes], pause: float = 0.02) -> Iterable[bytes]:
        """Yield the pieces with a pause after each, which the end of the server cuts short."""
        for piece in pieces:
            yield piece
            if self.stopped.wait(pause):
                return

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def head(*lines: str, status: str = "200 OK") -> bytes:
    """Return the head of an answer: status line, headers, empty line."""
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode()


def with_body(body: bytes, *lines: str) -> list[bytes]:
    """Return a whole answer with the right length."""
    return [head(f"Content-Length: {len(body)}", *lines), body]
