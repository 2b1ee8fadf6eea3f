# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Translate replies of the API of 2018 into the names and words of the current API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..common.answers import FLAG, WHOLE

_LOCAL_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)")

# InvokeStatus, InstanceInvokeStatus and InvokeRecordStatus report only that a run exited, not how; Failed is a script
# that did not exit by itself, whose exit code, 1 after a timeout, is the agent's
_INSTANCE_WORDS = {"Stopped": "Terminated", "Failed": "Error"}
_NOT_EXITED = (
    "the script ran longer than its timeout, or could not be run, which the API of 2018 (api_generation=classic) "
    "does not distinguish"
)


def _rows(body: Any, outer: str, inner: str) -> list[dict[str, Any]]:
    """Return the objects of a list, none if it is missing or of another type: the check of the shape reports that."""
    middle = body.get(outer) if isinstance(body, dict) else None
    rows = middle.get(inner) if isinstance(middle, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _iso(row: dict[str, Any]) -> None:
    """Write times as the next edition of the same page does; without a zone they are UTC."""
    for name in ("CreationTime", "StartTime", "FinishedTime", "StopTime"):
        match = _LOCAL_TIME.fullmatch(row[name]) if isinstance(row.get(name), str) else None
        if match:
            row[name] = f"{match[1]}T{match[2]}Z"


def _instance_word(row: Mapping[str, Any], legacy: str) -> str | None:
    """Return the current word for a state, None where the exit code that decides on it is not one."""
    if legacy in ("Finished", "Success"):
        code = row.get("ExitCode")
        if not (code is None or WHOLE.fits(code)):
            return None
        return "Failed" if int(code or 0) else "Success"
    return _INSTANCE_WORDS.get(legacy, legacy)


def _set_status(row: dict[str, Any], word: str | None) -> None:
    """Give the row its current state, unless it has one or none is known."""
    if word and row.setdefault("InvocationStatus", word) == "Error":
        row.setdefault("ErrorInfo", _NOT_EXITED)


def _commands_reply(body: dict[str, Any]) -> dict[str, Any]:
    for row in _rows(body, "Commands", "Command"):
        if "TimeOut" in row:
            row.setdefault("Timeout", row.pop("TimeOut"))
        _iso(row)
    return body


def _invocations_reply(body: dict[str, Any]) -> dict[str, Any]:
    for row in _rows(body, "Invocations", "Invocation"):
        instances = _rows(row, "InvokeInstances", "InvokeInstance")
        for instance in instances:
            _iso(instance)
            legacy = instance.get("InstanceInvokeStatus")
            if isinstance(legacy, str):
                _set_status(instance, _instance_word(instance, legacy))
        overall = row.get("InvokeStatus")
        if isinstance(overall, str):
            _set_status(row, _overall_word(overall, instances))
        # without it, it is unknown whether the invocation will run again
        if FLAG.fits(row.get("Timed")):
            row.setdefault("RepeatMode", "Period" if str(row["Timed"]).lower() == "true" else "Once")
        _iso(row)
    return body


def _overall_word(legacy: str, instances: list[dict[str, Any]]) -> str:
    """Return the current word; that of a Finished invocation follows from its instances."""
    if legacy != "Finished":
        return legacy
    words = {str(instance.get("InvocationStatus")) for instance in instances} or {"Success"}
    if words == {"Success"}:
        return "Success"
    if "Success" in words:
        return "PartialFailed"
    return "Stopped" if words == {"Terminated"} else "Failed"


def _results_reply(body: dict[str, Any]) -> dict[str, Any]:
    """Wrap the list, which was at the top in 2018, and add to each row whether it succeeded."""
    if "Invocation" not in body:
        wrapped = {
            name: body.pop(name)
            for name in ("InvocationResults", "TotalCount", "PageNumber", "PageSize")
            if name in body
        }
        body["Invocation"] = wrapped
    for row in _rows(body["Invocation"], "InvocationResults", "InvocationResult"):
        _iso(row)
        # a row without a state was written when the run had ended
        legacy = row.get("InvokeRecordStatus", "Finished" if row.get("FinishedTime") else "Running")
        if not isinstance(legacy, str):
            continue
        _set_status(row, _instance_word(row, legacy))
        if row.get("InvocationStatus") == "Failed" and legacy == "Finished":
            row.setdefault("ErrorCode", "ExitCodeNonzero")
    return body


def _spelt_right(value: Any) -> Any:
    """Return the value with misspelled keys of 2018 corrected, such as CloudAssitantStatus."""
    if isinstance(value, dict):
        return {name.replace("Assitant", "Assistant"): _spelt_right(inner) for name, inner in value.items()}
    return [_spelt_right(inner) for inner in value] if isinstance(value, list) else value


REPLIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "DescribeCommands": _commands_reply,
    "DescribeInvocations": _invocations_reply,
    "DescribeInvocationResults": _results_reply,
    "DescribeCloudAssistantStatus": _spelt_right,
}
"""Translates the body of each operation, in place, into that of the current generation."""
