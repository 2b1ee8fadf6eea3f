# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback fleet: what a run on many instances takes and prints with it, beside ansible.builtin.default."""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.testing import Emulator, start_emulator
from playbook_runner import ansible_environment
from support.terminal import run_on_a_terminal

SIZES = (100, 1_000)
API_LATENCY_MS = 50
WAYS = (
    ("ansible.builtin.default", False),
    ("cloudops.cloud_assistant.fleet", False),
    ("cloudops.cloud_assistant.fleet", True),
)
"""The callbacks, and whether their output is a terminal."""
# scripts that only seem to run: the client is what is measured
RULES = [
    {"share": 0.05, "duration_s": [2, 8], "exit_code": 3, "output": "checking the packages\ndisk is full\n"},
    {"duration_s": [2, 8], "output": "checking the packages\n" * 9 + "done\n"},
]


def rows(sizes: Sequence[int] = SIZES) -> list[dict[str, Any]]:
    """Return one row for each fleet and way: seconds, CPU seconds, and the lines and KiB that are printed."""
    table = []
    options = {"api_latency_ms": API_LATENCY_MS, "quota_invocations": 10**6}
    with tempfile.TemporaryDirectory() as name, start_emulator(instances=1, **options) as cloud:
        for size in sizes:
            for callback, on_terminal in WAYS:
                measured = _measure(cloud, Path(name), size, callback, on_terminal)
                where = "terminal" if on_terminal else "file"
                table.append({"instances": size, "callback": callback, "output": where, **measured})
    return table


def _measure(cloud: Emulator, home: Path, size: int, callback: str, on_terminal: bool) -> dict[str, Any]:
    """Run a script on fresh instances, in a play. Raises RuntimeError unless it failed on some of them only."""
    ids = cloud.reset(instances=size)
    cloud.options(pretend=json.dumps(RULES))
    task = {"cloudops.cloud_assistant.ecs_run_command": {"instance_ids": ids, "content": "upgrade"}}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (home / "site.yml").write_text(json.dumps(play), encoding="utf-8")
    environment = ansible_environment(home, {**cloud.env(), "ANSIBLE_STDOUT_CALLBACK": callback, "TERM": "xterm"})
    # the tests' own callback would count
    del environment["ANSIBLE_CALLBACKS_ENABLED"]
    used, start = _cpu(), time.monotonic()
    rc, printed = _run(["ansible-playbook", str(home / "site.yml")], environment, on_terminal)
    seconds = time.monotonic() - start
    if rc != 2 or "failed=1" not in printed:
        raise RuntimeError(f"ansible-playbook ended with {rc}: {printed[-2000:]}")
    return {
        "seconds": round(seconds, 1),
        "CPU seconds": round(_cpu() - used, 1),
        "lines": printed.count("\n"),
        "KiB": round(len(printed.encode()) / 1024),
    }


def _run(command: Sequence[str], environment: Mapping[str, str], on_terminal: bool) -> tuple[int, str]:
    if on_terminal:
        return run_on_a_terminal(command, environment)
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def _cpu() -> float:
    """Return the CPU seconds of all the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
