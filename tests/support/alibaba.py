# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of Alibaba Cloud for tests, calls of each kind, and answers to them."""

from __future__ import annotations

from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.credentials import (
    Credentials,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.credentials import StaticSource
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport
from support.genuine import MADE
from support.scripted_server import Answer, api_error

SECRET = "a-very-secret-secret"
TOKEN = "a-very-secret-token"
OK = Answer(200, MADE, {"Date": "Sat, 21 Nov 2026 20:38:23 GMT"})
UNAVAILABLE = api_error(503, "ServiceUnavailable")
DROP = Answer(drop=True)
CUT = Answer(200, {"RequestId": "R-1", "InvokeId": "t-1"}, cut=5)
NOT_JSON = Answer(200, '{"RequestId": "R-')

READ = ("DescribeCommands", {"CommandId": ["c-1"]})
TOKEN_WRITE = ("RunCommand", {"CommandContent": "ZWNobyAx", "ClientToken": "tok"})
REPEATABLE = ("DeleteCommand", {"CommandId": "c-1"})
ONCE = ("RunCommand", {"CommandContent": "ZWNobyAx"})
REBOOT = ("RebootInstances", {"InstanceId": ["i-1"]})


def make_client(url: str, **options: Any) -> Client:
    transport = HttpTransport(verify=True, connect_timeout=5, read_timeout=options.pop("read_timeout", 5))
    source = options.pop("credentials", StaticSource(Credentials("testid", SECRET)))
    return Client(
        **{
            "region": "cn-hangzhou",
            "credentials": source,
            "url": url,
            "transport": transport,
            "max_retries": 3,
            "backoff_base": 0.001,
            **options,
        }
    )
