# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers without end, of any size and in false encodings: each is given up, in time and with a reason."""

from __future__ import annotations

import gzip
import itertools
import ssl
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.bounded import (
    MAX_ANSWER_BYTES,
    AnswerTooLarge,
    BadEncoding,
    unpack,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import (
    HttpAnswer,
    HttpTransport,
    NoAnswer,
)
from support.certificates import make_certificate
from support.raw_server import RawServer, head, with_body

BLOCK = b"x" * 65536
TOO_MANY = MAX_ANSWER_BYTES // len(BLOCK) + 2
LENGTH = f"Content-Length: {TOO_MANY * len(BLOCK)}"
CHUNKED = "Transfer-Encoding: chunked"


def ask(url: str, *, verify: bool | str = True, remaining: float | None = None, read: float = 0.5) -> HttpAnswer:
    transport = HttpTransport(verify=verify, read_timeout=read)
    return transport.send("POST", url + "/", {}, None, remaining=remaining)


ENDLESS: dict[str, Callable[[], Iterable[bytes]]] = {
    "a status line by the byte": lambda: itertools.chain([b"HTTP/1.1 200 "], itertools.repeat(b"O")),
    "a header by the byte": lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nX: "], itertools.repeat(b"y")),
    "headers": lambda: itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X: y\r\n")),
    "100 Continue": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue with headers": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"),
    "a body by the byte": lambda: itertools.chain([head("Content-Length: 1000000")], itertools.repeat(b"x")),
    "a body without a length": lambda: itertools.chain([head("Connection: close")], itertools.repeat(b"x")),
    "chunks": lambda: itertools.chain([head(CHUNKED)], itertools.repeat(b"1\r\nx\r\n")),
    "the size of a chunk": lambda: itertools.chain([head(CHUNKED), b"1;"], itertools.repeat(b"x")),
    "trailers": lambda: itertools.chain([head(CHUNKED), b"1\r\nx\r\n0\r\n"], itertools.repeat(b"X: y\r\n")),
    "nothing": lambda: itertools.repeat(b""),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_without_end_is_given_up_in_time(kind: str) -> None:
    """A time-out of each read would never pass: something arrives every 20 ms."""
    with RawServer(lambda: server.trickle(ENDLESS[kind]())) as server, pytest.raises(NoAnswer) as caught:
        ask(server.url)
    assert caught.value.may_have_arrived
    assert caught.value.transient
    # of headers, the HTTP library takes a hundred
    assert "read_timeout" in caught.value.reason or "header" in caught.value.reason


def test_what_is_left_of_the_wait_also_limits_the_answer() -> None:
    server = RawServer(lambda: server.trickle(ENDLESS["a body by the byte"]()))
    with server, pytest.raises(NoAnswer, match="read_timeout"):
        ask(server.url, remaining=0.3, read=300)


def test_an_encrypted_answer_is_bounded_as_well(tmp_path: Path) -> None:
    authority, both = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server = RawServer(lambda: server.trickle(ENDLESS["headers"]()), tls=context)
    with server, pytest.raises(NoAnswer) as caught:
        ask(server.url, verify=str(authority))
    assert caught.value.may_have_arrived


@pytest.mark.parametrize(
    "pieces",
    [
        lambda: [head(LENGTH), *[BLOCK] * TOO_MANY],
        lambda: [head("Connection: close"), *[BLOCK] * TOO_MANY],
        lambda: [head(CHUNKED), *[b"10000\r\n" + BLOCK + b"\r\n"] * TOO_MANY],
        lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        lambda: with_body(gzip.compress(BLOCK * TOO_MANY), "Content-Encoding: gzip"),
        lambda: with_body(zlib.compress(BLOCK * TOO_MANY), "Content-Encoding: deflate"),
    ],
    ids=["length", "no length", "chunks", "interim answers", "gzip", "deflate"],
)
def test_an_answer_too_large_is_given_up(pieces: Callable[[], Iterable[bytes]]) -> None:
    with RawServer(pieces) as server, pytest.raises(NoAnswer, match="has more than 8 MB") as caught:
        ask(server.url, read=60)
    assert caught.value.may_have_arrived


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        (with_body(b"{}", "Content-Encoding: gzip"), "not valid gzip"),
        (with_body(gzip.compress(b"{}")[:-4], "Content-Encoding: gzip"), "not complete gzip"),
        (with_body(b"{}", "Content-Encoding: br"), "'br', which was not requested"),
        (with_body(b"{}", "Content-Encoding: gzip, gzip"), "which was not requested"),
        ([head("Content-Length: 100"), b"{}"], "was interrupted"),
        ([head(CHUNKED), b"64\r\n{}"], "was interrupted"),
        ([head(CHUNKED), b"zz\r\n{}\r\n0\r\n\r\n"], "not valid HTTP|was interrupted"),
        ([b"\x16\x03\x01\x00\x00"], "BadStatusLine|RemoteDisconnected"),
    ],
)
def test_an_answer_that_is_not_what_it_says_is_lost(pieces: list[bytes], reason: str) -> None:
    with RawServer(lambda: pieces) as server, pytest.raises(NoAnswer, match=reason) as caught:
        ask(server.url, read=60)
    assert caught.value.may_have_arrived


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_a_packed_answer_is_unpacked(encoding: str) -> None:
    packed = zlib.compress(b'{"a": 1}') if encoding == "deflate" else gzip.compress(b'{"a": 1}')
    with RawServer(lambda: with_body(packed, f"Content-Encoding: {encoding}")) as server:
        assert ask(server.url, read=60).body == b'{"a": 1}'


def test_an_uncompressed_body_stays_unchanged() -> None:
    assert unpack(b"abc", "") == unpack(b"abc", " Identity ") == b"abc"
    with pytest.raises(BadEncoding):
        unpack(b"", "gzip")
    with pytest.raises(AnswerTooLarge):
        unpack(gzip.compress(bytes(MAX_ANSWER_BYTES + 1)), "gzip")
    assert len(unpack(gzip.compress(bytes(MAX_ANSWER_BYTES)), "gzip")) == MAX_ANSWER_BYTES


def test_a_kept_connection_has_its_whole_time_for_the_next_answer() -> None:
    """What is left of one answer's time is not the time of the next."""

    def slowly() -> Iterable[bytes]:
        first, last = with_body(b"{}")
        return server.trickle([first, b"", b"", b"", b"", b"", b"", last])

    with RawServer(slowly, keep=True) as server:
        transport = HttpTransport(read_timeout=60)
        assert [transport.send("POST", server.url + "/", {}).body for _turn in range(3)] == [b"{}"] * 3
