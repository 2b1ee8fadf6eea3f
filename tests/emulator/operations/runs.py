# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RunCommand and InvokeCommand: one way from a request to an accepted invocation."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .. import frequency as schedules
from ..call import Answer, Call, operation
from ..errors import ApiError
from ..fleet import Instance
from ..placeholders import fill, placeholders, values
from ..state import Command, Invocation
from ..targets import check_group, check_ready, of_run
from ..validation import check_tags
from ..wire import Params

CONTENT_LIMIT = 24 * 1024
CLASSIC_CONTENT_LIMIT = 16 * 1024
LONGEST_TIMEOUT_S = 7 * 86400
_CONTAINER_ID = re.compile(r"^((docker|containerd|cri-o)://)?[0-9a-f]{64}$")
_CONTAINER_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")
_OSS = re.compile(r"^oss://([a-z0-9][a-z0-9-]{1,61}[a-z0-9])(?:/(.*))?$")


def encoded_size(size: int) -> int:
    """Return how many bytes Base64 makes of ``size`` bytes."""
    return (size + 2) // 3 * 4


def read_content(call: Call, default: str, code: str = "CmdContent.DecodeError", strict: bool = True) -> bytes:
    """CommandContent by its ContentEncoding; any other word than the two counts as ``default``."""
    text = call.params.text("CommandContent")
    encoding = call.params.text("ContentEncoding", default).lower()
    if encoding not in ("plaintext", "base64"):
        encoding = default.lower()
    if encoding == "plaintext":
        return text.encode("utf-8", "surrogateescape")
    try:
        return base64.b64decode(text, validate=strict)
    except (binascii.Error, ValueError):
        raise call.error(code) from None


def read_timeout(call: Call, default: int, floor: int = 1) -> int:
    """Return the Timeout of a request in seconds; values under ``floor`` become ``floor``."""
    value = call.params.number("Timeout", default)
    assert value is not None
    if value > LONGEST_TIMEOUT_S:
        raise (
            call.error("InvalidTimeout.ExceedLimit")
            if call.action != "InvokeCommand"
            else call.error("InvalidParameter", "Timeout")
        )
    return max(value, floor)


def repeat_mode(call: Call, timeout: int) -> tuple[str, str]:
    """RepeatMode and Frequency: a Frequency makes every request a periodic one, DryRun included."""
    frequency = call.params.text("Frequency")
    if call.classic:
        if not call.params.flag("Timed"):
            return "Once", ""
        if not frequency:
            raise call.error("MissingParameter.Frequency")
    mode = "Period" if frequency else call.params.text("RepeatMode", "Once")
    if mode == "Period":
        if not frequency:
            raise call.error("MissingParam.Frequency")
        try:
            # in 2018 a schedule need not leave time for the whole timeout: the document's example does not
            schedules.check(frequency, 0 if call.classic else timeout)
        except ValueError as error:
            raise ApiError("InvalidParam.Frequency", "The specified frequency is invalid.", 400) from error
    return mode, frequency


def stored_commands(call: Call) -> int:
    """Return how many commands of the region count towards its quota."""
    return sum(command.kept and not command.deleted for command in call.region.commands)


def _check_container(call: Call) -> None:
    identity, name = call.params.text("ContainerId"), call.params.text("ContainerName")
    if identity and not _CONTAINER_ID.match(identity):
        raise call.error("InvalidContainerId.Malformed")
    if name and not _CONTAINER_NAME.match(name):
        raise call.error("InvalidContainerName.Malformed")


def _check_user(call: Call, instances: list[Instance]) -> None:
    user = call.params.text("Username")
    windows = any(instance.os_type == "windows" for instance in instances)
    if windows and user and user.lower() != "system" and not call.params.text("WindowsPasswordName"):
        raise call.error("WindowsPasswordName.Missed")


def _check_output_delivery(call: Call) -> None:
    target = call.params.text("OssOutputDelivery")
    if not target:
        return
    match = _OSS.match(target)
    if not match:
        raise (
            call.error("InvalidParameter.OssOutputDelivery")
            if call.action == "RunCommand"
            else call.error("InvalidParameter", "OssOutputDelivery")
        )
    if match[2] and (len(match[2]) > 254 or match[2].startswith(("/", "\\")) or "//" in match[2]):
        raise (
            call.error("InvalidOssOutputDelivery.KeyPrefixMalformed")
            if call.action == "RunCommand"
            else call.error("InvalidParameter", "OssOutputDelivery")
        )


def count_invocation(call: Call) -> None:
    """Count one invocation of the region's day (UTC) and refuse the one over the quota."""
    today = int(call.now // 86400)
    day, count = call.region.invocations_today
    count = count + 1 if day == today else 1
    if count > call.cloud.options.quota_invocations:
        raise (
            call.error("Invocation.ExceedQuota")
            if not call.classic
            else ApiError(
                "Invocation.ExceedQuota", "The invocation quota in the current region has been reached for today.", 403
            )
        )
    call.region.invocations_today = (today, count)


def _accept(
    call: Call,
    command: Command,
    given: dict[str, str],
    timeout: int,
    working_dir: str,
    tags: dict[str, str],
    instances: list[Instance],
) -> Invocation:
    """Check what every run has in common, and start it."""
    mode, frequency = repeat_mode(call, timeout)
    _check_container(call)
    _check_user(call, instances)
    _check_output_delivery(call)
    check_ready(call, instances, command.type)
    count_invocation(call)
    invocation = Invocation(
        id=call.cloud.new_id("t"),
        region=call.region.id,
        command=command,
        created=call.now,
        timeout=timeout,
        content=fill(command.content, given) if command.enable_parameter else command.content,
        working_dir=working_dir,
        parameters=given,
        enable_parameter=command.enable_parameter,
        repeat_mode=mode,
        frequency=frequency,
        launcher=call.params.text("Launcher") or command.launcher,
        tags=tags,
        classic=call.classic,
        timed=mode != "Once" and mode != "DryRun",
        **_as_given(call.params),
    )
    call.region.invocations.append(invocation)
    call.region.invocations_by_id[invocation.id] = invocation
    command.invoke_times += 1
    call.dispatcher.accept(invocation, instances)
    return invocation


def _as_given(params: Params) -> dict[str, str]:
    """Return what an invocation takes from its parameters unchanged."""
    return {
        "username": params.text("Username"),
        "termination_mode": params.text("TerminationMode", "Process"),
        "container_id": params.text("ContainerId"),
        "container_name": params.text("ContainerName"),
        "oss_output": params.text("OssOutputDelivery"),
        "resource_group_id": params.text("ResourceGroupId"),
    }


@operation("RunCommand")
def run_command(call: Call) -> Answer:
    """Make a command and run it, keeping the command only with KeepCommand."""
    params = call.params
    tags = check_tags(call)
    content = read_content(call, "PlainText")
    keep = params.flag("KeepCommand")
    enabled = params.flag("EnableParameter")
    names = placeholders(call, content) if enabled else []
    given = values(call, enabled, names)
    room = call.cloud.options.kept_content_limit if keep else CONTENT_LIMIT
    if encoded_size(len(content)) + _parameters_size(call, given) > room:
        raise call.error("CmdContent.ExceedLimit")
    if keep and stored_commands(call) >= call.cloud.options.quota_commands:
        raise call.error("CmdCount.ExceedQuota")
    instances = of_run(call)
    command = Command(
        id=call.cloud.new_id("c"),
        name=params.text("Name", f"cmd-{int(call.now)}"),
        type=params["Type"],
        content=content,
        description=params.text("Description"),
        working_dir=params.text("WorkingDir"),
        timeout=read_timeout(call, 60),
        enable_parameter=enabled,
        launcher=params.text("Launcher"),
        resource_group_id=params.text("ResourceGroupId"),
        tags=dict(tags),
        created=call.now,
        parameter_names=names,
        kept=keep,
    )
    invocation = _accept(call, command, given, command.timeout, command.working_dir, tags, instances)
    if keep and invocation.repeat_mode != "DryRun":
        call.region.commands.append(command)
        call.region.commands_by_id[command.id] = command
    return {"CommandId": command.id, "InvokeId": invocation.id}


def _parameters_size(call: Call, given: dict[str, Any]) -> int:
    return encoded_size(len(call.params.text("Parameters").encode())) if given else 0


@operation("InvokeCommand")
def invoke_command(call: Call) -> Answer:
    """Run a stored command, by id or, for a public one, by name."""
    params = call.params
    tags = check_tags(call)
    command = find_command(call, params["CommandId"])
    given = values(call, command.enable_parameter, command.parameter_names)
    filled = {name.lower() for name in given}
    filled |= {row["ParameterName"].lower() for row in command.parameter_definitions if "DefaultValue" in row}
    # RunCommand takes a part of the parameters and leaves the rest empty; here each has a value, were it an empty one
    if not {name.lower() for name in command.parameter_names} <= filled:
        raise call.error("Parameter.MissingValue")
    for row in command.parameter_definitions:
        if "DefaultValue" in row and row["ParameterName"] not in given:
            given[row["ParameterName"]] = row["DefaultValue"]
    if encoded_size(len(command.content)) + _parameters_size(call, given) > CONTENT_LIMIT:
        raise call.error("CmdContent.ExceedLimit")
    instances = of_run(call)
    timeout = command.timeout if call.classic else read_timeout(call, command.timeout, 10)
    working_dir = params.text("WorkingDir") or command.working_dir
    invocation = _accept(call, command, given, timeout, working_dir, tags, instances)
    return {"InvokeId": invocation.id}


def find_command(call: Call, identity: str, code: str = "InvalidCmdId.NotFound") -> Command:
    """Return a stored command of the region, or a public one by id or name."""
    command = call.region.commands_by_id.get(identity)
    if command is not None and not command.deleted:
        return command
    if call.action == "InvokeCommand":
        for public in call.cloud.public_commands:
            if identity == public.id or (identity == public.name and public.latest):
                return public
    raise call.error(code)


def check_request_group(call: Call) -> None:
    """Refuse a ResourceGroupId that cannot exist."""
    if call.params.text("ResourceGroupId"):
        check_group(call, call.params["ResourceGroupId"])
