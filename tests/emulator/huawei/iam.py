# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei's Identity and Access Management as the emulator has it: tokens for a password, and projects.

The account's name is the account id, its one user has the access key's id as name and the secret as password.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timezone
from typing import Any

from aiohttp import web

from ..state import Cloud
from . import gateway
from .errors import HuaweiError

_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


def application(cloud: Cloud) -> web.Application:
    """Return the service, to be mounted at the root of a listener of its own."""
    app = gateway.application(cloud, "iam", "X-IAM-Trace-Id", _error_body)

    async def create_token(request: web.Request) -> web.Response:
        return _create_token(cloud, gateway.json_object(await request.read(), _bad_request))

    async def list_projects(request: web.Request) -> web.Response:
        name = request.query.get("name")
        projects = [project for project in cloud.huawei.projects.items() if name in (None, project[0])]
        rows = [_project_row(cloud, *project) for project in projects]
        return web.json_response({"projects": rows, "links": {"self": str(request.url)}})

    async def list_own_projects(request: web.Request) -> web.Response:
        if gateway.caller(request) is None:
            raise HuaweiError(401, "401", "The request you have made requires a token.")
        rows = [_project_row(cloud, *project) for project in cloud.huawei.projects.items()]
        return web.json_response({"projects": rows, "links": {"self": str(request.url)}})

    app.router.add_route("POST", "/v3/auth/tokens", create_token, name="KeystoneCreateUserTokenByPassword")
    app.router.add_route("GET", "/v3/projects", list_projects, name="KeystoneListProjects")
    app.router.add_route("GET", "/v3/auth/projects", list_own_projects, name="KeystoneListAuthProjects")
    return app


def _create_token(cloud: Cloud, body: dict[str, Any]) -> web.Response:
    state, options = cloud.huawei, cloud.options
    try:
        identity = body["auth"]["identity"]
        methods = identity["methods"]
        user = identity["password"]["user"]
        name, password, domain = user["name"], user["password"], user["domain"]["name"]
        scope = body["auth"].get("scope", {}).get("project")
    except (KeyError, TypeError, AttributeError):
        raise _bad_request("auth.identity.password.user needs name, password and domain.name") from None
    if methods != ["password"]:
        raise _bad_request('auth.identity.methods must be ["password"]')
    right = [(name, options.access_key_id), (password, options.access_key_secret), (domain, options.account_id)]
    if not all(hmac.compare_digest(str(given).encode(), known.encode()) for given, known in right):
        raise HuaweiError(401, "401", "The username or password is wrong.")
    project = None
    if scope is not None:
        project = next((row for row in state.projects.items() if scope in ({"name": row[0]}, {"id": row[1]})), None)
        if project is None:
            raise HuaweiError(401, "401", "The project of the scope does not exist or may not be used.")
    value, token = state.new_token(project)
    answer: dict[str, Any] = {
        "methods": methods,
        "expires_at": _time(token.expires),
        "issued_at": _time(token.issued),
        "user": {"id": f"user-{state.account_id}", "name": name, "domain": _domain(cloud)},
        "roles": [],
    }
    if project is None:
        answer["domain"] = _domain(cloud)
    else:
        answer["project"] = {"name": project[0], "id": project[1], "domain": _domain(cloud)}
    return web.json_response({"token": answer}, status=201, headers={"X-Subject-Token": value})


def _domain(cloud: Cloud) -> dict[str, str]:
    return {"id": f"domain-{cloud.options.account_id}", "name": cloud.options.account_id}


def _project_row(cloud: Cloud, name: str, id: str) -> dict[str, Any]:
    domain = _domain(cloud)["id"]
    return {
        "id": id,
        "name": name,
        "domain_id": domain,
        "parent_id": domain,
        "enabled": True,
        "is_domain": False,
        "description": "",
        "links": {},
    }


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _bad_request(reason: str) -> HuaweiError:
    return HuaweiError(400, "400", reason)


def _error_body(error: HuaweiError) -> dict[str, Any]:
    """IAM's own errors are Keystone's; the gateway in front of it has the usual form."""
    if not error.code.isdecimal():
        return {"error_code": error.code, "error_msg": error.message}
    return {"error": {"code": error.status, "message": error.message, "title": _TITLES.get(error.status, "Error")}}
