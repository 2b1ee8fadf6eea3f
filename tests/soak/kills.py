# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kill -9`` of ansible-playbook, or of a module's process alone, at any moment, and the same task again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_run_command
from playbook_runner import ansible_environment, run_playbook
from support.module_runs import Cloud, live
from support.patience import HANG_GUARD, until

from .jobs.base import Job

LONGEST_LIFE = 3.0
"""Seconds after which the last of the kills happens; a run of the playbook takes about as long on an idle machine."""

PLAY = """---
- name: Do what must be done once
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Run a script
      cloudops.cloud_assistant.ecs_run_command:
        resource_tags: {role: web}
        content: echo ran >> /var/tmp/ran; sleep 0.2
        batch_size: 2
        idempotency_key: soak
      environment: "{{ {'MODULE': 'yes'} if as_module else {} }}"

    - name: Send a file in parts
      cloudops.cloud_assistant.ecs_send_file:
        resource_tags: {role: web}
        src: source
        target_dir: /srv/soak
        name: file

    - name: Keep a command
      cloudops.cloud_assistant.ecs_command:
        name: job
        content: echo new
      environment: "{{ {'MODULE': 'yes'} if as_module else {} }}"

    - name: Write a file over the connection
      ansible.builtin.copy:
        content: new
        dest: /var/tmp/copied
        mode: "0600"
      delegate_to: i-0000
      vars:
        ansible_connection: cloudops.cloud_assistant.ecs_assistant
        ansible_python_interpreter: /usr/bin/python3

    - name: Keep a schedule
      cloudops.cloud_assistant.ecs_invocation:
        command_name: job
        resource_tags: {role: web}
        frequency: rate(1h)
        state: present
"""


@dataclass(frozen=True)
class Shot:
    """A module's process is killed once it has sent so many requests and so many seconds have passed."""

    requests: int
    seconds: float


def draw_shots(rng: random.Random) -> list[Shot]:
    """Return when the processes of the first starts of a task are killed."""
    return [Shot(rng.randint(0, 8), rng.choice((0, 0, rng.random() / 10))) for _number in range(rng.choice((1, 1, 2)))]


def run_and_kill(job: Job, shot: Shot) -> dict[str, Any] | None:
    """Run the job's task as a process of its own and kill it; return its result if it ended before, or else None."""
    arguments = job.folder / "arguments.json"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": job.arguments()}), encoding="utf-8")
    seen = len(job.cloud.emulator.requests())
    command = [sys.executable, "-m", job.module.__name__, str(arguments)]
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    until(lambda: running.poll() is not None or len(job.cloud.emulator.requests()) - seen >= shot.requests)
    time.sleep(shot.seconds)
    running.kill()
    output, _nothing = running.communicate(timeout=HANG_GUARD)
    result: dict[str, Any] | None = json.loads(output) if running.returncode >= 0 else None
    return result


def play_kill(emulator: Any, seed: int, folder: Path) -> str:
    """Kill a run of PLAY at a moment drawn from `seed`, run it again, and return what was killed.

    ``playbook`` is ansible-playbook with all its workers, ``module`` a module's process alone, ``nothing`` a run that
    had ended before. Raises AssertionError where anything took effect twice, or was left behind.
    """
    rng = random.Random(seed)
    ids = [f"i-{number:04}" for number in range(rng.randint(1, 4))]
    emulator.reset(fleet=[{"id": item, "tags": {"role": "web"}} for item in ids])
    (folder / "source").write_bytes(rng.randbytes(50_000))
    as_module = rng.random() < 0.5
    killed = _killed(emulator, folder, as_module, rng)
    until(lambda: _resting(emulator))

    done = run_playbook(PLAY, folder, env=emulator.env(), extra_vars={"as_module": as_module})
    assert done.rc == 0, done.output
    again = run_playbook(PLAY, folder, env=emulator.env(), extra_vars={"as_module": as_module})
    assert again.rc == 0 and not any(row["result"].get("changed") for row in again.results), again.output
    _check(Cloud(emulator), ids)
    return killed


def _check(cloud: Cloud, ids: list[str]) -> None:
    """Check on the instances and in the service that everything is there once, and nothing else."""
    counted = cloud.run(ecs_run_command, instance_ids=ids, content="wc -l </var/tmp/ran; ls -A /srv/soak")
    assert {row["stdout"] for row in counted["results"]} == {"1\nfile"}, counted["results"]
    copied = cloud.run(ecs_run_command, instance_ids=ids[:1], content="cat /var/tmp/copied")
    assert copied["results"][0]["stdout"] == "new", copied["results"]
    pages = cloud.client.pages("DescribeCommands")
    assert [row["Name"] for page in pages for row in page.rows("Commands", "Command")] == ["job"]
    assert Counter(item for items in live(cloud).values() for item in items) == Counter(ids)


def _killed(emulator: Any, folder: Path, as_module: bool, rng: random.Random) -> str:
    (folder / "site.yml").write_text(PLAY, encoding="utf-8")
    running = subprocess.Popen(
        ["ansible-playbook", "site.yml", "-e", f'{{"as_module": {str(as_module).lower()}}}'],
        cwd=folder,
        env=ansible_environment(folder, emulator.env()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(rng.uniform(0.5, LONGEST_LIFE))
    module = next(iter(_modules_of(running.pid)), None) if as_module and rng.random() < 0.5 else None
    if running.poll() is not None:
        return "nothing"
    if module is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(module, signal.SIGKILL)
        running.wait(HANG_GUARD)
        return "module"
    for pid in (running.pid, *_descendants(running.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    running.wait(HANG_GUARD)
    return "playbook"


def _descendants(pid: int) -> list[int]:
    """Return every process below `pid`, in sessions of their own too."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, waiting = [], [pid]
    while waiting:
        above = waiting.pop()
        below = [child for child, parent in parents.items() if parent == above]
        found += below
        waiting += below
    return found


def _modules_of(pid: int) -> list[int]:
    """Return the processes below `pid` that run a module as AnsiballZ."""
    found = []
    for child in _descendants(pid):
        with contextlib.suppress(OSError):
            if b"AnsiballZ_" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def _resting(emulator: Any) -> bool:
    """Return whether what the dead run has started has ended."""
    return all(row["rc"] is not None for rows in emulator.executions().values() for row in rows)
