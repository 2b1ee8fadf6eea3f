# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of ansible-core's own modules over the connection plugin.

Such a task has no identity: as over SSH, one that is started anew runs anew. What is promised is that one start has one
effect at most, and exactly one where it has succeeded.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Any, ClassVar

from support.patience import HANG_GUARD, until
from support.task_runs import run_task

from .base import MAX_RETRIES, Job, Result
from .events import draw_events, recover, state

PYTHON = "/usr/bin/python3"
ADD_LINE = "echo ran >>/var/tmp/ran"
_LINES = "cat /var/tmp/ran 2>/dev/null | wc -l"
_LEFT = "find /root/.ansible/tmp /root/.ansible/ecs_assistant/[wio] /root/.ansible/ecs_assistant/in -mindepth 1"


class _Task(Job):
    """A task on each instance. Results have the shape of a module's: one row per instance."""

    operations = ("RunCommand", "RunCommand", "DescribeInvocationResults", "DescribeInvocationResults")
    most: ClassVar[int] = 1
    """How many instances there are at most: on each, a module is a program that has to be started."""
    counted: ClassVar[bool] = True
    """Whether each run of the task adds a line to a file."""

    def prepare(self) -> None:
        self.ids = self.ids[: self.most]
        self.lines: Counter[str] = Counter()
        self.succeeded: set[str] = set()
        # seldom: a key of each side's own takes longer than all the rest
        self.protection = "auto" if self.rng.random() < 0.2 else "none"
        self.left: list[dict[str, set[str]]] = []

    def start(self) -> Result:
        self.succeeded = set()
        account = {f"ansible_ecs_assistant_{name}": value for name, value in self.cloud.options.items()}
        variables = {
            **account,
            "ansible_connection": "cloudops.cloud_assistant.ecs_assistant",
            "ansible_python_interpreter": PYTHON,
            "ansible_ecs_assistant_cache_dir": str(self.folder / "cache"),
            "ansible_ecs_assistant_poll_interval": 0.1,
            "ansible_ecs_assistant_connection_timeout": HANG_GUARD if self.undisturbed else 3,
            "ansible_ecs_assistant_max_retries": MAX_RETRIES,
            "ansible_ecs_assistant_payload_protection": self.protection,
        }
        rows = []
        for item in self.ids:
            result = run_task(self.options, item, variables)
            rows.append({**result, "instance_id": item})
            if not result.get("failed") and not result.get("unreachable"):
                self.succeeded.add(item)
        failed = [row for row in rows if row.get("failed") or row.get("unreachable")]
        return {"results": rows, **({"failed": True, "msg": failed[0]["msg"]} if failed else {})}

    def meanwhile(self) -> None:
        alive = [item for item in self.ids if state(self.cloud, item) != "Released"]
        found = self.output(f"{_LINES}; {_LEFT} 2>/dev/null; true", alive)
        if self.counted:
            for item, text in found.items():
                ran = int(text.partition("\n")[0]) - self.lines[item]
                assert ran == 1 if item in self.succeeded else ran in (0, 1), (item, ran, self.succeeded)
                self.lines[item] += ran
        self.left.append({item: set(text.splitlines()[1:]) for item, text in found.items()})

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert self.nothing_new(), self.left

    def nothing_new(self) -> bool:
        """Return whether the last start has left no file behind that was not there before it."""
        before, after = self.left[-2:]
        return all(after[item] <= before[item] for item in after)


class Raw(_Task):
    """`raw`: a command as it is written."""

    most = 3

    def draw(self) -> dict[str, Any]:
        return {"ansible.builtin.raw": f"{ADD_LINE}; head -c {self.rng.choice((0, 60_000))} /dev/urandom | od -x"}


class RawThroughEvents(Raw):
    """`raw` while instances reboot, stop, are released or lose their agent."""

    events = ("reboot", "stop", "release", "agent_offline")

    def draw(self) -> dict[str, Any]:
        return {"ansible.builtin.raw": f"sleep 0.1; {ADD_LINE}"}

    def faults(self) -> list[dict[str, Any]]:
        return [*super().faults(), *draw_events(self.rng, self.events, "RunCommand", self.ids)]

    def settled(self) -> bool:
        recover(self.cloud, self.ids)
        return super().settled()

    def finished(self, result: Result) -> None:
        failed = {row["instance_id"] for row in result["results"] if row.get("unreachable") or row.get("failed")}
        assert {state(self.cloud, item) for item in failed} <= {"Released"}, result
        assert all(row.get("unreachable") for row in result["results"] if row["instance_id"] in failed), result


class Command(_Task):
    """`command` and `shell`, with a module on the instance."""

    def draw(self) -> dict[str, Any]:
        return {"ansible.builtin.shell": ADD_LINE}


class Background(_Task):
    """`shell` with `async`: a job that is left to itself and asked after."""

    def draw(self) -> dict[str, Any]:
        return {"ansible.builtin.shell": ADD_LINE, "async": 60, "poll": 1}

    def meanwhile(self) -> None:
        until(self._jobs_have_ended)
        super().meanwhile()

    def _jobs_have_ended(self) -> bool:
        """Return whether no job runs, which goes on when its controller is dead and adds its line later."""
        found = self.output("cat /root/.ansible_async/* 2>/dev/null; true")
        return not any(re.search(r'"finished": (0|false)', text) for text in found.values())

    def finished(self, result: Result) -> None:
        until(self._watcher_has_ended)
        super().finished(result)

    def _watcher_has_ended(self) -> bool:
        """Look again: what watches over a job asks every five seconds whether it has ended, and cleans up then."""
        found = self.output(f"{_LEFT} 2>/dev/null; true")
        self.left[-1] = {item: set(text.splitlines()) for item, text in found.items()}
        return self.nothing_new()


class _Kept(_Task):
    """A task that brings about a state: it may run again, and changes nothing then."""

    counted = False

    def finished(self, result: Result) -> None:
        super().finished(result)
        assert not any(row["changed"] for row in self.start()["results"])


class Copy(_Kept):
    """`copy`, of a file that fits into one request or not."""

    def draw(self) -> dict[str, Any]:
        self.data = self.rng.randbytes(self.rng.choice((0, 10, 40_000)))
        source = self.folder / "source"
        source.write_bytes(self.data)
        return {"ansible.builtin.copy": {"src": str(source), "dest": "/srv/soak", "mode": "0640"}}

    def finished(self, result: Result) -> None:
        super().finished(result)
        digest = hashlib.sha256(self.data).hexdigest()
        found = self.output("sha256sum </srv/soak; stat -c %a /srv/soak; ls -A /srv")
        assert set(found.values()) == {f"{digest}  -\n640\nsoak"}, found


class Directory(_Kept):
    """`file` with state directory."""

    def draw(self) -> dict[str, Any]:
        return {"ansible.builtin.file": {"path": "/srv/soak/inner", "state": "directory", "mode": "0750"}}


class Fetch(_Kept):
    """`fetch`, of a file that fits into one answer or not."""

    def prepare(self) -> None:
        super().prepare()
        self.size = self.rng.choice((0, 10, 60_000))
        self.output(f"head -c {self.size} /dev/zero | tr '\\0' x >/srv/soak")

    def draw(self) -> dict[str, Any]:
        return {"ansible.builtin.fetch": {"src": "/srv/soak", "dest": f"{self.folder}/fetched/"}}

    def finished(self, result: Result) -> None:
        super().finished(result)
        files = [path for path in (self.folder / "fetched").rglob("*") if path.is_file()]
        assert [path.read_bytes() for path in files] == [b"x" * self.size] * len(self.ids)
