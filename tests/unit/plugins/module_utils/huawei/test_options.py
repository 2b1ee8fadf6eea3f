# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the task's options and the environment to a client; every contradiction is refused before a request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.credentials import StaticSource
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import options
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.authentication import (
    KeyAuthentication,
    LoginAuthentication,
    TokenAuthentication,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.credentials import (
    Credentials,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.endpoints import (
    base_url,
    iam_base_url,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.options import HUAWEI_OPTIONS, connect

KEYS = {"access_key": "AK", "secret_key": "SK"}
USER = {"username": "ann", "password": "pw", "domain_name": "plant"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the variables and files of this machine, and the metadata service."""
    for name in list(os.environ):
        if name.startswith(("HUAWEICLOUD_", "HW_", "OS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))

    def nothing() -> Any:
        raise InputError("access_key", "no credentials")

    monkeypatch.setattr(options, "find_source", nothing)


def client(**given: Any) -> Client:
    """Return the client for a task with these options, as Ansible validates them."""
    validated = ArgumentSpecValidator(HUAWEI_OPTIONS).validate({"region": "cn-east-3", **given})
    assert not validated.error_messages
    return connect(validated.validated_parameters)


def authentication(client: Client) -> Any:
    return client._authentication


def test_keys():
    made = client(**KEYS, security_token="STS", project_id="p")
    assert isinstance(authentication(made), KeyAuthentication)
    assert authentication(made).source.get() == Credentials("AK", "SK", "STS")
    assert (made.region, made.project_id()) == ("cn-east-3", "p")
    assert made._endpoint == "https://clouddc.cn-east-3.myhuaweicloud.com"


def test_token_and_login():
    assert isinstance(authentication(client(auth_token="MII")), TokenAuthentication)
    assert isinstance(authentication(client(**USER)), LoginAuthentication)


@pytest.mark.parametrize(
    ("variables", "key", "secret"),
    [
        (
            {"HUAWEICLOUD_SDK_AK": "sdk", "HUAWEICLOUD_SDK_SK": "s1", "HW_ACCESS_KEY": "hw", "HW_SECRET_KEY": "s2"},
            "sdk",
            "s1",
        ),
        ({"HW_ACCESS_KEY": "hw", "HW_SECRET_KEY": "s2", "OS_ACCESS_KEY": "os", "OS_SECRET_KEY": "s3"}, "hw", "s2"),
        ({"OS_ACCESS_KEY": "os", "OS_SECRET_KEY": "s3"}, "os", "s3"),
    ],
)
def test_variables_in_their_order(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], key: str, secret: str):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = authentication(client()).source.get()
    assert (found.access_key, found.secret_key) == (key, secret)


def test_task_goes_before_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HW_AUTH_TOKEN", "MII")
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "sdk")
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "s1")
    assert isinstance(authentication(client()), TokenAuthentication)
    assert isinstance(authentication(client(**USER)), LoginAuthentication)
    assert authentication(client(**KEYS)).source.get().access_key == "AK"


def test_leftovers_of_a_login_in_the_environment_do_no_harm(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OS_USERNAME", "ann")
    assert isinstance(authentication(client(**KEYS)), KeyAuthentication)
    with pytest.raises(InputError, match="no credentials"):
        client()


def test_security_token_of_the_environment_belongs_to_its_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "STS")
    assert authentication(client(**KEYS)).source.get().security_token is None
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "AK")
    assert authentication(client(secret_key="SK")).source.get().security_token == "STS"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"access_key": "AK"}, "secret_key: is required together with access_key"),
        ({"secret_key": "SK"}, "access_key: is required together with secret_key"),
        ({"username": "ann", "domain_name": "plant"}, "password: is required together with username, domain_name"),
        ({**KEYS, "auth_token": "MII"}, "access_key: give only one way to authenticate"),
        ({**KEYS, **USER}, "username: give only one way to authenticate"),
        ({**KEYS, "region": ""}, "region: is required to find the endpoint"),
        ({**KEYS, "region": "", "endpoint": "http://127.0.0.1:1"}, "region: is required to find the project"),
        ({**USER, "region": "", "endpoint": "http://127.0.0.1:1"}, "region: is required to log in"),
        ({**KEYS, "region": "mars-1"}, "region: CloudDC is offered in .*, not in 'mars-1'"),
        ({**KEYS, "ca_path": "/no/such/file"}, "ca_path: /no/such/file does not exist or cannot be read"),
        ({**KEYS, "max_retries": -1}, "max_retries: must be from 0 to 50"),
        ({**KEYS, "connect_timeout": 0}, "connect_timeout: must be more than 0"),
        ({**KEYS, "read_timeout": -3}, "read_timeout: must be more than 0"),
        ({**KEYS, "endpoint": "https://user:pw@host"}, "endpoint: must not contain a user name"),
        ({}, "access_key: no credentials"),
    ],
)
def test_bad_input(given: dict[str, Any], problem: str):
    with pytest.raises(InputError, match=problem) as caught:
        client(**given)
    assert "pw" not in str(caught.value)
    assert "SK" not in str(caught.value)


def test_region_is_not_needed_with_endpoint_and_project():
    made = client(**KEYS, region="", endpoint="http://127.0.0.1:1", project_id="p")
    assert (made.region, made.project_id()) == (None, "p")


def test_profile_brings_project_and_iam_base_url(monkeypatch: pytest.MonkeyPatch):
    source = StaticSource(Credentials("of-the-file", "SK"))
    profile = type(
        "Profile", (), {"credentials": source.get(), "project_id": "of-the-file", "iam_endpoint": "https://iam.example"}
    )()
    monkeypatch.setattr(options, "find_source", lambda: (source, profile))
    assert client().project_id() == "of-the-file"
    assert client(project_id="of-the-task").project_id() == "of-the-task"


# --- endpoints -------------------------------------------------------------------------------------------------


def test_endpoint_of_the_sdks_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_CLOUDDC_CN_EAST_3", "https://one.example, https://two.example")
    assert base_url("cn-east-3") == "https://one.example"
    assert base_url("cn-south-1") == "https://clouddc.cn-south-1.myhuaweicloud.com"
    assert base_url("cn-east-3", "three.example") == "https://three.example"
    monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_CLOUDDC_EU_WEST_101", "https://new.example")
    assert base_url("eu-west-101") == "https://new.example"


def test_iam_endpoint():
    assert iam_base_url("cn-east-3") == "https://iam.cn-east-3.myhuaweicloud.com"
    assert iam_base_url(None) == "https://iam.myhuaweicloud.com"
    assert iam_base_url("cn-east-3", "https://iam.example/v3") == "https://iam.example"


@pytest.mark.parametrize("option", ["access_key", "secret_key", "security_token", "auth_token", "password"])
def test_what_cannot_be_sent_is_refused_without_quoting_it(option: str):
    with pytest.raises(InputError, match=f"^{option}: contains a control character") as caught:
        connect({**KEYS, option: "hush\nhush"})
    assert "hush" not in str(caught.value)
