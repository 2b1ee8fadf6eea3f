# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Authenticate requests by a signature, a token or a login at IAM, and ask IAM for the project of a region."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..common.credentials import CredentialSource
from ..common.errors import ApiError, InputError, TransportError
from ..common.idempotency import key_digest
from ..common.wait import Deadline
from .client import Authentication, Exchange, Request
from .credentials import Credentials, parse_time
from .operations import LOGIN, OWN_PROJECTS, PROJECTS
from .signing import sign

TOKEN_HEADER = "X-Auth-Token"
SECURITY_TOKEN_HEADER = "X-Security-Token"

TOKEN_MARGIN = 600.0
"""Seconds before its end from which a token is replaced: a call and its repeats must not outlive it."""


@dataclass(frozen=True)
class Token:
    """A token of IAM; ``expires_at`` is in seconds since 1970, ``project_id`` is None where it names no project."""

    value: str = field(repr=False)
    expires_at: float
    project_id: str | None


# what this process has learnt from IAM: tasks that run in one process log in and look up the project once
_tokens: dict[tuple[str, ...], Token] = {}
_projects: dict[tuple[str, ...], str] = {}
_lock = threading.Lock()


class KeyAuthentication:
    """Sign each request with an access key, for which ``source`` is asked before every request."""

    def __init__(self, source: CredentialSource[Credentials]) -> None:
        self.source = source

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers with date and signature; the token of temporary keys is also signed."""
        key = self.source.get()
        out = dict(request.headers)
        if key.security_token:
            out[SECURITY_TOKEN_HEADER] = key.security_token
        return sign(key.access_key, key.secret_key, request.method, request.path, request.query, out, request.body)

    def refresh(self, error: ApiError) -> bool:
        """Return False: five refused signatures in a row lock the key for five minutes."""
        return False

    def secrets(self) -> list[str]:
        """Return the secret key and the security token."""
        return self.source.get().secrets()


class TokenAuthentication:
    """Send a token that the user got elsewhere: what IAM gave in X-Subject-Token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers with the token."""
        return {**request.headers, TOKEN_HEADER: self._token}

    def refresh(self, error: ApiError) -> bool:
        """Return False: a new token could only come from the user."""
        return False

    def secrets(self) -> list[str]:
        """Return the token."""
        return [self._token]


class Anonymous:
    """Add no credentials: for the login itself. ``secret``, the password in its body, is masked in error texts."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def authenticate(self, request: Request, deadline: Deadline) -> dict[str, str]:
        """Return the headers unchanged."""
        return dict(request.headers)

    def refresh(self, error: ApiError) -> bool:
        """Return False: a wrong password stays wrong, and asking again could lock the account."""
        return False

    def secrets(self) -> list[str]:
        """Return the password."""
        return [self._secret]


class PasswordLogin:
    """Log in with an IAM user's name and password, for tokens of one project that the whole process shares.

    ``domain_name`` is the account's name. The token is for the project ``project_id``, else for the one that is named
    ``project_name``. ``clock`` gives seconds since 1970.
    """

    def __init__(
        self,
        exchange: Exchange,
        endpoint: str,
        *,
        username: str,
        password: str,
        domain_name: str,
        project_id: str | None = None,
        project_name: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._exchange = exchange
        self._endpoint = endpoint
        self._user = {"name": username, "password": password, "domain": {"name": domain_name}}
        self._project = {"id": project_id} if project_id else {"name": project_name or ""}
        self._clock = clock
        self.password = password
        scope = "id:" + project_id if project_id else "name:" + (project_name or "")
        self._cache_key = (endpoint, domain_name, username, key_digest(password), scope)

    def token(self, deadline: Deadline | None = None) -> Token:
        """Return the token that is kept, or log in when there is none or it is about to end.

        Raises ApiError, TransportError, WaitTimeout.
        """
        with _lock:
            token = _tokens.get(self._cache_key)
            if token is None or token.expires_at - self._clock() < TOKEN_MARGIN:
                token = _tokens[self._cache_key] = self._log_in(deadline)
            return token

    def forget(self, value: str) -> None:
        """Drop the token ``value``, unless another thread has replaced it already."""
        with _lock:
            token = _tokens.get(self._cache_key)
            if token is not None and token.value == value:
                del _tokens[self._cache_key]

    def _log_in(self, deadline: Deadline | None) -> Token:
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": self._user}},
                "scope": {"project": self._project},
            }
        }
        reply = self._exchange.call(
            LOGIN,
            self._endpoint,
            LOGIN.path,
            Anonymous(self.password),
            # the list of all services is long and not needed
            query=[("nocatalog", "true")],
            body=body,
            deadline=deadline,
        )
        value = reply.headers.get("X-Subject-Token", "").strip()
        try:
            expires_at = parse_time(reply["token"]["expires_at"]).timestamp()
        except ValueError:
            value = ""
        if not value or not value.isprintable():
            raise TransportError(LOGIN.name, self._endpoint, "the reply does not contain a token", False)
        project = reply["token"].get("project") or {}
        return Token(value, expires_at, project.get("id"))


class LoginAuthentication:
    """Send the token of a login, and log in again when it is refused."""

    def __init__(self, login: PasswordLogin) -> None:
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


def find_project(
    exchange: Exchange,
    endpoint: str,
    authentication: Authentication,
    region: str,
    owner: str,
    *,
    by_token: bool,
    deadline: Deadline | None = None,
) -> str:
    """Return the id of the project that has the name of ``region``, kept for the process under ``owner``.

    ``by_token``: list the projects of the token's user, which needs no permission. Raises InputError if no project or
    more than one has the name, ApiError, TransportError, WaitTimeout.
    """
    key = (endpoint, owner, region)
    with _lock:
        known = _projects.get(key)
    if known:
        return known
    operation = OWN_PROJECTS if by_token else PROJECTS
    query = None if by_token else [("name", region)]
    reply = exchange.call(operation, endpoint, operation.path, authentication, query=query, deadline=deadline)
    ids: list[str] = [row["id"] for row in reply["projects"] if row["name"] == region]
    if not ids:
        raise InputError(
            "project_id", f"the account does not have a project named '{region}': set project_id, or check region"
        )
    if len(ids) > 1:
        raise InputError(
            "project_id", f"the account has {len(ids)} projects named '{region}': {', '.join(ids)}; choose one of them"
        )
    with _lock:
        _projects[key] = ids[0]
    return ids[0]
