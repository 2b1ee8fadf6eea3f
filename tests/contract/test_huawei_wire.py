# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our requests to Huawei Cloud are the official SDK's: the same signatures and the same wire."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.credentials import StaticSource
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import signing
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.authentication import (
    KeyAuthentication,
    find_project,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.client import Client, Exchange
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.credentials import (
    Credentials,
)
from huaweicloudsdkclouddc.v1 import (
    BatchDeleteOptions,
    ChangeServerPowerStateRequest,
    CloudDCClient,
    DeleteInstanceRequest,
    DeleteInstancesRequest,
    ListInstancesRequest,
    PowerAction,
    ShowInstanceStatusRequest,
    ShowServerRequest,
)
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from support.huawei_sdk import ID, OTHER_ID, PROJECT, REGION, sdk_client

VECTORS = json.loads((Path(__file__).parent / "data" / "huawei_signatures.json").read_text(encoding="utf-8"))

# --- signatures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda row: f"{row['method']} {row['path'][-12:]}")
def test_recorded_signatures(vector: dict[str, Any]):
    common = VECTORS["common"]
    headers = {**common["headers"], "Host": common["host"], **vector.get("extra_headers", {})}
    query = parse_qsl(vector["query"])
    body = vector["body"].encode()
    canonical, signed = signing.canonical_request(vector["method"], vector["path"], query, headers, body)
    assert signed == vector.get("signed_headers", common["signed_headers"])
    assert hashlib.sha256(canonical.encode()).hexdigest() == vector["canonical_request_sha256"]
    out = signing.sign(common["ak"], common["sk"], vector["method"], vector["path"], query, headers, body)
    assert out["Authorization"] == (
        f"SDK-HMAC-SHA256 Access={common['ak']}, SignedHeaders={signed}, Signature={vector['signature']}"
    )


# --- the wire --------------------------------------------------------------------------------------------------


ANYTHING = {
    "projects": [{"id": PROJECT, "name": REGION}],
    "instances": [],
    "page_info": {},
    "physical_servers": [],
    "id": "s",
    "state": "stopped",
    "power_state": "on",
}
"""A body that suits any operation."""


@dataclass
class Sent:
    """A request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def wiretap() -> Iterator[tuple[str, list[Sent]]]:
    """Return a server that keeps every request and answers with what suits any operation."""
    requests: list[Sent] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            requests.append(Sent(self.command, parts.path, parts.query, headers, body))
            document = json.dumps(ANYTHING).encode()
            status = 204 if self.command == "DELETE" else 200
            self.send_response(status)
            self.send_header("X-Request-Id", "r-1")
            if status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            if status != 204:
                self.wfile.write(document)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", requests
    server.shutdown()
    server.server_close()
    thread.join()


CALLS: dict[str, tuple[Callable[[CloudDCClient], Any], dict[str, Any]]] = {
    "DeleteInstance": (lambda sdk: sdk.delete_instance(DeleteInstanceRequest(id=ID)), {"id": ID}),
    "DeleteInstances": (
        lambda sdk: sdk.delete_instances(
            DeleteInstancesRequest(body=BatchDeleteOptions(instance_id_set=[ID, OTHER_ID]))
        ),
        {"body": {"instance_id_set": [ID, OTHER_ID]}},
    ),
    "ShowInstanceStatus": (lambda sdk: sdk.show_instance_status(ShowInstanceStatusRequest(id=ID)), {"id": ID}),
    "ListInstances": (
        lambda sdk: sdk.list_instances(
            ListInstancesRequest(limit="50", marker="a+/=", instance_state="running", instance_id=f"{ID},{OTHER_ID}")
        ),
        {
            "query": {
                "limit": "50",
                "marker": "a+/=",
                "instance_state": "running",
                "instance_id": f"{ID},{OTHER_ID}",
                "server_id": None,
            }
        },
    ),
    "ChangeServerPowerState": (
        lambda sdk: sdk.change_server_power_state(
            ChangeServerPowerStateRequest(body=PowerAction(action="power off", server_id_set=[ID]))
        ),
        {"body": {"action": "power off", "server_id_set": [ID]}},
    ),
    "ShowServer": (lambda sdk: sdk.show_server(ShowServerRequest(id=ID)), {"id": ID}),
}


def our_client(endpoint: str, token: str | None = None) -> Client:
    """Return our client for the same."""
    authentication = KeyAuthentication(StaticSource(Credentials("AK", "SK", token)))
    return Client(Exchange(HttpTransport()), endpoint, authentication, project_id=PROJECT)


def official_signature(request: Sent) -> str:
    """Return what the official signer makes of a request that we sent, over the same headers."""
    signed = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    sdk_request = SdkRequest(
        method=request.method,
        schema="http",
        host=request.headers["host"],
        resource_path=request.path,
        query_params=parse_qsl(request.query, keep_blank_values=True),
        header_params={name: request.headers[name] for name in signed},
        body=request.body.decode(),
    )
    return str(Signer(BasicCredentials("AK", "SK")).sign(sdk_request).header_params["Authorization"])


@pytest.mark.parametrize("token", [None, "STS"], ids=["lasting key", "temporary key"])
@pytest.mark.parametrize("operation", CALLS)
def test_our_request_is_the_sdks(wiretap: tuple[str, list[Sent]], operation: str, token: str | None):
    endpoint, requests = wiretap
    theirs_call, ours_arguments = CALLS[operation]
    theirs_call(sdk_client(endpoint, token=token))
    our_client(endpoint, token).call(operation, **ours_arguments)
    theirs, ours = requests
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert sorted(parse_qsl(ours.query)) == sorted(parse_qsl(theirs.query))
    assert ours.query == theirs.query, "the encoding matters: it is what is signed"
    assert (json.loads(ours.body) if ours.body else None) == (json.loads(theirs.body) if theirs.body else None)
    for name in ("content-type", "x-project-id", "host", "x-security-token"):
        assert ours.headers.get(name) == theirs.headers.get(name), name
    if ours.method == "DELETE":
        assert ours.headers["content-length"] == theirs.headers["content-length"] == "0"
    assert ours.headers["authorization"] == official_signature(ours)


def test_project_lookup_is_the_sdks(wiretap: tuple[str, list[Sent]]):
    endpoint, requests = wiretap
    credentials = BasicCredentials("AK-of-this-test", "SK").with_iam_endpoint(endpoint)
    builder = CloudDCClient.new_builder().with_credentials(credentials)
    builder.with_region(Region(REGION, endpoint)).build()
    authentication = KeyAuthentication(StaticSource(Credentials("AK", "SK")))
    found = find_project(Exchange(HttpTransport()), endpoint, authentication, REGION, "AK", by_token=False)
    assert found == PROJECT
    theirs, ours = requests
    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    assert ours.body == theirs.body
    assert ours.headers["authorization"] == official_signature(ours)
