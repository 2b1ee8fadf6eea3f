# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of AWX's API that an import needs, in memory, with AWX's own checks: a stand-in for the AWX server."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from . import rules

# how an object's natural key names its parents
_PARENTS = {
    "organization": "organizations",
    "credential_type": "credential_types",
    "inventory": "inventory",
    "workflow_job_template": "workflow_job_templates",
    "unified_job_template": "job_templates",
}
# lists that the client looks at in every import
_UNUSED = (
    "users",
    "teams",
    "notification_templates",
    "applications",
    "system_job_templates",
    "unified_job_templates",
    "labels",
    "instance_groups",
    "hosts",
    "groups",
    "roles",
)
_PATHS = {resource.get("path", name): name for name, resource in rules.RESOURCES.items()}


class Refused(Exception):
    """The answer to a request that AWX refuses."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(body)
        self.status, self.body = status, body


class StandIn:
    """The objects of one AWX: ``objects[resource]`` is a list of dictionaries, ``refusals`` what was refused."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {name: [] for name in rules.RESOURCES}
        self.attached: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[tuple[str, int], dict[str, Any]] = {}
        self.refusals: list[str] = []
        self.url = ""
        self._lock = threading.Lock()
        self.create("organizations", {"name": "Default"})

    def names(self, resource: str) -> list[str]:
        """Return the names of a resource's objects, sorted."""
        return sorted(item["name"] for item in self.objects[resource])

    def linked(self, resource: str, name: str, relation: str) -> list[str]:
        """Return the names (of nodes the identifiers) of what is attached to the object of that name."""
        key = "identifier" if resource == "workflow_job_template_nodes" else "name"
        [item] = [item for item in self.objects[resource] if item[key] == name]
        target = rules.RESOURCES[resource]["related"][relation].split()[1]
        ids = self.attached.get((resource, item["id"], relation), [])
        other = "identifier" if target == "workflow_job_template_nodes" else "name"
        return [found[other] for found in self.objects[target] if found["id"] in ids]

    def answer(self, method: str, url: str, body: Any) -> tuple[int, Any]:
        """Answer one request."""
        parts = urlsplit(url)
        try:
            with self._lock:
                return self._route(method, parts.path.strip("/").split("/"), dict(parse_qsl(parts.query)), body)
        except Refused as refused:
            self.refusals.append(f"{method} {parts.path}: {refused.body}")
            return refused.status, refused.body

    def _route(self, method: str, path: list[str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == ["api"]:
            return 200, {"available_versions": {"v2": "/api/v2/"}, "current_version": "/api/v2/"}
        if path == ["api", "v2"]:
            lists = {name: f"/api/v2/{kind}/" for kind, name in _PATHS.items()}
            return 200, {**lists, **{name: f"/api/v2/{name}/" for name in _UNUSED}}
        if path[2] in _UNUSED:
            return 200, {"name": path[2], "description": "", "actions": {"POST": {}}}
        resource = _PATHS.get(path[2])
        if resource is None:
            raise Refused(404, {"detail": "Not found."})
        if len(path) == 3:
            return self._list(method, resource, query, body)
        item = next((item for item in self.objects[resource] if item["id"] == int(path[3])), None)
        if item is None:
            raise Refused(404, {"detail": "Not found."})
        if len(path) == 4:
            if method == "PUT":
                self._check(resource, body, item["id"])
                item.update(body)
            return 200, self._shown(resource, item)
        return self._related(method, resource, item, path[4], query, body)

    def _list(self, method: str, resource: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "OPTIONS":
            return 200, {
                "name": resource,
                "description": "",
                "actions": {"POST": self._options(resource)},
                "search_fields": ["name"],
            }
        if method == "POST":
            return 201, self._shown(resource, self.create(resource, body))
        found = [
            item
            for item in self.objects[resource]
            if all(str(item.get(key)) == value for key, value in query.items() if key != "page_size")
        ]
        return 200, {
            "count": len(found),
            "next": None,
            "previous": None,
            "results": [self._shown(resource, item) for item in found],
        }

    def _related(
        self, method: str, resource: str, item: dict[str, Any], name: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        how, *rest = rules.RESOURCES[resource].get("related", {}).get(name, "none").split()
        if how == "document":
            problems = rules.check_survey(body)
            if problems:
                raise Refused(400, {"error": problems})
            self.surveys[resource, item["id"]] = body
            return 200, {}
        if how == "create":
            return self._list(method, rest[0], query, body)
        if how != "attach":
            raise Refused(404, {"detail": "Not found."})
        ids = self.attached.setdefault((resource, item["id"], name), [])
        if method == "POST":
            if body["id"] not in [other["id"] for other in self.objects[rest[0]]]:
                raise Refused(400, {"msg": f"no object {body['id']}"})
            ids.append(body["id"])
            return 204, None
        found = [self._shown(rest[0], other) for other in self.objects[rest[0]] if other["id"] in ids]
        return 200, {"count": len(found), "next": None, "previous": None, "results": found}

    def create(self, resource: str, body: dict[str, Any]) -> dict[str, Any]:
        """Keep a new object. Refused for one that AWX would refuse."""
        self._check(resource, body, None)
        item = {**body, "id": sum(map(len, self.objects.values())) + 1}
        self.objects[resource].append(item)
        return item

    def _check(self, resource: str, body: dict[str, Any], own_id: int | None) -> None:
        problems = rules.check_fields(resource, body)
        for field, value in body.items():
            kind, _required, rest = rules.field_type(resource, field) or ("", False, [])
            if kind == "id" and value is not None and value not in [other["id"] for other in self.objects[rest[0]]]:
                problems.append(f"{field}: there is no object {value!r}")
        if resource == "credential_types":
            problems += rules.check_credential_type(body.get("inputs", {}), body.get("injectors", {}))
        if resource == "credentials":
            problems += self._check_inputs(body)
        if resource == "job_templates":
            problems += self._check_job_template(body)
        if resource == "inventory_sources" and not (rules.REPOSITORY / body.get("source_path", "")).is_file():
            problems.append("source_path: there is no such file in the project")
        same = [
            other
            for other in self.objects[resource]
            if other["id"] != own_id and other.get("name") is not None and other["name"] == body.get("name")
        ]
        if same:
            problems.append("name: already exists")
        if problems:
            raise Refused(400, {"problems": problems})

    def _check_inputs(self, body: dict[str, Any]) -> list[str]:
        [kind] = [item for item in self.objects["credential_types"] if item["id"] == body.get("credential_type")] or [
            {}
        ]
        fields = [field["id"] for field in kind.get("inputs", {}).get("fields", [])]
        required = kind.get("inputs", {}).get("required", [])
        return [
            *(f"inputs: there is no field {name}" for name in body.get("inputs", {}) if name not in fields),
            *(f"inputs: {name} is required" for name in required if not body.get("inputs", {}).get(name)),
        ]

    def _check_job_template(self, body: dict[str, Any]) -> list[str]:
        problems = [
            f"{field}: needed, for it is not asked for at the launch"
            for field in ("inventory", "project")
            if not body.get(field) and not body.get(f"ask_{field}_on_launch")
        ]
        if not (rules.REPOSITORY / str(body.get("playbook"))).is_file():
            problems.append(f"playbook: {body.get('playbook')} is not in the project")
        if int(body.get("job_slice_count", 1)) < 1:
            problems.append("job_slice_count: below 1")
        return problems

    def _options(self, resource: str) -> dict[str, dict[str, Any]]:
        options = {}
        for field in rules.RESOURCES[resource]["fields"]:
            kind, required, _rest = rules.field_type(resource, field) or ("", False, [])
            options[field] = {"type": "string" if kind == "text" else kind, "required": required, "label": field}
        return options

    def _shown(self, resource: str, item: dict[str, Any]) -> dict[str, Any]:
        kind = rules.RESOURCES[resource].get("path", resource)
        url = f"/api/v2/{kind}/{item['id']}/"
        related = {name: f"{url}{name}/" for name in rules.RESOURCES[resource].get("related", {})}
        shown = {**item, "type": rules.RESOURCES[resource]["type"], "url": url, "related": related}
        if resource == "job_templates" or resource == "inventory_sources":
            # their organization is that of the project or inventory, and read-only
            parent = "projects" if resource == "job_templates" else "inventory"
            field = "project" if resource == "job_templates" else "inventory"
            for other in self.objects[parent]:
                if other["id"] == item.get(field):
                    shown["organization"] = other.get("organization")
        for field, parents in _PARENTS.items():
            if shown.get(field) is not None:
                related[field] = f"/api/v2/{rules.RESOURCES[parents].get('path', parents)}/{shown[field]}/"
        if resource == "projects":
            shown["status"] = "successful"
        return shown


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Run a stand-in that listens on a free local port, for as long as the context lasts; ``url`` says where."""
    awx = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # headers and body in one packet, for else each answer waits for the acknowledgement of its headers
        wbufsize = -1

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length) if length else b""
            body = json.loads(raw) if raw and re.match("application/json", self.headers.get("Content-Type", "")) else {}
            status, answer = awx.answer(self.command, self.path, body)
            text = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Allow", "GET, POST, PUT, HEAD, OPTIONS")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = do_OPTIONS = _serve

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing: the requests are kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    awx.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
