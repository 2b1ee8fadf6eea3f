# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where CloudDC and IAM of a region answer."""

from __future__ import annotations

import os

from ..common.errors import InputError
from ..common.urls import base_url

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


def clouddc_endpoint(region: str | None, given: str | None = None) -> str:
    """Return the base URL of CloudDC: the option, the SDK's variable for the region, or the region's own.

    Raises InputError when no endpoint is known.
    """
    if given:
        return base_url(given, "endpoint", _VERSIONS)
    if not region:
        raise InputError("region", "is required to find the endpoint of CloudDC (or set endpoint)")
    variable = f"HUAWEICLOUD_SDK_REGION_CLOUDDC_{region.replace('-', '_').upper()}"
    # The variable may hold several addresses joined by commas; the first is the one in use.
    from_environment = os.environ.get(variable, "").split(",")[0].strip()
    if from_environment:
        return base_url(from_environment, variable, _VERSIONS)
    if region not in CLOUDDC_ENDPOINTS:
        known = ", ".join(sorted(CLOUDDC_ENDPOINTS))
        raise InputError("region", f"CloudDC is offered in {known}, not in '{region}'; set endpoint for another place")
    return CLOUDDC_ENDPOINTS[region]


def iam_endpoint(region: str | None, given: str | None = None) -> str:
    """Return the base URL of IAM: the option, the region's own, or the global one when no region is known."""
    if given:
        return base_url(given, "iam_endpoint", _VERSIONS)
    return f"https://iam.{region}.myhuaweicloud.com" if region else IAM_GLOBAL_ENDPOINT
