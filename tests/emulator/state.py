# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated cloud knows: regions, instances, commands, invocations and their records."""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .clock import Clock
from .faults import FaultRule, Faults
from .fleet import FleetDocument, Instance, make_fleet, split_fleet
from .huawei.state import HuaweiState
from .options import Options, changed
from .throttling import Throttle
from .tokens import ClientTokens

REGIONS: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "data" / "regions.json").read_text(encoding="utf-8")
)
PUBLIC_COMMANDS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "public_commands.json").read_text(encoding="utf-8")
)
INVOCATION_RETENTION_S = 30 * 86400
INVOCATION_RETENTION_RECORDS = 10_000
FILE_RETENTION_S = 86400
FILE_RETENTION_RECORDS = 1_000
# Status words of one instance, by what they mean for the whole (DescribeInvocations, InvocationStatus)
FAILED = {"Invalid", "Aborted", "Failed", "Timeout", "Error"}
STOPPED = {"Cancelled", "Terminated"}
FINAL = FAILED | STOPPED | {"Success"}


@dataclass
class Command:
    """A stored command, a command that lives only as long as its one run, or a public one."""

    id: str
    name: str
    type: str
    content: bytes
    description: str = ""
    working_dir: str = ""
    timeout: int = 60
    enable_parameter: bool = False
    launcher: str = ""
    resource_group_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    created: float = 0.0
    parameter_names: list[str] = field(default_factory=list)
    kept: bool = True
    deleted: bool = False
    invoke_times: int = 0
    provider: str = ""
    category: str = ""
    version: int = 0
    latest: bool = True
    parameter_definitions: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Run:
    """One execution of an invocation on one instance. Times are seconds since the epoch on the emulated clock."""

    record: Record
    status: str = "Running"
    started: float | None = None
    finished: float | None = None
    stop_time: float | None = None
    exit_code: int | None = None
    output: bytes = b""
    dropped: int = 0
    error_code: str = ""
    error_info: str = ""
    repeats: int = 1

    def add_output(self, chunk: bytes) -> None:
        """Take output that the agent sends while the script still runs."""
        self.output += chunk


@dataclass
class Record:
    """An invocation on one instance; ``run`` is its latest execution."""

    invocation: Invocation
    instance_id: str
    status: str = "Pending"
    created: float = 0.0
    updated: float = 0.0
    stop_time: float | None = None
    error_code: str = ""
    error_info: str = ""
    run: Run | None = None
    repeats: int = 0
    stopping: bool = False
    task: Any = None
    # the row that DescribeInvocations shows, with what it depends on
    shown: tuple[tuple[float, str], dict[str, Any]] | None = None


@dataclass
class Invocation:
    """A run of a command on instances, with the command as it was then."""

    id: str
    region: str
    command: Command
    created: float
    timeout: int
    content: bytes
    working_dir: str = ""
    username: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    enable_parameter: bool = False
    repeat_mode: str = "Once"
    frequency: str = ""
    termination_mode: str = ""
    launcher: str = ""
    container_id: str = ""
    container_name: str = ""
    oss_output: str = ""
    resource_group_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    classic: bool = False
    timed: bool = False
    records: dict[str, Record] = field(default_factory=dict)
    history: list[Run] = field(default_factory=list)

    @property
    def repeating(self) -> bool:
        """Whether it may run more than once or at a later time."""
        return self.repeat_mode in ("Period", "NextRebootOnly", "EveryReboot")

    @property
    def live(self) -> bool:
        """Whether any instance has not ended."""
        return any(record.status not in FINAL for record in self.records.values())


@dataclass
class FileRecord:
    """A file's delivery to one instance."""

    instance_id: str
    status: str = "Pending"
    created: float = 0.0
    updated: float = 0.0
    started: float | None = None
    finished: float | None = None
    error_code: str = ""
    error_info: str = ""
    task: Any = None


@dataclass
class FileDelivery:
    """One SendFile call."""

    id: str
    region: str
    name: str
    target_dir: str
    content: bytes
    content_type: str
    created: float
    description: str = ""
    owner: str = ""
    group: str = ""
    mode: str = ""
    overwrite: bool = False
    timeout: int = 60
    resource_group_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    records: dict[str, FileRecord] = field(default_factory=dict)


@dataclass
class Region:
    """What belongs to one region. The lists only grow; what was deleted or forgotten is passed over."""

    id: str
    instances: list[Instance] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    commands_by_id: dict[str, Command] = field(default_factory=dict)
    invocations: list[Invocation] = field(default_factory=list)
    invocations_by_id: dict[str, Invocation] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    deliveries: list[FileDelivery] = field(default_factory=list)
    deliveries_by_id: dict[str, FileDelivery] = field(default_factory=dict)
    invocations_today: tuple[int, int] = (0, 0)


class Cloud:
    """The whole emulated cloud. ``executions`` counts, per instance, every script that really began."""

    def __init__(self, options: Options, work_dir: Path, fleet: FleetDocument) -> None:
        """``fleet`` is what it begins with, and comes back to at a reset that names none."""
        self.options = self._first_options = options
        self.work_dir = work_dir
        self.clock = Clock()
        self.faults = Faults()
        self._ids = itertools.count(1)
        self._generation = 0
        self._first_fleet = fleet
        self.reset()

    def reset(self, document: FleetDocument | None = None) -> None:
        """Forget everything and begin again, with another fleet if one is given. Scripts must have ended before."""
        if document is None:
            document = self._first_fleet
        rows, clouddc_rows = split_fleet(document)
        self.clock.reset()
        self.clock.skew = self._first_options.clock_skew_s
        huawei = HuaweiState(self.options.account_id, self.clock, clouddc_rows)
        fleet = make_fleet(rows, self.options.region, self.clock.now())
        unknown = {instance.region for instance in fleet.values()} - set(REGIONS)
        if unknown:
            raise ValueError(f"unknown regions in the fleet: {', '.join(sorted(unknown))}")
        self._generation += 1
        self.clock.reset()
        self.options = self._first_options
        self.throttle = Throttle()
        self.huawei = huawei
        self.faults.clear()
        self.client_tokens = ClientTokens()
        self.executions: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[dict[str, Any]] = []
        self.regions = {name: Region(name) for name in REGIONS}
        self.instances = fleet
        for instance in fleet.values():
            self.regions[instance.region].instances.append(instance)
        self.public_commands = [
            Command(**{**row, "content": row["content"].encode(), "kept": False}) for row in PUBLIC_COMMANDS
        ]

    def change_options(self, changes: dict[str, Any]) -> None:
        """Change options until the next reset. Raises ValueError for one that is wrong or fixed, and changes none."""
        self.options = changed(self.options, changes)
        self.clock.skew = self.options.clock_skew_s

    def skew_s(self, fault: FaultRule | None) -> float:
        """Return how far the service's clock is ahead of the machine's for a request that ``fault`` hits."""
        if fault is not None and fault.kind == "clock_skew":
            return self.options.clock_skew_s + fault.skew_s
        return self.options.clock_skew_s

    def instance_root(self, instance_id: str) -> Path:
        """Return the private directory of an instance; another one after each reset."""
        return self.work_dir / f"fleet-{self._generation}" / instance_id

    def new_id(self, prefix: str) -> str:
        """Return an id in the service's form: a prefix, the region-like head and hexadecimal digits."""
        number = next(self._ids)
        tail = hashlib.sha256(f"{number}{secrets.token_hex(8)}".encode()).hexdigest()[:24]
        return f"{prefix}-hz{number:06x}{tail[:12]}" if prefix in ("t", "f", "c") else f"{prefix}-{tail}"
