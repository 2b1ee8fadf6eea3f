# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""From a request to the call that carries it out: RunCommand for a script, InvokeCommand for a stored command."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ...alibaba.client import Client
from ...alibaba.generations import CLASSIC_DEFAULT_TIMEOUT, DEFAULT_TIMEOUT
from ...common.errors import ApiError, CloudError, InputError, TaskFailure
from ...common.wait import Deadline
from ..commands.listing import (
    COMMAND_NOT_FOUND,
    PREDICTED_COMMAND_ID,
    find_commands,
    find_one,
    predicted_command_warning,
)
from ..models import TERMINATION_MODES, Command
from ..parameters import check_values, match_parameters
from ..scripts import ScriptContent, name_warning
from ..tags import tags_to_rows
from .parts import Payload
from .request import RunRequest

STORED_LAG = 3.0
"""Seconds that a command may take to be seen after it was stored."""


@dataclass(frozen=True)
class Call:
    """The call that starts the script, without its instances: an operation and its constant parameters.

    ``script_type`` and ``timeout`` (seconds) are those of the script that will run. ``exclusive``: the command was
    stored for this run alone, so that every invocation of it is one of ours.
    """

    operation: str
    params: Mapping[str, Any] = field(repr=False)
    script_type: str
    timeout: int
    command_id: str = ""
    exclusive: bool = False


def stored_command(client: Client, request: RunRequest, warn: Callable[[str], None] | None = None) -> Command | None:
    """Return the stored command that the request names, None when it brings a script of its own.

    In check mode a name that does not exist may be that of a command which an earlier task would create: ``warn`` gets
    a line then, and None is returned. Raises TaskFailure when the command does not exist or is ambiguous, and
    InputError when the parameters are not the command's or the runs of a schedule would be closer together than its
    timeout.
    """
    if request.payload.script is not None:
        return None
    command = find_stored(client, request.payload, check=request.dry_run, warn=warn)
    if command is None:
        return None
    check_fit(client, request, command)
    text = name_warning(command.name, command.type)
    if text and warn and not command.public:
        warn(text)
    return command


def find_stored(client: Client, payload: Payload, *, check: bool, warn: Callable[[str], None] | None) -> Command | None:
    """Return the stored command that the payload names; with ``check``, None for one that an earlier task would create.

    ``warn`` gets a line for such a name. Raises TaskFailure when the command does not exist or is ambiguous.
    """
    if check and payload.command_id == PREDICTED_COMMAND_ID:
        return None
    command = find_one(client, command_id=payload.command_id, name=payload.command_name)
    if command is None and check and payload.command_name and warn:
        warn(predicted_command_warning(payload.command_name, client.region))
        return None
    if command is None:
        wanted = f"command_id: {payload.command_id}" if payload.command_id else f"command_name: {payload.command_name}"
        raise TaskFailure(f"{wanted}: the command does not exist in {client.region}")
    return command


def check_fit(client: Client, request: RunRequest, command: Command) -> None:
    """Raise InputError unless the command takes the values, and the runs of a schedule are its timeout apart."""
    _check_values(request.payload, command)
    if request.run_as.timeout is None:
        request.when.check_spacing(client.generation, command.timeout)


def _check_values(payload: Payload, command: Command) -> None:
    """Raise InputError unless the values are those that the command takes."""
    names: tuple[str, ...] = ()
    if payload.values and not command.enable_parameter:
        option = "parameters" if payload.parameters else "secret_parameters"
        raise InputError(
            option, f"command {command.name!r} does not take parameters: it was created without enable_parameter"
        )
    if command.enable_parameter:
        # the service names the parameters; from an endpoint that does not, they are read from the script
        names = command.parameter_names or ScriptContent(command.content).placeholders()
    match_parameters(payload.values, names, optional=command.optional_parameters, of=f"command {command.name!r}")
    check_values(command.definitions, payload.values)


def script_of(request: RunRequest, command: Command | None) -> ScriptContent | None:
    """Return what will run: the stored command's script, or the request's own; None where neither exists (yet)."""
    return request.payload.script if command is None else ScriptContent(command.content)


def script_type_of(request: RunRequest, command: Command | None) -> str:
    """Return the type of what will run."""
    return request.payload.type if command is None else command.type


def _own_script(request: RunRequest) -> ScriptContent:
    if request.payload.script is None:
        raise ValueError("a request brings a script or names a command")
    return request.payload.script


@contextmanager
def call_for(
    client: Client,
    request: RunRequest,
    command: Command | None,
    tags: Mapping[str, str],
    left_behind: Callable[[CloudError], None],
) -> Iterator[Call]:
    """Yield the call that runs the request; ``tags`` are those of the invocations.

    The classic generation has no RunCommand: there the script is stored for the time of the run and removed afterwards
    in any case. ``left_behind`` gets the error if it could not be removed.
    """
    if command is not None:
        yield _invoke(request, command, tags)
    elif client.generation == "classic":
        command = _store(client, request)
        try:
            yield replace(_invoke(request, command, tags), exclusive=True)
        finally:
            if not request.payload.keep_command:
                _remove(client, command, left_behind)
    else:
        yield _run(request, tags)


def dry_run_call(request: RunRequest, command: Command | None) -> Call:
    """Return the call that lets the service check the request without running it.

    It carries no Frequency, because any call with one becomes a real schedule, and leaves nothing behind.
    """
    call = _invoke(request, command, {}) if command is not None else _run(request, {})
    return replace(call, params={**call.params, "RepeatMode": "DryRun", "Frequency": None, "KeepCommand": None})


def _common(request: RunRequest, tags: Mapping[str, str]) -> dict[str, Any]:
    run_as, when = request.run_as, request.when
    return {
        "WorkingDir": run_as.working_dir,
        "Timeout": run_as.timeout,
        "RepeatMode": when.mode if when.scheduled else None,
        "Frequency": when.frequency,
        "Parameters": request.payload.values or None,
        "Username": run_as.username,
        "WindowsPasswordName": run_as.windows_password_name,
        "Tag": tags_to_rows(tags),
        "ResourceGroupId": request.targets.resource_group_id,
        "ContainerId": run_as.container_id and run_as.container_id.lower(),
        "ContainerName": run_as.container_name,
        "OssOutputDelivery": request.output.oss_output_delivery,
        "TerminationMode": TERMINATION_MODES[run_as.termination_mode] if run_as.termination_mode else None,
        "Launcher": run_as.launcher,
    }


def _run(request: RunRequest, tags: Mapping[str, str]) -> Call:
    payload = request.payload
    params = {
        "Name": payload.name,
        "Description": payload.description,
        "Type": payload.type,
        "CommandContent": _own_script(request).base64,
        "ContentEncoding": "Base64",
        "EnableParameter": True if payload.parameters_enabled else None,
        "KeepCommand": True if payload.keep_command else None,
        **_common(request, tags),
    }
    return Call("RunCommand", params, payload.type, request.run_as.timeout or DEFAULT_TIMEOUT)


def _invoke(request: RunRequest, command: Command, tags: Mapping[str, str]) -> Call:
    params = {"CommandId": command.command_id, **_common(request, tags)}
    if request.payload.script is not None:
        # what was stored for this run has them already
        params.update(WorkingDir=None, Timeout=None)
    timeout = request.run_as.timeout or command.timeout
    return Call("InvokeCommand", params, command.type, timeout, command.command_id)


def _store(client: Client, request: RunRequest) -> Command:
    """Store the script under a name that no other command has, and return it as a command."""
    payload, run_as = request.payload, request.run_as
    name = f"{(payload.name or 'run')[:64]}-{uuid.uuid4().hex[:16]}"
    script = _own_script(request)
    params = {
        "Name": name,
        "Type": payload.type,
        "Description": payload.description,
        "CommandContent": script.base64,
        "WorkingDir": run_as.working_dir,
        "Timeout": run_as.timeout,
    }
    try:
        command_id = client.call("CreateCommand", params)["CommandId"]
    except CloudError as error:
        if not error.may_have_taken_effect:
            raise
        # the name is ours alone, so what carries it was made by the lost call
        command_id = _find_stored(client, name)
        if not command_id:
            error.advise(f"If so, the script is stored as command {name!r}, which can be deleted.")
            raise
    return Command(command_id, name, payload.type, script.data, timeout=run_as.timeout or CLASSIC_DEFAULT_TIMEOUT)


def _find_stored(client: Client, name: str) -> str:
    """Return the id of the command of that name, which may take a moment to be seen; empty where there is none."""
    patience = Deadline(STORED_LAG)
    while True:
        try:
            found = find_commands(client, name=name)
        except CloudError:
            return ""  # the lost answer is what has to be reported
        if found or patience.expired():
            return found[0].command_id if found else ""
        patience.pause(STORED_LAG / 3)


def _remove(client: Client, command: Command, left_behind: Callable[[CloudError], None]) -> None:
    """Delete what was stored for the run."""
    try:
        client.call("DeleteCommand", {"CommandId": command.command_id})
    except CloudError as error:
        if not isinstance(error, ApiError) or error.code not in COMMAND_NOT_FOUND:
            # the service keeps a command that is still being run
            what = f"The command {command.command_id} ({command.name}) was stored for this run and could not be deleted"
            left_behind(TaskFailure(f"{what}; delete it after the script has ended: {error}", **error.result))
