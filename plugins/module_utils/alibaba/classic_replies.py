# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of the API of 2018 in the names and words of today's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_LOCAL_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)")

# InvokeStatus, InstanceInvokeStatus and InvokeRecordStatus say of a run that ended by itself only that it did so
_INSTANCE_WORDS = {"Stopped": "Terminated"}


def _rows(body: Mapping[str, Any], outer: str, inner: str) -> list[dict[str, Any]]:
    rows = (body.get(outer) or {}).get(inner)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _iso(row: dict[str, Any]) -> None:
    """Times without a zone are UTC, as in the next edition of the same page."""
    for name in ("CreationTime", "StartTime", "FinishedTime", "StopTime"):
        match = _LOCAL_TIME.fullmatch(str(row.get(name) or ""))
        if match:
            row[name] = f"{match[1]}T{match[2]}Z"


def _instance_word(row: Mapping[str, Any], legacy: str) -> str:
    if legacy in ("Finished", "Success"):
        return "Failed" if int(row.get("ExitCode") or 0) else "Success"
    return _INSTANCE_WORDS.get(legacy, legacy)


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
            legacy = str(instance.get("InstanceInvokeStatus") or "")
            if legacy:
                instance.setdefault("InvocationStatus", _instance_word(instance, legacy))
        if row.get("InvokeStatus"):
            row.setdefault("InvocationStatus", _overall_word(str(row["InvokeStatus"]), instances))
        row.setdefault("RepeatMode", "Period" if str(row.get("Timed")).lower() == "true" else "Once")
        _iso(row)
    return body


def _overall_word(legacy: str, instances: list[dict[str, Any]]) -> str:
    """The current word; an invocation that is Finished is as good as its instances are known to be."""
    if legacy != "Finished":
        return legacy
    words = {str(instance.get("InvocationStatus")) for instance in instances} or {"Success"}
    if words == {"Success"}:
        return "Success"
    if "Success" in words:
        return "PartialFailed"
    return "Stopped" if words == {"Terminated"} else "Failed"


def _results_reply(body: dict[str, Any]) -> dict[str, Any]:
    """Wrap the list, which stood at the top in 2018, and say of each row whether it succeeded."""
    if "Invocation" not in body:
        wrapped = {
            name: body.pop(name)
            for name in ("InvocationResults", "TotalCount", "PageNumber", "PageSize")
            if name in body
        }
        body["Invocation"] = wrapped
    for row in _rows(body["Invocation"] or {}, "InvocationResults", "InvocationResult"):
        _iso(row)
        # a row without a state was written when the run had ended
        legacy = str(row.get("InvokeRecordStatus") or ("Finished" if row.get("FinishedTime") else "Running"))
        row.setdefault("InvocationStatus", _instance_word(row, legacy))
        if row["InvocationStatus"] == "Failed" and legacy == "Finished":
            row.setdefault("ErrorCode", "ExitCodeNonzero")
    return body


def _spelt_right(value: Any) -> Any:
    """Keys of 2018 with the missing letter: CloudAssitantStatus."""
    if isinstance(value, dict):
        return {name.replace("Assitant", "Assistant"): _spelt_right(inner) for name, inner in value.items()}
    return [_spelt_right(inner) for inner in value] if isinstance(value, list) else value


REPLIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "DescribeCommands": _commands_reply,
    "DescribeInvocations": _invocations_reply,
    "DescribeInvocationResults": _results_reply,
    "DescribeCloudAssistantStatus": _spelt_right,
}
"""What makes of an operation's body, in place, that of the current generation."""
