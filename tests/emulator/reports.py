# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what an agent reports to what the API shows of it."""

from __future__ import annotations

import re
from typing import Any

from .state import Run

EXIT_CODE_INFO = "the command execution exit code is not zero."
# parameter of the agent's "invalid" report -> ErrorCode
_INVALID = {
    "TypeInvalid": "CommandNotApplicable",
    "CommandContentInvalid": "CommandContentDecodeError",
    "UsernameOrPasswordInvalid": "AccountNotExists",
    "workingDirectory": "DirectoryNotExists",
    "cron": "BadCronExpression",
    "InvalidEnvironmentParameter": "InvalidSystemBuiltInParameter",
    "RoleNameFailed": "InstanceRoleInvalid",
    "ParameterStoreNotAccessible": "QueryParameterStoreFailed",
    "ParameterFailed": "QueryParameterStoreFailed",
}
# the agent's numbers for failures to start -> ErrorCode
_ERROR = {"-3": "CommandContentDecodeError"}
_FILE_INVALID = {
    "FileNameInvalid": "FileNameInvalid",
    "EmptyFile": "FileContentInvalid",
    "InvalidFileContent": "FileContentInvalid",
    "InvalidSignature": "FileContentInvalid",
    "InvalidFileMode": "FileAuthorityInvalid",
    "FileExist": "FileAlreadyExists",
    "FileOwnerNotExist": "AccountNotExists",
    "FileGroupNotExist": "UserGroupNotExists",
}
# numbers of a failed file delivery -> ErrorCode
_FILE_FAILED = {1: "FileCreateFail", 2: "FileAuthorityInvalid", 3: "FileAuthorityInvalid", 4: "FilePathInvalid"}
_EXTENSION = re.compile(r"""\{\{\s*ACS::ScriptFileName\s*\|\s*Ext\(\s*(["'])(.*?)\1\s*\)\s*\}\}""", re.IGNORECASE)


def apply(run: Run, report: Any, timeout: int) -> None:
    """Bring an agent's report of a script into a run; ``timeout`` is in seconds."""
    started = run.started or 0.0
    run.finished = started + max(0.0, report.finished_at - report.started_at)
    run.output, run.dropped = report.output, report.dropped
    if report.kind == "finish":
        run.exit_code = report.exit_code
        run.status = "Success" if report.exit_code == 0 else "Failed"
        if report.exit_code != 0:
            run.error_code, run.error_info = "ExitCodeNonzero", EXIT_CODE_INFO
    elif report.kind == "timeout":
        run.status, run.exit_code = "Timeout", report.exit_code
        run.error_code, run.error_info = "ExecutionTimeout", "the command execution has timed out."
        run.finished = started + timeout
    elif report.kind == "invalid":
        run.status = "Invalid"
        run.error_code = _INVALID.get(report.param, report.param)
        if report.value.startswith("DefaultWorkingDirectoryNotAvailable"):
            run.error_code = "DefaultWorkingDirectoryNotAvailable"
        run.error_info = report.value
    elif report.kind == "stopped":
        run.status = "Terminated"
    else:
        run.status, run.exit_code = "Error", report.exit_code
        run.error_code = _ERROR.get(report.error_code, "ExecutionException")
        if report.error_code and not report.error_code.lstrip("-").isdigit():
            run.error_code = report.error_code
        run.error_info = report.error_text


def file_result(report: Any) -> tuple[str, str, str]:
    """Return status, ErrorCode and ErrorInfo of a file delivery."""
    if report.param:
        return "Invalid", _FILE_INVALID.get(report.param, report.param), f"{report.param}: {report.value}"
    if report.status == "Success":
        return "Success", "", ""
    return "Failed", _FILE_FAILED.get(int(report.code or 0), "FileCreateFail"), f"errno {report.errno}"


def launcher_for_agent(launcher: str) -> str:
    """Spell a launcher for the agent, which reads ``ext(.py)`` where the API has ``Ext(".py")``."""
    return _EXTENSION.sub(lambda match: "{{ACS::ScriptFileName|ext(" + match[2] + ")}}", launcher)
