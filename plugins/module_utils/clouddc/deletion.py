# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete CloudDC instances and wait until they are gone; keep the change of each one, also when it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.changes import ABSENT, Change, Changes
from ..common.errors import ApiError, CloudError, TransportError, WaitTimeout
from ..common.wait import Deadline, poll
from ..huawei.client import Client
from . import instances
from .instances import DELETE_IDS, FAILED, GOING, GONE, POWER_IDS, RUNNING

ERROR_GRACE = 30.0
"""Seconds after which an instance that still reads "error" failed to be deleted; one in error before may read so."""
POWER_LAG = 60.0
"""Seconds that the state of an instance may take to follow its server's power, before the deletion is tried."""


@dataclass
class InstanceChange(Change):
    """What was found of one instance, what is done to it, and how that ended. ``action``: none, wait or delete."""

    id: str
    name: str | None = None
    server_id: str | None = None
    state_before: str = ABSENT
    state: str = ABSENT
    action: str = "none"
    power_off: bool = False
    # whether a request to delete the instance got no answer and may have taken effect
    unanswered: bool = False
    # whether the deletion was seen at work, so that an error state is its result and no leftover
    seen_going: bool = False
    accepted_at: float = 0.0

    @property
    def label(self) -> str:
        """See Change."""
        return self.id

    def facts(self) -> dict[str, Any]:
        """See Change."""
        return {
            "id": self.id,
            "name": self.name,
            "server_id": self.server_id,
            "state_before": self.state_before,
            "state": self.state,
            "action": self.action,
            "power_off": self.power_off,
        }


class Deletion:
    """One task's deletion: ``plan`` only reads, ``predict`` changes nothing, ``carry_out`` acts on the plan.

    ``deadline`` is for all of it, ``error_grace`` and ``power_lag`` are in seconds.
    """

    def __init__(
        self,
        client: Client,
        ids: Sequence[str],
        *,
        power_off_first: bool = False,
        wait: bool = True,
        deadline: Deadline,
        progress: Callable[[str], None] | None = None,
        error_grace: float = ERROR_GRACE,
        power_lag: float = POWER_LAG,
    ) -> None:
        self._client = client
        self._power_off_first = power_off_first
        self._wait = wait
        self._deadline = deadline
        self._progress = progress or (lambda text: None)
        self._error_grace = error_grace
        self._power_lag = power_lag
        self.changes = Changes((id, InstanceChange(id)) for id in ids)

    def plan(self) -> None:
        """Read every instance and record what has to be done. Raises ApiError, TransportError, WaitTimeout."""
        for id, row in instances.find_instances(self._client, list(self.changes), self._deadline).items():
            change = self.changes[id]
            if row is None:
                continue
            change.name, change.server_id = row.get("name"), row.get("server_id")
            change.state = change.state_before = row["state"]
            if change.state == GOING:
                change.action, change.seen_going = "wait", True
            elif change.state not in GONE:
                change.action = "delete"
                change.power_off = self._power_off_first and change.state == RUNNING

    def predict(self) -> None:
        """Record, from the plan, what ``carry_out`` would lead to."""
        for change in self.changes.values():
            if change.action == "none":
                continue
            change.changed = change.action == "delete"
            change.state = "terminated" if self._wait else GOING
            if change.changed and change.state_before == RUNNING and not change.power_off:
                change.message = "the instance is running: the service may refuse to delete it (see power_off_first)"

    def carry_out(self) -> None:
        """Power off, delete and wait. Raises TaskFailure, WaitTimeout, each with every change in ``result``."""
        with self.changes.reporting_on_failure():
            self._power_off()
            todo = [change for change in self.changes.values() if change.action == "delete" and not change.failed]
            for batch in instances.batches(todo, DELETE_IDS):
                self._submit(batch)
            if self._wait:
                self._wait_until_gone()
        self.changes.raise_failures("could not be deleted")

    # --- power -------------------------------------------------------------------------------------------------

    def _power_off(self) -> None:
        """Switch off the servers of running instances, and wait until they are off."""
        changes = [change for change in self.changes.values() if change.power_off]
        servers: dict[str, tuple[InstanceChange, dict[str, Any]]] = {}
        for change in changes:
            if not change.server_id:
                change.fail("the service does not report its physical server, so it cannot be powered off", {})
                continue
            servers[change.server_id] = change, instances.show_server(self._client, change.server_id, self._deadline)
        on = [server_id for server_id, (_change, row) in servers.items() if row["power_state"] != "off"]
        for batch in instances.batches(on, POWER_IDS):
            instances.power_off(self._client, batch, self._deadline)
            for server_id in batch:
                servers[server_id][0].changed = True
        if not on:
            return
        self._progress(f"powering off {len(on)} physical servers")
        asked_at = self._deadline.elapsed()
        stale = {server_id for server_id in on if servers[server_id][1].get("operation_state") == "power-off-failed"}
        waiting = set(on)

        def off() -> bool | None:
            for server_id in sorted(waiting):
                row = instances.show_server(self._client, server_id, self._deadline)
                operation = row.get("operation_state")
                if row["power_state"] == "off" and operation != "power-off-processing":
                    waiting.discard(server_id)
                elif operation != "power-off-failed":
                    stale.discard(server_id)
                elif server_id not in stale or self._deadline.elapsed() - asked_at > self._error_grace:
                    waiting.discard(server_id)
                    block = row.get("error") or {}
                    reason = f"its physical server {server_id} could not be powered off: "
                    servers[server_id][0].fail(reason + instances.describe_error(block), block)
            return None if waiting else True

        poll(off, self._deadline, f"waiting for {len(on)} physical servers to be off")
        self._wait_until_stopped([servers[server_id][0] for server_id in on if not servers[server_id][0].error])

    def _wait_until_stopped(self, changes: list[InstanceChange]) -> None:
        """Wait briefly for the instances to follow their servers: the deletion decides, not this state."""
        waiting = {change.id: change for change in changes}
        end = self._deadline.elapsed() + self._power_lag

        def stopped() -> bool | None:
            for id, change in list(waiting.items()):
                status = instances.show_status(self._client, id, self._deadline)
                change.state = ABSENT if status is None else status.state
                if change.state != RUNNING:
                    del waiting[id]
            return True if not waiting or self._deadline.elapsed() >= end else None

        poll(stopped, self._deadline, "waiting for the instances of the servers that were powered off to be stopped")

    # --- deletion ----------------------------------------------------------------------------------------------

    def _submit(self, changes: list[InstanceChange]) -> None:
        """Request the deletion of each instance until all are accepted or refused; raise any error but a refusal."""
        pending = {change.id: change for change in changes}
        while pending:
            try:
                accepted = self._request(list(pending))
            except (ApiError, TransportError) as error:
                alive = self._alive_after(error, pending)
                if len(alive) < len(pending):
                    pending = alive
                    continue
                if not _is_refusal(error):
                    raise
                if len(pending) == 1:
                    change = next(iter(pending.values()))
                    if not self._follows(change):
                        self._refused(change, error)
                    return
                # the service refuses all because of some: one by one, each instance gets its own answer.
                accepted = set()
            for id in accepted & set(pending):
                self._accepted(pending.pop(id))
            if len(pending) > 1 or not accepted:
                for change in pending.values():
                    self._submit([change])
                return

    def _request(self, ids: list[str]) -> set[str]:
        """Send one deletion and return the ids that the service accepted."""
        if len(ids) == 1:
            self._client.call("DeleteInstance", id=ids[0], deadline=self._deadline)
            return set(ids)
        reply = self._client.call("DeleteInstances", body={"instance_id_set": ids}, deadline=self._deadline)
        return {row["id"] for row in reply["instances"]}

    def _alive_after(
        self, error: ApiError | TransportError, pending: dict[str, InstanceChange]
    ) -> dict[str, InstanceChange]:
        """Return the instances that still have to be deleted after the request for it has failed.

        An instance that is gone or going was deleted by this task if an answer to it was lost, otherwise by someone
        else in the meantime. The error is raised where looking cannot help.
        """
        lost = error.may_have_taken_effect
        if not lost and not _is_refusal(error):
            raise error
        try:
            rows = instances.find_instances(self._client, list(pending), self._deadline)
        except CloudError:
            raise error from None
        alive: dict[str, InstanceChange] = {}
        for id, row in rows.items():
            pending[id].unanswered = pending[id].unanswered or lost
            if not self._on_its_way(pending[id], ABSENT if row is None else row["state"]):
                alive[id] = pending[id]
        return alive

    def _on_its_way(self, change: InstanceChange, state: str) -> bool:
        """Return whether the instance is gone or going, and if so record whose deletion that is."""
        if state not in (ABSENT, GOING) and state not in GONE:
            return False
        if change.unanswered:
            self._accepted(change)
        else:
            change.action = "wait"
        change.state = state
        change.seen_going = True
        return True

    def _follows(self, change: InstanceChange) -> bool:
        """Return whether an instance whose deletion was refused is being deleted all the same, after a few looks.

        That may be so after an unanswered request, and for an instance in error: the service refuses the second
        deletion of an instance whose first one it still shows as "error".
        """
        if not (change.unanswered or change.state_before in FAILED):
            return False
        end = self._deadline.elapsed() + self._error_grace

        def going() -> bool | None:
            status = instances.show_status(self._client, change.id, self._deadline)
            if self._on_its_way(change, ABSENT if status is None else status.state):
                return True
            return False if self._deadline.elapsed() >= end else None

        return poll(going, self._deadline, f"waiting for the deletion of {change.id} to begin")

    def _accepted(self, change: InstanceChange) -> None:
        change.changed = True
        change.state = GOING
        change.accepted_at = self._deadline.elapsed()

    def _refused(self, change: InstanceChange, error: CloudError) -> None:
        text = str(error)
        if change.state_before == RUNNING and not change.power_off:
            text = f"it is running; set power_off_first: true to power it off before the deletion. {text}"
        change.fail(text, error.result.get("error") or {})

    # --- waiting -----------------------------------------------------------------------------------------------

    def _wait_until_gone(self) -> None:
        waiting = {
            change.id: change
            for change in self.changes.values()
            if change.action != "none" and not change.error and change.state != ABSENT and change.state not in GONE
        }
        if not waiting:
            return
        total = len(waiting)

        def gone() -> bool | None:
            before = len(waiting)
            for id in self._worth_a_look(waiting):
                if self._ended(waiting[id]):
                    del waiting[id]
            if len(waiting) < before:
                self._progress(f"{total - len(waiting)}/{total} instances are gone")
            return None if waiting else True

        try:
            poll(gone, self._deadline, f"waiting for {total} instances to be gone")
        except WaitTimeout as error:
            left = ", ".join(f"{id} ({change.state})" for id, change in waiting.items())
            raise WaitTimeout(f"{error}. Still there: {left}") from error

    def _worth_a_look(self, waiting: dict[str, InstanceChange]) -> list[str]:
        """Return the ids whose status may end the wait.

        One list of a hundred rows saves the look at each one that is still shutting down.
        """
        if len(waiting) == 1:
            return list(waiting)
        rows = instances.list_instances(self._client, ids=list(waiting), deadline=self._deadline)
        busy = set()
        for row in rows:
            change, state = waiting.get(row["id"]), row["state"]
            if change is not None and state not in GONE and state not in FAILED:
                change.state = state
                change.seen_going = change.seen_going or state == GOING
                busy.add(change.id)
        return [id for id in waiting if id not in busy]

    def _ended(self, change: InstanceChange) -> bool:
        """Read one instance and return whether its deletion has ended, well or badly."""
        status = instances.show_status(self._client, change.id, self._deadline)
        change.state = ABSENT if status is None else status.state
        if status is None or status.state in GONE:
            return True
        if status.state == GOING:
            change.seen_going = True
        if status.state not in FAILED:
            return False
        leftover = change.state_before in FAILED and not change.seen_going
        if leftover and self._deadline.elapsed() - change.accepted_at < self._error_grace:
            return False
        change.fail(f"the deletion failed: {instances.describe_error(status.error)}", status.error or {})
        return True


def _is_refusal(error: CloudError) -> bool:
    """Return whether the service refused the request for good because of an instance's state or absence."""
    return isinstance(error, ApiError) and (instances.is_absence(error) or error.http_status in (400, 409))
