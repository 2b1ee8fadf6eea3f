# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding commands by exact name or id, planning their tags, stopping their invocations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands.listing import (
    find_commands,
    find_one,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations.listing import (
    find_invocation,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations.stopping import (
    Stop,
    plan_stop,
    stop,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import Command
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.tags import plan_tags
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    InputError,
    TaskFailure,
    WaitTimeout,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from fake_library import FakeLibrary
from hypothesis import given
from hypothesis import strategies as st


def test_only_the_exact_name_is_found() -> None:
    library = FakeLibrary()
    wanted = library.add(Name="job")
    for name in ("job 2", "JOB", "jobs"):
        library.add(Name=name)
    assert [command.command_id for command in find_commands(library, name="job")] == [wanted]
    assert len(find_commands(library, name="job", fuzzy=True)) == 4
    found = find_one(library, name="job")
    assert found is not None and found.command_id == wanted
    assert find_one(library, name="jo") is None


def test_ids_are_asked_for_one_by_one_and_may_be_missing() -> None:
    library = FakeLibrary()
    ids = [library.add(Name="a"), library.add(Name="b")]
    found = find_commands(library, command_ids=[*reversed(ids), "c-none", ids[0]])
    assert [command.command_id for command in found] == list(reversed(ids))
    assert find_commands(library, command_ids=[]) == []


def test_an_error_that_merely_looks_like_absence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary()

    def refuse(params: dict[str, Any]) -> None:
        raise ApiError("DescribeCommands", "InvalidRegionId.NotFound", "no such region")

    monkeypatch.setattr(library, "_DescribeCommands", refuse)
    with pytest.raises(ApiError):
        find_commands(library, command_ids=["c-1"])


def test_a_name_that_no_command_can_have_is_refused_before_any_request() -> None:
    library = FakeLibrary()
    for name in ("", "n" * 129):
        with pytest.raises(InputError, match="^name: "):
            find_commands(library, name=name)
        with pytest.raises(InputError, match="^name_pattern: "):
            find_commands(library, name=name, fuzzy=True)
    assert not library.log


def test_two_of_one_name_are_named_by_their_ids() -> None:
    library = FakeLibrary()
    ids = [library.add(Name="job"), library.add(Name="job")]
    with pytest.raises(TaskFailure) as failure:
        find_one(library, name="job")
    assert failure.value.result == {"command_ids": ids}


@given(st.binary(max_size=40))
def test_a_script_of_any_bytes_is_read_as_it_was_stored(content: bytes) -> None:
    row = {"CommandId": "c-1", "CommandContent": Command("", "", "", content).content_base64}
    command = Command.from_row(row)
    assert command.content == content
    shown = command.as_dict()
    if "content" in shown:
        assert shown["content"].encode() == content
    else:
        assert shown["content_base64"] == command.content_base64


tag_sets = st.dictionaries(st.sampled_from([f"k{n}" for n in range(24)] + ["acs:own"]), st.sampled_from("ab"))


@given(current=tag_sets, desired=st.none() | tag_sets, purge=st.booleans())
def test_planned_tags_are_what_is_wanted(current: dict[str, str], desired: dict[str, str] | None, purge: bool) -> None:
    desired = desired and {key: value for key, value in desired.items() if key != "acs:own"}
    try:
        change = plan_tags(current, desired, purge=purge)
    except InputError:
        return
    after = change.apply_to(current)
    assert after.get("acs:own") == current.get("acs:own")
    own = {key: value for key, value in after.items() if key != "acs:own"}
    if desired is None:
        assert not change
    elif purge:
        assert own == desired
    else:
        assert own == {**{key: value for key, value in current.items() if key != "acs:own"}, **desired}
    assert not plan_tags(after, desired, purge=purge)


def test_more_tags_than_there_is_room_for_are_refused() -> None:
    current = {f"k{number}": "" for number in range(20)}
    with pytest.raises(InputError, match="21 tags"):
        plan_tags(current, {"one more": ""}, purge=False)
    assert plan_tags(current, {"one more": ""}, purge=True)


def live_invocation(library: FakeLibrary, count: int) -> str:
    return library.schedule(library.add(), [f"i-{number}" for number in range(count)], Frequency="rate(1h)")


def test_stops_go_out_in_batches_of_fifty() -> None:
    library = FakeLibrary()
    invocation = find_invocation(library, live_invocation(library, 120))
    assert invocation is not None
    wanted = plan_stop(invocation)
    stop(library, [wanted], Deadline(5))
    sizes = [len(params["InstanceId"]) for operation, params in library.log if operation == "StopInvocation"]
    assert sizes == [50, 50, 20]
    again = find_invocation(library, invocation.invoke_id)
    assert again is not None and not plan_stop(again)


def test_where_fewer_ids_are_taken_the_batch_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary()
    original = library._StopInvocation

    def twenty(params: dict[str, Any]) -> None:
        if len(params["InstanceId"]) > 20:
            raise ApiError("StopInvocation", "InstanceIds.ExceedLimit", "too many")
        original(params)

    monkeypatch.setattr(library, "_StopInvocation", twenty)
    invocation = find_invocation(library, live_invocation(library, 70))
    assert invocation is not None
    stop(library, [plan_stop(invocation)], Deadline(5))
    assert set(library.invocations[invocation.invoke_id]["Instances"].values()) == {"Terminated"}


def test_the_wait_for_a_stop_ends_at_the_deadline_and_names_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary()
    monkeypatch.setattr(library, "_StopInvocation", lambda params: None)
    invocation = find_invocation(library, live_invocation(library, 2))
    assert invocation is not None
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    wanted = plan_stop(invocation)
    with pytest.raises(WaitTimeout, match="i-0, i-1") as failure:
        stop(library, [wanted], Deadline(30, clock=lambda: now[0], sleep=sleep))
    seen = {"invoke_ids": [invocation.invoke_id], "running_instances": ["i-0", "i-1"]}
    assert failure.value.result == {**seen, "changed": True}
    assert now[0] <= 30
    # what another task has stopped is only waited for
    with pytest.raises(WaitTimeout) as failure:
        stop(library, [replace(wanted, instance_ids=())], Deadline(1, clock=lambda: now[0], sleep=sleep))
    assert failure.value.result == {**seen, "changed": False}


def test_an_invocation_that_the_service_has_forgotten_is_stopped() -> None:
    library = FakeLibrary()
    assert find_invocation(library, "t-none") is None

    def forgotten(params: dict[str, Any]) -> None:
        raise ApiError("StopInvocation", "InvalidInvokeId.NotFound", "gone")

    library._StopInvocation = forgotten  # type: ignore[method-assign]
    stop(library, [Stop("t-none", ("i-1",), ("i-1",))], Deadline(5))
