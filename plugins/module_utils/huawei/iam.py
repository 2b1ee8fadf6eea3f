# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask IAM for a token, and for the project that belongs to a region."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..common.errors import InputError, TransportError
from ..common.idempotency import key_digest
from ..common.wait import Deadline
from .credentials import parse_time
from .exchange import Anonymous, Authentication, Exchange
from .operations import LOGIN, OWN_PROJECTS, PROJECTS

# A token that ends within this many seconds is not used any more: a call and its repeats should outlive it.
TOKEN_MARGIN = 600.0


@dataclass(frozen=True)
class Token:
    """A token of IAM, when it ends (seconds since 1970), and the project it is for."""

    value: str = field(repr=False)
    expires_at: float
    project_id: str | None


_tokens: dict[tuple[str, ...], Token] = {}
_projects: dict[tuple[str, ...], str] = {}
_lock = threading.Lock()


def forget_everything() -> None:
    """Drop all tokens and projects that this process keeps."""
    with _lock:
        _tokens.clear()
        _projects.clear()


class PasswordLogin:
    """An IAM user's name and password, for tokens of one project. Tokens are shared by the whole process."""

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
        """``domain_name`` is the account's name. The token is for the project with this id, else with this name."""
        self._exchange = exchange
        self._endpoint = endpoint
        self._user = {"name": username, "password": password, "domain": {"name": domain_name}}
        self._project = {"id": project_id} if project_id else {"name": project_name or ""}
        self._clock = clock
        self.password = password
        scope = "id:" + project_id if project_id else "name:" + (project_name or "")
        self._cache_key = (endpoint, domain_name, username, key_digest(password), scope)

    def token(self, deadline: Deadline | None = None) -> Token:
        """Return the process's token, logging in when there is none or it is about to end. Raises CloudError."""
        with _lock:
            token = _tokens.get(self._cache_key)
            if token is None or token.expires_at - self._clock() < TOKEN_MARGIN:
                token = _tokens[self._cache_key] = self._log_in(deadline)
            return token

    def forget(self, value: str) -> None:
        """Drop the token ``value`` unless another thread has replaced it already."""
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
            query=[("nocatalog", "true")],  # the list of all services is long and not needed
            body=body,
            deadline=deadline,
        )
        value = reply.headers.get("X-Subject-Token", "").strip()
        try:
            expires_at = parse_time(reply["token"]["expires_at"]).timestamp()
        except ValueError:
            value = ""
        if not value or not value.isprintable():
            raise TransportError(LOGIN.name, self._endpoint, "the answer holds no token", False)
        project = reply["token"].get("project") or {}
        return Token(value, expires_at, project.get("id"))


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
    """Return the id of the project named like ``region``; kept for the process under ``owner``.

    With a token the user's own projects are listed, which needs no permission. Raises InputError when no project or
    more than one has the name, ApiError, TransportError.
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
        raise InputError("project_id", f"the account has no project named '{region}': set project_id, or check region")
    if len(ids) > 1:
        raise InputError(
            "project_id", f"the account has {len(ids)} projects named '{region}': {', '.join(ids)}; set one"
        )
    with _lock:
        _projects[key] = ids[0]
    return ids[0]
