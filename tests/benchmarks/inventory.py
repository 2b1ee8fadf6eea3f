# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a large fleet: calls against the fewest possible, seconds and memory, beside other ways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from emulator.testing import Emulator, start_emulator
from playbook_runner import ansible_environment

INSTANCES = 10_000
LATENCY_MS = 20
"""How long each API call takes, which is little for the real service."""
OTHER_PAGE = 10
"""Instances a page in the inventory plugin of alibaba.alicloud, which counts pages and knows no agents."""


def rows(instances: int = INSTANCES) -> list[dict[str, Any]]:
    """Return one row for each way to make an inventory of ``instances``: calls, the fewest possible, seconds, memory.

    Seconds are wall time, in which the emulator's own work counts too; CPU seconds and the peak of memory are those of
    ansible-inventory alone.
    """
    fleet = [
        {"tags": {"role": ("web", "db", "app")[number % 3], "Name": f"host-{number}"}} for number in range(instances)
    ]
    fewest = -(-instances // 100)
    table = []
    with tempfile.TemporaryDirectory() as name, start_emulator(fleet=fleet, api_latency_ms=LATENCY_MS) as cloud:
        home = Path(name)
        cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(home / "cache")}
        groups = {
            "hostnames": ["tag:Name"],
            "compose": {"ansible_host": "instance_id"},
            "groups": {"linux": "os_type == 'linux'"},
            "keyed_groups": [{"prefix": "role", "key": "tags.role"}],
        }
        for what, floor, options in (
            ("instances only", fewest, {"agent": False}),
            ("instances and agents", 2 * fewest, {}),
            ("the same, composed and grouped", 2 * fewest, groups),
            ("the same into the cache", 2 * fewest, cache),
            ("the same from the cache", 0, cache),
        ):
            table.append({"way": what, "fewest calls": floor, **_inventory(cloud, home, options, instances)})
        table.append(_static(home, instances))
        table.append(_page_numbers(cloud, instances))
    return table


def _inventory(cloud: Emulator, home: Path, options: Mapping[str, Any], instances: int) -> dict[str, Any]:
    source = home / "fleet.ecs.yml"
    plugin = {"plugin": "cloudops.cloud_assistant.ecs", "regions": [cloud.ready["region"]]}
    source.write_text(yaml.safe_dump({**plugin, **options}), encoding="utf-8")
    before = _calls(cloud)
    measured = _measure(source, home, cloud.env(), instances)
    return {"calls": sum((_calls(cloud) - before).values()), **measured}


def _static(home: Path, instances: int) -> dict[str, Any]:
    """Measure what Ansible itself takes for so many hosts with as many variables, read from a file."""
    source = home / "static.json"
    variables = {f"variable_{number}": f"value {number}" for number in range(30)}
    hosts = {f"host-{number}": variables for number in range(instances)}
    source.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    measured = _measure(source, home, {}, instances)
    return {"way": "for comparison: a static file of as many hosts", "fewest calls": 0, "calls": 0, **measured}


def _page_numbers(cloud: Emulator, instances: int) -> dict[str, Any]:
    """Measure the way of alibaba.alicloud: numbered pages of ten, one after the other; only its calls, not Ansible."""
    ready = cloud.ready
    client = connect({name: ready[name] for name in ("access_key_id", "access_key_secret", "endpoint", "region")})
    start = time.monotonic()
    found, page = 0, 0
    while found < instances:
        page += 1
        reply = client.call("DescribeInstances", {"PageNumber": page, "PageSize": OTHER_PAGE})
        found += len(reply.rows("Instances", "Instance"))
    return {
        "way": "for comparison: numbered pages of 10, no agents, without Ansible",
        "fewest calls": -(-instances // 100),
        "calls": sum(client.requests.values()),
        "seconds": round(time.monotonic() - start, 1),
        "CPU seconds": None,
        "MiB": None,
    }


def _calls(cloud: Emulator) -> Counter[str]:
    return Counter(request["action"] for request in cloud.requests())


def _measure(source: Path, home: Path, env: Mapping[str, str], instances: int) -> dict[str, Any]:
    """Run ansible-inventory on the source and return its seconds and its peak memory."""
    output = home / "list.json"
    start = time.monotonic()
    process = subprocess.Popen(
        ["ansible-inventory", "-i", str(source), "--list", "--output", str(output)],
        cwd=home,
        env=ansible_environment(home, {**env, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}),
        stdin=subprocess.DEVNULL,
    )
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    if process.returncode:
        raise RuntimeError(f"ansible-inventory ended with {process.returncode}")
    found = len(json.loads(output.read_text(encoding="utf-8"))["_meta"]["hostvars"])
    if found != instances:
        raise RuntimeError(f"{found} of {instances} instances are in the inventory")
    busy = usage.ru_utime + usage.ru_stime
    return {"seconds": round(seconds, 1), "CPU seconds": round(busy, 1), "MiB": round(usage.ru_maxrss / 1024)}


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else INSTANCES):
        print(row)
