# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task costs on the controller: plays of many tasks, less an empty play, beside the uri module."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.testing import Emulator, start_emulator
from playbook_runner import ansible_environment

TASKS = 20
REPEATS = 5
_TASK = "cloudops.cloud_assistant.ecs_command_info"


def rows(repeats: int = REPEATS) -> list[dict[str, Any]]:
    """Return one row for each kind of task: milliseconds and CPU milliseconds a task, with ratios to the uri module.

    A task's cost is that of a play of 20 of them, less that of a play without tasks, over 20; the median of
    ``repeats``. The kinds take turns, so that a busy moment of the machine hits all of them alike.
    """
    with tempfile.TemporaryDirectory() as name, start_emulator(instances=1) as cloud:
        kinds = _kinds(cloud)
        plays = {kind: _play(Path(name), number, task) for number, (kind, task) in enumerate(kinds.items())}
        times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in plays}
        # once without measuring: byte code, caches of the disk
        for turn in range(repeats + 1):
            for kind, play in plays.items():
                measured = _measure(play, Path(name), cloud)
                if turn:
                    times[kind].append(measured)
    medians = {
        kind: [statistics.median(column) for column in zip(*found, strict=True)] for kind, found in times.items()
    }
    empty = medians.pop("")
    costs = {
        kind: [(found - nothing) / TASKS for found, nothing in zip(columns, empty, strict=True)]
        for kind, columns in medians.items()
    }
    base = costs["ansible.builtin.uri, one request posted"]
    aims = {"in the controller's process": 0.1, "as a module": 1.0}
    return [
        {
            "task": kind,
            "ms a task": round(wall * 1000),
            "to uri": f"{wall / base[0]:.2f}",
            "CPU ms a task": round(busy * 1000),
            "CPU to uri": f"{busy / base[1]:.2f}",
            "aim": next((aim for words, aim in aims.items() if words in kind), None),
        }
        for kind, (wall, busy) in costs.items()
    ]


def _kinds(cloud: Emulator) -> dict[str, dict[str, Any]]:
    """Return the task of each kind; the empty name is a play without tasks."""
    return {
        "": {},
        "ansible.builtin.uri, one request posted": {
            "ansible.builtin.uri": {
                "url": f"{cloud.ready['control']}/clock",
                "method": "POST",
                "body_format": "json",
                "body": {"advance_s": 0},
            }
        },
        "ansible.builtin.debug": {"ansible.builtin.debug": {"msg": "nothing"}},
        f"{_TASK}, in the controller's process": {_TASK: {"name": "none-of-this-name"}},
        # an environment of its own makes a task travel as a module
        f"{_TASK}, as a module": {_TASK: {"name": "none-of-this-name"}, "environment": {"BENCHMARK": "1"}},
    }


def _play(folder: Path, number: int, task: Mapping[str, Any]) -> Path:
    tasks = [{"name": f"Task {place}", **task} for place in range(TASKS)] if task else []
    path = folder / f"play-{number}.json"
    path.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    return path


def _measure(play: Path, folder: Path, cloud: Emulator) -> tuple[float, float]:
    """Run a play; its seconds, and the CPU seconds of all its processes."""
    env = ansible_environment(folder, cloud.env())
    # a user's run has no such callback
    for name in ("ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_CALLBACKS_ENABLED"):
        env.pop(name)
    log = play.with_suffix(".log")
    # the implicit localhost runs modules under this Python; for one of an inventory, Ansible would look for another
    command = ["ansible-playbook", str(play)]
    start = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{play}: {log.read_text()[-2000:]}")
    return seconds, usage.ru_utime + usage.ru_stime
