# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StopInvocation and ModifyInvocationAttribute."""

from __future__ import annotations

import json

from .. import frequency as schedules
from ..agent_versions import MODIFICATION
from ..call import Answer, Call, operation
from ..errors import ApiError
from ..fleet import Instance
from ..placeholders import fill, is_no_text, placeholders
from ..state import Command, Invocation
from ..targets import find
from .runs import CONTENT_LIMIT, encoded_size, read_content, stored_commands

_MOST_INSTANCES = 100


def _invocation(call: Call) -> Invocation:
    invocation = call.region.invocations_by_id.get(call.params["InvokeId"])
    if invocation is None:
        raise call.error("InvalidInvokeId.NotFound")
    return invocation


@operation("StopInvocation")
async def stop_invocation(call: Call) -> Answer:
    """Stop an invocation on the given instances, or on all of them."""
    invocation = _invocation(call)
    ids = call.params.items("InstanceId")
    if any(identity not in invocation.records for identity in ids):
        raise call.error("InvalidInstanceId.NotFound")
    for identity in ids or list(invocation.records):
        await call.dispatcher.stop(invocation.records[identity])
    return {}


def _check_modifiable(call: Call, invocation: Invocation) -> None:
    if not invocation.repeating:
        raise call.error("InvalidOperation.RepeatModeUnsupported")
    if not invocation.live:
        raise call.error("InvalidOperation.InvokeAlreadyFinished")
    for identity in invocation.records:
        instance = call.cloud.instances[identity]
        if not instance.released and MODIFICATION.lacks(instance):
            raise call.error("InvalidOperation.CloudAssistantVersionUnsupported")


def _parameters(call: Call, names: list[str]) -> dict[str, str]:
    """Return parameters of this operation, which has its own codes for what is wrong with them."""
    try:
        pairs = json.loads(call.params["Parameters"], object_pairs_hook=list)
    except ValueError:
        raise call.error("InvalidParameters.ValueTypeUnsupported") from None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise call.error("InvalidParameters.ValueTypeUnsupported")
    if len(pairs) > 10:
        raise call.error("InvalidParameters.CountLimitExceeded")
    given: dict[str, str] = {}
    known = {name.lower() for name in names}
    for key, value in pairs:
        if not key:
            raise call.error("InvalidParameters.KeyEmpty")
        if len(key) > 64:
            raise call.error("InvalidParameters.KeyLengthLimitExceeded")
        if not all(char.isascii() and (char.isalnum() or char in "-_") for char in key):
            raise call.error("InvalidParameters.KeyMalformed")
        if key.lower() in {seen.lower() for seen in given}:
            raise call.error("InvalidParameters.KeyDuplicate")
        if not isinstance(value, str):
            raise call.error("InvalidParameters.ValueTypeUnsupported")
        if is_no_text(value):
            raise call.error("InvalidParameterCharset.Parameters")
        if key.lower() not in known:
            raise call.error("InvalidParameters.KeyNotMatch")
        given[key] = value
    return given


def _frequency(call: Call, invocation: Invocation) -> str:
    frequency = call.params.text("Frequency")
    if frequency:
        if invocation.repeat_mode != "Period":
            raise call.error("InvalidOperation.RepeatModeUnsupported")
        try:
            schedules.check(frequency, invocation.timeout)
        except ValueError as error:
            raise call.error("InvalidParameter.Frequency") from error
    return frequency


def _content(call: Call, invocation: Invocation) -> bytes | None:
    if not call.params.text("CommandContent"):
        return None
    if invocation.command.provider:
        raise call.error("InvalidOperation.ModifyPublicCommandUnsupported")
    content = read_content(call, "PlainText", "InvalidCommandContent.DecodeError")
    if encoded_size(len(content)) > CONTENT_LIMIT:
        raise call.error("InvalidCommandContent.LengthLimitExceeded", CONTENT_LIMIT // 1024)
    return content


def _added(call: Call, invocation: Invocation) -> list[Instance]:
    ids = call.params.items("InstanceId")
    found = [
        instance for instance in find(call, ids, "InvalidInstanceId.NotFound") if instance.id not in invocation.records
    ]
    if len(invocation.records) + len(found) > _MOST_INSTANCES:
        raise call.error("InvalidInstanceId.CountLimitExceeded", _MOST_INSTANCES)
    for instance in found:
        if (invocation.command.type == "RunShellScript") != (instance.os_type == "linux"):
            raise call.error("InvalidInstanceId.OSTypeUnsupported")
        if MODIFICATION.lacks(instance):
            raise call.error("InvalidOperation.CloudAssistantVersionUnsupported")
        if instance.status != "Running":
            raise ApiError(
                "InvalidInstanceStatus", "The specified instance\u2019s status can not execute this operation", 400
            )
    return found


@operation("ModifyInvocationAttribute")
def modify_invocation_attribute(call: Call) -> Answer:
    """Change frequency, parameters, content or targets of a repeating invocation that is still live.

    All is checked before anything changes. New content makes a new command, whose id is answered.
    """
    params = call.params
    invocation = _invocation(call)
    _check_modifiable(call, invocation)
    frequency = _frequency(call, invocation)
    content = _content(call, invocation)
    enabled = params.flag("EnableParameter", invocation.enable_parameter)
    command = invocation.command
    names = command.parameter_names
    if content is not None or enabled != invocation.enable_parameter:
        names = placeholders(call, content if content is not None else command.content) if enabled else []
    given = invocation.parameters
    if params.text("Parameters"):
        given = _parameters(call, names)
    added = _added(call, invocation)
    answer: Answer = {}
    if content is not None and content != command.content:
        if command.kept and stored_commands(call) >= call.cloud.options.quota_commands:
            raise call.error("CommandLimitExceeded", call.cloud.options.quota_commands)
        command = _new_command(call, command, content, enabled, names)
        answer["CommandId"] = command.id
    invocation.command = command
    invocation.enable_parameter = enabled
    invocation.parameters = given
    invocation.content = fill(command.content, given) if enabled else command.content
    if frequency and frequency != invocation.frequency:
        invocation.frequency = frequency
        for record in invocation.records.values():
            call.dispatcher.restart(record)
    call.dispatcher.accept(invocation, added)
    return answer


def _new_command(call: Call, old: Command, content: bytes, enabled: bool, names: list[str]) -> Command:
    command = Command(
        id=call.cloud.new_id("c"),
        name=old.name,
        type=old.type,
        content=content,
        description=old.description,
        working_dir=old.working_dir,
        timeout=old.timeout,
        enable_parameter=enabled,
        launcher=old.launcher,
        resource_group_id=old.resource_group_id,
        tags=dict(old.tags),
        created=call.now,
        parameter_names=names,
        kept=old.kept,
    )
    if command.kept:
        call.region.commands.append(command)
        call.region.commands_by_id[command.id] = command
    return command
