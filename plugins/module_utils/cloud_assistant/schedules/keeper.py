# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Keep exactly one live scheduled invocation of a command on its instances."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...alibaba.client import Client
from ...alibaba.generations import frequency_in
from ...common.errors import ApiError, CloudError, InputError, TaskFailure
from ...common.hidden import REDACTED
from ...common.idempotency import new_client_token
from ...common.wait import Deadline
from ..commands.listing import PREDICTED_COMMAND_ID
from ..commands.plan import retired_name
from ..frequency import read_frequency
from ..instances.agents import agent_rows
from ..instances.readiness import find_targets
from ..instances.requirements import CHANGES, has_feature
from ..invocations.listing import oldest_first, scheduled_invocations
from ..invocations.stopping import stop
from ..models import TERMINATION_MODES, Command, Invocation
from ..runs.calls import check_fit, find_stored
from ..runs.request import RunRequest
from ..runs.run import run
from ..tags import MAX_TAGS, check_tags
from ..targets import Targets
from .plan import DesiredSchedule, Kept, SchedulePlan, active_instances, plan_schedule

SET_TAG = "cloudops-schedule"
"""Tag that all invocations of one schedule have in common, because one invocation holds 100 instances only."""

NOT_CHANGEABLE = frozenset(
    {
        "InvalidOperation.CloudAssistantVersionUnsupported",
        "InvalidOperation.RepeatModeUnsupported",
        "InvalidOperation.InvokeAlreadyFinished",
        "InvalidInstanceId.CountLimitExceeded",
        "InvalidInstanceId.OSTypeUnsupported",
        "InvalidInvokeId.NotFound",
    }
)
"""Answers of ModifyInvocationAttribute after which the invocation has to be stopped and started again."""


@dataclass
class ScheduleChanges:
    """What was done, or in check mode what would be. Ids of invocations that would be started are not known then."""

    command_id: str = ""
    instance_ids: tuple[str, ...] = ()
    kept: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    changed: bool = False
    schedule: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


@dataclass
class ScheduleKeeper:
    """Keeps schedules as tasks want them, with one client.

    ``check``: only read and predict. ``deadline`` bounds the wait for what is stopped. ``warn`` takes what the user
    should know.
    """

    client: Client
    check: bool = False
    deadline: Deadline = field(default_factory=lambda: Deadline(120))
    warn: Callable[[str], None] = lambda text: None

    def present(self, request: RunRequest) -> ScheduleChanges:
        """Make sure that exactly one live invocation is as the request wants it, on each of its instances.

        An invocation is taken for this schedule when it is one of the command (by name: also of a deleted command of
        that name), has the same repeat mode and all of the request's tags, and, where the request has no tags, one of
        the instances; then all that were started as parts of the same schedule belong to it. Raises InputError,
        TaskFailure.
        """
        request = self._checked(request)
        command = self._command(request)
        instance_ids, _stopped = find_targets(self.client, request.targets, self.deadline)
        desired = _desired(request, command, instance_ids)
        live = self._live(request, command, instance_ids)
        plan = plan_schedule(live, desired, self._modifiable)
        changes = _changes(plan, desired, live, request)
        if plan.duplicates:
            self.warn(
                "This schedule is running more than once on some instances. Keeping one invocation per instance, "
                f"stopping: {', '.join(plan.duplicates)}"
            )
        affected = any(plan.stops) or any(kept.changed for kept in plan.kept)
        if command.command_id and (self.check or affected):
            # what cannot be started must cost or change nothing that runs now
            self._start(request, command, plan, dry_run=True)
        if self.check:
            self._note(plan, changes)
            return changes
        try:
            self._carry_out(plan, request, command, desired, changes)
        except CloudError as error:
            if not (changes.stopped or changes.modified):
                raise
            raise _half_done(error, changes) from error
        return changes

    def _checked(self, request: RunRequest) -> RunRequest:
        """Return the request with its frequency as this generation takes it; raise InputError if it cannot be."""
        request.check(self.client.generation)
        if not request.when.scheduled:
            raise InputError("frequency", "is required unless repeat_mode is next_reboot_only or every_reboot")
        if request.when.frequency:
            request = request.altered(frequency=frequency_in(self.client.generation, request.when.frequency))
        for note in request.when.notes():
            self.warn(f"frequency: {note}")
        return request

    def _command(self, request: RunRequest) -> Command:
        """Return the command of the schedule; in check mode also one that an earlier task would create, with no id."""
        command = find_stored(self.client, request.payload, check=self.check, warn=self.warn)
        if command is None:
            return Command(command_id="", name=request.payload.command_name or "", type="")
        check_fit(self.client, request, command)
        return command

    def _live(self, request: RunRequest, command: Command, instance_ids: tuple[str, ...]) -> list[Invocation]:
        """Return the live invocations that count as this schedule, oldest first."""
        found = scheduled_invocations(self.client, command_id=command.command_id) if command.command_id else []
        if request.payload.command_name:
            # a command that was replaced leaves its schedules behind, under the name that it has or had
            for name in (request.payload.command_name, retired_name(request.payload.command_name)):
                known = {invocation.invoke_id for invocation in found}
                named = scheduled_invocations(self.client, command_name=name)
                found += [invocation for invocation in named if invocation.invoke_id not in known]
        tags = check_tags(request.identity.tags)
        alike = [
            invocation
            for invocation in oldest_first(found)
            if invocation.repeat_mode == request.when.mode and tags.items() <= invocation.tags.items()
        ]
        if tags:
            return alike
        meant = [each for each in alike if not set(instance_ids).isdisjoint(active_instances(each))]
        sets = {each.tags.get(SET_TAG) for each in meant} - {None}
        return [each for each in alike if each in meant or each.tags.get(SET_TAG) in sets]

    def _modifiable(self, instance_ids: Collection[str]) -> bool:
        """Return whether the schedule of all these instances can be changed in place, by the API and by their agents.

        Where one of them no longer exists, nothing is known of their agents.
        """
        if self.client.generation == "classic":
            return False
        rows = agent_rows(self.client, list(instance_ids), self.deadline)
        return all(has_feature(rows.get(item, {}), CHANGES) for item in instance_ids)

    def _carry_out(
        self,
        plan: SchedulePlan,
        request: RunRequest,
        command: Command,
        desired: DesiredSchedule,
        changes: ScheduleChanges,
    ) -> None:
        stop(self.client, plan.stops, self.deadline)
        changes.stopped += [each.invoke_id for each in plan.stops]
        for kept in plan.kept:
            if not kept.changed:
                continue
            if self._modify(kept, desired):
                changes.modified.append(kept.invocation.invoke_id)
            else:
                # refused at the last moment: what is live now is looked at again, and what does not fit is replaced
                live = self._live(request, command, desired.instance_ids)
                again = plan_schedule(live, desired, lambda instance_ids: False)
                changes.stopped += [each.invoke_id for each in again.stops]
                stop(self.client, again.stops, self.deadline)
                plan = again
                break
        changes.kept += [kept.invocation.invoke_id for kept in plan.kept]
        changes.started += self._start(request, command, plan, dry_run=False)

    def _note(self, plan: SchedulePlan, changes: ScheduleChanges) -> None:
        changes.stopped += [each.invoke_id for each in plan.stops]
        changes.modified += [kept.invocation.invoke_id for kept in plan.kept if kept.changed]
        changes.kept += [kept.invocation.invoke_id for kept in plan.kept]

    def _modify(self, kept: Kept, desired: DesiredSchedule) -> bool:
        """Change an invocation in place; return whether the service could."""
        params: dict[str, Any] = {"InvokeId": kept.invocation.invoke_id, "ClientToken": new_client_token()}
        if kept.frequency:
            params["Frequency"] = desired.frequency
        if kept.parameters:
            params.update(Parameters=dict(desired.parameters), EnableParameter=True)
        if kept.added:
            params["InstanceId"] = list(kept.added)
        try:
            self.client.call("ModifyInvocationAttribute", params, deadline=self.deadline)
        except ApiError as error:
            if error.code not in NOT_CHANGEABLE:
                raise
            return False
        return True

    def _start(self, request: RunRequest, command: Command, plan: SchedulePlan, *, dry_run: bool) -> list[str]:
        """Start what is missing, or let the service check whether it could be; return the new invocations' ids."""
        if not plan.start:
            return []
        targets = Targets(plan.start, {}, request.targets.resource_group_id)
        tags = dict(request.identity.tags)
        if self.client.generation != "classic" and len(tags) < MAX_TAGS:
            sets = [tag for each in plan.kept if (tag := each.invocation.tags.get(SET_TAG))]
            tags[SET_TAG] = sets[0] if sets else new_client_token()
        start = request.altered(targets, tags=tags, command_id=command.command_id, command_name=None, dry_run=dry_run)
        outcome = run(self.client, start, warn=self.warn)
        # the next run finds what was started, so the token is not needed; the module has no option for it
        outcome.client_token = None
        outcome.raise_for_failure()
        return outcome.invoke_ids


def _changes(
    plan: SchedulePlan, desired: DesiredSchedule, live: Sequence[Invocation], request: RunRequest
) -> ScheduleChanges:
    """Return what is known of the changes before any is made: the state before and after."""
    after = _wanted_state(desired, request)
    return ScheduleChanges(
        command_id=desired.command_id or PREDICTED_COMMAND_ID,
        instance_ids=desired.instance_ids,
        changed=plan.changed,
        schedule=read_frequency(desired.frequency).describe() if desired.frequency else "",
        before=_state(live, request) if plan.changed else after,
        after=after,
    )


def _half_done(error: CloudError, changes: ScheduleChanges) -> CloudError:
    """Return the failure of a later step, with what was done before it."""
    stopped, modified = ", ".join(changes.stopped), ", ".join(changes.modified)
    text = "; ".join(f"{what} {ids}" for what, ids in (("stopped", stopped), ("modified", modified)) if ids)
    problem = f"{error}\nAlready done: {text}. Run the task again to complete it."
    done = {"stopped_invoke_ids": changes.stopped, "modified_invoke_ids": changes.modified, "changed": True}
    return TaskFailure(problem, **{**error.result, **done})


def _desired(request: RunRequest, command: Command, instance_ids: tuple[str, ...]) -> DesiredSchedule:
    names = ("username", "working_dir", "timeout", "launcher", "container_id", "container_name", "oss_output_delivery")
    settings = {name: value for name in names if (value := request.options[name]) is not None}
    if request.run_as.termination_mode:
        settings["termination_mode"] = TERMINATION_MODES[request.run_as.termination_mode]
    return DesiredSchedule(
        command_id=command.command_id,
        instance_ids=instance_ids,
        repeat_mode=request.when.mode,
        frequency=request.when.frequency or "",
        parameters=request.payload.values,
        settings=settings,
    )


def _shown(parameters: Mapping[str, str], request: RunRequest) -> dict[str, str]:
    """Return parameters as a diff may show them: only values that the task gives openly; others may be secrets."""
    openly = {str(name).lower(): str(value) for name, value in request.payload.parameters.items()}
    return {name: value if openly.get(name.lower()) == value else REDACTED for name, value in parameters.items()}


def _state(live: Sequence[Invocation], request: RunRequest) -> dict[str, Any]:
    """Return what a diff shows of the live invocations; those that differ only in their instances are shown as one."""
    groups: dict[str, dict[str, Any]] = {}
    for invocation in live:
        schedule = {
            "command_id": invocation.command_id,
            "repeat_mode": invocation.repeat_mode,
            "frequency": invocation.frequency,
            "parameters": _shown(invocation.parameters, request),
        }
        group = groups.setdefault(str(schedule), {**schedule, "instance_ids": []})
        group["instance_ids"] = sorted({*group["instance_ids"], *active_instances(invocation)})
    if len(groups) == 1:
        return next(iter(groups.values()))
    return {"schedules": list(groups.values())} if groups else {}


def _wanted_state(desired: DesiredSchedule, request: RunRequest) -> dict[str, Any]:
    return {
        "command_id": desired.command_id,
        "repeat_mode": desired.repeat_mode,
        "frequency": desired.frequency,
        "parameters": _shown(desired.parameters, request),
        "instance_ids": sorted(desired.instance_ids),
    }
