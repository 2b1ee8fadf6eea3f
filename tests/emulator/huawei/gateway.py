# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every request to the emulated Huawei Cloud passes: routes, faults, authentication, error bodies, request ids."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web

from ..damage import damaged, foreign_page, hang_up
from ..faults import FaultRule
from ..state import Cloud
from .authentication import Verifier
from .errors import HuaweiError, no_such_api
from .state import IamToken

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# what a handler finds of the caller: the token, or None for a signature
TOKEN = "token"
ANONYMOUS = {"KeystoneCreateUserTokenByPassword"}


def application(
    cloud: Cloud, service: str, id_header: str, error_body: Callable[[HuaweiError], Any]
) -> web.Application:
    """Return an application whose routes are named as operations; ``error_body`` words its handlers' errors."""
    gateway = _Gateway(cloud, service, id_header, error_body)
    return web.Application(middlewares=[gateway.handle], client_max_size=12 * 2**20)


class _Gateway:
    """What every request to one service passes."""

    def __init__(self, cloud: Cloud, service: str, id_header: str, error_body: Callable[[HuaweiError], Any]) -> None:
        options = cloud.options
        self._cloud = cloud
        self._service = service
        self._id_header = id_header
        self._error_body = error_body
        self._verifier = Verifier(options.access_key_id, options.access_key_secret, options.security_token)

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer one request, with the fault that a rule wants for it."""
        body = await request.read()
        operation = request.match_info.route.name
        fault = self._cloud.faults.match(operation) if operation else None
        row = self._note(request, fault)
        delay = self._cloud.options.api_latency_ms
        if fault is not None and fault.kind == "delay":
            delay += fault.delay_ms
        if delay:
            await asyncio.sleep(delay / 1000)
        if fault is not None and fault.kind in ("drop_before", "reset"):
            return hang_up(request, reset=fault.kind == "reset")
        if fault is not None and fault.kind == "page" and fault.when == "before":
            row["status"] = fault.status or 200
            return foreign_page(fault)
        if fault is not None and fault.kind == "throttle":
            # the pages show 429 with no body at all
            pause = {"Retry-After": str(math.ceil(fault.retry_after_ms / 1000))} if fault.retry_after_ms else {}
            response: web.StreamResponse = web.Response(status=429, headers=pause)
        else:
            response = await self._answer(request, handler, body, row, fault)
            if fault is not None and fault.kind == "duplicate":
                await self._answer(request, handler, body, row, fault)
        row["status"] = response.status
        response.headers[self._id_header] = row["request_id"]
        response.headers["Date"] = formatdate(time.time() + self._cloud.skew_s(fault), usegmt=True)
        if fault is None or not isinstance(response, web.Response):
            return response
        return await damaged(request, response, fault)

    def _note(self, request: web.Request, fault: FaultRule | None) -> dict[str, Any]:
        """Add the request to those that the control interface shows, and return its row."""
        row: dict[str, Any] = {
            "service": self._service,
            "action": request.match_info.route.name or "",
            "method": request.method,
            "path": request.path,
            "params": dict(request.query),
            "status": None,
            "code": None,
            "fault": fault.kind if fault else None,
            "request_id": secrets.token_hex(16),
            "received": time.monotonic(),
        }
        self._cloud.requests.append(row)
        return row

    async def _answer(
        self, request: web.Request, handler: Handler, body: bytes, row: dict[str, Any], fault: FaultRule | None
    ) -> web.StreamResponse:
        try:
            if not row["action"]:
                raise no_such_api()
            if fault is not None and fault.kind == "status":
                raise HuaweiError(fault.status or 503, fault.code, fault.message or "The service is not available.")
            if row["action"] not in ANONYMOUS:
                request[TOKEN] = self._check(request, body, fault)
            return await handler(request)
        except HuaweiError as error:
            row["code"] = error.code
            return web.json_response(self._error_body(error), status=error.status)

    def _check(self, request: web.Request, body: bytes, fault: FaultRule | None) -> IamToken | None:
        """Return the token that the request is authenticated with, None for a signature. Raises HuaweiError."""
        return self._verifier.check(
            self._cloud.huawei,
            request.method,
            request.rel_url.raw_path,
            request.rel_url.raw_query_string,
            {name.lower(): value for name, value in request.headers.items()},
            body,
            now=time.time() + self._cloud.skew_s(fault),
        )


def caller(request: web.Request) -> IamToken | None:
    """Return the token of the request, None when it was signed."""
    return request[TOKEN]


def json_object(body: bytes, error: Callable[[str], HuaweiError]) -> dict[str, Any]:
    """Return the body as a JSON object; ``error`` makes the refusal of anything else."""
    try:
        value = json.loads(body)
    except ValueError:
        raise error("the body is not JSON") from None
    if not isinstance(value, dict):
        raise error("the body is not a JSON object")
    return value
