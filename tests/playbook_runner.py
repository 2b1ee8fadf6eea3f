# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running ansible-playbook as a user does, and reading what each task returned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.patience import HANG_GUARD

CALLBACKS = Path(__file__).parent / "integration" / "callback_plugins"
ACTIONS = Path(__file__).parent / "integration" / "action_plugins"
TARGETS = Path(__file__).parent / "integration" / "targets"


@dataclass(frozen=True)
class PlayResult:
    """What came of a run: exit code, what was printed, and each task's result in order."""

    rc: int
    stdout: str
    stderr: str
    results: list[dict[str, Any]] = field(default_factory=list)

    def row(self, task: str, host: str | None = None) -> dict[str, Any]:
        """Return the last task of that name, in a role or not (on that host): task, host, result, and its outcome.

        The outcome is ok, failed, ignored (failed, and that was allowed), skipped or unreachable.
        AssertionError when there was no such task.
        """
        found = [
            row
            for row in self.results
            if task in (row["task"], row["task"].partition(" : ")[2]) and host in (None, row["host"])
        ]
        assert found, f"no task {task!r} ran; there were {[row['task'] for row in self.results]}\n{self.output}"
        return found[-1]

    def result(self, task: str, host: str | None = None) -> dict[str, Any]:
        """Return the result of the last task of that name (on that host). Raises AssertionError if there was none."""
        result: dict[str, Any] = self.row(task, host)["result"]
        return result

    @property
    def output(self) -> str:
        """All that was printed, for the message of a failed assertion."""
        return f"{self.stdout}\n{self.stderr}"


def collections_path() -> str:
    """Return the folder that holds the tree ``ansible_collections`` of the collection under test."""
    from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common import version

    return str(Path(version.__file__).parents[6])


def ansible_environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a clean environment for an ansible command: no configuration or credentials of the machine's own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "ALIBABA_", "ALICLOUD_", "HUAWEICLOUD_", "HW_", "OS_"))
    }
    kept.pop("PYTHONPATH", None)
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": collections_path(),
        "ANSIBLE_ASYNC_DIR": str(home / ".ansible_async"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "result_lines",
        "ANSIBLE_ROLES_PATH": str(TARGETS),
        "RESULT_LINES_FILE": str(home / "results.jsonl"),
        **(extra or {}),
    }


def run_playbook(
    playbook: str | Path,
    folder: Path,
    *,
    extra_vars: Mapping[str, Any] | None = None,
    check: bool = False,
    diff: bool = False,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> PlayResult:
    """Run a playbook (a path, or its text) and return what came of it.

    `folder` becomes the home of the run; a text is written there as ``site.yml`` and finds its files beside it.
    `env` adds to a clean environment, `arguments` to the command line.
    """
    if isinstance(playbook, str) and "\n" in playbook:
        path = folder / "site.yml"
        path.write_text(playbook, encoding="utf-8")
    else:
        path = Path(playbook)
    lines = folder / "results.jsonl"
    lines.unlink(missing_ok=True)
    command = ["ansible-playbook", str(path), *arguments]
    if extra_vars:
        command += ["--extra-vars", json.dumps(extra_vars)]
    command += ["--check"] * check + ["--diff"] * diff
    done = subprocess.run(
        command,
        cwd=folder,
        env=ansible_environment(folder, env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_GUARD,
    )
    rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()] if lines.exists() else []
    return PlayResult(done.returncode, done.stdout, done.stderr, rows)
