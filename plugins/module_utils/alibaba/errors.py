# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read error documents of the service, and recognize what a proxy or a portal answers in its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..common.answers import NotAnAnswer, read_object
from ..common.errors import ApiError
from ..common.redact import redact
from ..common.transport import HttpAnswer, foreign_answer
from .error_table import hint_for, is_known

# shown on 503, on some pages on 500
UNAVAILABLE = "ServiceUnavailable"
# the same token is, or was, in use for another request
IDEMPOTENT = "Idempotent"
_IN_WORK = "IdempotentProcessing"
# more ids than the endpoint takes in one call, which may be fewer than documented
TOO_MANY_IDS = "InstanceIds.ExceedLimit"

# one document writes "Internalerror. Dispatch"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[._-] ?[A-Za-z0-9]+)*")
_LARGEST_XML = 65536
# how the codes begin that refuse a request before anything is done; the rest of the code has the details
_REFUSALS = (
    "Invalid",
    "Missing",
    "Forbidden",
    "NoPermission",
    "PermissionDenied",
    "Unauthorized",
    "Unsupported",
    "Throttling",
    "OperationDenied",
    "Operation.Forbidden",
    "Incorrect",
    "DryRun",
    "Signature",
    "IncompleteSignature",
)


def read_error(operation: str, answer: HttpAnswer, host: str, secrets: Iterable[str | None] = ()) -> ApiError:
    """Return the error in ``answer`` (of any status but 200), with secrets masked.

    Only a JSON or XML document with Code and RequestId, and a status from 400, is the service's own word. Raises
    NoAnswer for anything else: a gateway's page, a redirect, an empty answer say nothing of what the service did.
    """
    document = _document(answer.body) if answer.status >= 400 else {}
    code, request_id = document.get("Code"), document.get("RequestId")
    if not (isinstance(code, str) and _CODE.fullmatch(code) and isinstance(request_id, str) and request_id):
        raise foreign_answer(answer, secrets)
    message, host_id = document.get("Message"), document.get("HostId")
    known = answer.status < 500 and (is_known(code) or code.startswith(_REFUSALS))
    return ApiError(
        operation,
        code,
        redact(message if isinstance(message, str) else "", secrets),
        request_id,
        answer.status,
        host_id if isinstance(host_id, str) and host_id else host,
        hint_for(code, operation),
        retry_after=_retry_after(answer),
        nothing_started=known and not code.startswith(IDEMPOTENT),
    )


def is_throttled(error: ApiError) -> bool:
    """Return whether the service refused the call only because there were too many calls."""
    return error.code == "Throttling" or error.code.startswith("Throttling.") or error.http_status == 429


def retry_delay(error: ApiError) -> float | None:
    """Return the least pause in seconds after which the same request may succeed, None where it will not."""
    asked = error.retry_after or 0.0
    transient = is_throttled(error) or error.code in (_IN_WORK, UNAVAILABLE) or (error.http_status or 0) >= 500
    return asked if transient or asked else None


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        return read_object(body)
    except NotAnAnswer:
        return _xml(body)


def _xml(body: bytes) -> dict[str, Any]:
    text = body.strip()
    if not text.startswith(b"<") or len(text) > _LARGEST_XML or b"<!DOCTYPE" in text[:1000]:
        return {}
    # loaded here, for hardly any answer is XML
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return {}
    return {element.tag: (element.text or "").strip() for element in root} if root.tag == "Error" else {}


def _retry_after(answer: HttpAnswer) -> float | None:
    """Return the seconds that x-acs-retry-after asks for (in milliseconds); None when there is none."""
    try:
        milliseconds = float(answer.headers.get("x-acs-retry-after", ""))
    except ValueError:
        return None
    return milliseconds / 1000 if 0 < milliseconds < float("inf") else None
