# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Start, stop and reboot ECS instances, wait for it, and keep the outcome of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...alibaba.client import Client, Reply
from ...alibaba.generations import has_dry_run, max_instances_per_change
from ...common.changes import ABSENT
from ...common.errors import ApiError
from ...common.paging import batches
from ...common.wait import Deadline
from .changes import DELETED_MEANWHILE, WRONG_STATUS, InstanceChange, InstanceChanges, ask_for_each, dry_run
from .selection import Row, states_of

REBOOT_LAG = 5.0
"""Seconds after which an instance that reads Running counts as rebooted although no other status was seen."""


@dataclass(frozen=True)
class Action:
    """What brings an instance into one of the states: ``operation`` works from the status ``origin``.

    ``accepted`` is the status once the service has accepted the change, ``goal`` that at its end. ``force`` is the
    parameter that cuts the power instead of shutting the system down.
    """

    name: str
    operation: str
    origin: str
    accepted: str
    goal: str
    force: str | None = None


ACTIONS = {
    "running": Action("start", "StartInstances", "Stopped", "Starting", "Running"),
    "stopped": Action("stop", "StopInstances", "Running", "Stopping", "Stopped", "ForceStop"),
    # one that reboots may still read Running for a moment
    "rebooted": Action("reboot", "RebootInstances", "Running", "Running", "Running", "ForceReboot"),
}
LEADS_TO = {"Running": ("Starting", "Pending"), "Stopped": ("Stopping",)}
"""The statuses that lead to a goal by themselves."""


class Reboots:
    """Tell which instances have rebooted: one that was asked to may read Running a moment longer.

    It has rebooted when it has another start time, when another status was seen, or ``lag`` seconds after the service
    has accepted the reboot. ``elapsed`` returns the seconds since the task began.
    """

    def __init__(self, rows: Sequence[Row], lag: float, elapsed: Callable[[], float]) -> None:
        self._lag = lag
        self._elapsed = elapsed
        self._started = {row["InstanceId"]: row.get("StartTime") for row in rows}
        self._accepted_at: dict[str, float] = {}
        self._seen: set[str] = set()

    def note_origin(self, instance_id: str, row: Row) -> None:
        """Note the start time of an instance before its reboot."""
        self._started[instance_id] = row.get("StartTime")

    def note_accepted(self, instance_id: str) -> None:
        """Note that the service has accepted the reboot now."""
        self._accepted_at[instance_id] = self._elapsed()

    def has_ended(self, instance_id: str, row: Row) -> bool:
        """Return whether the instance, of which this was read, has rebooted and runs."""
        running = row.get("Status") == "Running"
        if not running or row.get("StartTime") != self._started.get(instance_id):
            self._seen.add(instance_id)
        lag_over = self._elapsed() - self._accepted_at.get(instance_id, 0.0) >= self._lag
        return running and (instance_id in self._seen or lag_over)


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
    ) -> None:
        self._client = client
        self._action = ACTIONS[state]
        self._options: dict[str, Any] = {self._action.force: force} if force and self._action.force else {}
        if state == "stopped" and stopped_mode:
            self._options["StoppedMode"] = stopped_mode
        self._wait = wait
        self._deadline = deadline
        self._progress = progress
        self._reboots = Reboots(rows, REBOOT_LAG, deadline.elapsed) if state == "rebooted" else None
        self.changes = InstanceChanges((row["InstanceId"], InstanceChange.of_row(row)) for row in rows)
        for change in self.changes.values():
            change.action = self._needed(change.status)

    def _needed(self, status: str) -> str:
        """Return what has to be done to an instance of that status: the action, wait, or none."""
        if self._reboots is None and status == self._action.goal:
            return "none"
        if self._reboots is None and status in LEADS_TO[self._action.goal]:
            return "wait"
        return self._action.name

    def check(self) -> None:
        """Raise TaskFailure for instances that cannot be rebooted because they do not run; nothing was changed then."""
        if self._reboots is None:
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
            ready = [change.instance_id for change in self._acting() if change.status == self._action.origin]
            for batch in batches(ready, max_instances_per_change(self._client.generation)):
                dry_run(self._action.operation, batch, self._rehearse, self.changes)
        for change in self.changes.values():
            if not change.failed and change.action != "none":
                change.changed = change.action != "wait"
                if self._wait:
                    change.status = self._action.goal
                elif change.changed:
                    change.status = self._action.accepted
                change.message = (
                    "is already on its way to this state" if change.action == "wait" else f"would {change.action}"
                )
        self.changes.raise_failures(f"could not {self._action.name}")

    def carry_out(self) -> None:
        """Act and wait. Raises TaskFailure and WaitTimeout, both with every instance's change in ``result``."""
        with self.changes.reporting_on_failure():
            self._wait_for_origin()
            acting = [change.instance_id for change in self._acting()]
            for batch in batches(acting, max_instances_per_change(self._client.generation)):
                self._submit(batch)
            if self._wait:
                self._wait_for_goal()
        self.changes.raise_failures(f"could not {self._action.name}")

    def _acting(self) -> list[InstanceChange]:
        return [
            change for change in self.changes.values() if change.action not in ("none", "wait") and not change.failed
        ]

    def _rehearse(self, instance_ids: Sequence[str]) -> None:
        # all together: with SuccessFirst a dry run always succeeds
        params = {"InstanceId": list(instance_ids), "DryRun": True, **self._options}
        self._client.call(self._action.operation, params, deadline=self._deadline)

    def _wait_for_origin(self) -> None:
        """Wait for instances that are on their way to the status from which the action is possible."""
        waiting = {change.instance_id for change in self._acting() if change.status != self._action.origin}
        self._wait_until(set(waiting), self._at_origin, f"are {self._action.origin}")
        for instance_id in waiting:
            if self.changes[instance_id].status == ABSENT:
                self.changes[instance_id].fail(DELETED_MEANWHILE)

    def _at_origin(self, change: InstanceChange, row: Row) -> bool:
        if self._reboots:
            self._reboots.note_origin(change.instance_id, row)
        return change.status in (self._action.origin, ABSENT)

    def _submit(self, instance_ids: Sequence[str]) -> None:
        """Request the action; each instance gets its own answer (BatchOptimization=SuccessFirst)."""
        for asked, reply in ask_for_each(instance_ids, self._request, self._refused_alone):
            answers = {row.get("InstanceId"): row for row in reply.rows("InstanceResponses", "InstanceResponse")}
            for instance_id in asked:
                self._take_answer(instance_id, answers.get(instance_id), reply)

    def _request(self, instance_ids: Sequence[str]) -> Reply:
        params = {"InstanceId": list(instance_ids), "BatchOptimization": "SuccessFirst", **self._options}
        return self._client.call(self._action.operation, params, deadline=self._deadline)

    def _take_answer(self, instance_id: str, answer: Row | None, reply: Reply) -> None:
        """Note the answer for one instance; None where the reply has none."""
        operation = self._action.operation
        if answer is None and "InstanceResponses" in reply:
            text = f"{operation}: the reply does not mention this instance; the change may have taken effect"
            self.changes[instance_id].fail(text)
            return
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
        change.status = self._action.accepted
        if self._reboots:
            self._reboots.note_accepted(instance_id)

    def _refused_alone(self, instance_id: str, error: ApiError) -> None:
        self._refused(instance_id, error.code, str(error), error.as_dict(), error.after_lost_reply)

    def _refused(self, instance_id: str, code: str, text: str, block: dict[str, Any], lost: bool) -> None:
        """Note a refusal, unless an earlier try whose answer was lost is what has changed the status already."""
        if lost and code.startswith(WRONG_STATUS) and self._reboots is None:
            self._accepted(instance_id)
        else:
            self.changes[instance_id].fail(text, block)

    def _wait_for_goal(self) -> None:
        waiting = {
            change.instance_id for change in self.changes.values() if change.action != "none" and not change.failed
        }
        self._wait_until(waiting, self._arrived, "have rebooted" if self._reboots else f"are {self._action.goal}")
        for change in self.changes.values():
            if change.status == ABSENT and not change.failed:
                change.fail(DELETED_MEANWHILE)

    def _arrived(self, change: InstanceChange, row: Row) -> bool:
        if change.status == ABSENT:
            return True
        if self._reboots:
            return self._reboots.has_ended(change.instance_id, row)
        return change.status == self._action.goal

    def _wait_until(self, waiting: set[str], arrived: Callable[[InstanceChange, Row], bool], goal: str) -> None:
        """Look at the instances until each has arrived; ``waiting`` shrinks. Raises WaitTimeout naming the rest."""

        def look() -> None:
            rows = states_of(self._client, sorted(waiting), self._deadline)
            for instance_id in sorted(waiting):
                change, row = self.changes[instance_id], rows.get(instance_id, {})
                change.status = str(row.get("Status") or ABSENT)
                if arrived(change, row):
                    waiting.discard(instance_id)

        self.changes.wait_for(
            waiting,
            look,
            deadline=self._deadline,
            progress=self._progress,
            what=f"instances {goal}",
            done=f"instances are {self._action.goal}",
        )
