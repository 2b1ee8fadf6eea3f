# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random plays over the connection plugin, with a service that loses, delays and refuses, end as they do locally."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulator.testing import start_emulator
from playbook_runner import PlayResult, run_playbook

LENGTH = 8
# more of them: CONNECTION_SEEDS=100 python -m pytest tests/integration/test_connection_faults.py
SEEDS = range(1, 1 + int(os.environ.get("CONNECTION_SEEDS", "1")))
KINDS = ("drop_before", "drop_after", "reset", "throttle", "status", "truncate", "duplicate")
ACTIONS = ("RunCommand", "SendFile", "DescribeInvocations", "DescribeInvocationResults", "DescribeSendFileResults")
# what a module says of the time, the place and itself
OWN = {
    "start", "end", "delta", "src", "ansible_job_id", "results_file", "started", "finished", "atime", "ctime", "mtime",
    "ansible_facts", "warnings", "deprecations", "diff", "uid", "gid", "owner", "group", "size", "invocation",
}  # fmt: skip

Task = dict[str, Any]
CATALOGUE: tuple[Callable[[random.Random], Task], ...] = (
    lambda chance: {"copy": {"content": f"{chance.random()}ü\n", "dest": f"{{{{ root }}}}/c{chance.randrange(3)}"}},
    lambda chance: {"template": {"src": "page.j2", "dest": f"{{{{ root }}}}/t{chance.randrange(2)}", "mode": "0640"}},
    lambda chance: {"file": {"path": f"{{{{ root }}}}/d{chance.randrange(2)}", "state": "directory", "mode": "0750"}},
    lambda chance: {
        "lineinfile": {"path": "{{ root }}/l", "line": f"line {chance.randrange(4)}", "create": True, "mode": "0600"}
    },
    lambda chance: {"command": {"argv": ["printf", f"%s\\r\\n{chance.randrange(9)}", "ü"]}},
    lambda chance: {
        "shell": f"echo shell{chance.randrange(9)} | tee -a {{{{ root }}}}/ran; exit {chance.choice((0, 3))}"
    },
    lambda chance: {"script": f"add.sh {{{{ root }}}}/ran script{chance.randrange(9)}"},
    lambda chance: {"shell": "echo async >>{{ root }}/ran", "async": 60, "poll": 1},
    lambda chance: {"raw": f"echo raw{chance.randrange(9)} >>{{{{ root }}}}/ran; echo out; echo err >&2"},
    lambda chance: {"slurp": {"src": "{{ root }}/ran"}},
    lambda chance: {"fetch": {"src": "{{ root }}/ran", "dest": "got", "flat": True}},
    lambda chance: {"command": "true", "become": True},
    lambda chance: {
        "shell": f"id -un; echo {chance.random()} >&2",
        "become": True,
        "become_user": "nobody",
        "become_method": "su",
        "become_flags": "-s /bin/sh",
    },
    lambda chance: {"shell": "echo {{ item }} >>{{ root }}/ran", "loop": [1, 2]},
)


def random_play(seed: int) -> str:
    """Return a play of random tasks, in JSON, which is YAML."""
    chance = random.Random(seed)
    tasks = [chance.choice(CATALOGUE)(chance) for _number in range(LENGTH)]
    named = [{"name": f"task {number}", "ignore_errors": True, **task} for number, task in enumerate(tasks)]
    begin = {"name": "begin", "raw": "rm -rf {{ root }}; mkdir -p {{ root }}; echo begun >{{ root }}/ran"}
    # sorted files, their content and their modes
    end = {
        "name": "end",
        "raw": "cd {{ root }} && find . -type f | sort | xargs cat && find . -printf '%p %m\\n' | sort",
    }
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "/usr/bin/python3"},
        "tasks": [begin, *named, end],
    }
    return json.dumps([play], indent=1) + "\n"


def run(play: str, folder: Path, host: str, root: str, env: dict[str, str], *, local: bool) -> PlayResult:
    folder.mkdir()
    (folder / "page.j2").write_text("{{ 6 * 7 }}\n")
    (folder / "add.sh").write_text('#!/bin/sh\necho "$2" >>"$1"\necho added\n')
    (folder / "hosts.ini").write_text(f"{host}\n")
    transport = "local" if local else "cloudops.cloud_assistant.ecs_assistant"
    settings = {**env, "ANSIBLE_TRANSPORT": transport, "ANSIBLE_ECS_ASSISTANT_POLL_INTERVAL": "0.1"}
    return run_playbook(
        play, folder, extra_vars={"root": root}, env=settings, arguments=["-i", str(folder / "hosts.ini")]
    )


def outcomes(result: PlayResult, root: str, folder: Path) -> list[Any]:
    """Return the outcome of each task, without what is another in every run."""
    return [[row["task"], row["outcome"], _common(row["result"], root, str(folder))] for row in result.results]


def _common(value: Any, root: str, folder: str) -> Any:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key not in OWN and not key.startswith("_ansible")}
        return {key: _common(item, root, folder) for key, item in kept.items()}
    if isinstance(value, list):
        return [_common(item, root, folder) for item in value]
    return value.replace(root, "ROOT").replace(folder, "HERE") if isinstance(value, str) else value


def kept(folder: Path) -> bytes | None:
    """Return what the last fetch has left on the controller."""
    got = folder / "got"
    return got.read_bytes() if got.exists() else None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_play_ends_as_it_does_locally(tmp_path: Path, seed: int) -> None:
    play = random_play(seed)
    expected = run(play, tmp_path / "local", "localhost", str(tmp_path / "root"), {}, local=True)
    with start_emulator(fleet=[{"id": "i-1"}], visibility_lag_ms=150) as emulator:
        chance = random.Random(seed)
        emulator.faults(
            [
                {"action": action, "kind": kind, "probability": 0.08, "seed": chance.randrange(10**6), "count": 3,
                 **({"retry_after_ms": 100} if kind == "throttle" else {})}
                for action in ACTIONS for kind in KINDS
            ]
        )  # fmt: skip
        found = run(play, tmp_path / "cloud", "i-1", "/root/t", emulator.env(), local=False)
        assert any(request["fault"] for request in emulator.requests())
    assert found.rc == expected.rc, found.output
    assert outcomes(found, "/root/t", tmp_path / "cloud") == outcomes(
        expected, str(tmp_path / "root"), tmp_path / "local"
    )
    assert kept(tmp_path / "cloud") == kept(tmp_path / "local")
