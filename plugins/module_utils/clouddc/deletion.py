# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delete CloudDC instances and wait until they are gone, with the fate of each one kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import ApiError, CloudError, TaskFailure, TransportError, WaitTimeout
from ..common.wait import Deadline, poll
from ..huawei.client import Client
from . import instances
from .instances import DELETE_IDS, FAILED, GOING, GONE, POWER_IDS, RUNNING

ABSENT = "absent"
# After a deletion was accepted, an instance that was in error before may be read as "error" for a few looks more. Later
# than this many seconds, it is the deletion that failed.
ERROR_GRACE = 30.0
# The instance's own state follows its server's power; this many seconds are given to it before the deletion is tried.
POWER_LAG = 60.0


@dataclass
class Fate:
    """What was found of one instance, what was done, and how it ended. ``action``: none, wait or delete."""

    id: str
    name: str | None = None
    server_id: str | None = None
    state_before: str = ABSENT
    state: str = ABSENT
    action: str = "none"
    power_off: bool = False
    changed: bool = False
    message: str | None = None
    error: dict[str, Any] | None = None
    # whether a request to delete it got no answer and may have taken effect
    unanswered: bool = False
    # whether the deletion was seen at work, so that an error state is its result and no leftover
    seen_going: bool = False
    accepted_at: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the instance's entry in ``results``."""
        out: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "server_id": self.server_id,
            "state_before": self.state_before,
            "state": self.state,
            "action": self.action,
            "power_off": self.power_off,
            "changed": self.changed,
        }
        if self.message:
            out["msg"] = self.message
        if self.error:
            out["error"] = self.error
        return out


class Deletion:
    """One task's deletion. ``plan`` only reads; ``carry_out`` acts on the plan."""

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
        """``deadline`` is for the whole of it, ``error_grace`` and ``power_lag`` are in seconds."""
        self._client = client
        self._power_off_first = power_off_first
        self._wait = wait
        self._deadline = deadline
        self._progress = progress or (lambda text: None)
        self._error_grace = error_grace
        self._power_lag = power_lag
        self.fates = {id: Fate(id) for id in ids}

    @property
    def changed(self) -> bool:
        """Whether anything was, or in a plan would be, changed."""
        return any(fate.changed for fate in self.fates.values())

    def results(self) -> list[dict[str, Any]]:
        """Return the entry of every instance, in the order of the ids."""
        return [fate.as_dict() for fate in self.fates.values()]

    def plan(self) -> None:
        """Look at every instance and set down what has to be done. Raises ApiError, TransportError, WaitTimeout."""
        for id, row in instances.find_instances(self._client, list(self.fates), self._deadline).items():
            fate = self.fates[id]
            if row is None:
                continue
            fate.name, fate.server_id = row.get("name"), row.get("server_id")
            fate.state = fate.state_before = row["state"]
            if fate.state == GOING:
                fate.action, fate.seen_going = "wait", True
            elif fate.state not in GONE:
                fate.action = "delete"
                fate.power_off = self._power_off_first and fate.state == RUNNING

    def predict(self) -> None:
        """Fill in, from the plan, what carrying it out would lead to."""
        for fate in self.fates.values():
            if fate.action == "none":
                continue
            fate.changed = fate.action == "delete"
            fate.state = "terminated" if self._wait else GOING
            if fate.changed and fate.state_before == RUNNING and not fate.power_off:
                fate.message = "the instance is running: the service may refuse to delete it (see power_off_first)"

    def carry_out(self) -> None:
        """Power off, delete and wait. Raises TaskFailure and WaitTimeout, both with the fate of every instance."""
        try:
            self._power_off()
            todo = [fate for fate in self.fates.values() if fate.action == "delete" and not fate.error]
            for batch in instances.batches(todo, DELETE_IDS):
                self._submit(batch)
            if self._wait:
                self._wait_until_gone()
        except (WaitTimeout, TaskFailure) as error:
            error.result = {**error.result, **self._result()}
            raise
        except CloudError as error:
            raise TaskFailure(str(error), **{**error.result, **self._result()}) from error
        failed = [fate for fate in self.fates.values() if fate.error]
        if failed:
            reasons = "; ".join(f"{fate.id}: {fate.message}" for fate in failed)
            text = f"{len(failed)} of {len(self.fates)} instances could not be deleted: {reasons}"
            raise TaskFailure(text, error=failed[0].error, **self._result())

    def _result(self) -> dict[str, Any]:
        return {"changed": self.changed, "results": self.results()}

    # --- power -------------------------------------------------------------------------------------------------

    def _power_off(self) -> None:
        """Switch off the servers of running instances, and wait until they are off."""
        fates = [fate for fate in self.fates.values() if fate.power_off]
        servers: dict[str, tuple[Fate, dict[str, Any]]] = {}
        for fate in fates:
            if not fate.server_id:
                self._fail(fate, "the service names no physical server for it, so it cannot be powered off", {})
                continue
            servers[fate.server_id] = fate, instances.show_server(self._client, fate.server_id, self._deadline)
        on = [server_id for server_id, (_fate, row) in servers.items() if row["power_state"] != "off"]
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
                    self._fail(servers[server_id][0], reason + instances.describe_error(block), block)
            return None if waiting else True

        poll(off, self._deadline, f"waiting for {len(on)} physical servers to be off")
        self._wait_until_stopped([servers[server_id][0] for server_id in on if not servers[server_id][0].error])

    def _wait_until_stopped(self, fates: list[Fate]) -> None:
        """Wait a little while for the instances to follow their servers: the deletion decides, not this state."""
        waiting = {fate.id: fate for fate in fates}
        end = self._deadline.elapsed() + self._power_lag

        def stopped() -> bool | None:
            for id, fate in list(waiting.items()):
                status = instances.show_status(self._client, id, self._deadline)
                fate.state = ABSENT if status is None else status.state
                if fate.state != RUNNING:
                    del waiting[id]
            return True if not waiting or self._deadline.elapsed() >= end else None

        poll(stopped, self._deadline, "waiting for the instances of the servers that were powered off to be stopped")

    # --- deletion ----------------------------------------------------------------------------------------------

    def _submit(self, fates: list[Fate]) -> None:
        """Have the service accept the deletion of each instance. Refusals go into the fates; the rest is raised."""
        pending = {fate.id: fate for fate in fates}
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
                    fate = next(iter(pending.values()))
                    if not self._follows(fate):
                        self._refused(fate, error)
                    return
                # The service refuses all because of some: one by one, each instance gets its own answer.
                accepted = set()
            for id in accepted & set(pending):
                self._accepted(pending.pop(id))
            if len(pending) > 1 or not accepted:
                for fate in pending.values():
                    self._submit([fate])
                return

    def _request(self, ids: list[str]) -> set[str]:
        """Send one deletion and return the ids that the service accepted."""
        if len(ids) == 1:
            self._client.call("DeleteInstance", id=ids[0], deadline=self._deadline)
            return set(ids)
        reply = self._client.call("DeleteInstances", body={"instance_id_set": ids}, deadline=self._deadline)
        return {row["id"] for row in reply["instances"]}

    def _alive_after(self, error: ApiError | TransportError, pending: dict[str, Fate]) -> dict[str, Fate]:
        """Look which of the instances still wait for their deletion after the request for it has failed.

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
        alive: dict[str, Fate] = {}
        for id, row in rows.items():
            pending[id].unanswered = pending[id].unanswered or lost
            if not self._on_its_way(pending[id], ABSENT if row is None else row["state"]):
                alive[id] = pending[id]
        return alive

    def _on_its_way(self, fate: Fate, state: str) -> bool:
        """Say whether the instance is gone or going, and if so set down whose deletion that is."""
        if state not in (ABSENT, GOING) and state not in GONE:
            return False
        if fate.unanswered:
            self._accepted(fate)
        else:
            fate.action = "wait"
        fate.state = state
        fate.seen_going = True
        return True

    def _follows(self, fate: Fate) -> bool:
        """Look for a while whether an instance whose deletion was refused is being deleted all the same.

        That may be so after an unanswered request, and for an instance in error: the service refuses the second
        deletion of an instance whose first one it still shows as "error".
        """
        if not (fate.unanswered or fate.state_before in FAILED):
            return False
        end = self._deadline.elapsed() + self._error_grace

        def going() -> bool | None:
            status = instances.show_status(self._client, fate.id, self._deadline)
            if self._on_its_way(fate, ABSENT if status is None else status.state):
                return True
            return False if self._deadline.elapsed() >= end else None

        return poll(going, self._deadline, f"waiting for the deletion of {fate.id} to begin")

    def _accepted(self, fate: Fate) -> None:
        fate.changed = True
        fate.state = GOING
        fate.accepted_at = self._deadline.elapsed()

    def _refused(self, fate: Fate, error: CloudError) -> None:
        text = str(error)
        if fate.state_before == RUNNING and not fate.power_off:
            text = f"it is running; set power_off_first: true to have it powered off before the deletion. {text}"
        self._fail(fate, text, error.result.get("error") or {})

    def _fail(self, fate: Fate, message: str, error: dict[str, Any]) -> None:
        fate.message = message
        fate.error = error or {"message": message}

    # --- waiting -----------------------------------------------------------------------------------------------

    def _wait_until_gone(self) -> None:
        waiting = {
            fate.id: fate
            for fate in self.fates.values()
            if fate.action != "none" and not fate.error and fate.state != ABSENT and fate.state not in GONE
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
            left = ", ".join(f"{id} ({fate.state})" for id, fate in waiting.items())
            raise WaitTimeout(f"{error}. Still there: {left}") from error

    def _worth_a_look(self, waiting: dict[str, Fate]) -> list[str]:
        """Return the ids whose status may say that the wait is over.

        One list of a hundred rows saves the look at each one that is still shutting down.
        """
        if len(waiting) == 1:
            return list(waiting)
        rows = instances.list_instances(self._client, ids=list(waiting), deadline=self._deadline)
        busy = set()
        for row in rows:
            fate, state = waiting.get(row["id"]), row["state"]
            if fate is not None and state not in GONE and state not in FAILED:
                fate.state = state
                fate.seen_going = fate.seen_going or state == GOING
                busy.add(fate.id)
        return [id for id in waiting if id not in busy]

    def _ended(self, fate: Fate) -> bool:
        """Look at one instance; say whether its deletion has ended, well or badly."""
        status = instances.show_status(self._client, fate.id, self._deadline)
        fate.state = ABSENT if status is None else status.state
        if status is None or status.state in GONE:
            return True
        if status.state == GOING:
            fate.seen_going = True
        if status.state not in FAILED:
            return False
        leftover = fate.state_before in FAILED and not fate.seen_going
        if leftover and self._deadline.elapsed() - fate.accepted_at < self._error_grace:
            return False
        self._fail(fate, f"the deletion failed: {instances.describe_error(status.error)}", status.error or {})
        return True


def _is_refusal(error: CloudError) -> bool:
    """Say whether the service refused the request because of an instance's state or absence, for good."""
    return isinstance(error, ApiError) and (instances.is_absence(error) or error.http_status in (400, 409))
