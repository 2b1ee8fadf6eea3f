# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ECS endpoint: from an HTTP request over faults, signature, checks and client tokens to a handler and back."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
import logging
import time
import uuid
from email.utils import formatdate
from typing import Any

from aiohttp import web

from .call import Answer, Call, Handler, handlers
from .classic import COMMON_NAMES, NAMES, exists, is_classic
from .damage import damaged, foreign_page, hang_up
from .dispatch import Dispatcher
from .errors import OPERATIONS, ApiError, api_error
from .faults import INSTANCE_KINDS, FaultRule
from .lifecycle import Lifecycle
from .signatures import Verifier
from .state import Cloud
from .validation import check_region, validate
from .wire import Params, encode_json, encode_xml, parse_pairs

VERSION = "2014-05-26"
_MASKED = {"Signature", "SecurityToken"}
_MOST_BODY = 1 << 20
_LOG = logging.getLogger("emulator")


@dataclasses.dataclass(frozen=True)
class _Received:
    """One request: its operation and parameters, the row that the control interface shows of it, and its fault."""

    request: web.Request
    action: str
    params: Params
    query: dict[str, str]
    form: dict[str, str]
    body: bytes
    row: dict[str, Any]
    fault: FaultRule | None

    @property
    def headers(self) -> dict[str, str]:
        """The headers by their names in small letters."""
        return {name.lower(): value for name, value in self.request.headers.items()}


class Service:
    """Answers the ECS API of the cloud."""

    def __init__(self, cloud: Cloud, dispatcher: Dispatcher, lifecycle: Lifecycle) -> None:
        options = cloud.options
        self._cloud = cloud
        self._dispatcher = dispatcher
        self._lifecycle = lifecycle
        self._verifier = Verifier(options.access_key_id, options.access_key_secret, options.security_token)
        self._handlers = handlers()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request, with the fault that a rule wants for it."""
        received = await self._receive(request)
        action, params, row, fault = received.action, received.params, received.row, received.fault
        if fault is not None:
            row["fault"] = fault.kind
            early = self._before(request, action, fault)
            if early is not None:
                row["status"], row["code"] = early.status, fault.code if fault.kind == "status" else ""
                return early
        status, document = await self._answer(received)
        if fault is not None and fault.kind == "duplicate":
            await self._answer(dataclasses.replace(received, row={}, fault=None), copy=True)
        response = self._encode(request, action, params, status, document)
        if fault is not None and fault.kind == "clock_skew":
            response.headers["Date"] = formatdate(self._cloud.clock.now() + fault.skew_s, usegmt=True)
        row["status"], row["code"] = status, document.get("Code", "")
        row["bytes"] = response.content_length
        if fault is not None:
            self._strike(fault, self._first_target(params, document))
            return await damaged(request, response, fault)
        return response

    async def _receive(self, request: web.Request) -> _Received:
        """Read a request, and add it to those that the control interface shows."""
        body = await request.read()
        query = parse_pairs(request.rel_url.raw_query_string)
        form: list[tuple[str, str]] = []
        if body and request.content_type == "application/x-www-form-urlencoded":
            form = parse_pairs(body.decode("utf-8", "replace"))
        params = Params([*query, *form])
        action = request.headers.get("x-acs-action") or params.text("Action")
        row: dict[str, Any] = {
            "at": self._cloud.clock.now(),
            # on the machine's clock, which every process reads alike
            "received": time.monotonic(),
            "action": action,
            "method": request.method,
            "params": _masked(params),
            "status": None,
            "code": "",
            "fault": "",
        }
        self._cloud.requests.append(row)
        fault = self._cloud.faults.match(action)
        return _Received(request, action, params, dict(query), dict(form), body, row, fault)

    async def _answer(self, received: _Received, *, copy: bool = False) -> tuple[int, Answer]:
        """Return status and document of the answer; ``copy``: it is the second delivery of the same request."""
        request_id = str(uuid.uuid4()).upper()
        received.row["request_id"] = request_id
        try:
            answer = await self._dispatch(received, self._check_signature(received, copy=copy))
            return 200, {"RequestId": request_id, **answer}
        except ApiError as error:
            advice = f"https://api.aliyun.com/troubleshoot?q={error.code}&product=Ecs&requestId={request_id}"
            return self._refusal(received, error, request_id, Recommend=advice)
        except Exception:
            _LOG.exception("%s failed inside the emulator", received.action)
            return self._refusal(received, api_error(received.action, "InternalError"), request_id)

    def _check_signature(self, received: _Received, *, copy: bool) -> str:
        """Return the version of the request's signature. Raises ApiError if it is not right."""
        request = received.request
        return self._verifier.check(
            received.action,
            request.method,
            request.path,
            received.query,
            received.form,
            received.headers,
            received.body,
            count_nonce=not copy,
            skew_s=self._cloud.skew_s(received.fault),
        )

    def _refusal(self, received: _Received, error: ApiError, request_id: str, **more: str) -> tuple[int, Answer]:
        document = {"RequestId": request_id, "HostId": received.request.host}
        return error.status, {**document, "Code": error.code, "Message": error.message, **more}

    async def _dispatch(self, received: _Received, signature_version: str) -> Answer:
        options, action, params = self._cloud.options, received.action, received.params
        handler = self._handlers.get(action)
        if handler is None or not exists(action, options.generation):
            raise api_error(action, "InvalidAction.NotFound")
        if (received.headers.get("x-acs-version") or params.text("Version")) != VERSION:
            raise api_error(action, "InvalidVersion")
        classic = is_classic(action, params, signature_version, options.generation)
        received.row["generation"] = "classic" if classic else "current"
        region = check_region(action, params, options.region, classic)
        call = Call(
            self._cloud, self._dispatcher, self._lifecycle, action, params, classic, self._cloud.regions[region]
        )
        self._check_rate(action, region)
        received.row["unknown"] = sorted(_unknown_names(call))
        validate(call)
        return await self._carry_out(call, handler, received.fault)

    async def _carry_out(self, call: Call, handler: Handler, fault: FaultRule | None) -> Answer:
        """Have the handler answer; a call with a client token is carried out once, and its answer remembered."""
        has_token = OPERATIONS[call.action]["client_token"] and not call.classic
        token = call.params.get("ClientToken", "") if has_token else ""
        tokens, key = self._cloud.client_tokens, (call.region.id, call.action, token)
        remembered = tokens.begin(*key, call.params) if token else None
        if remembered is not None:
            return remembered
        try:
            await self._take_time(fault)
            answer = handler(call)
            if inspect.isawaitable(answer):
                answer = await answer
        except BaseException:
            if token:
                tokens.forget(*key)
            raise
        if token:
            tokens.finish(*key, answer)
        return answer

    def _check_rate(self, action: str, region: str) -> None:
        options = self._cloud.options
        now = self._cloud.clock.now()
        if self._cloud.throttle.refuses(region, action, options.calls_per_minute, now, options.throttle_window_s):
            raise api_error("", "Throttling.User")

    async def _take_time(self, fault: FaultRule | None) -> None:
        delay = self._cloud.options.api_latency_ms
        if fault is not None and fault.kind == "delay":
            delay += fault.delay_ms
        if delay:
            await asyncio.sleep(delay / 1000)

    def _before(self, request: web.Request, action: str, fault: FaultRule) -> web.StreamResponse | None:
        """Faults that keep the request from having any effect."""
        if fault.kind in ("drop_before", "reset"):
            return hang_up(request, reset=fault.kind == "reset")
        if fault.kind == "page" and fault.when == "before":
            return foreign_page(fault)
        if fault.kind == "status":
            code, message, status = _wording(action, fault)
            headers = {}
        elif fault.kind == "throttle":
            throttled = api_error("", "Throttling.User")
            code, message, status = throttled.code, throttled.message, throttled.status
            headers = {"x-acs-retry-after": str(fault.retry_after_ms)} if fault.retry_after_ms else {}
        else:
            return None
        document = {"RequestId": str(uuid.uuid4()).upper(), "HostId": request.host, "Code": code, "Message": message}
        response = self._encode(request, "", Params(parse_pairs(request.rel_url.raw_query_string)), status, document)
        response.headers.update(headers)
        return response

    def _strike(self, fault: FaultRule, first_target: str) -> None:
        """Let a fault hit an instance after the effect."""
        instance = self._cloud.instances.get(fault.instance_id or first_target)
        if instance is not None and fault.kind in INSTANCE_KINDS:
            self._lifecycle.strike_later(instance, fault.kind, fault.delay_ms / 1000)

    def _first_target(self, params: Params, document: Answer) -> str:
        """Return the id of the first instance that a call was for, however it named its targets; "" without any."""
        region = self._cloud.regions.get(params.text("RegionId") or self._cloud.options.region)
        invocation = region.invocations_by_id.get(document.get("InvokeId", "")) if region else None
        return next(iter(invocation.records if invocation else params.items("InstanceId")), "")

    def _encode(self, request: web.Request, action: str, params: Params, status: int, document: Answer) -> web.Response:
        if _wants_xml(request, params):
            root = f"{action}Response" if status < 400 else "Error"
            data, kind = encode_xml(root, document), "text/xml;charset=utf-8"
        else:
            data, kind = encode_json(document), "application/json;charset=utf-8"
        # the clock that clients compare creation times with is the emulated one
        return web.Response(
            status=status,
            body=data,
            headers={
                "Content-Type": kind,
                "Date": formatdate(self._cloud.clock.now(), usegmt=True),
                "x-acs-request-id": document["RequestId"],
            },
        )


def _wording(action: str, fault: FaultRule) -> tuple[str, str, int]:
    """Return code, message and HTTP status of a ``status`` fault; what the rule leaves out comes from the tables."""
    try:
        known = api_error(action, fault.code)
    except LookupError:
        known = ApiError(fault.code, "The request has failed.", 503)
    return fault.code, fault.message or known.message, fault.status or known.status


def _wants_xml(request: web.Request, params: Params) -> bool:
    """v1 answers XML unless JSON is asked for; v3 goes by Format or the Accept header."""
    wanted = params.text("Format").lower()
    if wanted:
        return wanted == "xml"
    if "authorization" in request.headers:
        return request.headers.get("accept", "").lower().startswith(("application/xml", "text/xml"))
    return True


def _masked(params: Params) -> dict[str, str]:
    """Return the parameters without what must not be kept: signatures, tokens, values of custom parameters."""
    shown = {name: "***" if name in _MASKED else value for name, value in params.items()}
    if "Parameters" in shown:
        try:
            shown["Parameters"] = json.dumps(dict.fromkeys(json.loads(shown["Parameters"]), "***"))
        except (TypeError, ValueError):
            shown["Parameters"] = "***"
    return shown


def _unknown_names(call: Call) -> set[str]:
    """Return names that the operation does not have; the service ignores them, a test may want to know."""
    known = set(OPERATIONS[call.action]["request"]) | COMMON_NAMES
    return call.params.names() - known - (NAMES.get(call.action, set()) if call.classic else set())
