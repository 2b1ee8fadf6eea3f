# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking secrets out of text that a user or a log will see."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "********"

# names of query parameters, form fields, JSON keys and headers whose values never appear
_SECRET_NAMES = (
    "Signature|SecurityToken|CommandContent|Parameters|Content|AccessKeySecret|SignatureNonce|Password"
    "|x-acs-security-token|x-acs-bearer-token|Authorization|X-Auth-Token|X-Security-Token|X-Subject-Token"
    "|access_key_secret|secret_key|security_token|securitytoken|password"
)
_QUERY = re.compile(rf"(?i)(?<![\w-])({_SECRET_NAMES})=[^&\s'\"<>)]*")
_FIELD = re.compile(rf"(?i)([\"']?)(?<![\w-])({_SECRET_NAMES})\1\s*:\s*(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\r\n,}}]+)")
_KEY_ID = re.compile(
    r"(?i)(?<![\w-])((?:AccessKeyId|x-acs-accesskey-id|Credential)[\"']?[=:]\s*[\"']?)([\w.]{1,4})[\w.]*"
)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")


def redact(text: str, secrets: Iterable[str | None] = ()) -> str:
    """``text`` with known secret values, secret parameters of URLs, secret fields and proxy passwords masked."""
    for secret in sorted((value for value in secrets if value), key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _USER_INFO.sub(f"{MASK}@", text)
    text = _QUERY.sub(rf"\1={MASK}", text)
    text = _FIELD.sub(rf"\1\2\1: {MASK}", text)
    return _KEY_ID.sub(rf"\1\2{MASK}", text)
