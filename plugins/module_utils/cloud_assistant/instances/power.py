# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and reboot ECS instances, wait for it, and keep the outcome of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...alibaba.client import Client
from ...alibaba.generations import has_dry_run, instances_a_change
from ...common.changes import ABSENT
from ...common.errors import ApiError, TaskFailure, WaitTimeout
from ...common.wait import Deadline, poll
from ..targets import batches
from .changes import WRONG_STATUS, InstanceChange, InstanceChanges, is_dry_run_success, is_refusal
from .selection import Row, states_of

OPERATIONS = {"running": "StartInstances", "stopped": "StopInstances", "rebooted": "RebootInstances"}
ACTIONS = {"running": "start", "stopped": "stop", "rebooted": "reboot"}
GOALS = {"running": "Running", "stopped": "Stopped", "rebooted": "Running"}
# the status of an instance once the action is accepted; one that reboots may still read Running for a moment
ACCEPTED = {"running": "Starting", "stopped": "Stopping", "rebooted": "Running"}
# the status from which the action is possible, and those that lead there by themselves
STARTS_FROM = {"running": "Stopped", "stopped": "Running", "rebooted": "Running"}
LEADS_TO = {"Running": ("Starting", "Pending"), "Stopped": ("Stopping",)}
FORCE = {"stopped": "ForceStop", "rebooted": "ForceReboot"}
REBOOT_LAG = 5.0
"""Seconds after which an instance that reads Running counts as rebooted although no other status was seen."""


class PowerChange:
    """One task's change of ``rows`` (of DescribeInstances) to ``state``: running, stopped or rebooted.

    ``force`` cuts the power instead of shutting the system down; ``stopped_mode`` is KeepCharging or StopCharging.
    ``predict`` changes nothing, ``carry_out`` acts.
    """

    def __init__(
        self,
        client: Client,
        rows: Sequence[Row],
        state: str,
        *,
        force: bool = False,
        stopped_mode: str | None = None,
        wait: bool = True,
        deadline: Deadline,
        progress: Callable[[str], None] = lambda text: None,
        reboot_lag: float = REBOOT_LAG,
    ) -> None:
        self._client = client
        self._state = state
        self._goal = GOALS[state]
        self._origin = STARTS_FROM[state]
        self._options: dict[str, Any] = {FORCE[state]: force} if force and state in FORCE else {}
        if state == "stopped" and stopped_mode:
            self._options["StoppedMode"] = stopped_mode
        self._wait = wait
        self._deadline = deadline
        self._progress = progress
        self._reboot_lag = reboot_lag
        self._booted = {row["InstanceId"]: row.get("StartTime") for row in rows}
        self._down: set[str] = set()
        self._accepted_at: dict[str, float] = {}
        self.changes = InstanceChanges((row["InstanceId"], InstanceChange.of_row(row)) for row in rows)
        for change in self.changes.values():
            change.action = self._action(change.status)

    def _action(self, status: str) -> str:
        """Return what has to be done to an instance of that status: the action, wait, or none."""
        if self._state != "rebooted" and status == self._goal:
            return "none"
        if self._state != "rebooted" and status in LEADS_TO[self._goal]:
            return "wait"
        return ACTIONS[self._state]

    def check(self) -> None:
        """Raise TaskFailure for instances that cannot be rebooted because they do not run; nothing was done then."""
        if self._state != "rebooted":
            return
        for change in self.changes.values():
            if change.status not in ("Running", *LEADS_TO["Running"]):
                change.action = "none"
                change.fail(f"it is {change.status}, but only a running instance can be rebooted")
        self.changes.raise_failures("cannot be rebooted; nothing was changed")

    def predict(self) -> None:
        """Record what the change would lead to, as the service's DryRun has it. Raises TaskFailure as it would.

        A generation without DryRun is not asked; what was read of the instances decides then.
        """
        if has_dry_run(self._client.generation):
            ready = [change.instance_id for change in self._acting() if change.status == self._origin]
            for batch in batches(ready, instances_a_change(self._client.generation)):
                self._dry_run(batch)
        for change in self.changes.values():
            if not change.failed and change.action != "none":
                change.changed = change.action != "wait"
                if self._wait:
                    change.status = self._goal
                elif change.changed:
                    change.status = ACCEPTED[self._state]
                change.message = (
                    "is already on its way to this state" if change.action == "wait" else f"would {change.action}"
                )
        self.changes.raise_failures(f"could not {ACTIONS[self._state]}")

    def carry_out(self) -> None:
        """Act and wait. Raises TaskFailure and WaitTimeout, both with every instance's change in ``result``."""
        with self.changes.reporting_on_failure():
            self._wait_for_origin()
            acting = [change.instance_id for change in self._acting()]
            for batch in batches(acting, instances_a_change(self._client.generation)):
                self._submit(batch)
            if self._wait:
                self._wait_for_goal()
        self.changes.raise_failures(f"could not {ACTIONS[self._state]}")

    def _acting(self) -> list[InstanceChange]:
        return [
            change for change in self.changes.values() if change.action not in ("none", "wait") and not change.failed
        ]

    def _dry_run(self, instance_ids: Sequence[str]) -> None:
        try:
            # all together: with SuccessFirst a dry run always succeeds
            params = {"InstanceId": list(instance_ids), "DryRun": True, **self._options}
            self._client.call(OPERATIONS[self._state], params, deadline=self._deadline)
        except ApiError as error:
            if is_dry_run_success(error):
                return
            if not is_refusal(error):
                raise
            if len(instance_ids) == 1:
                self.changes[instance_ids[0]].fail(str(error), error.as_dict())
                return
            for instance_id in instance_ids:
                self._dry_run([instance_id])
            return
        raise TaskFailure(
            f"{OPERATIONS[self._state]}: the service carried out a request that was marked DryRun",
            **self.changes.as_result(),
        )

    def _wait_for_origin(self) -> None:
        """Wait for instances that are on their way to the status from which the action is possible."""
        waiting = {change.instance_id for change in self._acting() if change.status != self._origin}
        if waiting:
            self._poll(waiting, self._at_origin, f"to be {self._origin}")
            for instance_id in waiting:
                if self.changes[instance_id].status == ABSENT:
                    self.changes[instance_id].fail("was deleted by another user or program in the meantime")

    def _at_origin(self, change: InstanceChange, row: Row) -> bool:
        self._booted[change.instance_id] = row.get("StartTime")
        return change.status in (self._origin, ABSENT)

    def _submit(self, instance_ids: Sequence[str]) -> None:
        """Request the action; each instance gets its own answer (BatchOptimization=SuccessFirst)."""
        operation = OPERATIONS[self._state]
        params = {"InstanceId": list(instance_ids), "BatchOptimization": "SuccessFirst", **self._options}
        try:
            reply = self._client.call(operation, params, deadline=self._deadline)
        except ApiError as error:
            if not is_refusal(error):
                raise
            if len(instance_ids) > 1:
                for instance_id in instance_ids:
                    self._submit([instance_id])
            else:
                self._refused(instance_ids[0], error.code, str(error), error.as_dict(), error.after_lost_reply)
            return
        answers = {row.get("InstanceId"): row for row in reply.rows("InstanceResponses", "InstanceResponse")}
        for instance_id in instance_ids:
            answer = answers.get(instance_id)
            if answer is None and "InstanceResponses" in reply:
                text = f"{operation}: the reply does not mention this instance; the change may have taken effect"
                self.changes[instance_id].fail(text)
                continue
            # an operation on one instance only acknowledges the request
            code = "200" if answer is None else str(answer["Code"])
            if answer is None or code == "200":
                self._accepted(instance_id)
            else:
                text = f"{operation}: {code}: {answer.get('Message') or ''}".rstrip(": ")
                block = {"operation": operation, "code": code, "message": answer.get("Message")}
                self._refused(instance_id, code, text, block, reply.after_lost_reply)

    def _accepted(self, instance_id: str) -> None:
        change = self.changes[instance_id]
        change.changed = True
        # the wait finds out how it ends; without a wait it stays unknown
        change.status = ACCEPTED[self._state]
        self._accepted_at[instance_id] = self._deadline.elapsed()

    def _refused(self, instance_id: str, code: str, text: str, block: dict[str, Any], lost: bool) -> None:
        """Note a refusal, unless an earlier try whose answer was lost is what has changed the status already."""
        if lost and code.startswith(WRONG_STATUS) and self._state != "rebooted":
            self._accepted(instance_id)
        else:
            self.changes[instance_id].fail(text, block)

    def _wait_for_goal(self) -> None:
        waiting = {
            change.instance_id for change in self.changes.values() if change.action != "none" and not change.failed
        }
        if waiting:
            what = "to have rebooted" if self._state == "rebooted" else f"to be {self._goal}"
            self._poll(waiting, self._arrived, what)
        for change in self.changes.values():
            if change.status == ABSENT and not change.failed:
                change.fail("was deleted by another user or program in the meantime")

    def _arrived(self, change: InstanceChange, row: Row) -> bool:
        """Return whether an instance is at its goal; one that was asked to reboot may read Running a moment longer."""
        if change.status == ABSENT:
            return True
        if change.status != self._goal or row.get("StartTime") != self._booted.get(change.instance_id):
            self._down.add(change.instance_id)
        if change.status != self._goal:
            return False
        if self._state != "rebooted" or change.instance_id in self._down:
            return True
        return self._deadline.elapsed() - self._accepted_at.get(change.instance_id, 0.0) >= self._reboot_lag

    def _poll(self, waiting: set[str], arrived: Callable[[InstanceChange, Row], bool], what: str) -> None:
        """Look at the instances until each has arrived; ``waiting`` shrinks. Raises WaitTimeout naming the rest."""
        left = set(waiting)
        total = len(left)

        def look() -> bool | None:
            rows = states_of(self._client, sorted(left), self._deadline)
            for instance_id in sorted(left):
                change, row = self.changes[instance_id], rows.get(instance_id, {})
                change.status = str(row.get("Status") or ABSENT)
                if arrived(change, row):
                    left.discard(instance_id)
            self._progress(f"{total - len(left)}/{total} instances are {self._goal}")
            return None if left else True

        try:
            poll(look, self._deadline, f"waiting for {total} instances {what}")
        except WaitTimeout as error:
            raise WaitTimeout(f"{error}. Not yet: {self._names(left)}") from error

    def _names(self, instance_ids: Iterable[str]) -> str:
        return ", ".join(f"{instance_id} ({self.changes[instance_id].status})" for instance_id in sorted(instance_ids))
