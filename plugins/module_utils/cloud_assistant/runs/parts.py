# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The parts of a request to run something: what runs, as whom and where, when, under which identity, and how fast."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...alibaba.generations import DEFAULT_TIMEOUT
from ...common.checks import (
    check_choice,
    check_identifiers,
    check_ids,
    check_range,
    check_seconds,
    check_text,
    check_wait_timeout,
    refuse_empty,
)
from ...common.errors import InputError
from ...common.idempotency import check_client_token
from ..frequency import parse_frequency, read_frequency
from ..models import REPEAT_MODES
from ..parameters import merge_parameters, refuse_unknown, without_value
from ..scripts import (
    SCRIPT_TYPES,
    ScriptContent,
    check_launcher,
    check_working_dir,
    encoding_warning,
    name_warning,
    shell_warnings,
)
from ..tags import MAX_TAGS, check_tags
from ..targets import MAX_BATCH, check_batch_size

RUN_TEXT_LIMITS = {
    "name": 128,
    "description": 512,
    "working_dir": 200,
    "username": 255,
    "windows_password_name": 255,
}
"""Characters of each text of a run (RunCommand). The script has a limit of its own, in bytes."""

MIN_INVOKE_TIMEOUT = 10
"""Seconds (InvokeCommand, Timeout)."""

MAX_OUTPUT = 16 * 2**20
"""Bytes of each stream that are kept by default."""
LARGEST_OUTPUT = 2**30
"""Bytes of each stream that may be kept."""

LINUX_RCS = -1, 255
"""The least and the largest exit code of a shell script; the agent reports -1 for one that a signal has ended."""
ANY_RCS = -(2**31), 2**32 - 1
"""The same of any script: Windows has 32 bits, with or without a sign."""

_OSS = re.compile(r"oss://[a-z0-9][a-z0-9-]{1,61}[a-z0-9](/.*)?")
_CONTAINER_ID = re.compile(r"((docker|containerd|cri-o)://)?[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Payload:
    """What runs: a script, or the stored command of a name or an id, and the values of its parameters.

    Exactly one of ``script``, ``command_id`` and ``command_name`` is given.
    """

    script: ScriptContent | None = None
    command_id: str | None = None
    command_name: str | None = None
    type: str = "RunShellScript"
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secret_parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    enable_parameter: bool | None = None
    name: str | None = None
    description: str | None = None
    keep_command: bool = False

    @cached_property
    def values(self) -> dict[str, str]:
        """All parameters with their values, including the secret ones. Raises InputError for a bad name or value."""
        return merge_parameters(self.parameters, self.secret_parameters)

    @property
    def parameters_enabled(self) -> bool:
        """Whether the service looks for placeholders in the script: asked for, or needed by what is given."""
        if self.enable_parameter is not None:
            return self.enable_parameter
        return bool(self.parameters or self.secret_parameters or (self.script and self.script.uses_built_ins))

    def check(self, generation: str) -> None:
        """Raise InputError for the first thing that the service would reject."""
        given = [name for name in ("script", "command_id", "command_name") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InputError("command_id", "give exactly one of a script, command_id and command_name")
        check_ids(command_id=self.command_id)
        check_identifiers(command_name=self.command_name)
        _check_texts(self, "name", "description")
        values = self.values
        if self.script is not None:
            self._check_script(self.script, generation, values)

    def _check_script(self, script: ScriptContent, generation: str, values: Mapping[str, str]) -> None:
        check_choice("type", self.type, SCRIPT_TYPES)
        script.check_size(generation, values)
        if generation == "classic" or self.enable_parameter is False:
            if values:
                raise InputError("parameters", "have no effect while enable_parameter is false")
            return
        if self.parameters_enabled:
            script.check_names()
            refuse_unknown(values, script.placeholders())

    @property
    def rcs(self) -> tuple[int, int]:
        """The least and the largest exit code that may come."""
        return LINUX_RCS if self.script is not None and self.type == "RunShellScript" else ANY_RCS

    @property
    def omitted(self) -> tuple[str, ...]:
        """The names of the script's parameters that get no value, and so are empty."""
        if self.script is None or not self.parameters_enabled:
            return ()
        return without_value(self.values, self.script.placeholders())

    def warnings(self) -> list[str]:
        """Return what looks wrong about the script, although the service accepts it."""
        found: list[str | None] = []
        if self.script is not None:
            found.append(encoding_warning(self.script.data))
        if self.omitted:
            names = ", ".join(self.omitted)
            found.append(
                f"parameters: no values are given for {names}; the service replaces these placeholders with nothing"
            )
        if self.name is not None:
            found.append(name_warning(self.name, self.type))
        return [text for text in found if text]


@dataclass(frozen=True)
class RunAs:
    """As whom, where and how long the script runs on an instance. ``timeout`` is in seconds, None is the default."""

    username: str | None = None
    windows_password_name: str | None = None
    working_dir: str | None = None
    timeout: int | None = None
    launcher: str | None = None
    termination_mode: str | None = None
    container_id: str | None = None
    container_name: str | None = None

    @property
    def in_container(self) -> bool:
        """Whether the script runs in a container of the instance."""
        return self.container_id is not None or self.container_name is not None

    def warnings(self, payload: Payload) -> list[str]:
        """Return what looks wrong about the way that the payload runs, although the service accepts it."""
        found = []
        if self.in_container and (self.username or self.working_dir):
            found.append("username and working_dir have no effect in a container")
        if payload.script is not None and payload.type == "RunShellScript" and self.launcher is None:
            found += shell_warnings(payload.script.data)
        return found

    def check(self, payload: Payload) -> None:
        """Raise InputError for the first thing that the service would reject for this payload."""
        for option in ("username", "windows_password_name", "launcher"):
            # the service takes an empty text for none: a script that is meant for a user would run as root
            refuse_empty(option, getattr(self, option))
        _check_texts(self, "working_dir", "username", "windows_password_name")
        check_working_dir(self.working_dir, None if payload.script is None else payload.type)
        if self.launcher is not None:
            check_launcher(self.launcher)
        check_seconds("timeout", self.timeout, 1 if payload.script is not None else MIN_INVOKE_TIMEOUT)
        if self.container_id is not None and not _CONTAINER_ID.fullmatch(self.container_id):
            problem = "must be 64 hexadecimal digits, optionally prefixed with docker://, containerd:// or cri-o://"
            raise InputError("container_id", problem)
        check_identifiers(container_name=self.container_name)
        if payload.script is not None and payload.type != "RunShellScript":
            self._check_windows(payload.type)

    def _check_windows(self, script_type: str) -> None:
        if self.in_container:
            option = "container_id" if self.container_id else "container_name"
            raise InputError(option, f"only RunShellScript runs in containers, not {script_type}")
        if self.username and self.username.lower() != "system" and not self.windows_password_name:
            raise InputError(
                "windows_password_name", "is required to run as a user other than System on Windows instances"
            )


@dataclass(frozen=True)
class When:
    """When the script runs: now, on a schedule, or at the start of an instance."""

    repeat_mode: str | None = None
    frequency: str | None = None
    timed: bool | None = None

    @property
    def mode(self) -> str:
        """The API's word for when it runs: Once, Period, NextRebootOnly or EveryReboot."""
        if self.repeat_mode:
            return REPEAT_MODES[self.repeat_mode]
        return "Period" if self.frequency else "Once"

    @property
    def scheduled(self) -> bool:
        """Whether it runs later, on a schedule, instead of now."""
        return self.mode != "Once"

    def check(self, generation: str, timeout: int) -> None:
        """Raise InputError for a schedule that the service would reject; ``timeout`` of the script is in seconds."""
        check_choice("repeat_mode", self.repeat_mode, REPEAT_MODES)
        if self.timed and not self.frequency:
            raise InputError("frequency", "is required when timed is true")
        if self.timed is False and self.frequency:
            raise InputError("timed", "is false but frequency is set; the service would schedule the run")
        if self.repeat_mode == "period" and not self.frequency:
            raise InputError("frequency", "is required when repeat_mode is period")
        if self.frequency is not None and self.repeat_mode not in (None, "period"):
            problem = f"cannot be combined with repeat_mode {self.repeat_mode}; the service would run it on schedule"
            raise InputError("frequency", problem)
        self.check_spacing(generation, timeout)

    def notes(self) -> list[str]:
        """Return what the user may not expect of the schedule, as warnings."""
        return [] if self.frequency is None else read_frequency(self.frequency).notes()

    def check_spacing(self, generation: str, timeout: int) -> None:
        """Raise InputError when the runs of the schedule are closer together than ``timeout`` seconds (RunCommand).

        The documents of 2018 do not say so; their own example runs every minute with a time-out of an hour.
        """
        if self.frequency is not None:
            parse_frequency(self.frequency, timeout=None if generation == "classic" else timeout)


@dataclass(frozen=True)
class Identity:
    """What makes two starts the same run, and the tags by which its invocations are found."""

    client_token: str | None = None
    idempotency_key: str | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by_key(self) -> bool:
        """Whether the tokens of the calls come from the idempotency key."""
        return self.idempotency_key is not None and self.client_token is None

    def check(self) -> None:
        """Raise InputError for the first thing that the service would reject."""
        # each of these takes a tag of ours, without which an interrupted start could not be found again
        ours = sum(given is not None for given in (self.idempotency_key, self.client_token))
        check_tags(self.tags, limit=MAX_TAGS - ours)
        check_client_token(self.client_token)
        refuse_empty("idempotency_key", self.idempotency_key)


@dataclass(frozen=True)
class Pacing:
    """How the run is spread over the fleet, and how to wait for it. ``wait_timeout`` is in seconds.

    ``max_failures`` None never stops the launching of further batches; ``max_concurrent_batches`` None means one at a
    time under ``max_failures``, else all at once. An exit code in ``success_rcs`` counts as success.
    ``default_termination``: the termination mode is our default, not the user's. ``eager`` reads the output along with
    each state, which saves a call where the scripts are quick and print nothing before their end.
    """

    wait: bool = True
    wait_timeout: float | None = None
    batch_size: int = MAX_BATCH
    max_concurrent_batches: int | None = None
    max_failures: int | None = None
    unready: str = "fail"
    success_rcs: Sequence[int] = (0,)
    default_termination: bool = False
    eager: bool = False

    @property
    def skip(self) -> bool:
        """Whether instances that are not ready are left out."""
        return self.unready == "skip"

    def window(self, batches: int) -> int:
        """Return how many of the batches may run at the same time."""
        if self.max_concurrent_batches is not None:
            return self.max_concurrent_batches
        return 1 if self.max_failures is not None else max(1, batches)

    def check(self, *, scheduled: bool, rcs: tuple[int, int]) -> None:
        """Raise InputError for the first value that is out of range; ``rcs`` are the limits of exit codes."""
        check_batch_size(self.batch_size)
        if self.max_concurrent_batches is not None:
            check_range("max_concurrent_batches", self.max_concurrent_batches, 1)
        check_wait_timeout(self.wait_timeout)
        if self.max_failures is not None:
            check_range("max_failures", self.max_failures, 0)
            if not self.wait or scheduled:
                raise InputError("max_failures", "requires results to count: a run that starts now, with wait: true")
        if not self.success_rcs:
            raise InputError("success_rcs", "must not be an empty list; the default is [0]")
        for rc in self.success_rcs:
            check_range("success_rcs", rc, *rcs)
        check_choice("unready", self.unready, ("fail", "skip"))


@dataclass(frozen=True)
class Output:
    """How much of the output is kept: what the service keeps, or all of it up to ``max_output`` bytes per stream.

    With ``output_dir`` the complete output goes to files in this folder instead of the results.
    """

    output: str = "kept"
    max_output: int = MAX_OUTPUT
    output_dir: str | None = None
    oss_output_delivery: str | None = None

    @property
    def complete(self) -> bool:
        """Whether all of the output is wanted."""
        return self.output == "complete"

    @property
    def captured(self) -> bool:
        """Whether a wrapper keeps the output on the instance; a bucket gets all of it from the agent."""
        return self.complete and self.oss_output_delivery is None

    def check(self, payload: Payload, run_as: RunAs, *, scheduled: bool, wait: bool) -> None:
        """Raise InputError, with the reason, for a run whose output cannot be kept."""
        if self.oss_output_delivery is not None and not _OSS.fullmatch(self.oss_output_delivery):
            raise InputError(
                "oss_output_delivery", f"{self.oss_output_delivery!r} is not of the form oss://bucket/prefix"
            )
        check_range("max_output", self.max_output, 1, LARGEST_OUTPUT, "bytes")
        refuse_empty("output_dir", self.output_dir)
        if not self.complete:
            if self.output_dir is not None:
                raise InputError("output_dir", "requires output: complete")
            return
        reason = None
        if payload.script is None:
            reason = "for a stored command, because its script cannot be wrapped"
        elif payload.type != "RunShellScript":
            reason = f"for {payload.type}: the wrapper that keeps the output is a shell script"
        elif run_as.in_container:
            reason = "in a container, because the agent does not share its file system"
        elif scheduled:
            reason = "for scheduled runs, because the task does not wait for them"
        elif not wait:
            reason = "with wait: false, because the output is fetched after the run"
        if reason and self.captured:
            raise InputError("output", f"complete is not possible {reason}")


def spacing(payload: Payload, run_as: RunAs) -> int:
    """Return the seconds that runs of a schedule must be apart, as far as that is known without the stored command."""
    default = 0 if payload.script is None else DEFAULT_TIMEOUT
    return default if run_as.timeout is None else run_as.timeout


def _check_texts(part: object, *options: str) -> None:
    for option in options:
        check_text(option, getattr(part, option), RUN_TEXT_LIMITS[option], multiline=option == "description")
