# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Delete CloudDC instances and wait until they are gone; keep the change of each one, also when it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..common.changes import ABSENT, Changes
from ..common.errors import ApiError, CloudError, TransportError
from ..common.paging import batches
from ..common.wait import Deadline, poll
from ..huawei.client import Client
from . import instances
from .changes import ERROR_GRACE, InstanceChange
from .instances import FAILED, GOING, GONE, MAX_DELETIONS_PER_CALL, RUNNING
from .power import PowerOff


class Deletion:
    """One task's deletion: ``plan`` only reads, ``predict`` changes nothing, ``carry_out`` acts on the plan.

    ``deadline`` is for all of it.
    """

    def __init__(
        self,
        client: Client,
        ids: Sequence[str],
        *,
        power_off_first: bool = False,
        wait: bool = True,
        deadline: Deadline,
        progress: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._client = client
        self._power_off_first = power_off_first
        self._wait = wait
        self._deadline = deadline
        self._progress = progress
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
            switched = (change for change in self.changes.values() if change.power_off)
            PowerOff(self._client, self._deadline, self._progress).carry_out(switched)
            todo = [change for change in self.changes.values() if change.action == "delete" and not change.failed]
            # the service may refuse those that run, and all that are in a call with them
            for running in (False, True):
                alike = [change for change in todo if (change.state == RUNNING) == running]
                for batch in batches(alike, MAX_DELETIONS_PER_CALL):
                    self._submit(batch)
            if self._wait:
                self._wait_until_gone()
        self.changes.raise_failures("could not be deleted")

    # --- deletion ----------------------------------------------------------------------------------------------

    def _submit(self, changes: Sequence[InstanceChange]) -> None:
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

        An instance that is gone or going was deleted by this task if an answer to it was lost, otherwise by another
        user in the meantime. The error is raised where looking cannot help.
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
        end = self._deadline.elapsed() + ERROR_GRACE

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
            change.id
            for change in self.changes.values()
            if change.action != "none" and not change.error and change.state != ABSENT and change.state not in GONE
        }

        def look() -> None:
            for id in self._worth_a_look([id for id in self.changes if id in waiting]):
                if self._ended(self.changes[id]):
                    waiting.discard(id)

        self.changes.wait_for(
            waiting,
            look,
            deadline=self._deadline,
            progress=self._progress,
            what="instances are gone",
            left="Not gone yet",
        )

    def _worth_a_look(self, waiting: list[str]) -> list[str]:
        """Return the ids whose status may end the wait.

        One list of a hundred rows saves the look at each one that is still shutting down.
        """
        if len(waiting) == 1:
            return waiting
        busy = set()
        for row in instances.list_instances(self._client, ids=waiting, deadline=self._deadline):
            change, state = self.changes.get(row["id"]), row["state"]
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
        if leftover and self._deadline.elapsed() - change.accepted_at < ERROR_GRACE:
            return False
        change.fail(f"the deletion failed: {instances.describe_error(status.error)}", status.error or {})
        return True


def _is_refusal(error: CloudError) -> bool:
    """Return whether the service refused the request for good because of an instance's state or absence."""
    return isinstance(error, ApiError) and (instances.is_absence(error) or error.http_status in (400, 409))
