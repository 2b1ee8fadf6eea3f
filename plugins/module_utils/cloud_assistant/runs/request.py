# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user asks for when a script is to run, and whether the service could take it at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ...alibaba.generations import frequency_in, refuse_missing
from ...common.checks import (
    check_identifiers,
    check_range,
    check_seconds,
    check_text,
    check_wait_timeout,
    refuse_empty,
)
from ...common.errors import InputError
from ...common.idempotency import check_client_token
from ..frequency import parse_frequency
from ..models import DEFAULT_TIMEOUT, REPEAT_MODES
from ..scripts import SCRIPT_TYPES, ScriptContent, check_launcher, match_parameters, merge_parameters
from ..tags import MAX_TAGS, check_tags
from ..targets import MAX_BATCH, Targets, check_batch_size

MAX_LENGTHS = {
    "name": 128,
    "description": 512,
    "working_dir": 200,
    "username": 255,
    "windows_password_name": 255,
}
"""Characters (RunCommand)."""

MIN_INVOKE_TIMEOUT = 10
"""Seconds (InvokeCommand, Timeout)."""

_CONTAINER_ID = re.compile(r"((docker|containerd|cri-o)://)?[0-9a-fA-F]{64}")
_OSS = re.compile(r"oss://[a-z0-9][a-z0-9-]{1,61}[a-z0-9](/.*)?")


@dataclass(frozen=True)
class RunRequest:
    """A script (or a stored command) to run on instances, and how.

    Exactly one of ``script``, ``command_id`` and ``command_name`` says what runs. ``timeout`` and ``wait_timeout`` are
    in seconds; None takes the default. ``max_failures`` None never stops the launching of further batches;
    ``max_concurrent_batches`` None means one at a time under ``max_failures``, else all at once.
    ``dry_run`` asks the service to check the call, and runs nothing.
    """

    targets: Targets
    script: ScriptContent | None = None
    command_id: str | None = None
    command_name: str | None = None
    type: str = "RunShellScript"
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secret_parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    enable_parameter: bool | None = None
    name: str | None = None
    description: str | None = None
    username: str | None = None
    windows_password_name: str | None = None
    working_dir: str | None = None
    timeout: int | None = None
    launcher: str | None = None
    termination_mode: str | None = None
    container_id: str | None = None
    container_name: str | None = None
    repeat_mode: str | None = None
    frequency: str | None = None
    timed: bool | None = None
    keep_command: bool = False
    tags: Mapping[str, Any] = field(default_factory=dict)
    oss_output_delivery: str | None = None
    client_token: str | None = None
    idempotency_key: str | None = None
    wait: bool = True
    wait_timeout: float | None = None
    batch_size: int = MAX_BATCH
    max_concurrent_batches: int | None = None
    max_failures: int | None = None
    unready: str = "fail"
    dry_run: bool = False

    @property
    def mode(self) -> str:
        """The API's word for when it runs: Once, Period, NextRebootOnly or EveryReboot."""
        if self.repeat_mode:
            return REPEAT_MODES[self.repeat_mode]
        return "Period" if self.frequency else "Once"

    @property
    def scheduled(self) -> bool:
        """Whether it runs later by itself instead of now."""
        return self.mode != "Once"

    @property
    def values(self) -> dict[str, str]:
        """All parameters with their values, the secret ones included."""
        return merge_parameters(self.parameters, self.secret_parameters)

    @property
    def parameters_enabled(self) -> bool:
        """Whether the service looks for placeholders in the script: asked for, or needed by what is given."""
        if self.enable_parameter is not None:
            return self.enable_parameter
        return bool(self.parameters or self.secret_parameters or (self.script and self.script.uses_built_ins))

    def check(self, generation: str = "current") -> None:
        """Raise InputError for the first thing that the service of this generation would not take.

        What depends on a stored command is checked once that is known.
        """
        if generation == "classic":
            self._check_classic()
        self._check_script(generation)
        self._check_texts()
        self._check_place()
        self._check_schedule(generation)
        self._check_batches()
        # each of these takes a tag of ours, without which an interrupted start could not be found again
        ours = sum(identity is not None for identity in (self.idempotency_key, self.client_token))
        check_tags(self.tags, limit=MAX_TAGS - ours)
        if self.client_token is not None:
            check_client_token(self.client_token)
        refuse_empty("idempotency_key", self.idempotency_key)

    def _check_classic(self) -> None:
        options = {item.name: getattr(self, item.name) for item in fields(self)}
        targets = {"resource_tags": self.targets.tags, "resource_group_id": self.targets.resource_group_id}
        refuse_missing("classic", {**options, **targets})
        if self.mode in ("NextRebootOnly", "EveryReboot"):
            raise InputError("repeat_mode", f"{self.repeat_mode} is not possible with api_generation=classic")
        if self.frequency is not None:
            frequency_in("classic", self.frequency)
        if self.script is None:
            for option in ("timeout", "working_dir"):
                if getattr(self, option) is not None:
                    problem = "is not possible with api_generation=classic: set it on the stored command"
                    raise InputError(option, problem)
        elif (self.scheduled or not self.wait) and not self.keep_command:
            problem = "with api_generation=classic a script runs as a stored command that is deleted after the run; "
            option = "frequency" if self.scheduled else "wait"
            raise InputError(option, f"{problem}set keep_command: true to leave it in place")

    def _check_script(self, generation: str) -> None:
        given = [name for name in ("script", "command_id", "command_name") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InputError("command_id", "give exactly one of a script, command_id and command_name")
        check_identifiers(command_id=self.command_id, command_name=self.command_name)
        values = self.values
        if self.script is None:
            return
        if self.type not in SCRIPT_TYPES:
            raise InputError("type", f"{self.type!r} is unknown; known are {', '.join(SCRIPT_TYPES)}")
        self.script.check_size(generation, values)
        if generation == "classic" or self.enable_parameter is False:
            if values:
                raise InputError("parameters", "are of no use while enable_parameter is false")
            return
        if self.parameters_enabled:
            self.script.check_names()
        names = self.script.placeholders()
        if names and not values:
            shown = ", ".join(f"{{{{{name}}}}}" for name in names)
            problem = f"no value is given for {shown}; set enable_parameter: false if it is meant literally"
            raise InputError("parameters", problem)
        match_parameters(values, names)

    def _check_texts(self) -> None:
        for option, limit in MAX_LENGTHS.items():
            check_text(option, getattr(self, option), limit, multiline=option == "description")
        if self.launcher is not None:
            check_launcher(self.launcher)
        check_seconds("timeout", self.timeout, 1 if self.script is not None else MIN_INVOKE_TIMEOUT)
        if self.oss_output_delivery is not None and not _OSS.fullmatch(self.oss_output_delivery):
            raise InputError("oss_output_delivery", f"{self.oss_output_delivery!r} is not oss://bucket/prefix")

    def _check_place(self) -> None:
        """Check user and container: who runs the script, and where on the instance."""
        if self.container_id is not None and not _CONTAINER_ID.fullmatch(self.container_id):
            problem = "must be 64 hexadecimal digits, with docker://, containerd:// or cri-o:// in front if needed"
            raise InputError("container_id", problem)
        check_identifiers(container_name=self.container_name)
        if self.script is None or self.type == "RunShellScript":
            return
        option = "container_id" if self.container_id else "container_name" if self.container_name else None
        if option:
            raise InputError(option, f"only RunShellScript runs in containers, not {self.type}")
        if self.username and self.username.lower() != "system" and not self.windows_password_name:
            raise InputError("windows_password_name", "is needed to run as another user than System on Windows")

    def check_spacing(self, generation: str, timeout: int) -> None:
        """Raise InputError when the runs of the schedule come closer than the ``timeout`` in seconds (RunCommand).

        The documents of 2018 do not say so; their own example runs every minute with a time-out of an hour.
        """
        if self.frequency is not None:
            parse_frequency(self.frequency, timeout=None if generation == "classic" else timeout)

    def _check_schedule(self, generation: str) -> None:
        if self.repeat_mode is not None and self.repeat_mode not in REPEAT_MODES:
            raise InputError("repeat_mode", f"{self.repeat_mode!r} is unknown; known are {', '.join(REPEAT_MODES)}")
        if self.timed and not self.frequency:
            raise InputError("frequency", "is required when timed is true")
        if self.timed is False and self.frequency:
            raise InputError("timed", "is false, yet there is a frequency; the service would run it on schedule")
        if self.repeat_mode == "period" and not self.frequency:
            raise InputError("frequency", "is required when repeat_mode is period")
        if self.frequency is None:
            return
        if self.repeat_mode not in (None, "period"):
            problem = f"cannot go with repeat_mode {self.repeat_mode}; the service would run it on schedule"
            raise InputError("frequency", problem)
        # a stored command may bring a longer timeout; that is looked at once it is known
        default = 0 if self.script is None else DEFAULT_TIMEOUT
        self.check_spacing(generation, default if self.timeout is None else self.timeout)

    def _check_batches(self) -> None:
        check_batch_size(self.batch_size)
        if self.max_concurrent_batches is not None:
            check_range("max_concurrent_batches", self.max_concurrent_batches, 1)
        check_wait_timeout(self.wait_timeout)
        if self.max_failures is not None:
            check_range("max_failures", self.max_failures, 0)
            if not self.wait or self.scheduled:
                raise InputError("max_failures", "needs results to count: a run that starts now, with wait: true")
        if self.unready not in ("fail", "skip"):
            raise InputError("unready", f"{self.unready!r} is unknown; known are fail and skip")
