# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Switch off the physical servers of CloudDC instances, and wait until the instances follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..common.changes import ABSENT
from ..common.paging import batches
from ..common.printable import counted
from ..common.wait import Deadline, poll
from ..huawei.client import Client
from . import instances
from .changes import ERROR_GRACE, InstanceChange
from .instances import MAX_SERVERS_PER_CALL, RUNNING

POWER_LAG = 60.0
"""Seconds that the state of an instance may take to follow its server's power, before the deletion is tried."""


@dataclass
class PowerOff:
    """Switches off the servers of a task's instances; what fails is noted in the change of the instance."""

    client: Client
    deadline: Deadline
    progress: Callable[[str], None]
    servers: dict[str, InstanceChange] = field(default_factory=dict)
    # whose error is that of an earlier request
    stale: set[str] = field(default_factory=set)

    def carry_out(self, changes: Iterable[InstanceChange]) -> None:
        """Switch off the servers that are on, and wait until they are off. Raises ApiError, WaitTimeout."""
        found = [self._server_that_is_on(change) for change in changes]
        on = list(dict.fromkeys(server_id for server_id in found if server_id))
        for batch in batches(on, MAX_SERVERS_PER_CALL):
            instances.power_off(self.client, batch, self.deadline)
            for server_id in batch:
                self.servers[server_id].changed = True
        if not on:
            return
        self.progress(f"powering off {counted(len(on), 'physical server')}")
        waiting = set(on)
        asked_at = self.deadline.elapsed()

        def off() -> bool | None:
            late = self.deadline.elapsed() - asked_at > ERROR_GRACE
            waiting.difference_update([each for each in sorted(waiting) if self._has_ended(each, late=late)])
            return None if waiting else True

        poll(off, self.deadline, "waiting until the physical servers are off")
        self._wait_until_stopped([self.servers[server_id] for server_id in on if not self.servers[server_id].error])

    def _server_that_is_on(self, change: InstanceChange) -> str | None:
        """Return the id of the instance's server, None if it is off or not known, which is a failure."""
        if not change.server_id:
            change.fail("the service does not report its physical server, so it cannot be powered off", {})
            return None
        row = self._read(change.server_id)
        self.servers[change.server_id] = change
        if row.get("operation_state") == "power-off-failed":
            self.stale.add(change.server_id)
        return None if row["power_state"] == "off" else change.server_id

    def _has_ended(self, server_id: str, *, late: bool) -> bool:
        """Read a server, and return whether it is off or, which is noted, could not be switched off."""
        row = self._read(server_id)
        operation = row.get("operation_state")
        if row["power_state"] == "off" and operation != "power-off-processing":
            return True
        if operation != "power-off-failed":
            self.stale.discard(server_id)
            return False
        if server_id in self.stale and not late:
            return False
        block = row.get("error") or {}
        reason = f"its physical server {server_id} could not be powered off: {instances.describe_error(block)}"
        self.servers[server_id].fail(reason, block)
        return True

    def _read(self, server_id: str) -> dict[str, Any]:
        return instances.show_server(self.client, server_id, self.deadline)

    def _wait_until_stopped(self, changes: Iterable[InstanceChange]) -> None:
        """Wait briefly for the instances to follow their servers: the deletion decides, not this state."""
        waiting = {change.id: change for change in changes}
        end = self.deadline.elapsed() + POWER_LAG

        def stopped() -> bool | None:
            for id, change in list(waiting.items()):
                status = instances.show_status(self.client, id, self.deadline)
                change.state = ABSENT if status is None else status.state
                if change.state != RUNNING:
                    del waiting[id]
            return True if not waiting or self.deadline.elapsed() >= end else None

        poll(stopped, self.deadline, "waiting until the instances of the powered-off servers are stopped")
