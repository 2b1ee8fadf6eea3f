# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Bound an HTTP answer in time and size, from its first byte to its last.

The read timeout of ``requests`` applies to each read, so a server that keeps sending single bytes, header lines, chunks
or ``100 Continue`` is read for ever. Here every byte of an answer passes through a reader with one deadline
and one count.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import socket
import ssl
import zlib
from typing import Any

try:
    from requests.adapters import HTTPAdapter
except ImportError:  # the transport, which alone makes an adapter, reports the missing library
    HTTPAdapter = object  # type: ignore[assignment,misc]

from .wait import Deadline

MAX_ANSWER_BYTES = 8 * 2**20
"""Bytes of one answer, as received and as unpacked: twice the largest genuine one, a page of DescribeInvocations with
50 scripts of 24 KB in Base64 and the states of 50 times 100 instances (MaxResults, CommandContent, InstanceId)."""

ENCODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""The window sizes of zlib for the encodings that are unpacked (RFC 9110, 8.4.1)."""


class AnswerTooLarge(Exception):
    """The answer has more than MAX_ANSWER_BYTES bytes."""


class BadEncoding(Exception):
    """The answer is not in the encoding that it names, or in one that was not asked for."""


class _Reader(io.RawIOBase):
    """Read an answer of up to MAX_ANSWER_BYTES from ``connected``, whose timeout here limits the whole answer."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._seconds = connected.gettimeout()
        self._deadline = Deadline(self._seconds)
        self._raw = connected.makefile("rb", buffering=0)
        self._left = MAX_ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._deadline.expired():
            raise TimeoutError("the reply was not complete in time")
        if self._seconds is not None:
            self._socket.settimeout(self._deadline.remaining())
        try:
            size: int | None = self._raw.readinto(buffer)
        except ssl.SSLError as error:
            if isinstance(error, TimeoutError):
                raise
            # what fails here was sent; an SSLError would pass for a failed handshake, before which nothing is
            raise ConnectionError(error.errno, error.reason or "the encrypted connection was interrupted") from None
        self._left -= size or 0
        if self._left < 0:
            raise AnswerTooLarge
        return size

    def close(self) -> None:
        if not self.closed:
            with contextlib.suppress(OSError):
                # a connection that is kept serves the next request, which has a time of its own
                self._socket.settimeout(self._seconds)
            self._raw.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """An answer whose status line, headers, interim answers and body all come through one bounded reader."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock))


class BoundedAdapter(HTTPAdapter):
    """An adapter whose connections bound every answer, whichever way they lead (direct, proxy, SOCKS)."""

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        return _bounded(super().get_connection_with_tls_context(*args, **options))

    def get_connection(self, *args: Any, **options: Any) -> Any:
        # requests before 2.32 asks for a connection here
        return _bounded(super().get_connection(*args, **options))

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Have the connections of the pool ``conn`` trust the authorities of the bundle, which are read once."""
        super().cert_verify(conn, url, verify, cert)
        bundle = getattr(conn, "ca_certs", None) or getattr(conn, "ca_cert_dir", None)
        if verify and bundle:
            conn.conn_kw["ssl_context"] = trusting(bundle)
            # or each connection would read them again
            conn.ca_certs = conn.ca_cert_dir = None


_contexts: dict[tuple[str, int], ssl.SSLContext] = {}


def trusting(bundle: str) -> ssl.SSLContext:
    """Return the TLS context that trusts the authorities in this file or folder. Raises OSError.

    To read them takes twenty times as long as a request. Processes that are forked inherit what was read before.
    """
    from urllib3.util.ssl_ import create_urllib3_context

    key = bundle, os.stat(bundle).st_mtime_ns
    if key not in _contexts:
        context = create_urllib3_context()
        is_folder = os.path.isdir(bundle)
        context.load_verify_locations(None if is_folder else bundle, bundle if is_folder else None)
        _contexts[key] = context
    return _contexts[key]


def _bounded(pool: Any) -> Any:
    """Have the connections that ``pool`` makes use the bounded response."""
    kind = pool.ConnectionCls
    if getattr(kind, "response_class", None) is not BoundedResponse:
        pool.ConnectionCls = type(kind.__name__, (kind,), {"response_class": BoundedResponse})
    return pool


def unpack(body: bytes, encoding: str) -> bytes:
    """Return the body without its content encoding.

    Raises BadEncoding where the body is not what it says, and AnswerTooLarge for one that unpacks to too much.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ENCODINGS:
        raise BadEncoding(f"the reply has the content encoding {name[:40]!r}, which was not requested")
    unpacker = zlib.decompressobj(ENCODINGS[name])
    try:
        data = unpacker.decompress(body, MAX_ANSWER_BYTES + 1)
    except zlib.error:
        raise BadEncoding(f"the reply is not valid {name}") from None
    if len(data) > MAX_ANSWER_BYTES:
        raise AnswerTooLarge
    if not unpacker.eof:
        raise BadEncoding(f"the reply is not complete {name}")
    return data
