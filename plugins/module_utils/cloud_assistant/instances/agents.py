# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The Cloud Assistant agents of instances: read their states, install them, and wait until they are online."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...alibaba.client import Client
from ...alibaba.errors import TOO_MANY_IDS
from ...common.changes import Change, Changes
from ...common.errors import ApiError, InputError, WaitTimeout
from ...common.paging import batches
from ...common.wait import Deadline
from .changes import ask_for_each
from .requirements import parse_version, read_version
from .selection import Row, Selector, find_instances

MAX_INSTALLS_PER_CALL = 50
"""Instances in one call (InstallCloudAssistant, InstanceId)."""
MAX_STATES_PER_CALL = 100
"""Instances in one call (DescribeCloudAssistantStatus, InstanceId); where the service accepts fewer, it is halved."""
OS_TYPES = ("Linux", "Windows", "FreeBSD")
NOT_READY = "without an agent that is ready"
_ROWS = ("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus")


def agent_record(row: Row) -> Row:
    """Return an agent as a module returns it, from its DescribeCloudAssistantStatus row."""
    return {
        "instance_id": row["InstanceId"],
        "online": is_online(row),
        # an agent that is not installed or not running has no version
        "version": str(row.get("CloudAssistantVersion") or ""),
        "last_heartbeat": str(row.get("LastHeartbeatTime") or ""),
        "os_type": str(row.get("OSType") or ""),
        "last_invoked": str(row.get("LastInvokedTime") or ""),
        "invocation_count": int(row.get("InvocationCount") or 0),
        "active_task_count": int(row.get("ActiveTaskCount") or 0),
        "supports_sessions": bool(row.get("SupportSessionManager")),
    }


def agent_states(
    client: Client,
    instance_ids: Sequence[str] | None = None,
    *,
    os_type: str | None = None,
    deadline: Deadline | None = None,
) -> list[Row]:
    """Return the records of the instances' agents, in the order of the ids; of all of the region without ids.

    ``os_type`` narrows those of a region. Instances that do not exist have none.
    Raises ApiError, TransportError, WaitTimeout.
    """
    if instance_ids is None and client.generation == "classic":
        # the API of 2018 returns given instances only
        instance_ids = [row["InstanceId"] for row in find_instances(client, Selector(), deadline)]
    if instance_ids is None:
        pages = client.pages("DescribeCloudAssistantStatus", {"OSType": os_type}, deadline=deadline)
        rows = {row["InstanceId"]: row for page in pages for row in page.rows(*_ROWS)}
        return [agent_record(row) for row in rows.values()]
    rows = agent_rows(client, instance_ids, deadline)
    return [agent_record(rows[instance_id]) for instance_id in instance_ids if instance_id in rows]


def check_os_type(client: Client) -> None:
    """Raise InputError where agents cannot be chosen by the kind of their system."""
    if client.generation == "classic":
        raise InputError("os_type", "api_generation=classic does not report the operating system")


class AgentReader:
    """Reads the states of given agents, in calls of as many ids as the service accepts. Threads may share a reader."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._most = MAX_STATES_PER_CALL

    def rows(self, instance_ids: Sequence[str], deadline: Deadline | None = None) -> dict[str, Row]:
        """Return the DescribeCloudAssistantStatus rows by instance id; an instance that does not exist has none.

        Raises ApiError, TransportError, WaitTimeout.
        """
        found: dict[str, Row] = {}
        for batch in batches(instance_ids, self._most):
            found.update(self._batch(batch, deadline))
        return found

    def _batch(self, instance_ids: Sequence[str], deadline: Deadline | None) -> dict[str, Row]:
        try:
            # with ids the service ignores MaxResults and returns all of them in one page
            reply = self._client.call(
                "DescribeCloudAssistantStatus", {"InstanceId": list(instance_ids)}, deadline=deadline
            )
        except ApiError as error:
            too_many = error.code == TOO_MANY_IDS and len(instance_ids) > 1
            if not (too_many or is_missing(error)):
                raise
            if len(instance_ids) == 1:
                return {}
            middle = (len(instance_ids) + 1) // 2
            if too_many:
                self._most = min(self._most, middle)
            # the service refuses the whole call for one id that does not exist; only halving finds it
            halves = (instance_ids[:middle], instance_ids[middle:])
            return {key: row for half in halves for key, row in self._batch(half, deadline).items()}
        return {row["InstanceId"]: row for row in reply.rows(*_ROWS)}


def agent_rows(client: Client, instance_ids: Sequence[str], deadline: Deadline | None = None) -> dict[str, Row]:
    """Return the DescribeCloudAssistantStatus rows of the instances, as ``AgentReader.rows`` does."""
    return AgentReader(client).rows(instance_ids, deadline)


def is_missing(error: ApiError) -> bool:
    """Return whether the service rejects a call because an instance does not exist."""
    return error.code.startswith("InvalidInstance") and error.code.endswith("NotFound")


def is_online(row: Row) -> bool:
    """Return whether the service heard from the agent within the last two minutes."""
    return str(row.get("CloudAssistantStatus") or "").lower() == "true"


@dataclass
class AgentChange(Change):
    """What was found of one instance's agent, whether it was installed (``changed``), and how that ended."""

    record: Row
    online_before: bool

    @property
    def label(self) -> str:
        """See Change."""
        return str(self.record["instance_id"])

    @property
    def condition(self) -> str:
        """See Change."""
        return f"online, version {self.record['version']}" if self.record["online"] else "offline"

    def facts(self) -> Row:
        """See Change."""
        return {**self.record, "online_before": self.online_before}


class Installation:
    """Makes sure that the agents of instances are online and at least of a version.

    ``rows`` are the instances' DescribeInstances rows, ``records`` their agents'. ``predict`` changes nothing,
    ``carry_out`` installs and waits.
    """

    def __init__(
        self,
        client: Client,
        rows: Sequence[Row],
        records: Sequence[Row],
        *,
        min_version: str | None = None,
        wait: bool = True,
        deadline: Deadline,
        progress: Callable[[str], None] = lambda text: None,
    ) -> None:
        if min_version and client.generation == "classic":
            raise InputError("min_version", "api_generation=classic does not report the versions of agents")
        self._client = client
        self._least = parse_version(min_version) if min_version else ()
        self._least_text = min_version or ""
        self._wait = wait
        self._deadline = deadline
        self._progress = progress
        known = {record["instance_id"]: record for record in records}
        self._status = {row["InstanceId"]: str(row.get("Status") or "") for row in rows}
        self.changes = Changes(
            (row["InstanceId"], AgentChange(record, record["online"]))
            for row in rows
            for record in [known.get(row["InstanceId"]) or agent_record({"InstanceId": row["InstanceId"]})]
        )

    def predict(self) -> None:
        """Note what would be installed. Raises TaskFailure for instances where it could not be."""
        for change in self._to_do():
            change.changed = True
        self.changes.raise_failures(NOT_READY)

    def carry_out(self) -> None:
        """Install, and wait until all are online. Raises TaskFailure, WaitTimeout, both with ``results``."""
        with self.changes.reporting_on_failure():
            todo = self._to_do()
            for batch in batches([change.record["instance_id"] for change in todo], MAX_INSTALLS_PER_CALL):
                for accepted, _reply in ask_for_each(batch, self._install, self._refused):
                    for instance_id in accepted:
                        self.changes[instance_id].changed = True
            if self._wait:
                self._wait_until_ready([change for change in todo if change.changed])
        self.changes.raise_failures(NOT_READY)

    def _ready(self, record: Row) -> bool:
        if not record["online"]:
            return False
        return not self._least or read_version(record["version"]) >= self._least

    def _to_do(self) -> list[AgentChange]:
        """Return the agents that have to be and can be installed; record the problems of the others."""
        todo = []
        for instance_id, change in self.changes.items():
            if self._ready(change.record):
                continue
            if self._status[instance_id] != "Running":
                status = self._status[instance_id]
                change.fail(f"the instance is {status}; an agent can only be installed on a running instance")
            else:
                todo.append(change)
        return todo

    def _install(self, instance_ids: Sequence[str]) -> None:
        self._client.call("InstallCloudAssistant", {"InstanceId": list(instance_ids)}, deadline=self._deadline)

    def _refused(self, instance_id: str, error: ApiError) -> None:
        self.changes[instance_id].fail(str(error), error.as_dict())

    def _wait_until_ready(self, changes: Sequence[AgentChange]) -> None:
        waiting = {change.record["instance_id"] for change in changes}

        def look() -> None:
            for record in agent_states(self._client, sorted(waiting), deadline=self._deadline):
                self.changes[record["instance_id"]].record = record
                if self._ready(record):
                    waiting.discard(record["instance_id"])

        version = f" with version {self._least_text} or later" if self._least else ""
        try:
            self.changes.wait_for(
                waiting,
                look,
                deadline=self._deadline,
                progress=self._progress,
                what=f"agents are online{version}",
                done="agents are online",
            )
        except WaitTimeout as error:
            advice = "Some instances must be rebooted before the agent starts (ecs_instance, state: rebooted)."
            raise WaitTimeout(f"{error}. {advice}") from error
