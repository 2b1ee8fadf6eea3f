# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays over one way to the hosts, and what each task of them cost."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from emulator.testing import Emulator
from playbook_runner import run_playbook

CONNECTION = "cloudops.cloud_assistant.ecs_assistant"
FLEET = "cloudops.cloud_assistant.ecs"
CALLBACKS = "result_lines"
"""What reads the results of the tasks; further callbacks may follow after a comma."""
PYTHON = "/usr/bin/python3"
WRITES = ("RunCommand", "SendFile")
POLLS = ("DescribeInvocation", "DescribeSendFileResults")

Hosts = Mapping[str, Mapping[str, Any]]
Task = Mapping[str, Any]

# prints what its whole process has used up to its end: interpreter, unpacking, imports
_CPU_MODULE = """#!/usr/bin/python
import time
from ansible.module_utils.basic import AnsibleModule
AnsibleModule({}).exit_json(cpu=time.process_time())
"""


@dataclass(frozen=True)
class Cost:
    """What a task took: requests that write, those of them that were waited for, polls, seconds, bytes of a script."""

    writes: int
    waited: int
    polls: int
    seconds: float
    content: int

    @property
    def counts(self) -> str:
        """Return writes and waited exchanges, as the table shows them."""
        return f"{self.writes} / {self.waited}"


@dataclass(frozen=True)
class Played:
    """A play: the cost of each task by name on the first host, that of all, CPU seconds, and the tasks' results."""

    costs: Mapping[str, Cost]
    whole: Cost
    cpu: float
    results: Mapping[str, Mapping[str, Any]]


def play(
    cloud: Emulator, folder: Path, hosts: Hosts, tasks: Sequence[Task], *, static: bool = False, **settings: str
) -> Played:
    """Run the tasks on the hosts. ``settings`` are further variables of the environment.

    Hosts that are reached over the connection plugin are also read by the inventory plugin, unless they are ``static``.
    Raises RuntimeError unless every task succeeded on every host, for a figure of anything else means nothing.
    """
    inventory = folder / "hosts.yml"
    variables = {"ansible_python_interpreter": PYTHON}
    inventory.write_text(yaml.safe_dump({"measured": {"vars": variables, "hosts": {**hosts}}}), encoding="utf-8")
    # as its users have it: what the inventory plugin loads, the workers inherit
    fleet = folder / "fleet.ecs.yml"
    fleet.write_text(yaml.safe_dump({"plugin": FLEET, "agent": False, "connect_with": "instance_id"}), encoding="utf-8")
    ours = not static and any(host.get("ansible_connection") == CONNECTION for host in hosts.values())
    library = folder / "library"
    library.mkdir(exist_ok=True)
    (library / "own_cpu.py").write_text(_CPU_MODULE, encoding="utf-8")
    text = json.dumps([{"hosts": "measured", "gather_facts": False, "tasks": list(tasks)}], indent=1) + "\n"
    before, used, start = len(cloud.requests()), _cpu(), time.monotonic()
    env = {**cloud.env(), "ANSIBLE_FORKS": "50", "ANSIBLE_HOST_KEY_CHECKING": "false", **settings}
    result = run_playbook(
        text, folder, env=env, arguments=["-i", str(inventory), *(["-i", str(fleet)] if ours else [])]
    )
    seconds = time.monotonic() - start
    if result.rc or len(result.results) != len(hosts) * len(tasks):
        raise RuntimeError(f"the play failed: {result.output[-2000:]}")
    requests = cloud.requests()[before:]
    first = [row for row in result.results if row["host"] == next(iter(hosts))]
    return Played(
        {row["task"]: _cost(requests, row["began"], row["ended"]) for row in first},
        _of(requests, seconds),
        _cpu() - used,
        {row["task"]: row["result"] for row in first},
    )


def _cost(requests: Sequence[Mapping[str, Any]], began: float, ended: float) -> Cost:
    return _of([row for row in requests if began <= row["received"] <= ended], ended - began)


def _of(requests: Sequence[Mapping[str, Any]], seconds: float) -> Cost:
    writes = [row for row in requests if row["action"] in WRITES]
    # what is left for the instance to do carries no tag to ask for it by
    waited = [row for row in writes if "Tag.1.Key" in row["params"]]
    polls = [row for row in requests if row["action"].startswith(POLLS)]
    content = max((len(row["params"].get("CommandContent", "")) for row in writes), default=0)
    return Cost(len(writes), len(waited), len(polls), seconds, content)


def _cpu() -> float:
    """Return the CPU seconds of all the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
