# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Delete ECS instances once each, wait until they are gone, and keep the outcome of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...alibaba.client import Client
from ...alibaba.generations import has_dry_run, max_instances_per_change
from ...common.changes import ABSENT
from ...common.errors import ApiError, CloudError, TransportError
from ...common.idempotency import derive_client_token, new_client_token
from ...common.paging import batches
from ...common.wait import Deadline, poll
from .changes import DELETED_MEANWHILE, WRONG_STATUS, InstanceChange, InstanceChanges, dry_run, is_refusal
from .selection import Row, states_of

TRANSIENT = ("Pending", "Starting", "Stopping")
"""Statuses that change without another request."""
DELETING = "deleting"
"""Our own status for an instance whose deletion was accepted but not awaited."""
GOING_DOWN = "Stopping"


class Deletion:
    """One task's deletion of ``rows`` (of DescribeInstances); ``missing`` are ids that were given and do not exist.

    ``left_out`` are the rows of ids that were given and that the rest of the selection leaves out: they stay. ``force``
    also deletes instances that are not stopped, ``terminate_subscription`` also those that are paid for in advance.
    ``predict`` changes nothing, ``carry_out`` deletes.
    """

    def __init__(
        self,
        client: Client,
        rows: Sequence[Row],
        missing: Sequence[str] = (),
        *,
        left_out: Sequence[Row] = (),
        force: bool = False,
        terminate_subscription: bool = False,
        client_token: str | None = None,
        wait: bool = True,
        deadline: Deadline,
        progress: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._client = client
        self._rows = {row["InstanceId"]: row for row in rows}
        self._force = force
        self._terminate_subscription = terminate_subscription
        self._token = client_token or new_client_token()
        self._wait = wait
        self._deadline = deadline
        self._progress = progress
        # whose deletion was asked for without an answer, so that it may have begun
        self._unanswered: set[str] = set()
        self.changes = InstanceChanges((row["InstanceId"], InstanceChange.of_row(row)) for row in rows)
        for change in self.changes.values():
            change.action = "delete"
        self.changes.update((row["InstanceId"], InstanceChange.of_row(row)) for row in left_out)
        for row in left_out:
            self.changes[row["InstanceId"]].message = "not changed: it does not match the other criteria"
        self.changes.update((instance_id, InstanceChange(instance_id)) for instance_id in missing)

    def check(self) -> None:
        """Look for instances that cannot be deleted like this. Raises TaskFailure naming all of them and the way out.

        Nothing is deleted as long as one is refused, so that a wrong choice does no harm (DeleteInstances: Force,
        TerminateSubscription; ModifyInstanceAttribute: DeletionProtection).
        """
        for instance_id, row in self._rows.items():
            reasons = self._obstacles(row)
            if reasons:
                self.changes[instance_id].action = "none"
                self.changes[instance_id].fail(", and ".join(reasons))
        if any(change.failed for change in self.changes.values()):
            for change in self.changes.values():
                if change.action == "delete":
                    change.action = "none"
                    change.message = "not changed because other instances cannot be deleted"
        self.changes.raise_failures("cannot be deleted; nothing was deleted")

    def _obstacles(self, row: Row) -> list[str]:
        """Return why the service would not delete this instance."""
        reasons = []
        if row.get("DeletionProtection"):
            reasons.append("it is protected against deletion; disable the protection first")
        if row.get("InstanceChargeType") == "PrePaid" and not self._terminate_subscription:
            reasons.append("it is a subscription; set terminate_subscription: true to delete it")
        if not self._force and row.get("Status") not in ("Stopped", "Stopping"):
            reasons.append(f"it is {row.get('Status')}; stop it first, or set force: true")
        return reasons

    def predict(self) -> None:
        """Record what a deletion would lead to, as the service's DryRun has it. Raises TaskFailure as it would.

        A generation without DryRun is not asked; what was read of the instances decides then.
        """
        settled = []
        for instance_id in self._planned():
            change = self.changes[instance_id]
            if change.status in TRANSIENT or not has_dry_run(self._client.generation):
                # one that is on its way the service would refuse now and take later
                self._would_go(change)
            else:
                settled.append(instance_id)
        for batch in batches(settled, max_instances_per_change(self._client.generation)):
            for instance_id in dry_run("DeleteInstances", batch, self._rehearse, self.changes):
                self._would_go(self.changes[instance_id])
        self.changes.raise_failures("could not be deleted")

    def carry_out(self) -> None:
        """Delete and wait. Raises TaskFailure and WaitTimeout, both with every instance's change in ``result``."""
        with self.changes.reporting_on_failure():
            self._wait_until_settled()
            planned = batches(self._planned(), max_instances_per_change(self._client.generation))
            for number, batch in enumerate(planned, start=1):
                token = self._token if len(planned) == 1 else derive_client_token(self._token, *batch)
                self._submit(batch, token)
                if len(planned) > 1:
                    self._progress(f"{number}/{len(planned)} batches of the deletion accepted")
            if self._wait:
                self._wait_until_gone()
        self.changes.raise_failures("could not be deleted")

    def _planned(self) -> list[str]:
        return [change.instance_id for change in self.changes.values() if change.action == "delete"]

    def _params(self, instance_ids: Sequence[str]) -> dict[str, Any]:
        return {
            "InstanceId": list(instance_ids),
            "Force": self._force,
            "TerminateSubscription": self._terminate_subscription,
        }

    def _rehearse(self, instance_ids: Sequence[str]) -> None:
        # a token of its own makes the dry run a call that may be repeated
        params = {**self._params(instance_ids), "DryRun": True, "ClientToken": new_client_token()}
        self._client.call("DeleteInstances", params, deadline=self._deadline)

    def _would_go(self, change: InstanceChange) -> None:
        change.changed = True
        change.status = ABSENT if self._wait else DELETING
        change.message = "would be deleted"

    def _submit(self, instance_ids: Sequence[str], token: str) -> None:
        """Have the service accept the deletion of these instances; a refusal goes to the change of whom it concerns."""
        try:
            params = {**self._params(instance_ids), "ClientToken": token}
            self._client.call("DeleteInstances", params, deadline=self._deadline)
        except (ApiError, TransportError) as error:
            self._after_error(instance_ids, error)
            return
        self._accepted(instance_ids)

    def _after_error(self, instance_ids: Sequence[str], error: ApiError | TransportError) -> None:
        """Request the deletion again where the service refused it because of some of the instances.

        Those that others have deleted or protected meanwhile are set apart, and the rest is requested together. Where
        there is none of those, each is requested alone. Raises the error where looking at the instances does not help.
        """
        refused = isinstance(error, ApiError) and is_refusal(error)
        if error.may_have_taken_effect:
            self._unanswered.update(instance_ids)
        elif not refused:
            raise error
        try:
            remaining = self._remaining(instance_ids)
        except CloudError:
            raise error from None
        if not remaining:
            return
        if not refused:
            raise error
        if len(instance_ids) == 1:
            self._refused(instance_ids[0], error)
            return
        alone = [instance_id for instance_id, row in remaining.items() if self._obstacles(row)]
        if not alone and len(remaining) == len(instance_ids):
            alone = list(remaining)
        rest = [instance_id for instance_id in remaining if instance_id not in alone]
        # other requests than the one before, hence other tokens
        if rest:
            self._submit(rest, derive_client_token(self._token, "rest", *rest))
        for instance_id in alone:
            self._submit([instance_id], derive_client_token(self._token, "alone", instance_id))

    def _remaining(self, instance_ids: Sequence[str]) -> dict[str, Row]:
        """Return the rows of the instances that are neither gone nor on their way.

        The others were deleted by this task if an answer was lost, else by another user meanwhile.
        """
        left = states_of(self._client, instance_ids, self._deadline)
        for instance_id in instance_ids:
            if instance_id in left:
                continue
            change = self.changes[instance_id]
            change.status = ABSENT
            change.changed = instance_id in self._unanswered
            if not change.changed:
                change.action, change.message = "none", DELETED_MEANWHILE
        going = [instance_id for instance_id, row in left.items() if self._has_begun(instance_id, row)]
        self._accepted(going)
        return {instance_id: row for instance_id, row in left.items() if instance_id not in going}

    def _has_begun(self, instance_id: str, row: Row) -> bool:
        """Return whether an unanswered deletion is at work: the instance goes down, which it did not before."""
        status = row.get("Status")
        return instance_id in self._unanswered and status == GOING_DOWN and self.changes[instance_id].status != status

    def _refused(self, instance_id: str, error: CloudError) -> None:
        """Note a refusal, unless it is an unanswered try's own deletion that has changed the status already."""
        if instance_id in self._unanswered and isinstance(error, ApiError) and error.code.startswith(WRONG_STATUS):
            self._accepted([instance_id])
        else:
            self.changes[instance_id].fail(str(error), error.result.get("error"))

    def _accepted(self, instance_ids: Sequence[str]) -> None:
        for instance_id in instance_ids:
            change = self.changes[instance_id]
            change.changed = True
            # the wait finds out what it really is; without a wait it stays unknown
            change.status = DELETING

    def _wait_until_settled(self) -> None:
        """Wait for instances that are just starting or stopping: the service deletes none of those."""
        transient = [instance_id for instance_id in self._planned() if self.changes[instance_id].status in TRANSIENT]
        if not transient:
            return

        def settled() -> bool | None:
            rows = states_of(self._client, transient, self._deadline)
            for instance_id in transient:
                change = self.changes[instance_id]
                change.status = str(rows[instance_id].get("Status")) if instance_id in rows else ABSENT
                if change.status == ABSENT:
                    change.action, change.message = "none", DELETED_MEANWHILE
            return None if any(self.changes[instance_id].status in TRANSIENT for instance_id in transient) else True

        poll(settled, self._deadline, "waiting until the instances have started or stopped")

    def _wait_until_gone(self) -> None:
        waiting = {change.instance_id for change in self.changes.values() if change.status == DELETING}

        def look() -> None:
            left = states_of(self._client, sorted(waiting), self._deadline)
            for instance_id in waiting - left.keys():
                self.changes[instance_id].status = ABSENT
            waiting.intersection_update(left)
            for instance_id, row in left.items():
                self.changes[instance_id].status = str(row.get("Status"))

        self.changes.wait_for(
            waiting,
            look,
            deadline=self._deadline,
            progress=self._progress,
            what="instances are gone",
            left="Not gone yet",
        )
