# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeInvocations and DescribeInvocationResults: states and results of runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from ..call import Answer, Call, operation
from ..clock import iso
from ..paging import Pager
from ..state import INVOCATION_RETENTION_RECORDS, INVOCATION_RETENTION_S, Invocation, Record, Run
from ..statuses import legacy_instance, legacy_overall, overall
from ..targets import matches
from ..validation import check_tags

# what DescribeInvocations showed in 2018
_CLASSIC_INVOCATION = ("InvokeId", "CommandId", "CommandName", "CommandType", "Frequency", "Timed", "InvokeStatus")
_CLASSIC_INSTANCE = ("InstanceId", "InstanceInvokeStatus")
_NO_OSS = "the emulator has no OSS; the output that is kept can be read from the API"


def _encode(call: Call, data: bytes) -> str:
    if call.params.text("ContentEncoding").lower() == "plaintext":
        return data.decode("utf-8", "replace")
    return base64.b64encode(data).decode()


def _time(moment: float | None) -> str:
    return iso(moment) if moment is not None else ""


def _oss(record: Record) -> dict[str, str]:
    """Return how the delivery of the output to OSS ended."""
    wanted = bool(record.invocation.oss_output) and record.run is not None and record.run.finished is not None
    return {
        "OssOutputStatus": "Failed" if wanted else "",
        "OssOutputUri": "",
        "OssOutputErrorCode": "NoSuchBucket" if wanted else "",
        "OssOutputErrorInfo": _NO_OSS if wanted else "",
    }


def tag_rows(tags: dict[str, str]) -> dict[str, Any]:
    """Return tags as answers show them."""
    return {"Tag": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]}


def visible(call: Call, created: float) -> bool:
    """Return whether something written then can be read now: not younger than the lag, not past its retention."""
    age = call.now - created
    return age >= call.cloud.options.visibility_lag_ms / 1000 and age <= INVOCATION_RETENTION_S


def _instance_row(call: Call, record: Record, include_output: bool) -> dict[str, Any]:
    """Return one instance of an invocation; without output it is kept until the record changes.

    A poll of a large fleet asks for thousands of rows of which few have changed.
    """
    key = (record.updated, record.status)
    if record.shown is None or record.shown[0] != key:
        record.shown = (key, _state_row(record))
    row = record.shown[1]
    if include_output:
        return {**row, "Output": _encode(call, record.run.output if record.run else b"")}
    return row


def _state_row(record: Record) -> dict[str, Any]:
    run = record.run
    row: dict[str, Any] = {
        "InstanceId": record.instance_id,
        "InvocationStatus": record.status,
        "InstanceInvokeStatus": legacy_instance(record.status),
        "CreationTime": iso(record.created),
        "UpdateTime": iso(record.updated),
        "StartTime": _time(run.started if run else None),
        "FinishTime": _time(run.finished if run else None),
        "StopTime": _time(record.stop_time),
        "Repeats": record.repeats,
        "Dropped": run.dropped if run else 0,
        "ErrorCode": record.error_code,
        "ErrorInfo": record.error_info,
        "Timed": record.invocation.timed,
        **_oss(record),
    }
    if run is not None and run.exit_code is not None:
        row["ExitCode"] = run.exit_code
    return row


def _invocation_row(call: Call, invocation: Invocation, records: list[Record], include_output: bool) -> dict[str, Any]:
    statuses = [record.status for record in invocation.records.values()]
    command = invocation.command
    return {
        "InvokeId": invocation.id,
        "CommandId": command.id,
        "CommandName": command.name,
        "CommandType": command.type,
        "CommandDescription": command.description,
        "CommandContent": _encode(call, command.content),
        "CreationTime": iso(invocation.created),
        "Frequency": invocation.frequency,
        "InvocationStatus": overall(statuses),
        "InvokeStatus": legacy_overall(statuses),
        "RepeatMode": invocation.repeat_mode,
        "Timed": invocation.timed,
        "Timeout": invocation.timeout,
        "WorkingDir": invocation.working_dir,
        "Username": invocation.username,
        "Parameters": json.dumps(invocation.parameters, ensure_ascii=False),
        "Launcher": invocation.launcher,
        "TerminationMode": invocation.termination_mode,
        "ContainerId": invocation.container_id,
        "ContainerName": invocation.container_name,
        "OssOutputDelivery": invocation.oss_output,
        "Tags": tag_rows(invocation.tags),
        "InvokeInstances": {"InvokeInstance": [_instance_row(call, r, include_output) for r in records]},
    }


@operation("DescribeInvocations")
def describe_invocations(call: Call) -> Answer:
    """List invocations with their instances, newest first, by all documented filters."""
    params = call.params
    pager = Pager(call.action, params)
    instance_id, invoke_id = params.text("InstanceId"), params.text("InvokeId")
    include_output = params.flag("IncludeOutput") and bool(instance_id or invoke_id)
    keep = _invocation_filter(call)
    if invoke_id:
        single = call.region.invocations_by_id.get(invoke_id)
        rows = [single] if single else []
        page, paging = pager.take(rows, keep)
    else:
        rows = call.region.invocations
        page, paging = pager.take(
            rows, keep, newest_first=True, oldest=max(0, len(rows) - INVOCATION_RETENTION_RECORDS)
        )
    found = [
        _invocation_row(
            call,
            invocation,
            [invocation.records[instance_id]] if instance_id else list(invocation.records.values()),
            include_output,
        )
        for invocation in page
    ]
    if call.only_classic:
        found = [_classic_invocation(row) for row in found]
    return {**paging, "Invocations": {"Invocation": found}}


def _invocation_filter(call: Call) -> Callable[[Invocation], bool]:
    """Return what says whether an invocation passes all filters of the call; some do not count with an instance."""
    params = call.params
    instance_id = params.text("InstanceId")
    tags = check_tags(call)
    status = params.text("InvokeStatus")
    timed = params.text("Timed").lower()
    command_type = params.text("CommandType") or (params.text("Type") if call.classic else "")
    name = "" if instance_id else params.text("CommandName")
    mode = "" if instance_id else params.text("RepeatMode")

    def keep(invocation: Invocation) -> bool:
        compared = (
            (params.text("InvokeId"), invocation.id),
            (params.text("CommandId"), invocation.command.id),
            (command_type, invocation.command.type),
            (params.text("ResourceGroupId"), invocation.resource_group_id),
            (name, invocation.command.name),
            (mode, invocation.repeat_mode),
        )
        waiting = invocation.repeating and invocation.live
        return (
            all(wanted in ("", found) for wanted, found in compared)
            and visible(call, invocation.created)
            and (not instance_id or instance_id in invocation.records)
            and (not tags or matches(invocation.tags, tags))
            and (not timed or waiting == (timed == "true"))
            and (not status or _has_status(invocation, status, instance_id))
        )

    return keep


def _classic_invocation(row: dict[str, Any]) -> dict[str, Any]:
    instances = [
        {name: instance[name] for name in _CLASSIC_INSTANCE}
        | ({"ExitCode": instance["ExitCode"]} if "ExitCode" in instance else {})
        for instance in row["InvokeInstances"]["InvokeInstance"]
    ]
    return {**{name: row[name] for name in _CLASSIC_INVOCATION}, "InvokeInstances": {"InvokeInstance": instances}}


def _has_status(invocation: Invocation, status: str, instance_id: str) -> bool:
    if instance_id:
        if status == "PartialFailed":
            return True  # ignored together with an instance
        statuses = [invocation.records[instance_id].status]
    else:
        statuses = [record.status for record in invocation.records.values()]
    return status in (overall(statuses), legacy_overall(statuses))


def _result_row(call: Call, record: Record, run: Run | None) -> dict[str, Any]:
    """Return one result: the record's state with its latest run, or one run of its history."""
    invocation = record.invocation
    latest = run is record.run
    status = record.status if latest or run is None else run.status
    row: dict[str, Any] = {
        "InvokeId": invocation.id,
        "InstanceId": record.instance_id,
        "CommandId": invocation.command.id,
        "InvocationStatus": status,
        "InvokeRecordStatus": legacy_instance(status),
        "Repeats": run.repeats if run is not None and not latest else record.repeats,
        "StartTime": _time(run.started if run else None),
        "FinishedTime": _time(run.finished if run else None),
        "StopTime": _time(record.stop_time if latest or run is None else run.stop_time),
        "Dropped": run.dropped if run else 0,
        "Output": _encode(call, run.output if run else b""),
        "ErrorCode": record.error_code if latest or run is None else run.error_code,
        "ErrorInfo": record.error_info if latest or run is None else run.error_info,
        "Username": invocation.username,
        "Launcher": invocation.launcher,
        "TerminationMode": invocation.termination_mode,
        "ContainerId": invocation.container_id,
        "ContainerName": invocation.container_name,
        "OssOutputDelivery": invocation.oss_output,
        **_oss(record),
        "Tags": tag_rows(invocation.tags),
    }
    if run is not None and run.exit_code is not None:
        row["ExitCode"] = run.exit_code
    return row


@operation("DescribeInvocationResults")
def describe_invocation_results(call: Call) -> Answer:
    """List results of instances, and with IncludeHistory every run of a repeating invocation.

    To a request of the 2018 generation the answer shows its list in the shape of then too, at the top.
    """
    params = call.params
    pager = Pager(call.action, params)
    tags = check_tags(call)
    invoke_id, instance_id = params.text("InvokeId"), params.text("InstanceId")
    command_id, group = params.text("CommandId"), params.text("ResourceGroupId")
    status = params.text("InvokeRecordStatus")

    def keep(record: Record) -> bool:
        invocation = record.invocation
        return (
            instance_id in ("", record.instance_id)
            and command_id in ("", invocation.command.id)
            and group in ("", invocation.resource_group_id)
            and visible(call, invocation.created)
            and (not tags or matches(invocation.tags, tags))
            and (not status or status in (legacy_instance(record.status), record.status))
        )

    rows: list[Record]
    if invoke_id:
        invocation = call.region.invocations_by_id.get(invoke_id)
        if invocation is not None and params.flag("IncludeHistory"):
            runs, paging = pager.take(invocation.history, lambda run: keep(run.record), newest_first=True)
            found = [_result_row(call, run.record, run) for run in runs]
            return _answer(call, found, paging)
        rows = list(invocation.records.values()) if invocation else []
        page, paging = pager.take(rows, keep)
    else:
        rows = call.region.records
        page, paging = pager.take(
            rows, keep, newest_first=True, oldest=max(0, len(rows) - INVOCATION_RETENTION_RECORDS)
        )
    return _answer(call, [_result_row(call, record, record.run) for record in page], paging)


def _answer(call: Call, rows: list[dict[str, Any]], paging: dict[str, Any]) -> Answer:
    answer: Answer = {}
    if not call.only_classic:
        answer["Invocation"] = {**paging, "InvocationResults": {"InvocationResult": rows}}
    if call.classic:
        old = [
            {
                "InvokeId": row["InvokeId"],
                "InstanceId": row["InstanceId"],
                "Output": row["Output"],
                "ExitCode": row.get("ExitCode", 0),
                "InvokeRecordStatus": row["InvokeRecordStatus"],
                "FinishedTime": row["FinishedTime"].replace("T", " ").rstrip("Z"),
            }
            for row in rows
        ]
        answer |= {
            "TotalCount": paging["TotalCount"],
            "PageNumber": paging["PageNumber"],
            "PageSize": paging["PageSize"],
            "InvocationResults": {"InvocationResult": old},
        }
    return answer
