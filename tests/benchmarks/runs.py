# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script on a whole fleet: calls against the fewest possible, seconds and memory, three ways."""

from __future__ import annotations

import base64
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_run_command
from emulator.testing import Emulator, start_emulator

FLEETS = (1, 100, 1000, 5000)
API_LATENCY_MS = 20
AGENT_LATENCY_MS = 100
"""How long a call and the way to an instance take, which is little for the real service."""
CONTENT = "echo done"
MAX_IDS_PER_CALL = 100
RESULTS_A_PAGE = 50
WAYS = {
    "ecs_run_command": [sys.executable, "-m", ecs_run_command.__name__],
    "official SDK": [sys.executable, str(Path(__file__).with_name("sdk_run.py"))],
}
"""The command of each way to run a script, which takes a module's arguments on standard input."""


def rows(fleets: Sequence[int] = FLEETS) -> list[dict[str, Any]]:
    """Return one row for each fleet and way: calls, the fewest possible, seconds, seconds over the floor, memory.

    The floor is the time from the first call until the last script has ended inside the emulator when all calls go
    out at once and nobody asks for results: no client can be done earlier. Every way begins with fresh instances.
    """
    table = []
    options = {"api_latency_ms": API_LATENCY_MS, "agent_latency_ms": AGENT_LATENCY_MS}
    with start_emulator(instances=1, quota_invocations=10**6, **options) as cloud:
        for size in fleets:
            fewest = -(-size // MAX_IDS_PER_CALL) + -(-size // RESULTS_A_PAGE) + 1
            floor = _floor(cloud, cloud.reset(instances=size))
            for way, command in WAYS.items():
                ids = cloud.reset(instances=size)
                measured = measure(cloud, command, ids)
                over = round(measured["seconds"] - floor, 1)
                table.append(
                    {
                        "instances": size,
                        "way": way,
                        "fewest calls": fewest,
                        "calls": measured["calls"],
                        "seconds": measured["seconds"],
                        "floor": round(floor, 1),
                        "over the floor": max(over, 0.0),
                        "CPU seconds": measured["CPU seconds"],
                        "MiB": measured["MiB"],
                    }
                )
    return table


def measure(cloud: Emulator, command: list[str], ids: Sequence[str], **options: Any) -> dict[str, Any]:
    """Run a process that takes a module's arguments on standard input; calls, seconds, CPU seconds and its memory.

    ``options`` are further arguments of the module. Raises RuntimeError unless every script ran once and succeeded.
    """
    arguments = {
        "instance_ids": list(ids),
        "content": CONTENT,
        **options,
        "region": cloud.ready["region"],
        "endpoint": cloud.endpoint,
        "access_key_id": cloud.ready["access_key_id"],
        "access_key_secret": cloud.ready["access_key_secret"],
    }
    document = {"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_remote_tmp": "/tmp"}}
    before = len(cloud.requests())
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(document))
    process.stdin.close()
    output = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {output[-2000:]}")
    _check(cloud, ids)
    requests = cloud.requests()[before:]
    polls = [row["bytes"] for row in requests if row["action"] == "DescribeInvocations" and not _reads_output(row)]
    return {
        "calls": len(requests),
        "MiB read": round(sum(row["bytes"] for row in requests) / 2**20, 1),
        "KiB / poll": round(statistics.median(polls) / 1024, 1) if polls else None,
        "seconds": round(seconds, 2),
        "CPU seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "MiB": round(usage.ru_maxrss / 1024),
    }


def _reads_output(request: Mapping[str, Any]) -> bool:
    return "InvokeId" in request["params"]


def _check(cloud: Emulator, ids: Sequence[str]) -> None:
    """Check that every script ran once and succeeded; otherwise the figures mean nothing."""
    executions = cloud.executions()
    wrong = [one for one in ids if [run["rc"] for run in executions.get(one, [])] != [0]]
    if wrong:
        raise RuntimeError(f"the script did not run exactly once on {len(wrong)} instances, e.g. {wrong[0]}")


def _floor(cloud: Emulator, ids: Sequence[str]) -> float:
    """Return the seconds from the first call to the end of the last script, without anybody asking for results."""
    client = connect(
        {
            "region": cloud.ready["region"],
            "endpoint": cloud.endpoint,
            "access_key_id": cloud.ready["access_key_id"],
            "access_key_secret": cloud.ready["access_key_secret"],
        }
    )
    content = base64.b64encode(CONTENT.encode()).decode()
    start = time.monotonic()
    for first in range(0, len(ids), MAX_IDS_PER_CALL):
        client.call(
            "RunCommand",
            {
                "Type": "RunShellScript",
                "CommandContent": content,
                "ContentEncoding": "Base64",
                "InstanceId": list(ids[first : first + MAX_IDS_PER_CALL]),
            },
        )
    # the control API costs the emulator time too: it is asked seldom, and the first time not too early
    pause = max(0.05, len(ids) / 2000)
    while True:
        executions = cloud.executions()
        if sum(bool(runs) and runs[-1]["rc"] is not None for runs in executions.values()) == len(ids):
            return time.monotonic() - start
        time.sleep(pause)
