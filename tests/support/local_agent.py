# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client whose one instance is a folder of this machine: scripts run at once, as the agent runs them."""

from __future__ import annotations

import base64
import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Reply
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.asking import (
    Command,
    Step,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.session import (
    Result,
    Session,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.settings import (
    Settings,
)

KEPT = 24_576


class LocalAgent:
    """Stands in for a client. ``scripts`` are those that ran, ``outputs`` what they wrote, ``calls`` all operations
    with their parameters.

    ``deliver`` writes what SendFile is given. ``trouble`` may raise or return a row in place of a run's own; it gets
    the number of the run and the script.
    """

    host = "local.test"
    region = "cn-test"

    def __init__(self, home: Path, shell: str = "sh", path: str | None = None, name: str = "") -> None:
        """``name`` sets its invocations apart from those of other controllers of the same home."""
        self.home = home
        self.shell = shell
        self.path = path or os.environ["PATH"]
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.scripts: list[bytes] = []
        self.outputs: list[bytes] = []
        self.warnings: list[str] = []
        self.log: list[str] = []
        self.trouble: Callable[[int, bytes], Mapping[str, Any] | None] = lambda number, script: None
        self.deliver: Callable[[Mapping[str, Any]], None] = write_file
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._name = name
        self._temporary = home.parent / f"{home.name}-tmp"
        self._ids = itertools.count(1)
        home.mkdir(parents=True, exist_ok=True)
        self._temporary.mkdir(exist_ok=True)

    def call(self, operation: str, params: Mapping[str, Any], *, deadline: Any = None) -> Reply:
        """Answer as the client does."""
        self.calls.append((operation, dict(params)))
        if operation == "RunCommand":
            invoke_id = f"t-{self._name}{next(self._ids)}"
            self._rows[invoke_id] = self._run(invoke_id, base64.b64decode(params["CommandContent"]))
            return Reply({"InvokeId": invoke_id})
        if operation == "SendFile":
            self.deliver(params)
            return Reply({"InvokeId": f"f-{next(self._ids)}"})
        if operation == "DescribeInvocationResults":
            rows = [{"InvokeId": params["InvokeId"], **self._rows[params["InvokeId"]]}]
            return Reply({"Invocation": {"InvocationResults": {"InvocationResult": rows}}})
        return Reply({})

    def count(self, operation: str) -> int:
        """How often the operation was called."""
        return sum(name == operation for name, _params in self.calls)

    def _run(self, invoke_id: str, script: bytes) -> Mapping[str, Any]:
        self.scripts.append(script)
        replaced = self.trouble(len(self.scripts), script)
        if replaced is not None:
            return replaced
        folder = self.home.parent / f"{self.home.name}-scripts"
        folder.mkdir(exist_ok=True)
        file = folder / f"{invoke_id}.sh"
        file.write_bytes(script)
        done = subprocess.run(
            [*self.shell.split(), str(file)],
            cwd=self.home,
            env={"HOME": str(self.home), "PATH": self.path, "TMPDIR": str(self._temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=120,
            umask=0o022,
        )
        self.outputs.append(done.stdout)
        return {
            "InvocationStatus": "Success" if done.returncode == 0 else "Failed",
            "ExitCode": done.returncode,
            "Output": base64.b64encode(_kept(done.stdout)).decode(),
            "Dropped": max(len(done.stdout) - KEPT, 0),
        }


def write_file(params: Mapping[str, Any]) -> None:
    """Write a file as the agent does, with the permissions that were asked for, owned by this user."""
    folder = Path(params["TargetDir"])
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / params["Name"]
    file.write_bytes(base64.b64decode(params["Content"]))
    file.chmod(int(params["FileMode"], 8))


def _kept(output: bytes) -> bytes:
    return output if len(output) <= KEPT else output[:6000] + output[6000 - KEPT :]


def programs(folder: Path, *names: str) -> str:
    """Return a PATH with these programs alone."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).symlink_to(shutil.which(name) or name)
    return str(folder)


def session(agent: LocalAgent, folder: Path, **settings: Any) -> Session:
    """Return a worker's session with the agent; what is known of the instance is kept below the folder."""
    values = {"poll_interval": 0.1, "cache_dir": str(folder / "cache"), "payload_protection": "none", **settings}
    return Session(agent, Settings("i-1", **values), agent.warnings.append, agent.log.append)  # type: ignore[arg-type]


def run(work: Session, text: str, stdin: bytes | None = None) -> Result:
    """Run a command."""
    return work.run(Command(text, stdin))


def put(work: Session, data: bytes, path: object) -> Result:
    """Write a file."""
    return work.do([Step("put", path=str(path), data=data)])


def fetch(work: Session, path: object) -> bytes | None:
    """Read a file."""
    result = work.fetch(str(path))
    return None if result is None else result.stdout
