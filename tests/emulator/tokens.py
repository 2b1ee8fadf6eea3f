# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service remembers of client tokens, and the opaque tokens of paging."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import api_error
from .wire import ENVELOPE, Params

# parameters that differ between two tries of one request and say nothing about it
_NOT_CONTENT = {"ClientToken", *ENVELOPE}


@dataclass
class _Use:
    fingerprint: str
    answer: dict[str, Any] | None = None


class ClientTokens:
    """The memory behind ClientToken: one effect and one answer for each (region, operation, token).

    A refused request is forgotten, so that it can be repeated once its cause is gone.
    """

    def __init__(self) -> None:
        self._uses: dict[tuple[str, str, str], _Use] = {}

    @staticmethod
    def check(action: str, token: str) -> None:
        """Refuse a token over 64 characters or with other than printable ASCII characters."""
        if len(token) > 64 or not all(" " <= char <= "~" for char in token):
            raise api_error(action, "InvalidClientToken.Malformed")

    def begin(self, region: str, action: str, token: str, params: Params) -> dict[str, Any] | None:
        """Reserve a token; returns the earlier answer when this is a repetition of a finished request."""
        self.check(action, token)
        fingerprint = _fingerprint(params)
        key = (region, action, token)
        use = self._uses.get(key)
        if use is None:
            self._uses[key] = _Use(fingerprint)
            return None
        if use.fingerprint != fingerprint:
            raise api_error(action, "IdempotentParameterMismatch")
        if use.answer is None:
            raise api_error(action, "IdempotentProcessing")
        return use.answer

    def finish(self, region: str, action: str, token: str, answer: dict[str, Any]) -> None:
        """Keep the answer of the request that reserved the token."""
        self._uses[(region, action, token)].answer = answer

    def forget(self, region: str, action: str, token: str) -> None:
        """Give the token free again: the request had no effect."""
        self._uses.pop((region, action, token), None)


def _fingerprint(params: Params) -> str:
    content = sorted((key, value) for key, value in params.items() if key not in _NOT_CONTENT)
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def next_token(action: str, position: Mapping[str, Any]) -> str:
    """Return an opaque token for the next page that begins at ``position``."""
    text = json.dumps({"a": action, **position}, sort_keys=True, separators=(",", ":"))
    mark = hashlib.sha256(f"emulator{text}".encode()).digest()[:6]
    return base64.urlsafe_b64encode(mark + text.encode()).decode().rstrip("=")


def read_next_token(action: str, token: str) -> dict[str, Any]:
    """Return the position inside a token; a token that was not handed out by this operation is refused."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        position: dict[str, Any] = json.loads(raw[6:])
    except ValueError:
        raise api_error(action, "InvalidParameter.NextToken") from None
    if hashlib.sha256(b"emulator" + raw[6:]).digest()[:6] != raw[:6] or position.pop("a", None) != action:
        raise api_error(action, "InvalidParameter.NextToken")
    return position
