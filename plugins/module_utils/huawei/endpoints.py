# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where CloudDC and IAM of a region answer."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from ..common.errors import InputError

# CloudDC is offered in these regions only and has no global endpoint (SDK region list, API page "Endpoints").
CLOUDDC_ENDPOINTS = {
    "ap-southeast-3": "https://clouddc.ap-southeast-3.myhuaweicloud.com",
    "cn-east-3": "https://clouddc.cn-east-3.myhuaweicloud.com",
    "cn-south-1": "https://clouddc.cn-south-1.myhuaweicloud.com",
    "cn-southwest-2": "https://clouddc.cn-southwest-2.myhuaweicloud.com",
}
IAM_GLOBAL_ENDPOINT = "https://iam.myhuaweicloud.com"


def clouddc_endpoint(region: str | None, given: str | None = None) -> str:
    """Return the base URL of CloudDC: the option, the SDK's variable for the region, or the region's own.

    Raises InputError when no endpoint is known.
    """
    if given:
        return base_url(given, "endpoint")
    if not region:
        raise InputError("region", "is required to find the endpoint of CloudDC (or set endpoint)")
    variable = f"HUAWEICLOUD_SDK_REGION_CLOUDDC_{region.replace('-', '_').upper()}"
    # The variable may hold several addresses joined by commas; the first is the one in use.
    from_environment = os.environ.get(variable, "").split(",")[0].strip()
    if from_environment:
        return base_url(from_environment, variable)
    if region not in CLOUDDC_ENDPOINTS:
        known = ", ".join(sorted(CLOUDDC_ENDPOINTS))
        raise InputError("region", f"CloudDC is offered in {known}, not in '{region}'; set endpoint for another place")
    return CLOUDDC_ENDPOINTS[region]


def iam_endpoint(region: str | None, given: str | None = None) -> str:
    """Return the base URL of IAM: the option, the region's own, or the global one when no region is known."""
    if given:
        return base_url(given, "iam_endpoint")
    return f"https://iam.{region}.myhuaweicloud.com" if region else IAM_GLOBAL_ENDPOINT


def base_url(text: str, option: str) -> str:
    """Return ``text`` as scheme, host and port; a bare host name means https.

    A version path such as ``/v3``, which OpenStack's OS_AUTH_URL carries, is dropped. Raises InputError.
    """
    url = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InputError(option, f"is not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(option, "must be a URL such as https://clouddc.cn-east-3.myhuaweicloud.com")
    if parts.username is not None or parts.query or parts.fragment:
        raise InputError(option, "must not hold a user name, a query or a fragment")
    if parts.path.strip("/") not in ("", "v3", "v1"):
        raise InputError(option, f"must not hold the path '{parts.path}'")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
