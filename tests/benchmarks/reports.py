# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: the seconds and the memory that the role takes, beside a play that does nothing."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playbook_runner import ansible_environment

SIZES = (100, 1_000, 10_000)
WAVE = 100


def rows(sizes: Sequence[int] = SIZES) -> list[dict[str, Any]]:
    """Return one row per number of instances: wall and CPU seconds of the role, and the peak of memory.

    The results are in a variable, as those of a registered run are. What a play takes that has them there and does
    nothing with them is taken off.
    """
    table = []
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for size in sizes:
            (home / "results.json").write_text(json.dumps(results(size)), encoding="utf-8")
            floor, floor_cpu, floor_memory = _measure(home, [])
            seconds, cpu, memory = _measure(home, [_ROLE])
            table.append(
                {
                    "instances": size,
                    "seconds": round(seconds - floor, 1),
                    "CPU seconds": round(cpu - floor_cpu, 1),
                    "MiB": round(memory / 1024),
                    "MiB without it": round(floor_memory / 1024),
                }
            )
    return table


_LOAD = {"ansible.builtin.set_fact": {"results": "{{ lookup('ansible.builtin.file', 'results.json') | from_json }}"}}
_ROLE = {
    "ansible.builtin.include_role": {"name": "cloudops.cloud_assistant.report"},
    "vars": {"report_results": "{{ results }}", "report_dest": "{{ playbook_dir }}/reports"},
}


def results(size: int) -> list[dict[str, Any]]:
    """Return results as a run in waves gives them: one in twenty failed, ten lines of output each."""
    return [
        {
            "instance_id": f"i-bp1{number:017}",
            "invoke_id": f"t-{number // WAVE}",
            "status": "Success" if number % 20 else "Failed",
            "rc": 0 if number % 20 else 3,
            "stdout": "checking the packages\n" * 9 + ("done" if number % 20 else "disk is full"),
            "stdout_lines": ["checking the packages"] * 9 + ["done" if number % 20 else "disk is full"],
            "error_code": "" if number % 20 else "ExitCodeNonzero",
            "error_info": "",
            "started_at": f"2026-11-22T01:{number // WAVE % 60:02}:00Z",
            "finished_at": f"2026-11-22T01:{number // WAVE % 60:02}:{10 + number % 40}Z",
            "phase": "waves",
            "previous": False,
            "dropped": 0,
            "repeats": 1,
        }
        for number in range(size)
    ]


def _measure(home: Path, tasks: Sequence[dict[str, Any]]) -> tuple[float, float, int]:
    """Run the tasks on the results; wall seconds, CPU seconds, and KiB of the largest process."""
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [_LOAD, *tasks]}]
    (home / "site.yml").write_text(json.dumps(play), encoding="utf-8")
    environment = ansible_environment(home)
    # the tests' own callback would count
    del environment["ANSIBLE_CALLBACKS_ENABLED"]
    start = time.monotonic()
    process = subprocess.Popen(
        ["ansible-playbook", str(home / "site.yml")],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"ansible-playbook ended with {process.returncode}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss
