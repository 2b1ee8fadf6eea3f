# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script on a fleet as a script of the official SDK usually does it: 100 instances a call, each polled every 2 s.

Takes the arguments of ecs_run_command as JSON on standard input and prints one result for each instance.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from typing import Any

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config

MAX_IDS_PER_CALL = 100
PAGE = 50
POLL_S = 2
LIVE = ("Pending", "Running", "Stopping")


def run(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """Start the script everywhere, then read each invocation's results until none is running."""
    client = Client(
        Config(
            access_key_id=arguments["access_key_id"],
            access_key_secret=arguments["access_key_secret"],
            region_id=arguments["region"],
            endpoint=arguments["endpoint"].removeprefix("http://"),
            protocol="http",
        )
    )
    ids = arguments["instance_ids"]
    content = base64.b64encode(arguments["content"].encode()).decode()
    invocations = []
    for first in range(0, len(ids), MAX_IDS_PER_CALL):
        request = models.RunCommandRequest(
            region_id=arguments["region"],
            type="RunShellScript",
            command_content=content,
            content_encoding="Base64",
            instance_id=ids[first : first + MAX_IDS_PER_CALL],
        )
        invocations.append(client.run_command(request).body.invoke_id)
    return [result for invocation in invocations for result in _wait(client, arguments["region"], invocation)]


def _wait(client: Client, region: str, invocation: str) -> list[dict[str, Any]]:
    while True:
        results = _results(client, region, invocation)
        if results and not any(result["InvocationStatus"] in LIVE for result in results):
            return results
        time.sleep(POLL_S)


def _results(client: Client, region: str, invocation: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    token = None
    while True:
        request = models.DescribeInvocationResultsRequest(
            region_id=region, invoke_id=invocation, max_results=PAGE, next_token=token
        )
        page = client.describe_invocation_results(request).body.to_map()["Invocation"]
        results += page["InvocationResults"]["InvocationResult"]
        token = page.get("NextToken")
        if not token:
            return results


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin)["ANSIBLE_MODULE_ARGS"])))
