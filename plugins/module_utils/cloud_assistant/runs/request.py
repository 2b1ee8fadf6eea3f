# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""A request to run a script or a stored command on instances, and whether the service could carry it out at all."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from ...alibaba.generations import frequency_in, refuse_missing
from ...common.errors import InputError
from ..scripts import ScriptContent
from ..targets import Targets
from .capture import wrap
from .parts import Identity, Output, Pacing, Payload, RunAs, When, spacing

_PARTS: dict[str, type[Any]] = {
    "payload": Payload,
    "run_as": RunAs,
    "when": When,
    "identity": Identity,
    "pacing": Pacing,
    "output": Output,
}


@dataclass(frozen=True)
class RunRequest:
    """What to run, on which instances, and how. ``dry_run`` lets the service check the calls, and runs nothing."""

    targets: Targets
    payload: Payload = field(default_factory=Payload)
    run_as: RunAs = field(default_factory=RunAs)
    when: When = field(default_factory=When)
    identity: Identity = field(default_factory=Identity)
    pacing: Pacing = field(default_factory=Pacing)
    output: Output = field(default_factory=Output)
    dry_run: bool = False

    @classmethod
    def of(cls, targets: Targets, script: ScriptContent | None = None, **options: Any) -> RunRequest:
        """Build the request from the options of a task, each of which belongs to one part.

        Raises TypeError for an option that no part has.
        """
        options["script"] = script
        parts: dict[str, Any] = {}
        for name, part in _PARTS.items():
            own = {item.name for item in fields(part)} & options.keys()
            parts[name] = part(**{option: options.pop(option) for option in own})
        return cls(targets, **parts, **options)

    def altered(self, targets: Targets | None = None, **options: Any) -> RunRequest:
        """Return the request with other targets or options."""
        return RunRequest.of(targets or self.targets, **{**self.options, "dry_run": self.dry_run, **options})

    def captured(self) -> RunRequest:
        """Return the request that runs the script in the wrapper which keeps its output on the instance.

        Raises InputError for a script that cannot be wrapped, or is too long with the wrapper.
        """
        script = self.payload.script
        if script is None:
            raise ValueError("only a script can be wrapped")
        wrapped = wrap(script, self.run_as.launcher, self.output.max_output)
        try:
            wrapped.check_size(parameters=self.payload.values)
        except InputError as error:
            added = len(wrapped.data) - len(script.data)
            raise InputError(error.option, f"{error.problem}; output: complete adds {added} bytes to it") from None
        return self.altered(script=wrapped, launcher=None)

    @property
    def options(self) -> dict[str, Any]:
        """The options of all parts by their names."""
        parts = [(getattr(self, name), part) for name, part in _PARTS.items()]
        return {item.name: getattr(value, item.name) for value, part in parts for item in fields(part)}

    def check(self, generation: str = "current") -> None:
        """Raise InputError for the first thing that the service of this generation would reject.

        What depends on a stored command is checked once that is known.
        """
        if generation == "classic":
            self._check_classic()
        self.payload.check(generation)
        self.run_as.check(self.payload)
        self.when.check(generation, spacing(self.payload, self.run_as))
        self.pacing.check(scheduled=self.when.scheduled, rcs=self.payload.rcs)
        self.identity.check()
        self.output.check(self.payload, self.run_as, scheduled=self.when.scheduled, wait=self.pacing.wait)

    def _check_classic(self) -> None:
        targets = {"resource_tags": self.targets.tags, "resource_group_id": self.targets.resource_group_id}
        refuse_missing("classic", {**self.options, **targets})
        if self.when.mode in ("NextRebootOnly", "EveryReboot"):
            raise InputError("repeat_mode", f"{self.when.repeat_mode} is not possible with api_generation=classic")
        if self.when.frequency is not None:
            frequency_in("classic", self.when.frequency)
        if self.payload.script is None:
            for option in ("timeout", "working_dir"):
                if getattr(self.run_as, option) is not None:
                    problem = "is not possible with api_generation=classic: set it on the stored command"
                    raise InputError(option, problem)
        elif (self.when.scheduled or not self.pacing.wait) and not self.payload.keep_command:
            problem = "with api_generation=classic a script runs as a stored command that is deleted after the run; "
            option = "frequency" if self.when.scheduled else "wait"
            raise InputError(option, f"{problem}set keep_command: true to leave it in place")
