# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated Huawei Cloud knows: projects, tokens, failed signatures, CloudDC instances and their servers."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock, iso
from ..documents import ANYTHING, check_keys, one_of

# IAM keeps one project per region, named like it.
REGIONS = ("ap-southeast-1", "ap-southeast-3", "cn-east-3", "cn-north-4", "cn-south-1", "cn-southwest-2")
DEFAULT_REGION = "cn-east-3"
STATES = ("pending", "running", "stopped", "shutting-down", "terminated", "error")
TOKEN_LIFETIME_S = 86400
LOCK_AFTER = 5
LOCK_S = 300

# The fleet when the fleet file says nothing of CloudDC.
DEFAULT_ROWS: list[dict[str, Any]] = [
    {"name": "imetal-stopped", "state": "stopped"},
    {"name": "imetal-running", "state": "running"},
    {"name": "imetal-error", "state": "error"},
]


def identifier(kind: str, number: int) -> str:
    """Return a UUID that is the same for the same row in every emulator."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"emulator:{kind}:{number}"))


@dataclass
class Walk:
    """Changes that are due at certain moments (seconds since the epoch), made when they are read."""

    due: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def take(self, now: float) -> list[tuple[float, dict[str, Any]]]:
        """Remove and return what has fallen due, the earliest first."""
        ready = sorted((change for change in self.due if change[0] <= now), key=lambda change: change[0])
        self.due = [change for change in self.due if change[0] > now]
        return ready


@dataclass
class Server:
    """A physical server."""

    id: str
    name: str
    project_id: str
    power_state: str
    created: float
    operation_state: str = ""
    error: dict[str, str] | None = None
    power_off_s: float = 0.5
    power_off_fails: bool = False
    walk: Walk = field(default_factory=Walk)

    def settle(self, now: float) -> None:
        """Let the time that has passed take effect."""
        for _moment, changes in self.walk.take(now):
            for key, value in changes.items():
                setattr(self, key, value)


@dataclass
class Imetal:
    """A CloudDC instance. The times are emulated seconds.

    ``delete_s`` is how long a deletion takes, ``error_lag_s`` how long an instance in error still reads so after its
    deletion was accepted, ``forget_after_s`` how long a terminated instance is still known.
    """

    id: str
    name: str
    project_id: str
    server: Server
    state: str
    created: float
    updated: float
    operation_state: str = ""
    error: dict[str, str] | None = None
    description: str = ""
    vpc_id: str = ""
    network_interfaces: list[dict[str, str]] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    image: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    user_data: str = ""
    delete_s: float = 1.0
    delete_fails: bool = False
    delete_when_running: bool = False
    error_lag_s: float = 0.0
    forget_after_s: float = 600.0
    forgotten: bool = False
    deleting: bool = False
    walk: Walk = field(default_factory=Walk)

    def settle(self, now: float) -> None:
        """Let the time that has passed take effect, on the server first: the instance follows its power."""
        self.server.settle(now)
        for moment, changes in self.walk.take(now):
            for key, value in changes.items():
                setattr(self, key, value)
            self.updated = moment
        if self.state in ("running", "stopped"):
            following = "running" if self.server.power_state == "on" else "stopped"
            if following != self.state:
                self.state, self.updated = following, now

    @property
    def can_be_deleted(self) -> bool:
        """Whether the state diagram of ShowInstanceStatus has an arrow for DeleteInstance from here."""
        if self.deleting:
            return False
        return self.state in ("pending", "stopped", "error") or (self.state == "running" and self.delete_when_running)

    def begin_deletion(self, now: float) -> None:
        """Start the walk shutting-down, then terminated or error."""
        going = {"state": "shutting-down", "operation_state": "uninstall-processing", "error": None}
        self.deleting = True
        begins = now + (self.error_lag_s if self.state == "error" else 0.0)
        ends = begins + self.delete_s
        self.walk.due = [(begins, going)]
        if self.delete_fails:
            block = {
                "error_code": "iMetal.0099",
                "error_msg": "Failed to uninstall the operating system.",
                "error_type": "delete_instance_error",
            }
            self.walk.due.append(
                (ends, {"state": "error", "operation_state": "uninstall-failed", "error": block, "deleting": False})
            )
        else:
            self.walk.due.append((ends, {"state": "terminated", "operation_state": "uninstall-succeed"}))
            self.walk.due.append((ends + self.forget_after_s, {"forgotten": True}))
        self.settle(now)

    def row(self) -> dict[str, Any]:
        """Return the instance as ListInstances shows it."""
        out: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "vpc_id": self.vpc_id,
            "network_interfaces": self.network_interfaces,
            "tags": self.tags,
            "image": self.image,
            "description": self.description,
            "state": self.state,
            "metadata": self.metadata,
            "user_data": self.user_data,
            "server_id": self.server.id,
            "created_at": iso(self.created),
            "updated_at": iso(self.updated),
            "launched_at": iso(self.created),
        }
        return out | self.status()

    def status(self) -> dict[str, Any]:
        """Return the instance as ShowInstanceStatus shows it."""
        out: dict[str, Any] = {"state": self.state}
        if self.operation_state:
            out["operation_state"] = self.operation_state
        if self.error:
            out["error"] = self.error
        return out


@dataclass
class IamToken:
    """A token and what it is good for; ``project`` is (name, id), or None for the account's scope."""

    expires: float
    issued: float
    project: tuple[str, str] | None


class HuaweiState:
    """IAM and CloudDC. ``deletions`` counts, per instance, every deletion that really began."""

    def __init__(self, account_id: str, clock: Clock, rows: Sequence[Mapping[str, Any]] | None = None) -> None:
        self.clock = clock
        self.account_id = account_id
        self.projects = {name: hashlib.sha256(f"{account_id}/{name}".encode()).hexdigest()[:32] for name in REGIONS}
        self.tokens: dict[str, IamToken] = {}
        self.deletions: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._locked_until: dict[str, float] = {}
        self.servers: dict[str, Server] = {}
        self.instances: dict[str, Imetal] = {}
        for number, row in enumerate(DEFAULT_ROWS if rows is None else rows, start=1):
            self._add(number, row)

    # --- IAM -------------------------------------------------------------------------------------------------

    def new_token(self, project: tuple[str, str] | None) -> tuple[str, IamToken]:
        """Issue a token for a project, (name, id), or for the account."""
        now = self.clock.now()
        token = IamToken(now + TOKEN_LIFETIME_S, now, project)
        value = f"MII{secrets.token_urlsafe(48)}"
        self.tokens[value] = token
        return value, token

    def token(self, value: str) -> IamToken | None:
        """Return the token, unless it is unknown or has ended."""
        token = self.tokens.get(value)
        return token if token is not None and token.expires > self.clock.now() else None

    def locked(self, access_key: str) -> bool:
        """Return whether five wrong signatures in a row have locked the key, for five minutes."""
        return self._locked_until.get(access_key, 0.0) > self.clock.now()

    def signature_was(self, good: bool, access_key: str) -> None:
        """Count a signature; a right one ends the row of wrong ones."""
        if good:
            self._failures.pop(access_key, None)
            return
        self._failures[access_key] += 1
        if self._failures[access_key] >= LOCK_AFTER:
            self._failures.pop(access_key)
            self._locked_until[access_key] = self.clock.now() + LOCK_S

    # --- CloudDC ---------------------------------------------------------------------------------------------

    def instance(self, project_id: str, id: str) -> Imetal | None:
        """Return the instance in its present state, unless the project has none of that id."""
        found = self.instances.get(id)
        if found is None or found.project_id != project_id:
            return None
        found.settle(self.clock.now())
        return None if found.forgotten else found

    def instances_of(self, project_id: str) -> list[Imetal]:
        """Return all instances of a project in their present states, in the order of the fleet."""
        found = (self.instance(project_id, id) for id in self.instances)
        return [instance for instance in found if instance is not None]

    def server(self, project_id: str, id: str) -> Server | None:
        """Return the server in its present state, unless the project has none of that id."""
        found = self.servers.get(id)
        if found is None or found.project_id != project_id:
            return None
        found.settle(self.clock.now())
        return found

    def delete(self, instance: Imetal) -> None:
        """Begin a deletion and count it."""
        self.deletions[instance.id] += 1
        instance.begin_deletion(self.clock.now())

    def power(self, server: Server, action: str) -> None:
        """Begin to switch a server on or off, or to restart it."""
        now = self.clock.now()
        word = {"power on": "power-on", "power off": "power-off", "rebooting": "reboot"}[action]
        server.operation_state, server.error = f"{word}-processing", None
        done = {"operation_state": f"{word}-succeed", "power_state": "off" if action == "power off" else "on"}
        if action == "power off" and server.power_off_fails:
            block = {
                "error_code": "iMetal.0099",
                "error_msg": "The server did not obey its management controller.",
                "error_type": "power_off_error",
            }
            done = {"operation_state": "power-off-failed", "error": block}
        server.walk.due = [(now + server.power_off_s, done)]
        server.settle(now)

    _KEYS = {
        "region": one_of(*REGIONS),
        "state": one_of(*STATES),
        "power": one_of("on", "off"),
        **dict.fromkeys(
            (
                "id",
                "name",
                "operation_state",
                "error",
                "server_id",
                "description",
                "vpc_id",
                "network_interfaces",
                "tags",
                "image",
                "metadata",
                "user_data",
                "delete_s",
                "delete_fails",
                "delete_when_running",
                "error_lag_s",
                "forget_after_s",
                "power_off_s",
                "power_off_fails",
            ),
            ANYTHING,
        ),
    }

    # the others are fields of the instance
    _OWN_KEYS = {"id", "name", "region", "state", "server_id", "power", "power_off_s", "power_off_fails"}

    def _add(self, number: int, row: Mapping[str, Any]) -> None:
        """Add a fleet row; what it does not say has a default. ``ValueError`` says what is wrong with it."""
        row = self._checked(number, row)
        now = self.clock.now()
        state = row.get("state", "stopped")
        server = self._server(number, row)
        id = row.get("id") or identifier("imetal", number)
        if id in self.instances or server.id in self.servers:
            raise ValueError(f"clouddc row {number}: the id {id} or its server {server.id} is used twice")
        instance = Imetal(
            id,
            row.get("name") or f"imetal-{number:04d}",
            server.project_id,
            server,
            state,
            now,
            now,
            vpc_id=identifier("vpc", 1),
            network_interfaces=[
                {"subnet_id": identifier("subnet", 1), "ipv4_address": f"192.168.{number >> 8}.{number & 255}"}
            ],
            image={"id": identifier("image", 1), "name": "EulerOS 2.0 64bit", "os_type": "Linux"},
            user_data="c2VjcmV0LXVzZXItZGF0YQ==",
        )
        for key in row.keys() - self._OWN_KEYS:
            setattr(instance, key, row[key])
        if isinstance(instance.tags, Mapping):
            instance.tags = [{"key": key, "value": value} for key, value in instance.tags.items()]
        if state == "error" and instance.error is None:
            instance.error = {
                "error_code": "iMetal.0099",
                "error_msg": "Failed to install the operating system.",
                "error_type": "create_instance_error",
            }
        if state == "shutting-down":
            instance.begin_deletion(now)
        self.servers[server.id] = server
        self.instances[id] = instance

    def _checked(self, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the row says of its instance. Raises ValueError, which names the row, for what it cannot say."""
        try:
            check_keys(row, self._KEYS)
        except ValueError as error:
            raise ValueError(f"clouddc row {number}: {error}") from None
        return {key: value for key, value in row.items() if value is not None}

    def _server(self, number: int, row: Mapping[str, Any]) -> Server:
        """Return the physical server of a row."""
        project = self.projects[row.get("region", DEFAULT_REGION)]
        power = row.get("power", "on" if row.get("state") in ("pending", "running") else "off")
        id = row.get("server_id") or identifier("server", number)
        server = Server(id, f"server-{number:04d}", project, power, self.clock.now())
        server.power_off_s = float(row.get("power_off_s", server.power_off_s))
        server.power_off_fails = bool(row.get("power_off_fails", False))
        return server
