# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Look up invocations and their results, and wait for those that have not ended."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from ...alibaba.client import Client
from ...alibaba.generations import default_zone, refuse_missing
from ...common.checks import check_identifiers, check_ids
from ...common.errors import ApiError, InputError, MissingLibrary, TaskFailure, WaitTimeout
from ...common.printable import names_of
from ...common.wait import Deadline
from ..frequency import Schedule, read_frequency
from ..grouping import Summary
from ..models import REPEAT_MODES, InstanceResult, Invocation, parse_time
from ..tags import check_tags, has_tags, tags_to_rows
from .listing import INVOCATION_NOT_FOUND
from .results import REREAD_PAUSE, iter_results, read_results
from .waiting import Watch, ended

SHOWN_RUNS = 5
"""Coming runs of a schedule that are computed."""

VISIBILITY_LAG = 15.0
"""Seconds that an invocation may take to be seen after it was made."""


@dataclass(frozen=True)
class InvocationQuery:
    """Which invocations are wanted; None and empty filters match all.

    ``repeat_mode`` is one of our words, ``status`` holds overall states.
    """

    invoke_id: str | None = None
    command_id: str | None = None
    command_name: str | None = None
    instance_ids: Sequence[str] = ()
    status: Sequence[str] = ()
    tags: Mapping[str, Any] = field(default_factory=dict)
    resource_group_id: str | None = None
    repeat_mode: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def check(self, generation: str) -> None:
        """Raise InputError for filters that the service does not take, or would take for none."""
        check_ids(invoke_id=self.invoke_id, command_id=self.command_id, resource_group_id=self.resource_group_id)
        check_identifiers(command_name=self.command_name)
        check_tags(self.tags)
        refuse_missing(generation, {"tags": self.tags, "resource_group_id": self.resource_group_id})
        if self.created_after and self.created_before and self.created_after > self.created_before:
            raise InputError("created_before", "is earlier than created_after")

    def filters(self) -> Iterator[dict[str, Any]]:
        """Yield the parameters of each listing that is needed: one, or one for each of several instances."""
        params = {
            "InvokeId": self.invoke_id,
            "CommandId": self.command_id,
            "CommandName": self.command_name,
            "Tag": tags_to_rows(self._tags),
            "ResourceGroupId": self.resource_group_id,
            "RepeatMode": REPEAT_MODES[self.repeat_mode] if self.repeat_mode else None,
        }
        narrow = any(value is not None for value in params.values())
        if narrow or not self.instance_ids:
            yield params
        else:
            yield from ({"InstanceId": instance_id} for instance_id in self.instance_ids)

    @functools.cached_property
    def _tags(self) -> dict[str, str]:
        """The tags as text, read once for all invocations."""
        return check_tags(self.tags)

    def matches(self, invocation: Invocation) -> bool:
        """Return whether the invocation passes every filter; the service leaves some out in combination."""
        created = parse_time(invocation.created_at)
        return (
            self.invoke_id in (None, invocation.invoke_id)
            and self.command_id in (None, invocation.command_id)
            and self.command_name in (None, invocation.command_name)
            and has_tags(invocation.tags, self._tags)
            and (not self.status or invocation.status in self.status)
            and (self.repeat_mode is None or invocation.repeat_mode == REPEAT_MODES[self.repeat_mode])
            and (not self.instance_ids or bool(invocation.instances))
            and (self.created_after is None or (created is not None and created >= self.created_after))
            and (self.created_before is None or (created is not None and created <= self.created_before))
        )


@dataclass
class Found:
    """Invocations, newest first, and the service's clock when they were read (UTC). ``warnings`` are for the user.

    ``zone`` is the time zone of cron expressions that name none.
    """

    invocations: list[Invocation]
    now: datetime
    zone: str = "UTC"
    warnings: set[str] = field(default_factory=set)

    @classmethod
    def none(cls) -> Found:
        """Return no invocations."""
        return cls([], datetime.now(timezone.utc))

    def next_runs(self, invocation: Invocation) -> list[str]:
        """Return when a scheduled invocation runs next, in ISO 8601, UTC; empty when it will not run by the clock.

        A cron expression without a time zone is meant in that of each instance, which is unknown here: ``zone``
        stands for it.
        """
        schedule = _schedule_of(invocation) if invocation.live else None
        if schedule is None:
            return []
        created = parse_time(invocation.created_at)
        try:
            runs = schedule.next_runs(self.now, SHOWN_RUNS, instance_zone=self.zone, created_at=created)
        except MissingLibrary as error:
            self.warnings.add(f"next_runs are not computed for cron expressions: {error}")
            return []
        return [run.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for run in runs]

    @property
    def results(self) -> list[InstanceResult]:
        """The latest state of each instance, without output."""
        return [instance for invocation in self.invocations for instance in invocation.instances]


def find(
    client: Client, query: InvocationQuery, deadline: Deadline | None = None, *, must_exist: bool = False
) -> Found:
    """Return the invocations that match, complete or not at all.

    With ``must_exist``, raises TaskFailure for an invocation by id that the service does not know.
    """
    found: dict[str, Invocation] = {}
    now = datetime.now(timezone.utc)
    for params in query.filters():
        try:
            for page in client.pages("DescribeInvocations", params, deadline=deadline):
                now = page.server_time or now
                for row in page.rows("Invocations", "Invocation"):
                    invocation = _narrowed(Invocation.from_row(row), query.instance_ids)
                    known = found.get(invocation.invoke_id)
                    found[invocation.invoke_id] = _united(known, invocation) if known else invocation
        except ApiError as error:
            if error.code != INVOCATION_NOT_FOUND:
                raise
    if must_exist and query.invoke_id is not None and query.invoke_id not in found:
        raise TaskFailure(f"invoke_id: not found in {client.region}: {query.invoke_id}")
    matching = [invocation for invocation in found.values() if query.matches(invocation)]
    newest_first = sorted(matching, key=lambda item: (item.created_at, item.invoke_id), reverse=True)
    return Found(newest_first, now, default_zone(client.generation))


def find_ended(client: Client, query: InvocationQuery, deadline: Deadline) -> Found:
    """Return the invocations that match, once they have ended; scheduled ones are not waited for.

    Raises WaitTimeout with the results so far, and TaskFailure for an invocation by id that does not exist.
    """
    visible = Deadline(VISIBILITY_LAG)
    found = find(client, query, deadline)
    while query.invoke_id and not found.invocations and not visible.expired() and deadline.remaining() > REREAD_PAUSE:
        deadline.pause(REREAD_PAUSE)
        found = find(client, query, deadline)
    if query.invoke_id and not found.invocations:
        raise TaskFailure(f"invoke_id: not found in {client.region}, or excluded by the filters: {query.invoke_id}")
    watch = Watch(client, deadline)
    for invocation in found.invocations:
        if invocation.live and invocation.repeat_mode == "Once":
            watch.add(invocation.invoke_id, ended(item.instance_id for item in invocation.instances))
    try:
        while len(watch):
            _update(found, watch.wait(), query.instance_ids)
    except WaitTimeout as error:
        invoke_ids = list(watch.active)
        _update(found, watch.seen.values(), query.instance_ids)
        running = [result.instance_id for result in found.results if result.live and result.invoke_id in invoke_ids]
        still = f"; still running on {names_of(running, 'instance')}" if running else ""
        result = {**error.result, "invoke_ids": invoke_ids, **found_as_dict(found, found.results)}
        raise WaitTimeout(f"{error}{still}", **result) from error
    return found


def results_of(client: Client, found: Found, deadline: Deadline, *, wait: bool) -> list[InstanceResult]:
    """Return the results of the invocations with their output; with ``wait``, late records are waited for."""
    results = []
    for invocation in found.invocations:
        ids = [instance.instance_id for instance in invocation.instances]
        if wait and not invocation.live:
            read = read_results(client, invocation.invoke_id, ids, deadline)
        else:
            read = {item.instance_id: item for item in iter_results(client, invocation.invoke_id, deadline=deadline)}
        # one that has not begun has a state and no result yet
        results += [read.get(instance.instance_id, instance) for instance in invocation.instances]
    return results


def history_of(client: Client, found: Found, deadline: Deadline) -> list[InstanceResult]:
    """Return every run that the service remembers of the invocations, with output, in the service's order."""
    results = []
    for invocation in found.invocations:
        ids = {instance.instance_id for instance in invocation.instances}
        rows = iter_results(client, invocation.invoke_id, history=True, deadline=deadline)
        results += [result for result in rows if result.instance_id in ids]
    return results


def schedule_text(invocation: Invocation) -> str:
    """Return the invocation's schedule in words, such as ``every day at 03:30, UTC``; empty when it has none."""
    schedule = _schedule_of(invocation)
    return schedule.describe() if schedule else ""


def _schedule_of(invocation: Invocation) -> Schedule | None:
    """Return the schedule, None where there is none, or one in a form that today's service no longer accepts."""
    try:
        return read_frequency(invocation.frequency) if invocation.frequency else None
    except InputError:
        return None


def found_as_dict(found: Found, results: Sequence[InstanceResult]) -> dict[str, Any]:
    """Return what was found as a task's result shows it."""
    return {
        "invocations": [
            {**item.as_dict(), "next_runs": found.next_runs(item), "schedule": schedule_text(item)}
            for item in found.invocations
        ],
        "results": [result.as_dict() for result in results],
        "summary": Summary.of(results).as_dict(),
        "failed_instances": list(dict.fromkeys(result.instance_id for result in results if result.failed)),
    }


def _update(found: Found, invocations: Iterable[Invocation], instance_ids: Sequence[str]) -> None:
    newer = {invocation.invoke_id: _narrowed(invocation, instance_ids) for invocation in invocations}
    found.invocations = [newer.get(invocation.invoke_id, invocation) for invocation in found.invocations]


def _narrowed(invocation: Invocation, instance_ids: Sequence[str]) -> Invocation:
    if not instance_ids:
        return invocation
    kept = tuple(instance for instance in invocation.instances if instance.instance_id in instance_ids)
    return replace(invocation, instances=kept)


def _united(one: Invocation, other: Invocation) -> Invocation:
    """Return one invocation out of two readings of it, each for other instances."""
    instances = {instance.instance_id: instance for instance in (*one.instances, *other.instances)}
    return replace(other, instances=tuple(instances.values()))
