# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared options and what they connect to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError, TransportError
from support.scripted_server import ScriptedServer

KEYS = {"region": "cn-hangzhou", "access_key_id": "testid", "access_key_secret": "s3cr3t"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("ALIBABA_CLOUD_", "ALICLOUD_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")


def validated(params: dict[str, Any]) -> dict[str, Any]:
    result = ArgumentSpecValidator(ALIBABA_OPTIONS).validate(params)
    assert result.error_messages == []
    return dict(result.validated_parameters)


def test_defaults_connect() -> None:
    client = connect(validated(KEYS))
    assert (client.region, client.generation, client.host) == ("cn-hangzhou", "current", "ecs-cn-hangzhou.aliyuncs.com")
    assert dict(client.requests) == {}


def test_plugins_may_leave_out_what_has_a_default() -> None:
    assert connect(KEYS).host == "ecs-cn-hangzhou.aliyuncs.com"


@pytest.mark.parametrize(
    "names",
    [
        ("ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        ("ALICLOUD_REGION", "ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"),
    ],
)
def test_the_environment_is_enough(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, names: tuple[str, str, str]
) -> None:
    for name, value in zip(names, ("eu-central-1", "env-id", "env-secret"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALIBABA_CLOUD_ECS_ENDPOINT", server.url)
    client = connect(validated({}))
    client.call("DescribeInstances")
    assert server.requests[0].query["RegionId"] == "eu-central-1"
    assert "Credential=env-id," in server.requests[0].headers["authorization"]


def test_every_alias_is_known() -> None:
    params = validated({"alicloud_region": "eu-central-1", "access_key": "a", "alicloud_secret_key": "b"})
    assert connect(params).region == "eu-central-1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"region": None}, "region: is required"),
        ({"region": "  "}, "region: is required"),
        ({"region": "not a region"}, "region: "),
        ({"access_key_id": None}, "access_key_id: is required"),
        ({"access_key_secret": None}, "access_key_secret: is required"),
        ({"access_key_id": None, "access_key_secret": None}, "access_key_id: no "),
        ({"endpoint": "ftp://x"}, "endpoint: "),
        ({"connect_timeout": 0}, "connect_timeout: must be more than 0"),
        ({"read_timeout": -1}, "read_timeout: must be more than 0"),
        ({"read_timeout": 1e9}, "read_timeout: .*3600"),
        ({"read_timeout": "soon"}, "read_timeout: is not a number"),
        ({"read_timeout": float("nan")}, "read_timeout: must be"),
        ({"max_retries": -1}, "max_retries: must be from 0"),
        ({"max_retries": 51}, "max_retries: must be from 0 to 50"),
        ({"max_retries": "many"}, "max_retries: is not an integer"),
        ({"ca_path": "/no/such/file"}, "ca_path: /no/such/file does not exist"),
        ({"network": "moon"}, "network: 'moon' is not one of public, vpc"),
        ({"api_generation": "future"}, "api_generation: "),
        ({"signature_version": "v9"}, "signature_version: "),
        ({"assume_role": {"session_name": "x"}}, "assume_role: role_arn"),
        ({"assume_role": {"role_arn": "acs:ram::1:role/r", "duration_seconds": 60}}, "assume_role: .*900"),
        ({"profile": "prod"}, "profile: cannot be combined"),
    ],
)
def test_bad_values_are_refused_by_their_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_constant.HOME", str(tmp_path))
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_util.environment_ecs_metadata_disabled", "true")
    with pytest.raises(InputError, match=f"^{message}") as caught:
        connect({**KEYS, **change})
    assert "s3cr3t" not in str(caught.value)


def test_classic_signs_with_v1_by_default(server: ScriptedServer) -> None:
    for version, header in ((None, False), ("v1", False), ("v3", True)):
        server.script([])
        connect({**KEYS, "endpoint": server.url, "api_generation": "classic", "signature_version": version}).call(
            "DeleteCommand", {"CommandId": "c-1"}
        )
        assert ("authorization" in server.requests[0].headers) is header
        assert ("Signature" in server.requests[0].query) is not header


def test_retries_and_time_outs_reach_the_client() -> None:
    with ScriptedServer() as gone:
        url = gone.url
    client = connect({**KEYS, "endpoint": url, "max_retries": 0})
    with pytest.raises(TransportError):
        client.call("DescribeRegions")
    assert client.requests["DescribeRegions"] == 1
