# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Take secrets out of text that a user or a log will see."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

MASK = "********"

# the patterns below are compiled when they are used: most processes have no error to report
# names of query parameters, form fields, JSON keys and headers whose values never appear
_SECRET_NAMES = (
    "Signature|SecurityToken|CommandContent|Parameters|Content|AccessKeySecret|SignatureNonce|Password"
    "|x-acs-security-token|x-acs-bearer-token|Authorization|X-Auth-Token|X-Security-Token|X-Subject-Token"
    "|access_key_secret|secret_key|security_token|securitytoken|password"
)
# the signs of a query: plain, and percent-encoded once and twice
_BEGIN = r"(?:(?<![\w-])|(?<=%26)|(?<=%2526))"
_QUERY = rf"(?i){_BEGIN}({_SECRET_NAMES})(=|%(?:25)?3D)(?:(?!%(?:25)?26)[^&\s'\"<>)])*"
_FIELD = rf"(?i)([\"']?)(?<![\w-])({_SECRET_NAMES})\1\s*:\s*(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\r\n,}}]+)"
_KEY_ID = (
    r"(?i)(?<![\w-])((?:AccessKeyId|x-acs-accesskey-id|Credential)[\"']?(?:[=:]|%(?:25)?3D)\s*[\"']?)([\w.]{1,4})[\w.]*"
)
_USER_INFO = r"(?<=://)[^/@\s]+@"
# SignatureDoesNotMatch repeats what it has signed: every parameter, encoded, or every header
_STRING_TO_SIGN = r"(?is)((?:string[ -]?to[ -]?sign|canonical[ -]?request)\s*(?:is)?\s*[:=]).*"


def redact(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Return ``text`` with secrets masked.

    Those are the known ``secrets`` in each spelling in which an answer may repeat them, secret parameters of URLs,
    secret fields, passwords of proxies, and what follows "string to sign is:".
    """
    text = re.sub(_STRING_TO_SIGN, rf"\1 {MASK}", text)
    known = {spelling for secret in secrets if secret and secret.strip() for spelling in spellings(secret)}
    for spelling in sorted(known, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    text = re.sub(_USER_INFO, f"{MASK}@", text)
    text = re.sub(_QUERY, rf"\1\2{MASK}", text)
    text = re.sub(_FIELD, rf"\1\2\1: {MASK}", text)
    return re.sub(_KEY_ID, rf"\1\2{MASK}", text)


@lru_cache(maxsize=64)
def spellings(secret: str) -> frozenset[str]:
    """Return the spellings of a secret: plain, percent-encoded once and twice, in JSON, as Python's repr, in Base64."""
    return frozenset(_spellings(secret))


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    for encode in (lambda text: quote(text, safe="-_.~"), quote_plus, lambda text: quote(text, safe="/")):
        once = encode(secret.encode("utf-8", "replace").decode())
        yield from (once, encode(once), _small_digits(once), _small_digits(encode(once)))
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    data = secret.encode("utf-8", "surrogatepass")
    for encoded in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        whole = encoded.decode()
        yield whole
        # inside a longer text that was encoded, or without its padding
        yield whole.rstrip("=")
    yield from _within_base64(data)


def _within_base64(data: bytes) -> Iterator[str]:
    """Yield what stands for the secret inside the Base64 of a longer text, whichever of three offsets it begins at."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
        # the first and last characters also hold bits of what stands around the secret
        inner = encoded[(0, 2, 3)[offset] : len(encoded) - (1 if (len(data) + offset) % 3 else 0)]
        if len(inner) >= 8:
            yield inner


def _small_digits(text: str) -> str:
    """Return the text with the digits of its percent forms in small letters."""
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)
