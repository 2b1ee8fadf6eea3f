# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudDC as the emulator has it: reading and deleting instances, and the power of the physical servers."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from ..clock import iso
from ..state import Cloud
from . import gateway
from .errors import forbidden, invalid, missing, no_such_instance, no_such_server, unauthenticated, wrong_state
from .state import STATES, Imetal, Server

MAX_LISTED_IDS = 100
MAX_BATCH = 50
MANAGE_STATES = ("onboard", "os-ready", "ready", "in-use", "maintain", "offboarding")
POWER_ACTIONS = ("power on", "power off", "rebooting")


def application(cloud: Cloud) -> web.Application:
    """Return the service, to be mounted at the root of a listener of its own."""
    app = gateway.application(
        cloud, "clouddc", "X-Request-Id", lambda error: {"error_code": error.code, "error_msg": error.message}
    )
    service = CloudDC(cloud)
    for method, path, handler, name in (
        ("DELETE", "/instances/{id}", service.delete_instance, "DeleteInstance"),
        ("POST", "/instances/batch-delete", service.delete_instances, "DeleteInstances"),
        ("GET", "/instances/{id}/status", service.show_instance_status, "ShowInstanceStatus"),
        ("GET", "/instances", service.list_instances, "ListInstances"),
        ("PUT", "/physicalservers/power-state", service.change_power, "ChangeServerPowerState"),
        ("GET", "/physicalservers/{id}", service.show_server, "ShowServer"),
        ("GET", "/physicalservers", service.list_servers, "ListServers"),
    ):
        app.router.add_route(method, f"/v1/{{project_id}}{path}", handler, name=name)
    return app


class CloudDC:
    """The operations. Each reads ``cloud.huawei`` again, which a reset replaces."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def delete_instance(self, request: web.Request) -> web.Response:
        """Begin one deletion."""
        instance = self._instance(request)
        if instance.state == "terminated":
            raise no_such_instance([instance.id])
        if not instance.can_be_deleted:
            raise wrong_state(instance.id, instance.state)
        self._cloud.huawei.delete(instance)
        return web.Response(status=204)

    async def delete_instances(self, request: web.Request) -> web.Response:
        """Begin several deletions, all or none."""
        project = self._project(request)
        ids = await _ids(request, "instance_id_set")
        found = {id: self._cloud.huawei.instance(project, id) for id in ids}
        instances = [instance for instance in found.values() if instance is not None and instance.state != "terminated"]
        known = {instance.id for instance in instances}
        if len(known) < len(ids):
            raise no_such_instance(id for id in ids if id not in known)
        for instance in instances:
            if not instance.can_be_deleted:
                raise wrong_state(instance.id, instance.state)
        for instance in instances:
            self._cloud.huawei.delete(instance)
        return web.json_response({"instances": [{"id": id} for id in ids]}, status=202)

    async def show_instance_status(self, request: web.Request) -> web.Response:
        """Return the state of one instance."""
        return web.json_response(self._instance(request).status())

    async def list_instances(self, request: web.Request) -> web.Response:
        """Return a page of the project's instances."""
        project = self._project(request)
        query = request.query
        ids, servers, state = (query.get(name) for name in ("instance_id", "server_id", "instance_state"))
        if ids and servers:
            raise invalid("instance_id and server_id exclude each other")
        if state and state not in STATES:
            raise invalid("instance_state")
        wanted, wanted_servers = _listed("instance_id", ids), _listed("server_id", servers)
        rows = [
            instance.row()
            for instance in self._cloud.huawei.instances_of(project)
            if (not wanted or instance.id in wanted)
            and (not wanted_servers or instance.server.id in wanted_servers)
            and (not state or instance.state == state)
        ]
        order = list(self._cloud.huawei.instances)
        return web.json_response(_page("instances", rows, order, query.get("limit"), query.get("marker")))

    async def change_power(self, request: web.Request) -> web.Response:
        """Begin to switch servers on or off."""
        project = self._project(request)
        body = gateway.json_object(await request.read(), invalid)
        if body.get("action") not in POWER_ACTIONS:
            raise invalid("action")
        ids = await _ids(request, "server_id_set")
        servers = [server for server in (self._cloud.huawei.server(project, id) for id in ids) if server is not None]
        if len(servers) < len(ids):
            raise no_such_server(set(ids) - {server.id for server in servers})
        for server in servers:
            self._cloud.huawei.power(server, body["action"])
        return web.json_response({"physical_servers": [{"id": id} for id in ids]})

    async def show_server(self, request: web.Request) -> web.Response:
        """Return one physical server."""
        project, id = self._project(request), request.match_info["id"]
        server = self._cloud.huawei.server(project, id)
        if server is None:
            raise no_such_server([id])
        return web.json_response(self._server_row(server))

    async def list_servers(self, request: web.Request) -> web.Response:
        """Return a page of the project's physical servers."""
        project = self._project(request)
        state = request.query.get("manage_state")
        if state and state not in MANAGE_STATES:
            raise invalid("manage_state")
        rows = [
            self._server_row(server)
            for server in (self._cloud.huawei.server(project, id) for id in self._cloud.huawei.servers)
            if server is not None
        ]
        rows = [row for row in rows if not state or row["manage_state"] == state]
        order = list(self._cloud.huawei.servers)
        limit, marker = request.query.get("limit"), request.query.get("marker")
        return web.json_response(_page("servers", rows, order, limit, marker))

    def _project(self, request: web.Request) -> str:
        """Return the project of the path, if the caller may use it."""
        project = request.match_info["project_id"]
        token = gateway.caller(request)
        if token is not None and (token.project is None or token.project[1] != project):
            raise unauthenticated("the token is for another project")
        if project not in self._cloud.huawei.projects.values():
            raise forbidden(f"the project {project} is not one of yours")
        return project

    def _instance(self, request: web.Request) -> Imetal:
        project, id = self._project(request), request.match_info["id"]
        instance = self._cloud.huawei.instance(project, id)
        if instance is None:
            raise no_such_instance([id])
        return instance

    def _server_row(self, server: Server) -> dict[str, Any]:
        used = any(
            one.server is server and one.state != "terminated"
            for one in self._cloud.huawei.instances_of(server.project_id)
        )
        row: dict[str, Any] = {
            "id": server.id,
            "name": server.name,
            "project_id": server.project_id,
            "domain_id": f"domain-{self._cloud.options.account_id}",
            "manage_state": "in-use" if used else "ready",
            "power_state": server.power_state,
            "health_state": "OK",
            "onboard_time": iso(server.created),
            "location": {"dc": "dc-1", "rack": "rack-1", "unit": "1"},
            "hardware_attributes": {"sn": server.id[:8], "manufacturer": "emulator", "model": "emulated"},
            "tags": [],
        }
        if server.operation_state:
            row["operation_state"] = server.operation_state
        if server.error:
            row["error"] = server.error
        return row


async def _ids(request: web.Request, name: str) -> list[str]:
    """Return the ids of a batch."""
    ids = gateway.json_object(await request.read(), invalid).get(name)
    if not ids:
        raise missing(name)
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids) or len(set(ids)) < len(ids):
        raise invalid(f"{name} must be a list of different ids")
    if len(ids) > MAX_BATCH:
        raise invalid(f"{name} holds {len(ids)} ids, at most {MAX_BATCH} are allowed")
    return ids


def _listed(name: str, text: str | None) -> set[str]:
    """Return the ids of a filter, joined by commas."""
    ids = set(text.split(",")) if text else set()
    if len(ids) > MAX_LISTED_IDS:
        raise invalid(f"{name} holds {len(ids)} ids, at most {MAX_LISTED_IDS} are allowed")
    return ids


def _page(
    name: str, rows: list[dict[str, Any]], order: list[str], limit: str | None, marker: str | None
) -> dict[str, Any]:
    """Return the page after the row with the id ``marker``; ``order`` has the ids of all rows there are.

    The marker stays good when its row does not match any more.
    """
    if limit is not None and not limit.isdecimal():
        raise invalid("limit")
    size = min(max(int(limit or 10), 10), 1000)
    start = 0
    if marker:
        last = _read_marker(marker)
        if last not in order:
            raise invalid("marker")
        passed = set(order[: order.index(last) + 1])
        start = sum(row["id"] in passed for row in rows)
    page = rows[start : start + size]
    info: dict[str, Any] = {"current_count": len(page)}
    if start + size < len(rows):
        info["next_marker"] = _marker(page[-1]["id"])
    if start:
        info["previous_marker"] = _marker(rows[max(start - size, 0)]["id"])
    return {name: page, "page_info": info, "count": len(rows)}


def _marker(id: str) -> str:
    return base64.urlsafe_b64encode(id.encode()).decode()


def _read_marker(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text).decode()
    except ValueError:
        raise invalid("marker") from None
