# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Find the base URL of ECS for a region."""

from __future__ import annotations

import re

from ..common import urls
from ..common.errors import InputError

NETWORKS = ("public", "vpc")
_CENTRAL = "ecs.aliyuncs.com"
_HANGZHOU = "ecs-cn-hangzhou.aliyuncs.com"
_NEBULA = "ecs.cn-qingdao-nebula.aliyuncs.com"

# regions whose host does not follow the rule; they have it on either network
_EXCEPTIONS: dict[str, str] = {
    **dict.fromkeys(
        (
            "ap-northeast-2-pop",
            "cn-beijing-finance-pop",
            "cn-beijing-gov-1",
            "cn-hangzhou-finance",
            "cn-hongkong-finance-pop",
            "cn-north-2-gov-1",
            "cn-shanghai-inner",
            "cn-shenzhen-inner",
            "cn-wuhan",
            "cn-yushanfang",
            "cn-zhangbei",
            "cn-zhangbei-na61-b01",
            "rus-west-1-pop",
        ),
        _CENTRAL,
    ),
    **dict.fromkeys(
        (
            "cn-beijing-nu16-b01",
            "cn-fujian",
            "cn-haidian-cm12-c01",
            "cn-hangzhou",
            "cn-hangzhou-bj-b01",
            "cn-hangzhou-internal-prod-1",
            "cn-hangzhou-internal-test-1",
            "cn-hangzhou-internal-test-2",
            "cn-hangzhou-internal-test-3",
            "cn-hangzhou-test-306",
            "cn-shanghai-et15-b01",
            "cn-shanghai-et2-b01",
            "cn-shanghai-finance-1",
            "cn-shanghai-internal-test-1",
            "cn-shenzhen-finance-1",
            "cn-shenzhen-st4-d01",
            "cn-shenzhen-su18-b01",
        ),
        _HANGZHOU,
    ),
    **dict.fromkeys(("cn-edge-1", "cn-huhehaote-nebula-1", "cn-zhengzhou-nebula-1"), _NEBULA),
    "cn-zhangjiakou-na62-a01": "ecs.cn-zhangjiakou.aliyuncs.com",
    "eu-west-1-oxs": "ecs.cn-shenzhen-cloudstone.aliyuncs.com",
}

_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def check_region(region: str) -> str:
    """Return ``region``; raise InputError unless it has the form of a region id, for it becomes part of a host."""
    if not _REGION.fullmatch(region):
        raise InputError("region", f"{region!r} is not a valid region ID such as cn-hangzhou")
    return region


def base_url(region: str, network: str = "public", endpoint: str | None = None) -> str:
    """Return scheme and host of the service for ``region``, without a slash at the end.

    ``endpoint`` (a host, or a URL of scheme, host and port) comes first; https is used unless it says ``http://``.
    Without one the exceptions count, then the rule ``ecs[-vpc].<region>.aliyuncs.com``. Raises InputError.
    """
    if endpoint:
        return urls.base_url(endpoint, "endpoint")
    host = _EXCEPTIONS.get(check_region(region))
    if host is None:
        infix = "-vpc" if network == "vpc" else ""
        host = f"ecs{infix}.{region}.aliyuncs.com"
    return f"https://{host}"
