# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""What to do about the error codes of single instances, once per code in the message of a run."""

from __future__ import annotations

from collections.abc import Iterable

from ..models import InstanceResult
from .request import RunRequest

_HINTS = {
    "DirectoryNotExists": "working_dir: {working_dir} does not exist there; create it first, or omit the option.",
    "DefaultWorkingDirectoryNotAvailable": (
        "username: the home directory of {username} does not exist there; create it, or set working_dir."
    ),
    "AccountNotExists": "username: the user {username} does not exist there; create it first.",
    "UserOrPasswordInvalid": (
        "username: the user {username} does not exist there, or the password in windows_password_name is wrong."
    ),
    "ExecutionTimeout": "timeout: the script was killed after {timeout}; increase timeout if it needs more time.",
    "ClientNeedUpgrade": "The agent is too old for an option of this run; update it with ecs_agent (min_version).",
    "ClientIsUpgrading": "The agent is being updated; run the task again in a minute.",
    "ClientNotRunning": "The agent is not running; restart it, or reinstall it with ecs_agent.",
    "ClientNotResponse": "The agent does not respond; restart it, or reinstall it with ecs_agent.",
    "ClientNotOnline": "The agent is offline; restart it, or reinstall it with ecs_agent.",
    "InstanceNotRunning": "Start the instance (ecs_instance){skip}.",
    "DeliveryTimeout": "The script did not reach the instance within a minute; check the agent with ecs_agent_info.",
    "SecurityGroupRuleDenied": "A rule of the security group blocks the agent's connection to the service.",
    "CommandNotApplicable": "type: the script does not fit the operating system of the instance.",
    "InvalidSystemBuiltInParameter": "The script uses a built-in parameter ({{{{ACS::...}}}}) that does not exist.",
    "ContainerNotFound": "container_id, container_name: the container does not exist on the instance.",
    "ContainerNameAndIdNotMatch": "container_id, container_name: the ID and the name belong to different containers.",
    "ContainerStateAbnormal": "container_id, container_name: the container is not running.",
    "ExitCodeNotAccepted": "success_rcs: an exit code counts as success only if it is in this list.",
}

MAX_HINTS = 5
"""Hints in one message."""


def result_hints(results: Iterable[InstanceResult], request: RunRequest) -> list[str]:
    """Return the hint of each error code among the failed results once, with the option's value in it."""
    run_as = request.run_as
    failed = [result for result in results if result.failed]
    # an instance that was stopped in the middle of the script could not have been skipped
    stopped = any(result.started_at for result in failed if result.error_code == "InstanceNotRunning")
    values = {
        "working_dir": run_as.working_dir or "the default directory",
        "username": run_as.username or "given",
        "skip": ", or skip it with unready: skip" if not (stopped or request.pacing.skip) else "",
        "timeout": f"{run_as.timeout} s" if run_as.timeout else "the default timeout, 60 s or that of its command",
    }
    codes = dict.fromkeys(map(_code, failed))
    return [_HINTS[code].format(**values) for code in codes if code in _HINTS][:MAX_HINTS]


def _code(result: InstanceResult) -> str:
    """Return the error code; some agents put the kind of error into the text, with the user's name at its end."""
    if result.error_code not in _HINTS and result.error_info.startswith("UserInvalid_"):
        return "AccountNotExists"
    return result.error_code
