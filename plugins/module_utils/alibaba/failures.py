# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the service's error answers, whatever form they come in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

from ..common.errors import ApiError
from ..common.redact import redact
from ..common.transport import HttpAnswer
from .error_table import hint_for

# bytes of an answer that is no error document; more would hide the message
_EXCERPT = 200
_LARGEST_XML = 65536


def read_error(operation: str, answer: HttpAnswer, host: str, secrets: Iterable[str | None] = ()) -> ApiError:
    """The error that ``answer`` (any status but 200) stands for.

    JSON and XML documents of the API give their code; anything else (a gateway's page, a redirect, nothing at all)
    gets the code ``HTTP.<status>``, which no operation's own error has, and an excerpt. Secrets are masked.
    """
    document = _json(answer.body) or _xml(answer.body)
    code = str(document.get("Code") or "")
    message = redact(str(document.get("Message") or ""), secrets)
    hint = hint_for(code) if code else None
    if not code:
        code = f"HTTP.{answer.status}"
        message = redact(_describe(answer), secrets)
        if 300 <= answer.status < 400:
            hint = "Redirects are not followed; give the right host with the option endpoint."
        elif answer.status < 500:
            hint = "This is not an answer of the API; check the option endpoint and the proxy settings."
    return ApiError(
        operation,
        code,
        message,
        str(document["RequestId"]) if document.get("RequestId") else answer.headers.get("x-acs-request-id"),
        answer.status,
        str(document.get("HostId") or host),
        hint,
        retry_after=_retry_after(answer),
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    # gateways in front of the API write the names in lower case
    for name in ("Code", "Message", "RequestId"):
        document.setdefault(name, document.get(name.lower()) or document.get(name[0].lower() + name[1:]))
    return document


def _xml(body: bytes) -> dict[str, Any]:
    text = body.strip()
    if not text.startswith(b"<") or len(text) > _LARGEST_XML or b"<!DOCTYPE" in text[:1000]:
        return {}
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return {}
    return {element.tag: (element.text or "").strip() for element in root} if root.tag == "Error" else {}


def _describe(answer: HttpAnswer) -> str:
    kind = answer.headers.get("Content-Type", "no content type")
    if not answer.body.strip():
        return f"the answer is empty ({kind})"
    excerpt = " ".join(answer.body[:_EXCERPT].decode("utf-8", "replace").split())
    return f"the answer is no error document ({kind}): {excerpt}"


def _retry_after(answer: HttpAnswer) -> float | None:
    """Seconds out of x-acs-retry-after (milliseconds); None when there is none."""
    try:
        milliseconds = float(answer.headers.get("x-acs-retry-after", ""))
    except ValueError:
        return None
    return milliseconds / 1000 if 0 < milliseconds < float("inf") else None
