# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SendFile and DescribeSendFileResults."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from ..call import Answer, Call, operation
from ..clock import iso
from ..fleet import Instance
from ..instance.tasks import FileTask, Interrupted
from ..paging import Pager
from ..reports import file_result
from ..state import FILE_RETENTION_RECORDS, FILE_RETENTION_S, FileDelivery, FileRecord
from ..statuses import overall_file
from ..targets import check_ready, find, matches
from ..validation import check_tags
from .results import tag_rows
from .runs import check_request_group, encoded_size

_SIZE_LIMIT = 32 * 1024
_SHORTEST_TIMEOUT_S = 10
_LONGEST_TIMEOUT_S = 86400
_MODE = re.compile(r"^[0-7]{3,4}$")
_ACCOUNT = re.compile(r"^[A-Za-z_][A-Za-z0-9_.-]*\$?$")


def _content(call: Call) -> bytes:
    text = call.params["Content"]
    kind = call.params.text("ContentType", "PlainText")
    if kind == "PlainText":
        content = text.encode("utf-8", "surrogateescape")
    else:
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise call.error("FileContent.DecodeError") from None
    if encoded_size(len(content)) > _SIZE_LIMIT:
        raise call.error("FileSize.ExceedLimit")
    return content


def _check_place(call: Call) -> None:
    params = call.params
    target = params["TargetDir"]
    if not (target.startswith("/") or re.match(r"^[A-Za-z]:[\\/]", target)) or "\0" in target:
        raise call.error("FileTargetDir.Invalid")
    if params.text("FileMode") and not _MODE.match(params["FileMode"]):
        raise call.error("FileMode.Invalid")
    for name in ("FileOwner", "FileGroup"):
        if params.text(name) and not _ACCOUNT.match(params[name]):
            raise call.error(f"InvalidParameter.{name}")


@operation("SendFile")
def send_file(call: Call) -> Answer:
    """Send a small file to instances."""
    params = call.params
    tags = check_tags(call)
    check_request_group(call)
    _check_place(call)
    content = _content(call)
    timeout = params.number("Timeout", 60) or 0
    if timeout > _LONGEST_TIMEOUT_S:
        raise call.error("InvalidTimeout.ExceedLimit")
    instances = find(call, params.items("InstanceId"))
    check_ready(call, instances)
    delivery = FileDelivery(
        id=call.cloud.new_id("f"),
        region=call.region.id,
        name=params["Name"],
        target_dir=params["TargetDir"],
        content=content,
        content_type=params.text("ContentType", "PlainText"),
        created=call.now,
        description=params.text("Description"),
        owner=params.text("FileOwner", "root"),
        group=params.text("FileGroup", "root"),
        mode=params.text("FileMode", "0644"),
        overwrite=params.flag("Overwrite"),
        timeout=max(timeout, _SHORTEST_TIMEOUT_S),
        resource_group_id=params.text("ResourceGroupId"),
        tags=tags,
    )
    call.region.deliveries.append(delivery)
    call.region.deliveries_by_id[delivery.id] = delivery
    for instance in instances:
        record = FileRecord(instance.id, created=call.now, updated=call.now)
        delivery.records[instance.id] = record
        record.task = call.dispatcher.spawn(_deliver(call, delivery, record, instance))
    return {"InvokeId": delivery.id}


async def _deliver(call: Call, delivery: FileDelivery, record: FileRecord, instance: Instance) -> None:
    def settle(status: str, code: str = "", info: str = "") -> None:
        record.status, record.error_code, record.error_info = status, code, info
        record.updated = call.now

    refusal = await call.dispatcher.way.reach(instance)
    if refusal:
        settle("Aborted", *refusal)
        return
    text = base64.b64encode(delivery.content).decode()
    task = FileTask(
        task_id=delivery.id,
        content_b64=text,
        target_dir=delivery.target_dir,
        name=delivery.name,
        owner=delivery.owner,
        group=delivery.group,
        mode=delivery.mode,
        overwrite=delivery.overwrite,
        signature=hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
    )
    async with call.dispatcher.slots:
        record.started = call.now
        settle("Running")
        try:
            report = await call.dispatcher.agent(instance).send_file(task)
        except Interrupted:
            record.finished = call.now
            settle("Error", instance.cut_off or "ClientNotResponse", "the instance was stopped, restarted or released.")
            return
    record.finished = call.now
    settle(*file_result(report))


def _instance_row(record: FileRecord) -> dict[str, Any]:
    return {
        "InstanceId": record.instance_id,
        "InvocationStatus": record.status,
        "CreationTime": iso(record.created),
        "StartTime": iso(record.started) if record.started is not None else "",
        "FinishTime": iso(record.finished) if record.finished is not None else "",
        "UpdateTime": iso(record.updated),
        "ErrorCode": record.error_code,
        "ErrorInfo": record.error_info,
    }


def _row(delivery: FileDelivery, instance_id: str) -> dict[str, Any]:
    records = [delivery.records[instance_id]] if instance_id else list(delivery.records.values())
    plain = delivery.content_type == "PlainText"
    return {
        "InvokeId": delivery.id,
        "Name": delivery.name,
        "Description": delivery.description,
        "TargetDir": delivery.target_dir,
        "Content": delivery.content.decode("utf-8", "replace")
        if plain
        else base64.b64encode(delivery.content).decode(),
        "ContentType": delivery.content_type,
        "FileOwner": delivery.owner,
        "FileGroup": delivery.group,
        "FileMode": delivery.mode,
        "Overwrite": "true" if delivery.overwrite else "false",
        "CreationTime": iso(delivery.created),
        "VmCount": len(delivery.records),
        "InvocationStatus": overall_file(record.status for record in delivery.records.values()),
        "Tags": tag_rows(delivery.tags),
        "InvokeInstances": {"InvokeInstance": [_instance_row(record) for record in records]},
    }


@operation("DescribeSendFileResults")
def describe_send_file_results(call: Call) -> Answer:
    """List file deliveries of the last day, newest first."""
    params = call.params
    pager = Pager(call.action, params)
    tags = check_tags(call)
    invoke_id, instance_id, name = params.text("InvokeId"), params.text("InstanceId"), params.text("Name")
    status, group = params.text("InvocationStatus"), params.text("ResourceGroupId")
    lag = call.cloud.options.visibility_lag_ms / 1000

    def keep(delivery: FileDelivery) -> bool:
        age = call.now - delivery.created
        return (
            invoke_id in ("", delivery.id)
            and (not instance_id or instance_id in delivery.records)
            and name in ("", delivery.name)
            and group in ("", delivery.resource_group_id)
            and (not tags or matches(delivery.tags, tags))
            and lag <= age <= FILE_RETENTION_S
            and (not status or status == overall_file(record.status for record in delivery.records.values()))
        )

    rows = call.region.deliveries
    if invoke_id:
        rows = [delivery for delivery in [call.region.deliveries_by_id.get(invoke_id)] if delivery]
    page, paging = pager.take(rows, keep, newest_first=True, oldest=max(0, len(rows) - FILE_RETENTION_RECORDS))
    return {**paging, "Invocations": {"Invocation": [_row(delivery, instance_id) for delivery in page]}}
