# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an agent is given to do, and what it reports."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

POWER_ACTIONS = {193: "poweroff", 194: "reboot"}


class Interrupted(Exception):
    """The instance went down while the script ran: the agent reports nothing."""


@dataclass(frozen=True)
class ScriptTask:
    """A command as the service hands it to the agent.

    ``timeout`` is text in seconds: no integer counts as 3600, 0 and less as none. ``builtin`` holds the values of
    ``{{ACS::Name}}`` beyond InvokeId (the task's id) and CommandId; InstanceId defaults to the agent's.
    ``termination_mode``: "" and "Process" kill the direct child only, "ProcessTree" also its descendants.
    """

    task_id: str
    command_id: str = ""
    type: str = "RunShellScript"
    content_b64: str = ""
    enable_parameter: bool = False
    timeout: str = "60"
    working_dir: str = ""
    username: str = ""
    builtin: Mapping[str, str] = field(default_factory=dict)
    log_quota: int = 24576
    termination_mode: str = ""
    launcher: str = ""
    command_name: str = ""
    container_id: str = ""
    container_name: str = ""


@dataclass(frozen=True)
class Report:
    """What the agent tells the service at the end of a task.

    ``kind``: finish, timeout, error (could not be started), invalid (refused before the start; ``param`` and
    ``value`` say why), stopped. ``output`` is everything that is kept, head and tail. Times are Unix seconds.
    """

    kind: str
    exit_code: int = 0
    output: bytes = b""
    dropped: int = 0
    error_code: str = ""
    error_text: str = ""
    param: str = ""
    value: str = ""
    started_at: float = 0.0
    finished_at: float = 0.0

    @property
    def power_action(self) -> str:
        """ "poweroff" or "reboot" where the exit code asks the agent for it after its report, else ""."""
        return POWER_ACTIONS.get(self.exit_code, "") if self.kind == "finish" else ""


@dataclass(frozen=True)
class FileTask:
    """A file to deliver: content in base64, ``signature`` the hex MD5 of that text, ``mode`` octal text or ""."""

    task_id: str
    content_b64: str
    target_dir: str
    name: str
    owner: str = ""
    group: str = ""
    mode: str = ""
    overwrite: bool = False
    signature: str = ""


@dataclass(frozen=True)
class FileReport:
    """``status``: Success, Failed (``code``: 1 create, 2 owner, 3 mode, 4 directory), Invalid (param, value)."""

    status: str
    code: int = 0
    param: str = ""
    value: str = ""
    errno: int = 0


def invalid(param: str, value: str) -> Report:
    """Return the report of a task that is refused now, before anything of it was looked at."""
    now = time.time()
    return Report("invalid", param=param, value=value, started_at=now, finished_at=now)


def refused(message: Mapping[str, Any], began: float, finished: float) -> Report:
    """Return the report of a task whose process said ``message`` instead of becoming the script."""
    if message["kind"] == "invalid":
        return Report("invalid", param=message["param"], value=message["value"], started_at=began, finished_at=finished)
    return Report(
        "error",
        exit_code=message["exit_code"],
        error_code=message["code"],
        error_text=message["text"],
        started_at=began,
        finished_at=finished,
    )
