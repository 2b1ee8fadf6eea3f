# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official SDK of Huawei Cloud, pointed at one endpoint."""

from __future__ import annotations

from huaweicloudsdkclouddc.v1 import CloudDCClient
from huaweicloudsdkcore.auth.credentials import BasicCredentials

PROJECT = "0123456789abcdef0123456789abcdef"
ID = "11111111-2222-3333-4444-555555555555"
OTHER_ID = "66666666-7777-8888-9999-000000000000"
REGION = "cn-east-3"


def sdk_client(endpoint: str, key: str = "AK", secret: str = "SK", token: str | None = None) -> CloudDCClient:
    """Return the official client for one endpoint."""
    credentials = BasicCredentials(key, secret, PROJECT)
    if token:
        credentials.with_security_token(token)
    return CloudDCClient.new_builder().with_credentials(credentials).with_endpoints([endpoint]).build()
