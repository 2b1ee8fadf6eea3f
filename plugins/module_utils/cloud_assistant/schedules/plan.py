# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Compare the live scheduled invocations with the desired schedule, and plan what to keep, change, stop and start."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ...common.errors import InputError, MissingLibrary
from ..frequency import AtSchedule, RateSchedule, read_frequency
from ..invocations.stopping import Stop, plan_stop
from ..models import Invocation
from ..targets import MAX_BATCH

GONE = frozenset({"InstanceReleased", "InstanceNotExists"})
"""ErrorCode of an instance that no longer exists (DescribeInvocations)."""


def same_frequency(one: str, other: str) -> bool:
    """Return whether two schedules are the same: the same text in any case, or the same interval or moment."""
    if one.lower().split() == other.lower().split():
        return True
    meaning = _meaning(one)
    return meaning is not None and meaning == _meaning(other)


def _meaning(frequency: str) -> timedelta | datetime | None:
    """Return the interval of a rate() or the time of an at(), None for a cron expression or an invalid text."""
    try:
        schedule = read_frequency(frequency)
    except (InputError, MissingLibrary):
        return None
    if isinstance(schedule, RateSchedule):
        return schedule.period
    return schedule.moment if isinstance(schedule, AtSchedule) else None


def same_parameters(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Return whether two sets of values are the same; names are case-insensitive."""
    return {name.lower(): value for name, value in one.items()} == {
        name.lower(): value for name, value in other.items()
    }


@dataclass(frozen=True)
class DesiredSchedule:
    """A schedule as a task wants it.

    repeat_mode is the API's word. ``settings`` are further attributes of the invocation, by the names of the
    record's fields; only those given are compared, and none of them can be changed in place.
    """

    command_id: str
    instance_ids: tuple[str, ...]
    repeat_mode: str
    frequency: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, invocation: Invocation) -> bool:
        """Return whether the invocation differs in nothing, or only in what can be changed in place."""
        return (
            invocation.command_id == self.command_id
            and invocation.repeat_mode == self.repeat_mode
            and all(getattr(invocation, name) == value for name, value in self.settings.items())
        )


@dataclass(frozen=True)
class Kept:
    """A live invocation that stays for some of the instances, perhaps with changes.

    ``frequency`` and ``parameters`` say whether these have to be changed, ``added`` which instances come to it.
    """

    invocation: Invocation
    instance_ids: tuple[str, ...]
    frequency: bool = False
    parameters: bool = False
    added: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the invocation has to be changed."""
        return self.frequency or self.parameters or bool(self.added)


@dataclass(frozen=True)
class SchedulePlan:
    """The changes that lead to exactly one live invocation for each wanted instance.

    ``duplicates`` are the ids of invocations that would do as well as those that are kept.
    """

    kept: tuple[Kept, ...] = ()
    stops: tuple[Stop, ...] = ()
    start: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything has to be done."""
        return bool(self.start) or any(self.stops) or any(kept.changed for kept in self.kept)


def active_instances(invocation: Invocation) -> tuple[str, ...]:
    """Return the instances on which the invocation will run again; where it is being stopped it will not."""
    return tuple(item.instance_id for item in invocation.instances if item.live and item.status != "Stopping")


def _members(invocation: Invocation) -> tuple[str, ...]:
    """Return the instances whose agents the service checks before a change: stopped ones too, if they exist."""
    return tuple(item.instance_id for item in invocation.instances if item.error_code not in GONE)


def plan_schedule(
    live: Iterable[Invocation], desired: DesiredSchedule, modifiable: Callable[[Collection[str]], bool]
) -> SchedulePlan:
    """Return the plan that turns the live invocations into the desired schedule.

    Those that need no change are kept first, then those that can be changed in place, which ``modifiable`` decides for
    all instances that are or were part of one; the oldest of equals stays. More than 100 instances are several
    invocations, treated as one.
    """
    candidates = [invocation for invocation in live if active_instances(invocation)]
    missing = dict.fromkeys(desired.instance_ids)
    kept: list[Kept] = []
    for invocation in _by_preference(candidates, desired):
        active = set(active_instances(invocation))
        claimed = tuple(instance_id for instance_id in missing if instance_id in active)
        frequency, parameters = _differences(invocation, desired)
        if not claimed or ((frequency or parameters) and not modifiable(_members(invocation))):
            continue
        kept.append(Kept(invocation, claimed, frequency, parameters))
        for instance_id in claimed:
            del missing[instance_id]
    kept = [_with_more(each, missing, modifiable) for each in kept]
    return SchedulePlan(
        kept=tuple(kept),
        stops=tuple(_stops(candidates, kept)),
        start=tuple(missing),
        duplicates=tuple(_duplicates(candidates, kept, desired)),
    )


def _by_preference(candidates: Sequence[Invocation], desired: DesiredSchedule) -> list[Invocation]:
    fitting = [invocation for invocation in candidates if desired.fits(invocation)]
    return sorted(fitting, key=lambda invocation: any(_differences(invocation, desired)))


def _differences(invocation: Invocation, desired: DesiredSchedule) -> tuple[bool, bool]:
    return (
        not same_frequency(invocation.frequency, desired.frequency),
        not same_parameters(invocation.parameters, desired.parameters),
    )


def _with_more(kept: Kept, missing: dict[str, None], modifiable: Callable[[Collection[str]], bool]) -> Kept:
    """Let an invocation take on as many of the missing instances as it has room for, if it takes any."""
    members = {item.instance_id for item in kept.invocation.instances}
    # one that had been stopped there once does not begin again
    added = tuple(item for item in missing if item not in members)[: max(0, MAX_BATCH - len(members))]
    if not added or not modifiable([*_members(kept.invocation), *added]):
        return kept
    for instance_id in added:
        del missing[instance_id]
    return Kept(kept.invocation, kept.instance_ids, kept.frequency, kept.parameters, added)


def _stops(candidates: Sequence[Invocation], kept: Sequence[Kept]) -> Iterable[Stop]:
    claims = {each.invocation.invoke_id: set(each.instance_ids) for each in kept}
    for invocation in candidates:
        claimed = claims.get(invocation.invoke_id, set())
        leaving = [item for item in active_instances(invocation) if item not in claimed]
        if leaving:
            yield plan_stop(invocation, leaving)


def _duplicates(candidates: Sequence[Invocation], kept: Sequence[Kept], desired: DesiredSchedule) -> Iterable[str]:
    owner = {instance_id: each.invocation.invoke_id for each in kept for instance_id in each.instance_ids}
    for invocation in candidates:
        if not desired.fits(invocation) or any(_differences(invocation, desired)):
            continue
        if any(owner.get(item, invocation.invoke_id) != invocation.invoke_id for item in active_instances(invocation)):
            yield invocation.invoke_id
