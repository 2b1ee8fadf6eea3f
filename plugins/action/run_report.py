# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action run_report: writes a report of a run on the controller, from results that are templated once."""

from __future__ import annotations

import getpass
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ..module_utils.common.errors import CloudError
from ..module_utils.common.hidden import SOURCE_HIDDEN
from ..module_utils.common.printable import visible
from ..module_utils.common.redact import MASK, redact
from ..plugin_utils.fleet_table import totals_line
from ..plugin_utils.report.entries import Entry, entries_of
from ..plugin_utils.report.files import EXTENSIONS, write_files
from ..plugin_utils.report.page import Ran, Report

MAX_NAME = 150
"""Bytes of a report's name: the time and the extension follow it in the name of a file, which has at most 255."""
LONGEST_SCRIPT = 1 << 20
"""Bytes of a script that are read; the service takes much less."""
_SECRET_NAME = re.compile(r"(?i)passw|secret|token|credential")

ARGUMENTS: dict[str, dict[str, Any]] = {
    "title": {"type": "str", "default": "Script run"},
    "subtitle": {"type": "str", "default": ""},
    "dest": {"type": "path", "required": True},
    "name": {"type": "str", "default": "report"},
    "formats": {"type": "list", "elements": "str", "choices": list(EXTENSIONS), "default": list(EXTENSIONS)},
    "notes": {"type": "list", "elements": "str", "default": []},
    "run": {
        "type": "dict",
        "options": {
            "script": {"type": "str"},
            "script_file": {"type": "path"},
            "command": {"type": "str"},
            "parameters": {"type": "dict"},
            "secret_parameters": {"type": "dict", "no_log": True},
            "region": {"type": "str"},
            "idempotency_key": {"type": "str", "no_log": False},
        },
    },
    "secrets": {"type": "list", "elements": "raw", "no_log": True, "default": []},
}


class ActionModule(ActionBase):
    """Write the report."""

    _supports_check_mode = True
    _requires_connection = False
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write the files and return their paths and the totals. Raises AnsibleActionFail for a bad argument."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = dict(self._task.args)
        # large, and of a form that only each entry can judge
        rows = _dictionaries("results", arguments.pop("results", None))
        instances = _dictionaries("instances", arguments.pop("instances", None) or [])
        given = self._checked(arguments)
        report = _report(given, entries_of(rows, instances), _who(task_vars))
        totals = report.totals
        result.update(
            changed=False,
            totals=totals,
            summary=totals_line(totals),
            not_successful=[entry.ending.instance_id for entry in report.entries if entry.css_class != "success"],
            by_status=_by_status(rows),
            paths={},
        )
        if not self._task.check_mode:
            warnings: list[str] = []
            try:
                result["paths"] = write_files(
                    report, Path(given["dest"]), given["name"], given["formats"], warnings.append
                )
            except CloudError as error:
                # ansible-core 2.19 and later append each cause, and the message contains it already
                raise AnsibleActionFail(str(error)) from None
            result.update({"warnings": warnings} if warnings else {})
        return result

    def _checked(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments but the results, with their defaults. Raises AnsibleActionFail."""
        validation = ArgumentSpecValidator(ARGUMENTS).validate(dict(arguments))
        if validation.error_messages:
            raise AnsibleActionFail(validation.errors.msg)
        given: dict[str, Any] = validation.validated_parameters
        size = len(given["name"].encode("utf-8", "surrogateescape"))
        if size > MAX_NAME or not re.fullmatch(r"[^/\0.][^/\0]*", given["name"]):
            problem = f"must have up to {MAX_NAME} bytes, without a slash, and must not start with a dot"
            raise AnsibleActionFail(f"name: {problem}")
        return given


def _dictionaries(option: str, value: Any) -> Sequence[Mapping[str, Any]]:
    """Return a list of dictionaries, as it was given. Raises AnsibleActionFail if it is something else."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise AnsibleActionFail(f"{option}: must be a list of dictionaries")
    for number, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise AnsibleActionFail(f"{option}: entry {number} is not a dictionary")
        if not {"instance_id"} <= item.keys() or (option == "results" and "status" not in item):
            missing = "instance_id and status" if option == "results" else "instance_id"
            raise AnsibleActionFail(f"{option}: entry {number} must have {missing}")
    return value


def _report(given: Mapping[str, Any], entries: list[Entry], who: str) -> Report:
    """Return the report of the entries, as the arguments want it, without their secrets."""
    secret_parameters = (given["run"] or {}).get("secret_parameters") or {}
    secrets = [str(secret) for secret in (*given["secrets"], *secret_parameters.values()) if secret not in (None, "")]
    return Report(
        title=redact(given["title"], secrets),
        subtitle=redact(given["subtitle"], secrets),
        notes=[redact(note, secrets) for note in given["notes"]],
        entries=entries,
        written_at=datetime.now(timezone.utc),
        who=who,
        ran=_ran(given["run"], secrets) if given["run"] else None,
    )


def _by_status(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many results have each status word."""
    return {"total": len(rows), **Counter(str(row["status"]) for row in rows)}


def _who(task_vars: Mapping[str, Any]) -> str:
    """Return who writes the report: the user of AWX with the job, else the user of this process."""
    for prefix in ("awx", "tower"):
        user, job = task_vars.get(f"{prefix}_user_name"), task_vars.get(f"{prefix}_job_id")
        if user:
            return f"{user} (job {job})" if job else str(user)
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"


def _ran(given: Mapping[str, Any], secrets: Sequence[str]) -> Ran:
    """Return what was run, secrets masked."""
    parameters = [
        f"{name} = {MASK if _SECRET_NAME.search(str(name)) else value}"
        for name, value in (given.get("parameters") or {}).items()
    ]
    parameters += [f"{name} = {MASK}" for name in given.get("secret_parameters") or []]
    facts = {
        "Command": given.get("command"),
        "Region": given.get("region"),
        "Idempotency key": given.get("idempotency_key"),
        "Parameters": "\n".join(parameters),
    }
    shown = [(name, visible(redact(str(value), secrets))) for name, value in facts.items() if value]
    return Ran(shown, visible(redact(_script(given), secrets)))


def _script(given: Mapping[str, Any]) -> str:
    """Return the text of the script, unless it was encrypted. A file that cannot be read is named instead."""
    path = given.get("script_file")
    if given.get("script") or not path:
        return given.get("script") or ""
    try:
        if not os.path.isfile(path):
            raise ValueError("it is not a regular file")
        with open(path, "rb") as file:
            data = file.read(LONGEST_SCRIPT)
    except (OSError, ValueError) as error:
        return f"(not shown: {path}: {getattr(error, 'strerror', None) or error})"
    return SOURCE_HIDDEN if data.startswith(b"$ANSIBLE_VAULT") else data.decode("utf-8", "replace")
