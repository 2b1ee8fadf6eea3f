# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Find the base URLs of CloudDC and IAM for a region."""

from __future__ import annotations

import os

from ..common import urls
from ..common.errors import InputError

# CloudDC is offered in these regions only and has no global endpoint (SDK region list, API page "Endpoints").
CLOUDDC_ENDPOINTS = {
    "ap-southeast-3": "https://clouddc.ap-southeast-3.myhuaweicloud.com",
    "cn-east-3": "https://clouddc.cn-east-3.myhuaweicloud.com",
    "cn-south-1": "https://clouddc.cn-south-1.myhuaweicloud.com",
    "cn-southwest-2": "https://clouddc.cn-southwest-2.myhuaweicloud.com",
}
IAM_GLOBAL_ENDPOINT = "https://iam.myhuaweicloud.com"
# paths that addresses carry, as OpenStack's OS_AUTH_URL does
_VERSIONS = ("v1", "v3")


def base_url(region: str | None, endpoint: str | None = None) -> str:
    """Return scheme and host of CloudDC for ``region``, without a slash at the end.

    ``endpoint`` (a host, or a URL of scheme, host and port) comes first, then the SDK's variable for the region, then
    the region's own host. Raises InputError if none is known, or one is not valid.
    """
    if endpoint:
        return urls.base_url(endpoint, "endpoint", _VERSIONS)
    if not region:
        raise InputError("region", "is required to find the endpoint of CloudDC, unless endpoint is given")
    variable = f"HUAWEICLOUD_SDK_REGION_CLOUDDC_{region.replace('-', '_').upper()}"
    # the variable may hold several addresses joined by commas; the first is the one in use.
    from_environment = os.environ.get(variable, "").split(",")[0].strip()
    if from_environment:
        return urls.base_url(from_environment, variable, _VERSIONS)
    if region not in CLOUDDC_ENDPOINTS:
        known = ", ".join(sorted(CLOUDDC_ENDPOINTS))
        raise InputError("region", f"CloudDC is offered in {known}, not in '{region}'; set endpoint for another region")
    return CLOUDDC_ENDPOINTS[region]


def iam_base_url(region: str | None, endpoint: str | None = None) -> str:
    """Return scheme and host of IAM: ``endpoint``, else the region's own, else the global one.

    Raises InputError if ``endpoint`` is not valid.
    """
    if endpoint:
        return urls.base_url(endpoint, "iam_endpoint", _VERSIONS)
    return f"https://iam.{region}.myhuaweicloud.com" if region else IAM_GLOBAL_ENDPOINT
