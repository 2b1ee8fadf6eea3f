# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault does to an answer on its way to the client, in both clouds."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any

from aiohttp import web

from .faults import FaultRule

_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to continue.</body></html>"
_PIECE = 1 << 16
_MOST_UNSENT = 1 << 20
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def foreign_page(fault: FaultRule) -> web.Response:
    """Return the page of a proxy or gateway that answers in the service's place."""
    body = _LOGIN_PAGE if fault.body is None else fault.body
    headers = {"Content-Type": "text/html; charset=utf-8"} | dict(fault.headers)
    return web.Response(status=fault.status or 200, body=body.encode("utf-8", "surrogateescape"), headers=headers)


async def damaged(request: web.Request, response: web.Response, fault: FaultRule) -> web.StreamResponse:
    """Send ``response`` as the fault leaves it, where the fault is one of ANSWER_KINDS; else return it unchanged."""
    if fault.kind == "page":
        return foreign_page(fault)
    if fault.kind in ("edit", "headers", "deep"):
        return _changed(response, fault)
    if fault.kind == "huge":
        return await _send_huge(request, response, fault)
    if fault.kind == "endless":
        return await _stream(request, response.status, {}, _blanks(fault))
    pieces = {
        "drop_after": _nothing,
        "truncate": _half,
        "wrong_length": _wrong_length,
        "slow": _byte_by_byte,
        "endless_continue": _continues,
    }.get(fault.kind)
    return response if pieces is None else await _send_raw(request, pieces(response, fault))


# -- answers that are whole, and wrong ---------------------------------------------------------------------------------


def _body(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""


def _changed(response: web.Response, fault: FaultRule) -> web.Response:
    if fault.kind == "edit":
        response.body = _edited(_body(response), fault)
    elif fault.kind == "deep":
        nested = b"[" * fault.depth + b"]" * fault.depth
        response.body = _with_field(_body(response), b'"Nested":', iter([nested]))
    response.headers.update(fault.headers)
    return response


def _edited(body: bytes, fault: FaultRule) -> bytes:
    """Return a JSON document with its paths changed; a document without them, and any other body, stays unchanged."""
    try:
        document = json.loads(body)
    except ValueError:
        return body
    for path in fault.path:
        _edit(document, path.split("."), fault)
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _edit(node: Any, words: list[str], fault: FaultRule) -> None:
    first, *rest = words
    for key in _keys(node, first, may_be_new=not rest and not fault.remove):
        if rest:
            _edit(node[key], rest, fault)
        elif fault.remove:
            del node[key]
        else:
            node[key] = fault.value


def _keys(node: Any, word: str, *, may_be_new: bool) -> list[Any]:
    """Return the keys or indexes of ``node`` that a word of a path means; of a list the last ones first."""
    if isinstance(node, dict):
        return list(node) if word == "*" else [word] if word in node or may_be_new else []
    if isinstance(node, list):
        numbers = range(len(node)) if word == "*" else [int(word)] if word.isdigit() else []
        return [number for number in reversed(numbers) if number < len(node)]
    return []


def _with_field(body: bytes, name: bytes, value: Iterator[bytes]) -> bytes:
    return b"".join(_pieces_with_field(body, name, value))


def _pieces_with_field(body: bytes, name: bytes, value: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a JSON object with one more field in front, or another body behind the field in an object."""
    yield b"{" + name
    yield from value
    is_object = body.startswith(b"{") and body.strip() != b"{}"
    yield b"," + body[1:] if is_object else b"}"


def _padding(size: int) -> Iterator[bytes]:
    yield b'"'
    for begin in range(0, size, _PIECE):
        yield b"x" * min(_PIECE, size - begin)
    yield b'"'


async def _send_huge(request: web.Request, response: web.Response, fault: FaultRule) -> web.StreamResponse:
    pieces = _pieces_with_field(_body(response), b'"Padding":', _padding(fault.size_bytes))
    headers = {"Content-Type": response.content_type}
    if fault.compressed:
        packed = gzip.compress(b"".join(pieces), compresslevel=1)
        return web.Response(status=response.status, body=packed, headers=headers | {"Content-Encoding": "gzip"})
    return await _stream(request, response.status, headers, _each(pieces))


async def _each(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _blanks(fault: FaultRule) -> AsyncIterator[bytes]:
    while True:
        yield b" " * min(fault.size_bytes, _PIECE)
        await asyncio.sleep(fault.delay_ms / 1000)


async def _stream(
    request: web.Request, status: int, headers: dict[str, str], pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Send pieces in chunks until they or the client are gone."""
    stream = web.StreamResponse(status=status, headers=headers)
    stream.enable_chunked_encoding()
    try:
        await stream.prepare(request)
        async for piece in pieces:
            await stream.write(piece)
        await stream.write_eof()
    except ConnectionError:
        hang_up(request)
    return stream


# -- answers that break the protocol, written byte by byte -------------------------------------------------------------


def _head(response: web.Response, length: int) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name.lower() != "content-length"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


async def _nothing(_response: web.Response, _fault: FaultRule) -> AsyncIterator[bytes]:
    for piece in ():
        yield piece


async def _half(response: web.Response, _fault: FaultRule) -> AsyncIterator[bytes]:
    body = _body(response)
    # of an empty answer, no half can be sent
    if len(body) > 1:
        yield _head(response, len(body)) + body[: len(body) // 2]


async def _wrong_length(response: web.Response, fault: FaultRule) -> AsyncIterator[bytes]:
    body = _body(response)
    yield _head(response, max(0, len(body) + fault.by)) + body
    await asyncio.sleep(fault.delay_ms / 1000)


async def _byte_by_byte(response: web.Response, fault: FaultRule) -> AsyncIterator[bytes]:
    head, body = _head(response, len(_body(response))), _body(response)
    for part, data in (("headers", head), ("body", body)):
        if fault.part not in ("all", part):
            yield data
            continue
        for byte in data:
            yield bytes([byte])
            await asyncio.sleep(fault.delay_ms / 1000)


async def _continues(_response: web.Response, fault: FaultRule) -> AsyncIterator[bytes]:
    while True:
        yield _CONTINUE
        await asyncio.sleep(fault.delay_ms / 1000)


async def _send_raw(request: web.Request, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """Write pieces unchanged, for as long as the client takes them, and close the connection."""
    transport = request.transport
    async for piece in pieces:
        if transport is None or transport.is_closing():
            break
        transport.write(piece)
        while transport.get_write_buffer_size() > _MOST_UNSENT and not transport.is_closing():
            await asyncio.sleep(0.01)
    return hang_up(request)


def hang_up(request: web.Request, *, reset: bool = False) -> web.StreamResponse:
    """Close the connection, with a TCP reset if asked for; what is returned goes nowhere."""
    transport = request.transport
    if transport is not None and reset:
        handle = transport.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    elif transport is not None:
        transport.close()
    return web.Response(status=499)
