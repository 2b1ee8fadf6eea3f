# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authenticate requests: by a signature with an access key, a given token, or a login with a password."""

from __future__ import annotations

from ..common.errors import ApiError
from ..common.wait import Deadline
from .credentials import KeySource
from .exchange import Request
from .iam import PasswordLogin
from .signing import sign

TOKEN_HEADER = "X-Auth-Token"
SECURITY_TOKEN_HEADER = "X-Security-Token"


class KeyAuthentication:
    """Sign each request with an access key."""

    def __init__(self, source: KeySource) -> None:
        """``source`` is asked for its key before every request."""
        self.source = source

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers with date and signature; the token of temporary keys is signed too."""
        key = self.source.current()
        out = dict(request.headers)
        if key.security_token:
            out[SECURITY_TOKEN_HEADER] = key.security_token
        return sign(key.access_key, key.secret_key, request.method, request.path, request.query, out, request.body)

    def refresh(self, error: ApiError) -> bool:
        """Return False: five refused signatures in a row lock the key for five minutes."""
        return False

    def secrets(self) -> list[str]:
        """Return the secret key and the security token."""
        key = self.source.current()
        return [value for value in (key.secret_key, key.security_token) if value]


class TokenAuthentication:
    """Send a token that the user got elsewhere."""

    def __init__(self, token: str) -> None:
        """``token`` is what IAM gave in X-Subject-Token."""
        self._token = token

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers with the token."""
        return {**request.headers, TOKEN_HEADER: self._token}

    def refresh(self, error: ApiError) -> bool:
        """Return False: there is nothing to make another token from."""
        return False

    def secrets(self) -> list[str]:
        """Return the token."""
        return [self._token]


class LoginAuthentication:
    """Send a token that a login gave, and log in again when it is refused."""

    def __init__(self, login: PasswordLogin) -> None:
        """``login`` keeps the token for the whole process."""
        self.login = login
        self._sent = ""

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers with the token, logging in if there is none yet."""
        self._sent = self.login.token(deadline).value
        return {**request.headers, TOKEN_HEADER: self._sent}

    def refresh(self, error: ApiError) -> bool:
        """Drop the refused token, which IAM withdraws early when permissions or the password change; return True."""
        self.login.forget(self._sent)
        return True

    def secrets(self) -> list[str]:
        """Return the token that was sent last and the password."""
        return [value for value in (self._sent, self.login.password) if value]
