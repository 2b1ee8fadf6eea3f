# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated instances: fleet rows, their defaults, and what changes while they live."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .agent_queue import AgentQueue
from .documents import FLAG, TEXTS, Wanted, check_keys, one_of
from .pretence import PretendedRun
from .waiters import Waiters

AGENT_VERSIONS = {"linux": "2.2.3.964", "windows": "2.1.3.964"}
# The instance side's own account of agent start-up, as DescribeInstances spells the system.
_OS_NAMES = {
    "linux": "Alibaba Cloud Linux  3.2104 LTS 64-bit",
    "windows": "Windows Server  2022 Datacenter Edition 64-bit",
}
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")


@dataclass
class Instance:
    """One row of the fleet. ``wait_reachable`` is how a delivery waits for the agent to come online."""

    id: str
    region: str
    name: str
    status: str = "Running"
    os_type: str = "linux"
    network_type: str = "vpc"
    zone: str = ""
    vpc_id: str = ""
    vswitch_id: str = ""
    private_ip: str = ""
    public_ip: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    resource_group_id: str = ""
    agent_installed: bool = True
    agent_online: bool = True
    agent_version: str = ""
    # whether the agent hands the name of a command to a shell, as the recorded one does
    names_in_shell: bool = False
    shell: str = "dash"
    # programs of the machine that are not on the instance
    without: list[str] = field(default_factory=list)
    noexec_tmp: bool = False
    security_group_ids: list[str] = field(default_factory=list)
    instance_type: str = "ecs.g7.large"
    deletion_protection: bool = False
    charge_type: str = "PostPaid"
    image_id: str = ""
    host_name: str = ""
    time_zone: str = "UTC"
    created: float = 0.0
    started: float = 0.0
    released: bool = False
    # why running scripts were cut off last: InstanceReleased, InstanceNotRunning, InstanceRestarted
    cut_off: str = ""
    invocation_count: int = 0
    last_invoked: float | None = None
    active_tasks: int = 0
    last_heartbeat: float | None = None
    agent: Any = None
    queue: AgentQueue | None = None
    # scripts that only seem to run, by their InvokeId
    pretended: dict[str, PretendedRun] = field(default_factory=dict)
    # how often it has gone down
    boots: int = 0
    # a restart or stop that a script has asked for, and that is not yet due
    shutdown: asyncio.Task[None] | None = None
    _waiters: Waiters = field(default_factory=Waiters)

    @property
    def reachable(self) -> bool:
        """Whether the agent can be given a task now."""
        return not self.released and self.status == "Running" and self.agent_installed and self.agent_online

    @property
    def agent_numbers(self) -> tuple[int, ...]:
        """The agent's version as numbers to compare."""
        return tuple(int(part) for part in self.agent_version.split(".") if part.isdigit())

    @property
    def os_name(self) -> str:
        """The name of the operating system, as DescribeInstances shows it."""
        return _OS_NAMES[self.os_type]

    def changed(self) -> None:
        """Wake all who wait for a change of this instance."""
        self._waiters.wake()

    async def wait_change(self) -> None:
        """Return at the next change of status or agent."""
        await self._waiters.next_change()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_zone(value: Any) -> bool:
    try:
        return bool(_is_text(value) and ZoneInfo(value))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False


_TEXT = ("a text", _is_text)
# what a row may say of its instance, and how to tell; an id is also the name of the instance's directory
_DIRECT: dict[str, Wanted] = {
    "name": _TEXT,
    "status": one_of("Pending", "Running", "Starting", "Stopping", "Stopped"),
    "os_type": ("linux or windows", lambda value: isinstance(value, str) and value.lower() in AGENT_VERSIONS),
    "network_type": one_of("vpc", "classic"),
    "zone": _TEXT,
    "vpc_id": _TEXT,
    "vswitch_id": _TEXT,
    "private_ip": ("an IPv4 address", lambda value: _is_text(value) and bool(_ADDRESS.fullmatch(value))),
    "public_ip": _TEXT,
    "tags": TEXTS,
    "resource_group_id": _TEXT,
    "shell": one_of("dash", "bash"),
    "without": (
        "a list of names of programs",
        lambda value: isinstance(value, list) and all(_is_text(name) and "/" not in name for name in value),
    ),
    "noexec_tmp": FLAG,
    "security_group_ids": ("a list of texts", lambda value: isinstance(value, list) and all(map(_is_text, value))),
    "instance_type": _TEXT,
    "deletion_protection": FLAG,
    "charge_type": one_of("PostPaid", "PrePaid"),
    "image_id": _TEXT,
    "host_name": _TEXT,
    "time_zone": ("the name of a time zone", _is_zone),
}
_KEYS = {
    **_DIRECT,
    "id": (
        "letters, digits, dots, hyphens and underscores, not beginning with a dot",
        lambda value: isinstance(value, str) and bool(_ID.fullmatch(value)),
    ),
    "region": _TEXT,
    "agent": ("an object with installed, online, version or names_in_shell", lambda value: isinstance(value, Mapping)),
}
_AGENT_KEYS = {"installed": FLAG, "online": FLAG, "version": _TEXT, "names_in_shell": FLAG}


def _check_row(row: Mapping[str, Any], number: int) -> None:
    """Raise ValueError, which names the row, for what it cannot say of its instance."""
    try:
        check_keys(row, _KEYS)
    except ValueError as error:
        raise ValueError(f"fleet row {number}: {error}") from None
    try:
        check_keys(row.get("agent") or {}, _AGENT_KEYS)
    except ValueError as error:
        raise ValueError(f"fleet row {number}, agent: {error}") from None


def _private_address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def make_instance(row: Mapping[str, Any], number: int, default_region: str, now: float) -> Instance:
    """Return an instance from a fleet row; what the row does not say has a default that depends on its number."""
    _check_row(row, number)
    agent = row.get("agent") or {}
    region = row.get("region") or default_region
    values = {key: row[key] for key in _DIRECT if row.get(key) is not None}
    os_type = values.get("os_type", "linux").lower()
    network = values.get("network_type", "vpc")
    installed = agent.get("installed", True)
    identity = row.get("id") or f"i-{region.replace('-', '')[:4]}emu{number:012d}"
    instance = Instance(id=identity, region=region, name=values.pop("name", None) or f"node-{number:04d}")
    for key, value in values.items():
        setattr(instance, key, value)
    instance.os_type = os_type
    instance.tags = dict(instance.tags)
    instance.zone = instance.zone or f"{region}-{'abc'[number % 3]}"
    if network == "vpc":
        instance.vpc_id = instance.vpc_id or f"vpc-{region.replace('-', '')[:4]}default"
        instance.vswitch_id = instance.vswitch_id or f"vsw-{region.replace('-', '')[:4]}{instance.zone[-1]}"
    instance.private_ip = instance.private_ip or _private_address(number + 256)
    instance.security_group_ids = list(instance.security_group_ids) or [f"sg-{region.replace('-', '')[:4]}default"]
    instance.image_id = instance.image_id or (
        "aliyun_3_x64_20G_alibase_20260101.vhd" if os_type == "linux" else "win2022_x64_dtc_en-us_40G_alibase.vhd"
    )
    instance.host_name = instance.host_name or instance.id.replace("i-", "iZ")[:30] + "Z"
    instance.agent_installed = installed
    instance.agent_online = installed and agent.get("online", True)
    instance.names_in_shell = agent.get("names_in_shell") or False
    instance.agent_version = agent.get("version") or AGENT_VERSIONS[os_type]
    instance.created = instance.started = now
    # one that is offline, or whose instance is stopped, was there until the emulator started
    instance.last_heartbeat = now if installed else None
    return instance


def make_fleet(rows: list[Mapping[str, Any]], default_region: str, now: float) -> dict[str, Instance]:
    """Return all instances by id, in the order of the rows; two rows with one id are refused."""
    fleet: dict[str, Instance] = {}
    for number, row in enumerate(rows, start=1):
        instance = make_instance(row, number, default_region, now)
        if instance.id in fleet:
            raise ValueError(f"fleet row {number}: the id {instance.id} is used twice")
        fleet[instance.id] = instance
    return fleet


# the rows of ECS instances, or those and the rows of CloudDC instances: {"instances": [...], "clouddc": [...]}
FleetDocument = list[Mapping[str, Any]] | Mapping[str, list[Mapping[str, Any]]]


def split_fleet(document: FleetDocument) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]] | None]:
    """Return the rows of ECS and of CloudDC instances, None where the document has nothing of the latter."""
    parts = document if isinstance(document, Mapping) else {"instances": document}
    unknown = set(parts) - {"instances", "clouddc"}
    if unknown:
        raise ValueError(f"a fleet has instances and clouddc, not {', '.join(sorted(unknown))}")
    for rows in parts.values():
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise ValueError("the rows of a fleet are a JSON list of objects")
    return list(parts.get("instances", [])), parts.get("clouddc")


def read_fleet(path: Path) -> FleetDocument:
    """Return the document in a fleet file."""
    try:
        document: FleetDocument = json.loads(path.read_text(encoding="utf-8"))
        split_fleet(document)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return document
