# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to the call that carries it out: RunCommand for a script, InvokeCommand for a stored command."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ...alibaba.client import Client
from ...common.errors import ApiError, CloudError, InputError, TaskFailure, TransportError
from ..commands.listing import COMMAND_NOT_FOUND, find_commands, find_one
from ..models import DEFAULT_TIMEOUT, TERMINATION_MODES, Command
from ..scripts import ScriptContent, match_parameters
from ..tags import tags_to_rows
from .request import RunRequest
from .sending import Order

CLASSIC_TIMEOUT = 3600
"""Seconds that a command may run when nobody says otherwise (CreateCommand of 2018, TimeOut)."""


def stored_command(client: Client, request: RunRequest) -> Command | None:
    """Return the stored command that the request names, None when it brings a script of its own.

    Raises TaskFailure when there is none, or more than one, and InputError when the parameters are not the command's or
    the runs would come closer than its timeout.
    """
    if request.script is not None:
        return None
    command = find_one(client, command_id=request.command_id, name=request.command_name)
    if command is None:
        wanted = f"command_id: {request.command_id}" if request.command_id else f"command_name: {request.command_name}"
        raise TaskFailure(f"{wanted}: there is no such command in {client.region}")
    names: tuple[str, ...] = ()
    if request.values and not command.enable_parameter:
        option = "parameters" if request.parameters else "secret_parameters"
        raise InputError(option, f"command {command.name!r} takes none: it was created without enable_parameter")
    if command.enable_parameter:
        # the service names the parameters; from an endpoint that does not, they are read from the script
        names = command.parameter_names or ScriptContent(command.content).placeholders()
    match_parameters(request.values, names, optional=command.optional_parameters, of=f"command {command.name!r}")
    if request.timeout is None:
        request.check_spacing(client.generation, command.timeout)
    return command


def script_of(request: RunRequest, command: Command | None) -> ScriptContent:
    """Return what will run: the request's own script, or the stored command's."""
    if command is not None:
        return ScriptContent(command.content)
    if request.script is None:
        raise ValueError("a request brings a script or names a command")
    return request.script


@contextmanager
def order_for(
    client: Client,
    request: RunRequest,
    command: Command | None,
    tags: Mapping[str, str],
    left_behind: Callable[[CloudError], None],
) -> Iterator[Order]:
    """Yield the call that runs the request; ``tags`` go on the invocations.

    The classic generation has no RunCommand: there the script is stored for the time of the run, and removed whatever
    happens meanwhile. ``left_behind`` is told when that was not possible.
    """
    if command is not None:
        yield _invoke(request, command, tags)
    elif client.generation == "classic":
        command = _store(client, request)
        try:
            yield replace(_invoke(request, command, tags), exclusive=True)
        finally:
            if not request.keep_command:
                _remove(client, command, left_behind)
    else:
        yield _run(request, tags)


def dry_order(request: RunRequest, command: Command | None) -> Order:
    """Return the call that lets the service check the request without running it.

    It carries no Frequency, because any call with one becomes a real schedule, and leaves nothing behind.
    """
    order = _invoke(request, command, {}) if command is not None else _run(request, {})
    return replace(order, params={**order.params, "RepeatMode": "DryRun", "Frequency": None, "KeepCommand": None})


def _common(request: RunRequest, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "WorkingDir": request.working_dir,
        "Timeout": request.timeout,
        "RepeatMode": request.mode if request.scheduled else None,
        "Frequency": request.frequency,
        "Parameters": request.values or None,
        "Username": request.username,
        "WindowsPasswordName": request.windows_password_name,
        "Tag": tags_to_rows(tags),
        "ResourceGroupId": request.targets.resource_group_id,
        "ContainerId": request.container_id,
        "ContainerName": request.container_name,
        "OssOutputDelivery": request.oss_output_delivery,
        "TerminationMode": TERMINATION_MODES[request.termination_mode] if request.termination_mode else None,
        "Launcher": request.launcher,
    }


def _run(request: RunRequest, tags: Mapping[str, str]) -> Order:
    params = {
        "Name": request.name,
        "Description": request.description,
        "Type": request.type,
        "CommandContent": script_of(request, None).base64,
        "ContentEncoding": "Base64",
        "EnableParameter": True if request.parameters_enabled else None,
        "KeepCommand": True if request.keep_command else None,
        **_common(request, tags),
    }
    return Order("RunCommand", params, request.type, request.timeout or DEFAULT_TIMEOUT)


def _invoke(request: RunRequest, command: Command, tags: Mapping[str, str]) -> Order:
    params = {"CommandId": command.command_id, **_common(request, tags)}
    if request.script is not None:
        # what was stored for this run has them already
        params.update(WorkingDir=None, Timeout=None)
    return Order("InvokeCommand", params, command.type, request.timeout or command.timeout, command.command_id)


def _store(client: Client, request: RunRequest) -> Command:
    """Store the script under a name that no other command has, and return it as a command."""
    name = f"{(request.name or 'run')[:64]}-{uuid.uuid4().hex[:16]}"
    script = script_of(request, None)
    params = {
        "Name": name,
        "Type": request.type,
        "Description": request.description,
        "CommandContent": script.base64,
        "WorkingDir": request.working_dir,
        "Timeout": request.timeout,
    }
    try:
        command_id = str(client.call("CreateCommand", params)["CommandId"])
    except TransportError as error:
        if not error.may_have_arrived:
            raise
        # the name is ours alone, so what carries it was made by the lost call
        made = find_commands(client, name=name)
        if not made:
            raise
        command_id = made[0].command_id
    return Command(command_id, name, request.type, script.data, timeout=request.timeout or CLASSIC_TIMEOUT)


def _remove(client: Client, command: Command, left_behind: Callable[[CloudError], None]) -> None:
    """Delete what was stored for the run."""
    try:
        client.call("DeleteCommand", {"CommandId": command.command_id})
    except CloudError as error:
        if not isinstance(error, ApiError) or error.code not in COMMAND_NOT_FOUND:
            # the service keeps a command that is still being run
            what = f"The command {command.command_id} ({command.name}) was stored for this run and could not be deleted"
            left_behind(TaskFailure(f"{what}; delete it when the script is over: {error}", **error.result))
