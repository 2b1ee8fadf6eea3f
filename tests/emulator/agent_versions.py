# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agents can do since which version, and how an older one fails a task."""

from __future__ import annotations

import re
from typing import NamedTuple

from .fleet import Instance
from .state import Invocation

_PLAIN_CRON_FIELDS = 6
_BUILT_IN = re.compile(rb"\{\{\s*ACS\s*::\s*(InstanceId|InstanceName|InvokeId|CommandId)\s*\}\}")


class Feature(NamedTuple):
    """Something that agents can do since a version: the last two numbers on Linux and on Windows alike."""

    name: str
    least: int

    def version(self, instance: Instance) -> tuple[int, ...]:
        """Return the first version that has it on the instance's system."""
        return (2, 2 if instance.os_type == "linux" else 1, 3, self.least)

    def lacks(self, instance: Instance) -> str:
        """Return ErrorInfo for an instance whose agent is too old for it, "" for any other."""
        needed = self.version(instance)
        if instance.agent_numbers >= needed:
            return ""
        return f"{self.name} needs version {'.'.join(map(str, needed))} of the Cloud Assistant agent."


SESSIONS = Feature("Session Manager", 189)
_SCHEDULE = Feature("this schedule", 282)
_IDS = Feature("a built-in parameter for ids", 309)
_NAME = Feature("{{ACS::InstanceName}}", 344)
_CONTAINER = Feature("a run in a container", 344)
# the service checks this one itself
MODIFICATION = Feature("a change of a scheduled task", 542)
# an older agent knows neither and overlooks them: the script runs by sh, and a time-out ends the shell alone
LAUNCHER = TERMINATION_MODE = Feature("Launcher and TerminationMode", 579)


def needed(invocation: Invocation, instances: int) -> list[Feature]:
    """Return what the agents have to be able to do for an invocation on so many instances."""
    features = []
    if invocation.repeat_mode == "Period" and _is_new_schedule(invocation.frequency):
        features.append(_SCHEDULE)
    if invocation.container_id or invocation.container_name:
        features.append(_CONTAINER)
    if invocation.enable_parameter:
        names = {found.decode() for found in _BUILT_IN.findall(invocation.content)}
        # for one instance alone, the service knows what the instance is called
        for_each = names & {"InstanceId", "InstanceName"} if instances > 1 else set()
        if for_each | names & {"InvokeId", "CommandId"}:
            features.append(_NAME if "InstanceName" in for_each else _IDS)
    return features


def _is_new_schedule(frequency: str) -> bool:
    """Return whether a Frequency is rate(), at(), or a cron expression with a year or time zone."""
    return "(" in frequency or len(frequency.split()) != _PLAIN_CRON_FIELDS
