# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Bring stored commands into the state that a task wants, so that an interrupted run is finished by the next one.

A command whose script, type, parameter switch or resource group differs cannot be changed. Its replacement is created
under an interim name, then the old command is deleted, then the replacement gets the name. If any step fails, at most
one command has the name at any time, and the interim name shows the next run how far this one came.

Reads lag behind writes. A task that follows a killed one at once may not see what that one has created, and create it
again. It finds both when it reads back its own command, and then keeps the earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...alibaba.client import Client
from ...alibaba.generations import CLASSIC_SHORTEST_TIMEOUT, default_timeout, refuse_missing
from ...common.errors import ApiError, CloudError, InputError, TaskFailure, WaitTimeout
from ...common.idempotency import new_client_token
from ...common.wait import Deadline, poll
from ..invocations.listing import live_invocations, scheduled_invocations
from ..invocations.stopping import plan_stop, stop
from ..models import Command, Invocation
from ..scripts import ScriptContent
from ..tags import apply_tags, own_tags, plan_tags
from .listing import COMMAND_NOT_FOUND, describe_unknown_command, find_commands, find_one, the_only
from .plan import (
    FIXED,
    CommandPlan,
    DesiredCommand,
    check_desired,
    creation,
    interim_name,
    modification,
    plan_command,
    retired_name,
)

IN_USE = "Operation.Forbidden"
"""Answer of DeleteCommand while something runs the command, or will run it on schedule."""

SETTLE_SECONDS = 10.0
"""How long a change may take until reads show it; otherwise, the next task could read stale data and change again."""


@dataclass
class CommandChanges:
    """What was done, or in check mode what would be: records before and after, and ids.

    ``after`` is None where no command remains; its id is empty while it is only predicted.
    """

    changed: bool = False
    before: Command | None = None
    after: Command | None = None
    replaced_command_id: str = ""
    deleted: list[Command] = field(default_factory=list)
    stopped_invoke_ids: list[str] = field(default_factory=list)


@dataclass
class CommandKeeper:
    """Keeps stored commands as tasks want them, with one client.

    ``check``: only read and predict. ``stop_invocations``: stop what uses a command before it is deleted, its
    schedules before it is replaced. ``deadline`` bounds the wait for that. ``warn`` takes what the user should know.
    """

    client: Client
    check: bool = False
    stop_invocations: bool = False
    deadline: Deadline = field(default_factory=lambda: Deadline(120))
    warn: Callable[[str], None] = lambda text: None

    def present(
        self, desired: DesiredCommand, *, command_id: str | None = None, client_token: str | None = None
    ) -> CommandChanges:
        """Make sure that the command of this id, or else of the desired name, is as desired.

        Raises InputError for what cannot be, TaskFailure for an ambiguous name or a half-done replacement.
        """
        desired = self._in_this_generation(desired)
        check_desired(desired, self.client.generation)
        current, unnamed = self._current(desired, command_id)
        plan = plan_command(current, desired, default_timeout(self.client.generation))
        self._check_plan(plan)
        changes = CommandChanges(changed=plan.changed or unnamed is not None, before=plan.before, after=plan.after)
        schedules: list[Invocation] = []
        if current and plan.action == "replace":
            changes.replaced_command_id = current.command_id
            changes.deleted = [current]
            schedules = self._schedules(changes.deleted)
            self._decide_on(schedules, changes)
        if self.check or not changes.changed:
            return changes
        if unnamed:
            self._modify({"CommandId": unnamed.command_id, "Name": desired.name})
        changes.after = self._carry_out(plan, changes, schedules, client_token)
        return changes

    def _current(self, desired: DesiredCommand, command_id: str | None) -> tuple[Command | None, Command | None]:
        """Return the stored command and, if an interrupted task has left it under its interim name, the same again.

        Raises TaskFailure if there is no command with the id, or more than one with the name.
        """
        if command_id is not None:
            current = find_one(self.client, command_id=command_id)
            if not current:
                raise TaskFailure(f"command_id: command {command_id} does not exist in {self.client.region}")
            return current, None
        current = find_one(self.client, name=desired.name)
        unnamed = None if current else self._interim(desired.name or "")
        if unnamed:
            # an interrupted task deleted the old command, and did not get to rename the new one
            current = replace(unnamed, name=desired.name or "")
        return current, unnamed

    def _carry_out(
        self, plan: CommandPlan, changes: CommandChanges, schedules: Sequence[Invocation], client_token: str | None
    ) -> Command:
        """Create, replace or modify the command, and return it as the service shows it afterwards."""
        if plan.action == "create":
            created = self._create(plan.after, client_token)
        elif plan.action == "replace":
            created = self._replace(plan.after, changes, schedules, client_token)
        else:
            created = plan.after
            if plan.action == "modify":
                self._modify(plan.modification())
            apply_tags(self.client, "command", created.command_id, plan.tags)
        shown = self._await(created.command_id, lambda seen: seen is not None and _alike(seen, created))
        if shown is None and plan.action == "create" and client_token:
            raise _never_seen(created, client_token)
        if shown and plan.action == "create":
            shown = self._first_of_twins(shown)
        return shown or created

    def absent(
        self, *, command_id: str | None = None, name: str | None = None, all_matching: bool = False
    ) -> CommandChanges:
        """Make sure that no command has this id or name; ``all_matching`` allows for several of one name.

        Raises TaskFailure while something runs one of them, or will on schedule: the service keeps such a command.
        """
        doomed = self._doomed(command_id, name, all_matching)
        for command in doomed:
            _refuse_public(command)
        using = [each for command in doomed for each in live_invocations(self.client, command_id=command.command_id)]
        ids = [invocation.invoke_id for invocation in using]
        if using and not self.stop_invocations:
            raise _still_used(doomed, ids)
        before = doomed[0] if doomed else None
        changes = CommandChanges(changed=bool(doomed), before=before, deleted=doomed, stopped_invoke_ids=ids)
        if self.check:
            return changes
        gone: list[str] = []
        try:
            self._stop(using)
            for command in doomed:
                self._delete(command.command_id)
                gone.append(command.command_id)
        except CloudError as error:
            if using or gone:
                error.result.update(changed=True, command_ids=gone, stopped_invoke_ids=ids)
            raise
        for command in doomed:
            self._await(command.command_id, lambda seen: seen is None)
        return changes

    def _doomed(self, command_id: str | None, name: str | None, all_matching: bool) -> list[Command]:
        """Return the commands to delete: that of the id, or those of the name and what interrupted tasks left of it."""
        if command_id is not None:
            found = find_one(self.client, command_id=command_id)
            if not found:
                self.warn(f"{describe_unknown_command(self.client, command_id, 'name')}. It counts as deleted.")
            return [found] if found else []
        doomed = find_commands(self.client, name=name)
        if not all_matching:
            the_only(name or "", doomed)
        for left_name in (interim_name(name or ""), retired_name(name or "")):
            doomed += find_commands(self.client, name=left_name)
        return doomed

    @property
    def _classic(self) -> bool:
        return self.client.generation == "classic"

    def _in_this_generation(self, desired: DesiredCommand) -> DesiredCommand:
        """Adapt the values to the generation, and refuse those that it does not support."""
        later = ("launcher", "enable_parameter", "resource_group_id", "tags")
        refuse_missing(self.client.generation, {option: getattr(desired, option) for option in later})
        if self._classic and desired.timeout is not None:
            return replace(desired, timeout=max(desired.timeout, CLASSIC_SHORTEST_TIMEOUT))
        return desired

    def _interim(self, name: str) -> Command | None:
        """Return the replacement that an interrupted task has left under its interim name, None if there is none."""
        return find_one(self.client, name=interim_name(name))

    def _check_plan(self, plan: CommandPlan) -> None:
        """Refuse, before anything is changed, what the service would refuse or what would make a name ambiguous."""
        if not plan.changed:
            return
        if plan.before:
            _refuse_public(plan.before)
        if plan.action in ("create", "replace"):
            for option in ("name", "content"):
                if not getattr(plan.after, option):
                    raise InputError(option, "is required to create a command")
            if plan.after.enable_parameter:
                ScriptContent(plan.after.content).check_names()
        if plan.before and plan.before.name != plan.after.name:
            taken = find_commands(self.client, name=plan.after.name)
            if taken:
                raise InputError("name", f"{plan.after.name!r} is already the name of {taken[0].command_id}")

    def _schedules(self, doomed: Sequence[Command]) -> list[Invocation]:
        return [
            invocation
            for command in doomed
            for invocation in scheduled_invocations(self.client, command_id=command.command_id)
        ]

    def _decide_on(self, schedules: Sequence[Invocation], changes: CommandChanges) -> None:
        """Record in the changes that the schedules will be stopped, or warn that they continue."""
        ids = [invocation.invoke_id for invocation in schedules]
        if self.stop_invocations:
            changes.stopped_invoke_ids = ids
        elif ids:
            self.warn(
                f"Scheduled invocations of the replaced command {changes.replaced_command_id} "
                f"continue: {', '.join(ids)}"
            )

    def _create(self, wanted: Command, client_token: str | None) -> Command:
        params = {**creation(wanted), "ClientToken": client_token or new_client_token()}
        return replace(wanted, command_id=self.client.call("CreateCommand", params)["CommandId"])

    def _replace(
        self, wanted: Command, changes: CommandChanges, schedules: Sequence[Invocation], client_token: str | None
    ) -> Command:
        """Create the replacement, delete the old command, give the replacement its name; return its record."""
        interim = replace(wanted, name=interim_name(wanted.name))
        found = self._interim(wanted.name)
        if found and any(getattr(found, name) != getattr(interim, name) for name in FIXED):
            self._delete(found.command_id)
            found = None
        created = found or self._create_interim(interim, client_token)
        wanted = replace(wanted, command_id=created.command_id)
        try:
            if self.stop_invocations:
                self._stop(schedules)
            gone = self._delete_or_rename(changes.deleted)
            self._modify(modification(created, wanted))
            apply_tags(self.client, "command", created.command_id, plan_tags(created.tags, wanted.tags, purge=True))
        except CloudError as error:
            problem = (
                f"{wanted.command_id} replaces {changes.replaced_command_id}, but the replacement is not "
                f"complete: {error}"
            )
            ids = {"command_id": wanted.command_id, "replaced_command_id": changes.replaced_command_id}
            done = {**error.result, **ids, "changed": True}
            raise TaskFailure(f"{problem} Run the task again to complete it.", **done) from error
        for command in gone:
            self._await(command.command_id, lambda seen: seen is None)
        return wanted

    def _create_interim(self, interim: Command, client_token: str | None) -> Command:
        created = self._create(interim, client_token)
        shown = self._await(created.command_id, lambda seen: seen is not None)
        if shown is None:
            # the old command stays until the new one has been seen
            raise _never_seen(created, client_token)
        return replace(created, command_id=self._first_of_twins(shown).command_id)

    def _first_of_twins(self, created: Command) -> Command:
        """Return the first of the commands that are like this new one; if that is another, delete this one.

        Two tasks that create the same at the same time come to the same answer.
        """
        alike = [each for each in find_commands(self.client, name=created.name) if _alike(each, created)]
        first = min([created, *alike], key=lambda each: (each.created_at, each.command_id))
        if first.command_id != created.command_id:
            self._delete(created.command_id)
            self._await(created.command_id, lambda seen: seen is None)
        return first

    def _delete_or_rename(self, commands: Sequence[Command]) -> list[Command]:
        """Delete commands; one that is in use gives up its name instead. Return those that are gone."""
        gone = []
        for command in commands:
            try:
                self._delete(command.command_id)
                gone.append(command)
            except ApiError as error:
                if error.code != IN_USE:
                    raise
                name = retired_name(command.name)
                self._modify({"CommandId": command.command_id, "Name": name})
                self.warn(
                    f"The replaced command {command.command_id} is still in use and is kept under the name {name}."
                )
        return gone

    def _modify(self, params: Mapping[str, Any]) -> None:
        self.client.call("ModifyCommand", params)

    def _stop(self, schedules: Sequence[Invocation]) -> None:
        stop(self.client, [plan_stop(invocation) for invocation in schedules], self.deadline)

    def _delete(self, command_id: str) -> None:
        try:
            self.client.call("DeleteCommand", {"CommandId": command_id})
        except ApiError as error:
            if error.code not in COMMAND_NOT_FOUND:
                raise

    def _await(self, command_id: str, settled: Callable[[Command | None], bool]) -> Command | None:
        """Return the command as soon as reads show the change; reads may lag behind writes by some seconds."""
        seen: list[Command | None] = [None]

        def probe() -> bool | None:
            seen[0] = next(iter(find_commands(self.client, command_ids=[command_id])), None)
            return True if settled(seen[0]) else None

        try:
            poll(probe, Deadline(SETTLE_SECONDS), f"reading back {command_id}")
        except WaitTimeout:
            self.warn(f"The service does not show the change to {command_id} yet, or stores a field in another form.")
        return seen[0]


def _never_seen(created: Command, client_token: str | None) -> TaskFailure:
    """Return the failure of a creation that was answered, but whose command cannot be read."""
    problem = f"the service returned {created.command_id} but does not list it"
    if client_token:
        reason = (
            "The token was probably used by an earlier task, and the command has been deleted since; use another token."
        )
        return TaskFailure(f"client_token: {problem}. {reason}")
    return TaskFailure(f"{problem} yet. Nothing was replaced; run the task again.")


def _still_used(doomed: Sequence[Command], invoke_ids: list[str]) -> TaskFailure:
    """Return the failure of a deletion that live invocations stand against."""
    problem = (
        f"{', '.join(command.command_id for command in doomed)} cannot be deleted: live invocations still use "
        f"it: {', '.join(invoke_ids)}. Wait until they have ended, stop them, or set stop_invocations."
    )
    return TaskFailure(problem, invoke_ids=invoke_ids)


def _refuse_public(command: Command) -> None:
    if command.public:
        raise InputError("command_id", f"{command.command_id} is a public command and cannot be changed")


def _alike(seen: Command, expected: Command) -> bool:
    """Return whether the stored command has the fields that the task sets; the others may have any default."""
    for name in ("name", "type", "content", "timeout", "enable_parameter"):
        if getattr(seen, name) != getattr(expected, name):
            return False
    if own_tags(seen.tags) != own_tags(expected.tags):
        return False
    return all(
        getattr(seen, name) == getattr(expected, name)
        for name in ("description", "working_dir", "launcher", "resource_group_id")
        if getattr(expected, name)
    )
