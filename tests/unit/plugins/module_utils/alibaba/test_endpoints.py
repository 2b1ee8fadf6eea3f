# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts by region, network and option."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.endpoints import base_url
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError


@pytest.mark.parametrize(
    ("region", "network", "host"),
    [
        ("cn-beijing", "public", "ecs.cn-beijing.aliyuncs.com"),
        ("cn-beijing", "vpc", "ecs-vpc.cn-beijing.aliyuncs.com"),
        ("cn-hangzhou", "public", "ecs-cn-hangzhou.aliyuncs.com"),
        ("cn-hangzhou", "vpc", "ecs-cn-hangzhou.aliyuncs.com"),
        ("cn-shanghai-finance-1", "public", "ecs-cn-hangzhou.aliyuncs.com"),
        ("cn-north-2-gov-1", "public", "ecs.aliyuncs.com"),
        ("cn-edge-1", "public", "ecs.cn-qingdao-nebula.aliyuncs.com"),
        ("a-region-of-tomorrow-9", "public", "ecs.a-region-of-tomorrow-9.aliyuncs.com"),
    ],
)
def test_the_host_of_a_region(region: str, network: str, host: str) -> None:
    assert base_url(region, network) == f"https://{host}"


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("ecs.example.com", "https://ecs.example.com"),
        (" ecs.example.com:8443 ", "https://ecs.example.com:8443"),
        ("https://ecs.example.com:443", "https://ecs.example.com"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_given_endpoint_comes_first(endpoint: str, url: str) -> None:
    assert base_url("cn-hangzhou", "vpc", endpoint) == url


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://x",
        "http://",
        "https://user:secret@host",
        "host/path",
        "host?a=b",
        "host:port",
        "ho st",
        "host:99999",
        "a#b",
    ],
)
def test_an_impossible_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(InputError, match="^endpoint: ") as caught:
        base_url("cn-hangzhou", endpoint=endpoint)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("region", ["evil.example.com/", "cn hangzhou", "CN-HANGZHOU", "a@b", "-", "cn-hangzhou\n"])
def test_a_region_cannot_smuggle_in_another_host(region: str) -> None:
    with pytest.raises(InputError, match="^region: "):
        base_url(region)
