# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files to instances and back: calls against the fewest possible, and seconds."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.fetch import (
    FetchRequest,
    fetch_file,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.fetch_scripts import (
    INLINE_BYTES,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.parts import PART_BYTES
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.send import send_file
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.send_request import (
    SendRequest,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.rounds import RANGE_BYTES
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from emulator.testing import Emulator, start_emulator

SIZES = {"1 KB": 1000, "100 KB": 100_000, "5 MB": 5_000_000}
FLEETS = (1, 50)
LATENCY_MS = 20
"""How long each API call takes, which is little for the real service."""
RUN = 2
"""Calls that a script costs at least: start it, and read its end with its output."""
DIRECTORY = "/srv/benchmark"


def rows(sizes: Sequence[str] = tuple(SIZES), fleets: Sequence[int] = FLEETS) -> list[dict[str, Any]]:
    """Return one row for each way, size and number of instances: calls, the fewest possible, and seconds.

    The content is noise, which does not shrink, so every byte travels. Large files are fetched from one instance only.
    """
    table = []
    with start_emulator(instances=max(fleets), api_latency_ms=LATENCY_MS) as cloud:
        ids = cloud.reset(instances=max(fleets))
        for label in sizes:
            data = random.Random(label).randbytes(SIZES[label])
            for count in fleets:
                table += _both_ways(cloud, ids[:count], label, data)
    return table


def _both_ways(cloud: Emulator, ids: Sequence[str], label: str, data: bytes) -> list[dict[str, Any]]:
    targets = Targets(tuple(ids))
    name = f"file-{len(data)}-{len(ids)}"
    send = SendRequest(targets, data, DIRECTORY, name)
    parts = -(-len(data) // PART_BYTES)
    # look, send each part, see that the last one arrived, put together
    sending = RUN + parts + 1 + (RUN if parts > 1 else 0)
    table = [
        _row(cloud, "send a new file", label, ids, sending, lambda client: send_file(client, send)),
        _row(cloud, "send it again, unchanged", label, ids, RUN, lambda client: send_file(client, send)),
    ]
    ranges = 0 if len(data) <= INLINE_BYTES else -(-len(data) // RANGE_BYTES)
    if ranges * len(ids) > 1000:
        return table
    with tempfile.TemporaryDirectory() as folder:
        fetch = FetchRequest(targets, f"{DIRECTORY}/{name}", folder)
        # look; where it is large copy, read each range, remove the copy
        fetching = RUN * (1 + (ranges + 2 if ranges else 0))
        table += [
            _row(cloud, "fetch it", label, ids, fetching, lambda client: fetch_file(client, fetch)),
            _row(cloud, "fetch it again, unchanged", label, ids, RUN, lambda client: fetch_file(client, fetch)),
        ]
    return table


def _row(cloud: Emulator, way: str, label: str, ids: Sequence[str], fewest: int, action: Any) -> dict[str, Any]:
    client: Client = connect(
        {name: cloud.ready[name] for name in ("access_key_id", "access_key_secret", "endpoint", "region")}
    )
    start = time.monotonic()
    outcome = action(client)
    seconds = time.monotonic() - start
    failure = outcome.failure()
    if failure:
        raise failure
    return {
        "way": way,
        "size": label,
        "instances": len(ids),
        "fewest calls": fewest,
        "calls": sum(client.requests.values()),
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    for row in rows():
        print(row)
