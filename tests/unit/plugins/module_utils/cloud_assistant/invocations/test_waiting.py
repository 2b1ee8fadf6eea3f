# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many invocations: what is asked for, when it is settled, and what the deadline leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations import waiting
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import (
    InstanceResult,
    Invocation,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import WaitTimeout
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from support.memory_service import Service, ids

TAG = ("run", "1")


FIRST_LOOK = waiting.FIRST_LOOK
pause_after = waiting.pause_after


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_LOOK", 0.0)
    monkeypatch.setattr(waiting, "pause_after", lambda elapsed, invocations: 0.01)


def fleet(count: int, **options: Any) -> Service:
    service = Service(**options)
    for item in ids(count):
        service.call("RunCommand", {"InstanceId": [item], "Tag": [{"Key": "run", "Value": "1"}]})
    service.requests.clear()
    return service


def watch_of(service: Service, seconds: float = 60, **options: Any) -> waiting.Watch:
    watch = waiting.Watch(service, Deadline(seconds), **options)  # type: ignore[arg-type]
    for invoke_id, made in service.invocations.items():
        watch.add(invoke_id, waiting.ended(made["InstanceId"]))
    return watch


def drain(watch: waiting.Watch) -> list[str]:
    found: list[str] = []
    while len(watch):
        found += [invocation.invoke_id for invocation in watch.wait()]
    return found


@pytest.mark.parametrize(("tag", "calls"), [(TAG, 1), (None, 3)])
def test_one_call_by_tag_stands_for_many_by_id(tag: tuple[str, str] | None, calls: int):
    service = fleet(3)
    assert drain(watch_of(service, tag=tag)) == ["t-1", "t-2", "t-3"]
    assert service.requests["DescribeInvocations"] == calls


def test_an_invocation_that_is_not_visible_yet_is_waited_for():
    assert drain(watch_of(fleet(1, hidden_looks=3))) == ["t-1"]


def test_the_output_comes_along_where_it_is_wanted():
    [invocation] = watch_of(fleet(1), with_output=True).wait()
    assert invocation.instances[0].output == b"hello\n"


def test_the_deadline_leaves_what_was_seen_and_what_is_still_active():
    service = fleet(2, running=frozenset({"i-0001"}))
    watch = watch_of(service, seconds=0.1)
    assert [invocation.invoke_id for invocation in watch.wait()] == ["t-1"]
    with pytest.raises(WaitTimeout, match="invocation t-2"):
        watch.wait()
    assert watch.active == ("t-2",)
    assert watch.seen["t-2"].live


def test_what_is_under_way_is_shown_after_each_look():
    seen: list[list[str]] = []

    def looked(under_way: Iterable[Invocation]) -> None:
        seen.append([invocation.invoke_id for invocation in under_way])

    watch = watch_of(fleet(1, running=frozenset({"i-0000"})), seconds=0.1)
    watch.looked = looked
    with pytest.raises(WaitTimeout):
        watch.wait()
    assert seen
    assert set(map(tuple, seen)) == {("t-1",)}


@pytest.mark.parametrize(
    ("status", "states", "ended", "begun"),
    [
        ("Running", {"i-1": "Running", "i-2": "Success"}, False, True),
        ("Running", {"i-1": "Success", "i-2": "Failed", "i-3": "Running"}, True, True),
        ("PartialFailed", {}, True, True),
        ("Pending", {"i-1": "Pending", "i-2": "Pending"}, False, False),
        ("", {}, False, False),
    ],
)
def test_when_an_invocation_counts_as_settled(status: str, states: dict[str, str], ended: bool, begun: bool):
    rows = tuple(InstanceResult(item, state) for item, state in states.items())
    invocation = Invocation("t-1", status, instances=rows)
    assert waiting.ended(["i-1", "i-2"])(invocation) is ended
    assert waiting.begun(invocation) is begun
    assert waiting.visible(invocation)


@pytest.mark.parametrize(
    ("counts", "full"),
    [
        ([3, 3, 2, 2], 3),  # the states are read at first, when one has ended, and at the end
        ([9, 9, 9, 9], 6),  # an endpoint that counts something else is not asked again
    ],
)
def test_the_states_of_many_are_read_when_the_number_of_running_ones_has_changed(
    monkeypatch: pytest.MonkeyPatch, counts: list[int], full: int
):
    monkeypatch.setattr(waiting, "MANY_STATES", 2)
    service = fleet(3, running=frozenset(ids(3)))
    looks = iter(counts)
    reads: list[bool] = []

    def count(params: Any) -> int:
        answer = next(looks, 0)
        service.running = frozenset(ids(3)[:answer])
        return answer

    monkeypatch.setattr(service, "_count_running", count)
    listed = service.pages

    def pages(*args: Any, **options: Any) -> Any:
        reads.append(True)
        if len(reads) == 5:
            service.running = frozenset()
        return listed(*args, **options)

    monkeypatch.setattr(service, "pages", pages)
    assert sorted(drain(watch_of(service, tag=TAG))) == ["t-1", "t-2", "t-3"]
    assert len(reads) <= full


def looks_within(seconds: float, invocations: int) -> list[float]:
    """Return when the looks begin at invocations that run longer than that, counted from their start."""
    looks = [FIRST_LOOK]
    while looks[-1] < seconds:
        looks.append(looks[-1] + pause_after(looks[-1], invocations))
    return looks


@pytest.mark.parametrize(("invocations", "most"), [(1, 18), (4, 18), (5, 16), (50, 16), (200, 12)])
def test_the_looks_at_a_run_of_twenty_seconds_are_few_and_never_far_apart(invocations: int, most: int):
    looks = looks_within(20, invocations)
    assert len(looks) <= most
    assert max(later - sooner for sooner, later in itertools.pairwise(looks_within(60, invocations))) <= 2
    assert invocations >= waiting.MANY_UNSEEN or looks[-1] < 20.5


@pytest.mark.parametrize("invocations", [1, 50])
def test_a_short_run_is_noticed_within_half_a_second(invocations: int):
    looks = looks_within(3, invocations)
    assert max(later - sooner for sooner, later in itertools.pairwise(looks)) <= 0.5


def test_no_page_is_read_beyond_the_last_invocation_that_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    service = fleet(3)
    pages: list[int] = []

    def one_row_a_page(*args: Any, **options: Any) -> Iterator[Any]:
        [whole] = listed(*args, **options)
        for number, row in enumerate(reversed(whole.rows("Invocations", "Invocation"))):
            pages.append(number)
            yield type(whole)({"Invocations": {"Invocation": [row]}})

    listed = service.pages
    monkeypatch.setattr(service, "pages", one_row_a_page)
    watch = waiting.Watch(service, Deadline(60), tag=TAG)  # type: ignore[arg-type]
    for invoke_id in ("t-2", "t-3"):
        watch.add(invoke_id, waiting.ended(service.invocations[invoke_id]["InstanceId"]))
    assert sorted(drain(watch)) == ["t-2", "t-3"]
    assert pages == [0, 1]
