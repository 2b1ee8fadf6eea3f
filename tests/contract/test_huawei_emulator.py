# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official SDK cannot tell the emulated Huawei Cloud from the service, and our client works with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import options
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.authentication import PasswordLogin
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.client import Exchange
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
from support.huawei import forget_logins
from support.huawei_sdk import ID, OTHER_ID, REGION, sdk_client

FLEET = {
    "clouddc": [
        {"id": ID, "name": "one", "state": "stopped", "tags": {"plant": "2"}, "delete_s": 100},
        {"id": OTHER_ID, "name": "two", "state": "running", "power_off_s": 10},
        *({"name": f"many-{number:02}", "state": "error"} for number in range(25)),
    ]
}


@pytest.fixture
def sdk(emulator: Any) -> CloudDCClient:
    """Return the official client for the emulator, which finds its project by itself."""
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
    """Return status and code of the error that a call ends in."""
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
    forget_logins()
    for token in (None, "another"):
        with pytest.raises(ApiError, match=r"APIGW.0301"):
            options.connect(params(emulator, security_token=token)).call("ShowInstanceStatus", id=ID)


# --- our client and the emulator --------------------------------------------------------------------------------


def params(emulator: Any, **changes: Any) -> dict[str, Any]:
    """Return the options of a task against the emulator, none of them from the environment."""
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
    """Return the same with the emulator's user and password."""
    ready = emulator.ready
    user = {
        "username": ready["access_key_id"],
        "password": ready["access_key_secret"],
        "domain_name": ready["account_id"],
    }
    return params(emulator, access_key=None, secret_key=None, **user, **changes)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Forget the tokens and projects of other tests."""
    forget_logins()


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
    token = PasswordLogin(
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
