# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read error documents of Huawei Cloud, and recognize what a proxy or a portal answers in its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..common.answers import NotAnAnswer, read_object
from ..common.errors import ApiError
from ..common.redact import redact
from ..common.transport import HttpAnswer, foreign_answer
from .error_table import THROTTLED_CODES, hint_for

# Statuses after which the same request may succeed. The vendor advises a growing pause for 500 iMetal.0099.
TRANSIENT_STATUSES = frozenset({429, 500, 502, 503, 504})
# The spellings of an error body that Huawei Cloud's services and gateways use.
_BODY_FORMS = (("error_code", "error_msg"), ("errorCode", "errorMsg"))
# Others use this one as well: it is Huawei Cloud's only under a request id.
_COMMON_FORM = ("code", "message")
# Such as iMetal.0200 or APIGW.0301.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*")


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Return the id under which support finds the request; IAM has a header of its own."""
    return headers.get("X-Request-Id") or headers.get("X-IAM-Trace-Id") or None


def read_error(operation: str, answer: HttpAnswer, host: str, secrets: Iterable[str | None] = ()) -> ApiError:
    """Return the error in ``answer`` (of a status from 300), with secrets masked.

    Only a document in one of Huawei Cloud's forms, or the empty 429 of its gateway under a request id, is the service's
    own word. Raises NoAnswer for anything else.
    """
    request_id = request_id_of(answer.headers)
    found = _find_error(answer, request_id) if answer.status >= 400 else None
    if found is None:
        raise foreign_answer(answer, secrets)
    code, message = found
    return ApiError(
        operation,
        code,
        redact(message, secrets),
        request_id,
        answer.status,
        host,
        hint_for(code, answer.status),
        retry_after=answer.retry_after,
    )


def is_throttled(error: ApiError) -> bool:
    """Return whether the service refused the call only because there were too many calls."""
    return error.http_status == 429 or error.code in THROTTLED_CODES


def retry_delay(error: ApiError) -> float | None:
    """Return the least pause in seconds after which the same request may succeed, None where it will not."""
    if is_throttled(error) or error.http_status in TRANSIENT_STATUSES:
        return error.retry_after or 0.0
    return None


def _find_error(answer: HttpAnswer, request_id: str | None) -> tuple[str, str] | None:
    """Return code and message of an error answer, None where it is not one."""
    if answer.status == 429 and request_id and not answer.body.strip():
        return "429", "the service returned HTTP 429 without a reason"
    try:
        document = read_object(answer.body)
    except NotAnAnswer:
        return None
    forms = (*_BODY_FORMS, _COMMON_FORM) if request_id else _BODY_FORMS
    return _find_block(document, forms)


def _find_block(value: Any, forms: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Look for an error block in ``value`` or in the objects inside it."""
    if not isinstance(value, dict):
        return None
    for code_name, message_name in forms:
        code, message = value.get(code_name), value.get(message_name)
        # IAM's codes are numbers, those of the status
        if isinstance(code, int) and not isinstance(code, bool):
            code = str(code)
        elif not (isinstance(code, str) and _CODE.fullmatch(code)):
            continue
        if isinstance(message, str):
            return code, message
    return next((found for inner in value.values() if (found := _find_block(inner, forms))), None)
