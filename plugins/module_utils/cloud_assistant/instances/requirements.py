# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Versions of agents: how they are written, what requires which, and which agents are too old for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...common.errors import InputError

_SERIES = {"linux": (2, 2, 3), "windows": (2, 1, 3)}
"""The first numbers of the versions of agents; the last number means the same on both systems."""

_MAX_DIGITS = 9
"""Digits in one part of a version: far more than any has."""
_PLAIN_CRON_FIELDS = 6
_BUILT_IN = re.compile(rb"\{\{\s*ACS\s*::\s*(InstanceId|InstanceName|InvokeId|CommandId)\s*\}\}", re.IGNORECASE)


@dataclass(frozen=True)
class Requirement:
    """A feature, and the last number of the first agent version that has it (RunCommand)."""

    feature: str
    build: int


SCHEDULES = Requirement("a frequency with rate(), at(), a year or a time zone", 282)
IDS = Requirement("a script with built-in parameters for IDs", 309)
NAMES = Requirement("{{ACS::InstanceName}}", 344)
CONTAINERS = Requirement("a run in a container", 344)
CHANGES = Requirement("a change of its schedule in place (ModifyInvocationAttribute)", 542)


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
    numbers = _version_of(agent)
    if len(numbers) < 4:
        return ""
    for requirement in needed:
        least = _first_version(requirement, agent)
        if numbers < least:
            version, wanted = agent["CloudAssistantVersion"], ".".join(map(str, least))
            return f"its agent {version} is too old: {requirement.feature} requires {wanted} or later (see ecs_agent)"
    return ""


def has_feature(agent: Mapping[str, Any], requirement: Requirement) -> bool:
    """Return whether the agent of such a row has the feature; one of an unknown version does not."""
    numbers = _version_of(agent)
    return bool(numbers) and numbers >= _first_version(requirement, agent)


def _first_version(requirement: Requirement, agent: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the first version with the feature on the system of the agent."""
    system = str(agent.get("OSType") or "").lower()
    # the second number shows the system, where the service does not
    windows = system == "windows" if system else _version_of(agent)[:2] == _SERIES["windows"][:2]
    return (*_SERIES["windows" if windows else "linux"], requirement.build)


def _version_of(agent: Mapping[str, Any]) -> tuple[int, ...]:
    return read_version(str(agent.get("CloudAssistantVersion") or ""))


def parse_version(text: str, option: str = "min_version") -> tuple[int, ...]:
    """Return the numbers of a version such as 2.2.3.189. Raises InputError for any other form."""
    parts = text.strip().split(".")
    if not all(part.isascii() and part.isdigit() and len(part) <= _MAX_DIGITS for part in parts):
        raise InputError(option, f"{text!r} is not a version such as 2.2.3.189")
    return tuple(int(part) for part in parts)


def read_version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version that the service reports, none for one in another form."""
    try:
        return parse_version(text)
    except InputError:
        return ()
