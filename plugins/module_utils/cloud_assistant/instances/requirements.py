# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""What a run requires of the agents, and which agents are too old for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_SERIES = {"linux": (2, 2, 3), "windows": (2, 1, 3)}
"""The first numbers of the versions of agents; the last number means the same on both systems."""

_PLAIN_CRON_FIELDS = 6
_BUILT_IN = re.compile(rb"\{\{\s*ACS\s*::\s*(InstanceId|InstanceName|InvokeId|CommandId)\s*\}\}", re.IGNORECASE)


@dataclass(frozen=True)
class Requirement:
    """A feature, and the last number of the first agent version that has it (RunCommand)."""

    feature: str
    build: int


SCHEDULES = Requirement("a frequency with rate(), at(), a year or a time zone", 282)
IDS = Requirement("built-in parameters for ids", 309)
NAMES = Requirement("{{ACS::InstanceName}}", 344)
CONTAINERS = Requirement("a run in a container", 344)


def requirements(
    *, script: bytes = b"", frequency: str | None = None, in_container: bool = False, instances: int = 1
) -> tuple[Requirement, ...]:
    """Return what a run needs of agents; for a single instance, the service itself fills in what identifies it."""
    needed = []
    if frequency and ("(" in frequency or len(frequency.split()) != _PLAIN_CRON_FIELDS):
        needed.append(SCHEDULES)
    if in_container:
        needed.append(CONTAINERS)
    names = {name.decode().lower() for name in _BUILT_IN.findall(script)}
    if instances == 1:
        names -= {"instanceid", "instancename"}
    if "instancename" in names:
        needed.append(NAMES)
    elif names:
        needed.append(IDS)
    return tuple(needed)


def too_old(agent: Mapping[str, Any], needed: Iterable[Requirement]) -> str:
    """Return why the agent of a DescribeCloudAssistantStatus row is too old, "" when it is not, or not known to be."""
    version = str(agent.get("CloudAssistantVersion") or "")
    numbers = tuple(int(number) for number in re.findall(r"\d+", version))
    if len(numbers) < 4:
        return ""
    # the second number shows the system, where the service does not
    windows = str(agent.get("OSType") or "").lower() == "windows" or numbers[:2] == (2, 1)
    for requirement in needed:
        least = (*_SERIES["windows" if windows else "linux"], requirement.build)
        if numbers < least:
            wanted = ".".join(map(str, least))
            return f"its agent {version} is too old: {requirement.feature} requires {wanted} or later (see ecs_agent)"
    return ""
