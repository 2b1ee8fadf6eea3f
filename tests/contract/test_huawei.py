# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our requests to Huawei Cloud are the official SDK's, and the SDK cannot tell the emulator from the service."""

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
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.http import HttpTransport
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import iam, options, signing
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.authentication import KeyAuthentication
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.credentials import AccessKey, FixedKey
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.exchange import Exchange
from huaweicloudsdkclouddc.v1 import (
    BatchDeleteOptions,
    ChangeServerPowerStateRequest,
    CloudDCClient,
    DeleteInstanceRequest,
    DeleteInstancesRequest,
    ListInstancesRequest,
    ListServersRequest,
    PowerAction,
    ShowInstanceStatusRequest,
    ShowServerRequest,
)
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

VECTORS = json.loads((Path(__file__).parent / "data" / "huawei_signatures.json").read_text(encoding="utf-8"))
PROJECT = "0123456789abcdef0123456789abcdef"
ID = "11111111-2222-3333-4444-555555555555"
OTHER_ID = "66666666-7777-8888-9999-000000000000"
REGION = "cn-east-3"


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
    """A server that keeps every request and answers with what suits any operation."""
    requests: list[Sent] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            requests.append(Sent(self.command, parts.path, parts.query, headers, body))
            document = json.dumps({"projects": [{"id": PROJECT, "name": REGION}]}).encode()
            status = 204 if self.command == "DELETE" else 200
            self.send_response(status)
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


def sdk_client(endpoint: str, key: str = "AK", secret: str = "SK", token: str | None = None) -> CloudDCClient:
    """The official client for one endpoint."""
    credentials = BasicCredentials(key, secret, PROJECT)
    if token:
        credentials.with_security_token(token)
    return CloudDCClient.new_builder().with_credentials(credentials).with_endpoints([endpoint]).build()


def our_client(endpoint: str, token: str | None = None) -> Client:
    """Ours, for the same."""
    authentication = KeyAuthentication(FixedKey(AccessKey("AK", "SK", token)))
    return Client(Exchange(HttpTransport()), endpoint, authentication, project_id=PROJECT)


def official_signature(request: Sent) -> str:
    """What the official signer makes of a request that we sent, over the same headers."""
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
    authentication = KeyAuthentication(FixedKey(AccessKey("AK", "SK")))
    found = iam.find_project(Exchange(HttpTransport()), endpoint, authentication, REGION, "AK", by_token=False)
    assert found == PROJECT
    theirs, ours = requests
    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    assert ours.body == theirs.body
    assert ours.headers["authorization"] == official_signature(ours)


# --- the emulator ----------------------------------------------------------------------------------------------

FLEET = {
    "clouddc": [
        {"id": ID, "name": "one", "state": "stopped", "tags": {"plant": "2"}, "delete_s": 100},
        {"id": OTHER_ID, "name": "two", "state": "running", "power_off_s": 10},
        *({"name": f"many-{number:02}", "state": "error"} for number in range(25)),
    ]
}


@pytest.fixture
def sdk(emulator: Any) -> CloudDCClient:
    """The official client for the emulator, which finds its project by itself."""
    emulator.reset(FLEET)
    ready = emulator.ready
    credentials = BasicCredentials(ready["access_key_id"], ready["access_key_secret"])
    credentials.with_iam_endpoint(ready["iam_endpoint"])
    builder = CloudDCClient.new_builder().with_credentials(credentials)
    return builder.with_region(Region(REGION, ready["clouddc_endpoint"])).build()


def test_sdk_deletes_an_instance(sdk: CloudDCClient, emulator: Any):
    assert sdk.show_instance_status(ShowInstanceStatusRequest(id=ID)).state == "stopped"
    assert sdk.delete_instance(DeleteInstanceRequest(id=ID)).status_code == 204
    status = sdk.show_instance_status(ShowInstanceStatusRequest(id=ID))
    assert (status.state, status.operation_state) == ("shutting-down", "uninstall-processing")
    emulator.advance(101)
    assert sdk.show_instance_status(ShowInstanceStatusRequest(id=ID)).state == "terminated"
    emulator.advance(601)
    with pytest.raises(ClientRequestException) as caught:
        sdk.show_instance_status(ShowInstanceStatusRequest(id=ID))
    assert (caught.value.status_code, caught.value.error_code) == (404, "iMetal.0200")
    assert caught.value.request_id
    assert emulator.deletions() == {ID: 1}


def test_sdk_deletes_several_or_none(sdk: CloudDCClient, emulator: Any):
    ids = [row.id for row in sdk.list_instances(ListInstancesRequest(limit="100")).instances if row.state == "error"]
    with pytest.raises(ClientRequestException) as caught:
        sdk.delete_instances(DeleteInstancesRequest(body=BatchDeleteOptions(instance_id_set=[*ids, OTHER_ID])))
    assert caught.value.error_code == "iMetal.0201"
    assert emulator.deletions() == {}
    answer = sdk.delete_instances(DeleteInstancesRequest(body=BatchDeleteOptions(instance_id_set=ids)))
    assert answer.status_code == 202
    assert [row.id for row in answer.instances] == ids
    assert emulator.deletions() == dict.fromkeys(ids, 1)


def test_sdk_reads_pages_and_filters(sdk: CloudDCClient):
    marker, names = None, []
    for size in (10, 10, 7):
        page = sdk.list_instances(ListInstancesRequest(limit="10", marker=marker))
        assert page.page_info.current_count == len(page.instances) == size
        names += [row.name for row in page.instances]
        marker = page.page_info.next_marker
    assert marker is None
    assert names == ["one", "two", *(f"many-{number:02}" for number in range(25))]
    only = sdk.list_instances(
        ListInstancesRequest(limit="10", instance_id=f"{ID},{OTHER_ID}", instance_state="stopped")
    )
    assert [(row.id, row.tags[0].key, row.tags[0].value) for row in only.instances] == [(ID, "plant", "2")]
    server = only.instances[0].server_id
    on_server = sdk.list_instances(ListInstancesRequest(limit="10", server_id=server))
    assert [row.id for row in on_server.instances] == [ID]


def test_sdk_switches_a_server_off(sdk: CloudDCClient, emulator: Any):
    server = sdk.list_instances(ListInstancesRequest(limit="10", instance_id=OTHER_ID)).instances[0].server_id
    assert sdk.show_server(ShowServerRequest(id=server)).power_state == "on"
    action = PowerAction(action="power off", server_id_set=[server])
    answer = sdk.change_server_power_state(ChangeServerPowerStateRequest(body=action))
    assert [row.id for row in answer.physical_servers] == [server]
    assert sdk.show_server(ShowServerRequest(id=server)).operation_state == "power-off-processing"
    emulator.advance(11)
    row = sdk.show_server(ShowServerRequest(id=server))
    assert (row.power_state, row.operation_state) == ("off", "power-off-succeed")
    assert sdk.show_instance_status(ShowInstanceStatusRequest(id=OTHER_ID)).state == "stopped"
    listed = sdk.list_servers(ListServersRequest(limit=10)).servers
    assert [one.power_state for one in listed if one.id == server] == ["off"]


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """Status and code of the error that a call ends in."""
    with pytest.raises((ClientRequestException, ServerResponseException)) as caught:
        call()
    return caught.value.status_code, caught.value.error_code


def test_sdk_understands_refusals(sdk: CloudDCClient, emulator: Any):
    unknown = "99999999-0000-0000-0000-000000000000"
    assert refused(lambda: sdk.delete_instance(DeleteInstanceRequest(id=unknown))) == (404, "iMetal.0200")
    assert refused(lambda: sdk.delete_instance(DeleteInstanceRequest(id=OTHER_ID))) == (400, "iMetal.0201")
    assert refused(lambda: sdk.show_server(ShowServerRequest(id=unknown))) == (404, "iMetal.0100")
    assert refused(lambda: sdk.list_instances(ListInstancesRequest(limit="many"))) == (400, "iMetal.0001")
    both = ListInstancesRequest(instance_id=ID, server_id=ID)
    assert refused(lambda: sdk.list_instances(both)) == (400, "iMetal.0001")
    nothing = DeleteInstancesRequest(body=BatchDeleteOptions(instance_id_set=[]))
    assert refused(lambda: sdk.delete_instances(nothing)) == (400, "iMetal.0002")
    too_many = DeleteInstancesRequest(body=BatchDeleteOptions(instance_id_set=[f"{n}" for n in range(51)]))
    assert refused(lambda: sdk.delete_instances(too_many)) == (400, "iMetal.0001")
    foreign = sdk_client(
        emulator.ready["clouddc_endpoint"], emulator.ready["access_key_id"], emulator.ready["access_key_secret"]
    )
    assert refused(lambda: foreign.list_instances(ListInstancesRequest())) == (403, "iMetal.0004")
    emulator.faults([{"action": "ShowServer", "kind": "status", "status": 500, "code": "iMetal.0099", "message": "no"}])
    assert refused(lambda: sdk.show_server(ShowServerRequest(id=ID))) == (500, "iMetal.0099")
    emulator.faults([{"action": "ListServers", "kind": "throttle"}])
    assert refused(lambda: sdk.list_servers(ListServersRequest()))[0] == 429


def test_five_wrong_signatures_lock_the_key(emulator: Any):
    emulator.reset(FLEET)
    ready = emulator.ready
    request = ListInstancesRequest(limit="10")
    wrong = sdk_client(ready["clouddc_endpoint"], ready["access_key_id"], "wrong")
    for _attempt in range(5):
        assert refused(lambda: wrong.list_instances(request)) == (401, "APIGW.0301")
    right = sdk_client(ready["clouddc_endpoint"], ready["access_key_id"], ready["access_key_secret"])
    assert refused(lambda: right.list_instances(request)) == (401, "APIGW.0301")
    emulator.advance(301)
    assert refused(lambda: right.list_instances(request)) == (403, "iMetal.0004"), (
        "the project is the only problem left"
    )


def test_temporary_keys(emulator_factory: Callable[..., Any]):
    emulator = emulator_factory(security_token="STS", fleet=FLEET)
    ready = emulator.ready

    def read(token: str | None) -> str:
        credentials = BasicCredentials(ready["access_key_id"], ready["access_key_secret"])
        credentials.with_iam_endpoint(ready["iam_endpoint"])
        if token:
            credentials.with_security_token(token)
        builder = CloudDCClient.new_builder().with_credentials(credentials)
        sdk = builder.with_region(Region(REGION, ready["clouddc_endpoint"])).build()
        return str(sdk.show_instance_status(ShowInstanceStatusRequest(id=ID)).state)

    assert read("STS") == "stopped"
    client = options.connect(params(emulator, security_token="STS"))
    assert client.call("ShowInstanceStatus", id=ID)["state"] == "stopped"
    iam.forget_everything()
    for token in (None, "another"):
        with pytest.raises(ApiError, match=r"APIGW.0301"):
            options.connect(params(emulator, security_token=token)).call("ShowInstanceStatus", id=ID)


# --- our client and the emulator --------------------------------------------------------------------------------


def params(emulator: Any, **changes: Any) -> dict[str, Any]:
    """The options of a task against the emulator, none of them from the environment."""
    ready = emulator.ready
    return {
        **dict.fromkeys(options.HUAWEI_OPTIONS),
        "region": REGION,
        "endpoint": ready["clouddc_endpoint"],
        "iam_endpoint": ready["iam_endpoint"],
        "access_key": ready["access_key_id"],
        "secret_key": ready["access_key_secret"],
        **changes,
    }


def login(emulator: Any, **changes: Any) -> dict[str, Any]:
    """The same with the emulator's user and password."""
    ready = emulator.ready
    user = {
        "username": ready["access_key_id"],
        "password": ready["access_key_secret"],
        "domain_name": ready["account_id"],
    }
    return params(emulator, access_key=None, secret_key=None, **user, **changes)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """No token or project of another test."""
    iam.forget_everything()


def test_password_login(emulator: Any):
    emulator.reset(FLEET)
    for _task in range(2):
        client = options.connect(login(emulator))
        assert client.call("ShowInstanceStatus", id=ID)["state"] == "stopped"
    actions = [row["action"] for row in emulator.requests()]
    assert actions == ["KeystoneCreateUserTokenByPassword", "ShowInstanceStatus", "ShowInstanceStatus"]


def test_login_with_project_id(emulator: Any):
    emulator.reset(FLEET)
    project = options.connect(params(emulator)).project_id()
    client = options.connect(login(emulator, project_id=project, region=None))
    assert client.call("ShowInstanceStatus", id=ID)["state"] == "stopped"


def test_token_is_renewed_once_when_it_has_ended(emulator: Any):
    emulator.reset(FLEET)
    client = options.connect(login(emulator))
    client.call("ShowInstanceStatus", id=ID)
    emulator.advance(90_000)  # the service's clock only: the client cannot know
    assert client.call("ShowInstanceStatus", id=ID)["state"] == "stopped"
    assert client.requests["KeystoneCreateUserTokenByPassword"] == 2
    assert client.requests["ShowInstanceStatus"] == 3


def test_given_token_finds_its_project(emulator: Any):
    emulator.reset(FLEET)
    exchange = Exchange(HttpTransport())
    ready = emulator.ready
    token = iam.PasswordLogin(
        exchange,
        ready["iam_endpoint"],
        username=ready["access_key_id"],
        password=ready["access_key_secret"],
        domain_name=ready["account_id"],
        project_name=REGION,
    ).token()
    client = options.connect(params(emulator, access_key=None, secret_key=None, auth_token=token.value))
    assert client.call("ShowInstanceStatus", id=ID)["state"] == "stopped"
    assert dict(client.requests) == {"KeystoneListAuthProjects": 1, "ShowInstanceStatus": 1}
