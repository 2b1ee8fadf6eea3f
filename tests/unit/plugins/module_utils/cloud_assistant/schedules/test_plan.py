# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is live, the plan leads to one live invocation for each wanted instance, and then to nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import (
    InstanceResult,
    Invocation,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.schedules.plan import (
    DesiredSchedule,
    SchedulePlan,
    active_instances,
    plan_schedule,
    same_frequency,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import MAX_BATCH
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.paging import batches
from hypothesis import given, settings
from hypothesis import strategies as st

OLD_AGENTS = frozenset({"i-3", "i-7"})
STATES = ["Scheduled", "Running", "Stopping", "Success"]
INSTANCES = [f"i-{number}" for number in range(9)]


def modifiable(instance_ids: Collection[str]) -> bool:
    return OLD_AGENTS.isdisjoint(instance_ids)


@st.composite
def live_invocations(draw: st.DrawFn) -> list[Invocation]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        states = draw(st.dictionaries(st.sampled_from(INSTANCES), st.sampled_from(STATES)))
        found.append(
            Invocation(
                invoke_id=f"t-{number}",
                status="Scheduled",
                command_id=draw(st.sampled_from(["c-1", "c-1", "c-old"])),
                repeat_mode="Period",
                frequency=draw(st.sampled_from(["rate(1h)", "rate(1h)", "rate(2h)"])),
                timeout=draw(st.sampled_from([60, 90])),
                parameters=draw(st.sampled_from([{}, {"name": "x"}, {"NAME": "x"}])),
                instances=tuple(InstanceResult(item, state) for item, state in states.items()),
            )
        )
    return found


wanted = st.builds(
    DesiredSchedule,
    command_id=st.just("c-1"),
    instance_ids=st.lists(st.sampled_from(INSTANCES), min_size=1, unique=True).map(tuple),
    repeat_mode=st.just("Period"),
    frequency=st.sampled_from(["rate(1h)", "RATE(1h)", "rate(2h)"]),
    parameters=st.sampled_from([{}, {"name": "x"}]),
    settings=st.sampled_from([{}, {"timeout": 60}]),
)


def carried_out(live: list[Invocation], desired: DesiredSchedule, plan: SchedulePlan) -> list[Invocation]:
    """Return the live invocations as they are when everything in the plan has been done."""
    stopped = {each.invoke_id: set(each.instance_ids) for each in plan.stops}
    kept = {each.invocation.invoke_id: each for each in plan.kept}
    after = []
    for invocation in live:
        instances = tuple(
            replace(item, status="Terminated") if item.instance_id in stopped.get(invocation.invoke_id, ()) else item
            for item in invocation.instances
        )
        change = kept.get(invocation.invoke_id)
        if change:
            instances += tuple(InstanceResult(item, "Scheduled") for item in change.added)
            invocation = replace(
                invocation,
                frequency=desired.frequency if change.frequency else invocation.frequency,
                parameters=dict(desired.parameters) if change.parameters else invocation.parameters,
            )
        after.append(replace(invocation, instances=instances))
    for number, start in enumerate(batches(plan.start, MAX_BATCH)):
        after.append(
            Invocation(
                invoke_id=f"t-new-{number}",
                status="Scheduled",
                command_id=desired.command_id,
                repeat_mode=desired.repeat_mode,
                frequency=desired.frequency,
                parameters=dict(desired.parameters),
                timeout=desired.settings.get("timeout", 60),
                instances=tuple(InstanceResult(item, "Scheduled") for item in start),
            )
        )
    return after


@settings(max_examples=400, deadline=None)
@given(live=live_invocations(), desired=wanted)
def test_one_live_invocation_for_each_instance(live: list[Invocation], desired: DesiredSchedule) -> None:
    plan = plan_schedule(live, desired, modifiable)
    after = carried_out(live, desired, plan)
    covering = Counter(item for invocation in after for item in active_instances(invocation))
    assert covering == dict.fromkeys(desired.instance_ids, 1)
    assert all(desired.fits(invocation) for invocation in after if active_instances(invocation))
    again = plan_schedule(after, desired, modifiable)
    assert not again.changed and not again.duplicates


@settings(max_examples=200, deadline=None)
@given(live=live_invocations(), desired=wanted)
def test_nothing_that_fits_is_touched(live: list[Invocation], desired: DesiredSchedule) -> None:
    plan = plan_schedule(live, desired, modifiable)
    for kept in plan.kept:
        if kept.frequency or kept.parameters or kept.added:
            assert modifiable([*kept.instance_ids, *kept.added])
    assert not set(plan.start) & {item for kept in plan.kept for item in (*kept.instance_ids, *kept.added)}
    stopped = [item for each in plan.stops for item in each.instance_ids]
    if not plan.changed:
        assert not stopped


def schedule(invoke_id: str, instance_ids: list[str], **fields: object) -> Invocation:
    defaults = {"command_id": "c-1", "repeat_mode": "Period", "frequency": "rate(1h)"}
    instances = tuple(InstanceResult(item, "Scheduled") for item in instance_ids)
    return Invocation(invoke_id, "Scheduled", instances=instances, **{**defaults, **fields})  # type: ignore[arg-type]


def test_the_older_of_two_equal_ones_stays() -> None:
    desired = DesiredSchedule("c-1", ("i-1", "i-2"), "Period", "rate(1h)")
    plan = plan_schedule([schedule("t-1", ["i-1", "i-2"]), schedule("t-2", ["i-2"])], desired, modifiable)
    assert plan.duplicates == ("t-2",)
    assert [each.invoke_id for each in plan.stops] == ["t-2"]
    assert not plan.start


def test_more_than_one_hundred_instances_are_one_schedule() -> None:
    ids = [f"i-{number}" for number in range(1000, 1250)]
    live = [schedule("t-1", ids[:100]), schedule("t-2", ids[100:200]), schedule("t-3", ids[200:])]
    desired = DesiredSchedule("c-1", tuple(ids), "Period", "rate(1h)")
    assert not plan_schedule(live, desired, modifiable).changed
    more = replace(desired, instance_ids=(*ids, *(f"i-{number}" for number in range(2000, 2060))))
    plan = plan_schedule(live, more, modifiable)
    assert [len(kept.added) for kept in plan.kept] == [0, 0, 50]
    assert len(plan.start) == 10
    changed = plan_schedule(live, replace(desired, frequency="rate(2h)"), modifiable)
    assert [kept.frequency for kept in changed.kept] == [True, True, True]
    assert not changed.stops and not changed.start


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("rate(1h)", "rate (60m)", True),
        ("rate(1h)", " RATE( 1H ) ", True),
        ("rate(1h)", "rate(2h)", False),
        ("at(2030-06-06 13:15:30)", "at(2030-06-06 21:15:30 Asia/Shanghai)", True),
        ("at(2030-06-06 13:15:30)", "at(2030-06-06 13:15:30 Asia/Shanghai)", False),
        ("0 0 3 * * ? Asia/Shanghai", "0  0 3 * * ?  asia/shanghai", True),
        ("0 0 3 * * ?", "0 0 3 * * ? UTC", False),
        ("rate(1h)", "0 0 * * * ?", False),
        ("rate(1h)", "made elsewhere", False),
        ("", "rate(1h)", False),
        ("", "", True),
    ],
)
def test_frequencies_that_mean_the_same_are_the_same(one: str, other: str, same: bool) -> None:
    for pair in ((one, other), (other, one)):
        assert same_frequency(*pair) is same
