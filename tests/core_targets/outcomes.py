# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How targets ended over the connection plugin and over OpenSSH, kept in a file so that a run can be continued."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_TASK = re.compile(r"(?:TASK|RUNNING HANDLER) \[(.*)\] \**$")


@dataclass(frozen=True)
class Outcome:
    """How a target ended: whether it passed, how many tasks succeeded, and the task at which it failed."""

    passed: bool
    tasks: int
    ended: str = ""

    @classmethod
    def of(cls, passed: bool, output: str) -> Outcome:
        """Return the outcome of a target that printed this, on all hosts and in all plays."""
        tasks = sum(map(int, re.findall(r"^\S+ +: ok=(\d+) ", output, re.MULTILINE)))
        return cls(passed, tasks, "" if passed else _failed_task(output))


def _failed_task(output: str) -> str:
    """Return the last task that failed and was not ignored; the last task of all where none did."""
    task = failed = before = ""
    for line in output.splitlines():
        if found := _TASK.match(line):
            task = found[1]
        elif line.startswith(("fatal:", "failed:")):
            before, failed = failed if failed != task else before, task
        elif line == "...ignoring":
            failed = before
    return failed or task


@dataclass
class Pair:
    """How one target ended over the connection plugin and, unless it passed there, over OpenSSH."""

    assistant: Outcome
    openssh: Outcome | None = None

    @property
    def broken(self) -> bool:
        """Return whether the target fails over the connection plugin and not, or not so early, over OpenSSH.

        One that ran no task over OpenSSH never began there, which says nothing of either connection.
        """
        ssh = self.openssh
        if self.assistant.passed:
            return False
        if ssh is None or ssh.passed or not ssh.tasks:
            return True
        return ssh.tasks > self.assistant.tasks or ssh.ended != self.assistant.ended

    def __str__(self) -> str:
        found, ssh = self.assistant, self.openssh
        if found.passed:
            return f"{found.tasks} tasks, passed"
        ended = f"{found.tasks} tasks, ended at [{found.ended}]"
        if not self.broken:
            return f"{ended}, as over OpenSSH"
        if ssh is None:
            return f"{ended}: FAILED (this machine has no OpenSSH server to compare with)"
        return f"{ended}: FAILED (over OpenSSH: {ssh.tasks} tasks, {'passed' if ssh.passed else f'[{ssh.ended}]'})"


@dataclass
class Figures:
    """The pairs by release and target."""

    pairs: dict[str, dict[str, Pair]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Figures:
        """Return what an earlier run has written to the file; nothing where there is none."""
        if not path.is_file():
            return cls()
        rows = json.loads(path.read_text(encoding="utf-8"))["targets"]
        return cls({core: {name: _pair(row) for name, row in found.items()} for core, found in rows.items()})

    @property
    def broken(self) -> int:
        """Return how many targets are broken."""
        return sum(pair.broken for pair in self._all())

    def _all(self) -> list[Pair]:
        return [pair for found in self.pairs.values() for pair in found.values()]

    def write(self, path: Path) -> None:
        """Write everything to the file, with the sums."""
        pairs = self._all()
        rows = {core: {name: asdict(pair) for name, pair in found.items()} for core, found in self.pairs.items()}
        document = {
            "runs": len(pairs),
            "tasks": sum(pair.assistant.tasks for pair in pairs),
            "broken": self.broken,
            "targets": rows,
        }
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _pair(row: dict[str, Any]) -> Pair:
    return Pair(**{name: Outcome(**found) if found else None for name, found in row.items()})
