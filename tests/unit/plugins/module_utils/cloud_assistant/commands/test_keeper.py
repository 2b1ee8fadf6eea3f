# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored commands come into the wanted state, as predicted, once, and also after an interruption."""

from __future__ import annotations

import base64
import contextlib
import copy
from dataclasses import asdict
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands import (
    keeper as command_changes,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands.keeper import (
    CommandChanges,
    CommandKeeper,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands.plan import (
    INTERIM_SUFFIX,
    DesiredCommand,
    command_diff,
    interim_name,
    retired_name,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError, TaskFailure
from fake_library import Crash, FakeLibrary
from hypothesis import given, settings
from hypothesis import strategies as st

CONTENTS = (b"echo a\n", b"echo a\r\n", b"echo {{name}}\n", b"\xff\xfe not text")
TYPES = ("RunShellScript", "RunPowerShellScript")
TAG_SETS = ({}, {"team": "ops"}, {"team": "dev", "stage": ""}, {f"k{n}": "v" for n in range(20)})

stored = st.fixed_dictionaries(
    {
        "Type": st.sampled_from(TYPES),
        "CommandContent": st.sampled_from([base64.b64encode(content).decode() for content in CONTENTS]),
        "Timeout": st.sampled_from([60, 120]),
        "Description": st.sampled_from(["", "one", "two"]),
        "WorkingDir": st.sampled_from(["", "/srv"]),
        "Launcher": st.sampled_from(["", "python3 -u {{ACS::ScriptFileName}}"]),
        "EnableParameter": st.booleans(),
        "ResourceGroupId": st.sampled_from(["", "rg-1"]),
        "Tags": st.sampled_from(TAG_SETS).map(dict),
    }
)
desired = st.builds(
    DesiredCommand,
    name=st.just("job"),
    type=st.none() | st.sampled_from(TYPES),
    content=st.sampled_from(CONTENTS),
    description=st.none() | st.sampled_from(["", "one", "two"]),
    working_dir=st.none() | st.sampled_from(["/srv", "/opt"]),
    timeout=st.none() | st.sampled_from([60, 120]),
    enable_parameter=st.none() | st.booleans(),
    launcher=st.none() | st.sampled_from(["", "bash"]),
    resource_group_id=st.none() | st.sampled_from(["rg-1", "rg-2"]),
    tags=st.none() | st.sampled_from(TAG_SETS),
    purge_tags=st.booleans(),
)
worlds = st.none() | stored


def world(fields: dict[str, Any] | None, generation: str = "current") -> FakeLibrary:
    library = FakeLibrary(generation)
    library.add(Name="job2")
    library.add(Name="a job")
    if fields is not None:
        library.add(**copy.deepcopy(fields))
    return library


def owned(library: FakeLibrary) -> list[tuple[Any, ...]]:
    """Return what the commands are, without ids and times, in a comparable form."""
    rows = []
    for row in library.commands.values():
        rest = {key: value for key, value in row.items() if key not in ("CommandId", "CreationTime") and value != ""}
        rest["Tags"] = sorted(row["Tags"].items())
        rows.append(sorted((key, str(value)) for key, value in rest.items()))
    return sorted(rows)


def fields_of(changes: CommandChanges) -> dict[str, Any]:
    """Return what a task says of its changes, without what only the service can know."""
    record = asdict(changes.after) if changes.after else {}
    for key in ("command_id", "created_at", "invoke_times"):
        record.pop(key, None)
    return {
        "changed": changes.changed,
        "after": record,
        "diff": [
            {key: value for key, value in part.items() if not key.endswith("header")}
            for part in command_diff(changes.before, changes.after)
        ],
        "replaced": changes.replaced_command_id,
        "deleted": [command.command_id for command in changes.deleted],
        "stopped": changes.stopped_invoke_ids,
    }


@settings(max_examples=150, deadline=None)
@given(before=worlds, after=desired)
def test_check_mode_predicts_what_the_run_does_and_a_second_run_does_nothing(
    before: dict[str, Any] | None, after: DesiredCommand
) -> None:
    library = world(before)
    try:
        predicted = CommandKeeper(library, check=True).present(after)
    except InputError:
        with pytest.raises(InputError, match="tags|working_dir"):
            CommandKeeper(library).present(after)
        assert not library.writes
        return
    assert not library.writes
    done = CommandKeeper(library).present(after)
    assert fields_of(done) == fields_of(predicted)
    assert done.changed == bool(library.writes)
    library.log.clear()
    assert not CommandKeeper(library, check=True).present(after).changed
    assert not CommandKeeper(library).present(after).changed
    assert not library.writes
    jobs = [row for row in library.commands.values() if row["Name"] == "job"]
    assert len(jobs) == 1
    assert base64.b64decode(jobs[0]["CommandContent"]) == after.content
    assert not [row for row in library.commands.values() if row["Name"].endswith(INTERIM_SUFFIX)]


@settings(max_examples=100, deadline=None)
@given(before=worlds, after=desired, data=st.data())
def test_a_run_after_a_crash_ends_as_a_run_without_one(
    before: dict[str, Any] | None, after: DesiredCommand, data: st.DataObject
) -> None:
    smooth = world(before)
    with contextlib.suppress(InputError):
        CommandKeeper(smooth).present(after)
    if not smooth.writes:
        return
    library = world(before)
    library.crash_after = data.draw(st.integers(0, len(smooth.writes) - 1), label="writes before the crash")
    with pytest.raises(Crash):
        CommandKeeper(library).present(after)
    library.crash_after = None
    predicted = CommandKeeper(library, check=True).present(after)
    assert predicted.changed
    assert fields_of(CommandKeeper(library).present(after)) == fields_of(predicted)
    assert owned(library) == owned(smooth)
    assert not CommandKeeper(library).present(after).changed


@settings(max_examples=60, deadline=None)
@given(before=stored, content=st.sampled_from(CONTENTS), data=st.data())
def test_a_crash_on_a_classic_endpoint_is_repaired(before: dict[str, Any], content: bytes, data: st.DataObject) -> None:
    classic = {key: before[key] for key in ("Type", "CommandContent", "Timeout", "Description", "WorkingDir")}
    after = DesiredCommand(name="job", content=content, description="new", timeout=30)
    smooth = world(classic, "classic")
    CommandKeeper(smooth).present(after)
    assert not CommandKeeper(smooth).present(after).changed
    if not smooth.writes:
        return
    library = world(classic, "classic")
    library.crash_after = data.draw(st.integers(0, len(smooth.writes) - 1), label="writes before the crash")
    with pytest.raises(Crash):
        CommandKeeper(library).present(after)
    library.crash_after = None
    predicted = CommandKeeper(library, check=True).present(after)
    assert fields_of(CommandKeeper(library).present(after)) == fields_of(predicted)
    assert owned(library) == owned(smooth)


def test_a_new_script_is_stored_before_the_old_command_goes() -> None:
    library = world(None)
    old = library.add()
    done = CommandKeeper(library).present(DesiredCommand(name="job", content=b"echo new\n"))
    assert library.writes == ["CreateCommand", "DeleteCommand", "ModifyCommand"]
    assert done.replaced_command_id == old
    assert done.after is not None and done.after.command_id in library.commands


def test_what_can_be_changed_in_place_keeps_the_id() -> None:
    library = world(None)
    old = library.add()
    wanted = DesiredCommand(name="new name", description="d", working_dir="/srv", timeout=90, launcher="bash")
    done = CommandKeeper(library).present(wanted, command_id=old)
    assert library.writes == ["ModifyCommand"]
    assert done.after is not None and (done.after.command_id, done.after.name) == (old, "new name")


@pytest.mark.parametrize("stored_before", [True, False])
def test_a_token_of_a_command_that_is_gone_makes_none(monkeypatch: pytest.MonkeyPatch, stored_before: bool) -> None:
    library = world(None)
    monkeypatch.setattr(command_changes, "SETTLE_SECONDS", 0.05)
    # the service answers a repeated token as it did the first time, whatever became of the command since
    monkeypatch.setattr(library, "_CreateCommand", lambda params: {"CommandId": "c-gone"}, raising=False)
    if stored_before:
        library.add()
    with pytest.raises(TaskFailure, match="client_token: .* c-gone"):
        CommandKeeper(library).present(DesiredCommand(name="job", content=b"new"), client_token="used before")
    assert library.writes == ["CreateCommand"], "the old command stays while there is no new one"


@pytest.mark.parametrize("stored_before", [True, False])
def test_tags_that_the_service_adds_are_not_waited_away(monkeypatch: pytest.MonkeyPatch, stored_before: bool) -> None:
    library = world(None)
    stored = library.add
    monkeypatch.setattr(library, "add", lambda **row: stored(**{**row, "Tags": {**row.get("Tags", {}), "acs:by": "x"}}))
    if stored_before:
        library.add()
    told: list[str] = []
    wanted = DesiredCommand(name="job", content=b"new", tags={"team": "ops"})
    done = CommandKeeper(library, warn=told.append).present(wanted)
    assert done.after is not None and done.after.tags == {"team": "ops", "acs:by": "x"}
    assert not told
    assert not CommandKeeper(library).present(wanted).changed


def test_renaming_to_a_name_in_use_is_refused() -> None:
    library = world(None)
    old = library.add()
    with pytest.raises(InputError, match="'job2' is already the name of"):
        CommandKeeper(library).present(DesiredCommand(name="job2"), command_id=old)
    assert not library.writes


def test_an_interrupted_replacement_of_a_command_given_by_id_is_found_again() -> None:
    library = world(None)
    old = library.add()
    wanted = DesiredCommand(name="other", content=b"echo new\n")
    library.crash_after = 1
    with pytest.raises(Crash):
        CommandKeeper(library).present(wanted, command_id=old)
    library.crash_after = None
    done = CommandKeeper(library).present(wanted, command_id=old)
    assert library.writes.count("CreateCommand") == 1
    assert done.replaced_command_id == old and old not in library.commands


def test_two_commands_of_one_name_are_refused_with_their_ids() -> None:
    library = world(None)
    ids = [library.add(), library.add()]
    for attempt in (
        lambda: CommandKeeper(library).present(DesiredCommand(name="job", content=b"x")),
        lambda: CommandKeeper(library).absent(name="job"),
    ):
        with pytest.raises(TaskFailure, match=", ".join(ids)) as failure:
            attempt()
        assert failure.value.result["command_ids"] == ids
    assert not library.writes
    assert CommandKeeper(library).absent(name="job", all_matching=True).changed
    assert not CommandKeeper(library).absent(name="job", all_matching=True).changed
    assert len(library.commands) == 2


def test_one_of_two_is_chosen_by_its_id() -> None:
    library = world(None)
    first, second = library.add(), library.add()
    assert CommandKeeper(library).present(DesiredCommand(timeout=99), command_id=second).changed
    assert library.commands[first]["Timeout"] == 60 and library.commands[second]["Timeout"] == 99


def test_a_command_in_use_is_not_deleted_unless_what_uses_it_is_stopped() -> None:
    library = world(None)
    library.keeps_scheduled = True
    command_id = library.add()
    live = [
        library.schedule(command_id, ["i-1", "i-2"], Frequency="rate(1h)"),
        # not scheduled: it runs, and the service does not delete a command that runs either
        library.schedule(command_id, ["i-3"]),
    ]
    for check in (True, False):
        with pytest.raises(TaskFailure, match=", ".join(live)) as failure:
            CommandKeeper(library, check=check).absent(name="job")
        assert failure.value.result["invoke_ids"] == live
    predicted = CommandKeeper(library, check=True, stop_invocations=True).absent(name="job")
    assert not library.writes
    done = CommandKeeper(library, stop_invocations=True).absent(name="job")
    assert done.stopped_invoke_ids == predicted.stopped_invoke_ids == live
    assert library.writes == ["StopInvocation", "StopInvocation", "DeleteCommand"]


def test_replacing_a_scheduled_command_warns_or_stops() -> None:
    for stopping in (False, True):
        library = world(None)
        command_id = library.add()
        live = library.schedule(command_id, ["i-1"], Frequency="rate(1h)")
        told: list[str] = []
        keeper = CommandKeeper(library, stop_invocations=stopping, warn=told.append)
        done = keeper.present(DesiredCommand(name="job", content=b"new"))
        assert command_id not in library.commands
        if stopping:
            assert done.stopped_invoke_ids == [live] and not told
        else:
            assert not done.stopped_invoke_ids and live in told[0]


def test_a_replaced_command_that_is_still_in_use_gives_up_its_name() -> None:
    library = world(None)
    library.keeps_scheduled = True
    old = library.add()
    live = library.schedule(old, ["i-1"], Frequency="rate(1h)")
    told: list[str] = []
    wanted = DesiredCommand(name="job", content=b"new")
    done = CommandKeeper(library, warn=told.append).present(wanted)
    assert done.after is not None and library.commands[done.after.command_id]["Name"] == "job"
    assert library.commands[old]["Name"] == "job~replaced"
    assert live in told[0] and "job~replaced" in told[1]
    assert not CommandKeeper(library).present(wanted).changed
    assert CommandKeeper(library, stop_invocations=True).absent(name="job").changed
    assert len(library.commands) == 2


@pytest.mark.parametrize("derived", [interim_name, retired_name])
def test_long_names_that_differ_at_their_ends_stay_apart(derived: Any) -> None:
    names = {"n" * 127 + "1", "n" * 127 + "2", "n" * 118, "n" * 119, "ü" * 128}
    assert len({derived(name) for name in names}) == len(names)
    assert all(len(derived(name)) <= 128 for name in names)
    assert derived("job").startswith("job~")


def test_absent_of_an_absent_command_changes_nothing() -> None:
    library = world(None)
    assert not CommandKeeper(library).absent(name="job").changed
    assert not CommandKeeper(library).absent(command_id="c-none").changed
    assert not library.writes


def test_the_name_of_a_command_is_not_taken_for_the_id_of_one_that_is_gone() -> None:
    library = FakeLibrary()
    command_id = library.add(Name="job")
    warnings: list[str] = []
    changes = CommandKeeper(library, warn=warnings.append).absent(command_id="job")
    assert not changes.changed and not changes.deleted
    (warning,) = warnings
    assert "command_id: not found in" in warning and f": job; it is the name of {command_id}, so use name." in warning


def test_an_unknown_id_is_not_created() -> None:
    with pytest.raises(TaskFailure, match="command c-none does not exist"):
        CommandKeeper(world(None)).present(DesiredCommand(name="job", content=b"x"), command_id="c-none")


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (DesiredCommand(name="job"), "content: is required"),
        (DesiredCommand(name="n" * 129, content=b"x"), "name: has 129"),
        (DesiredCommand(name="job", content=b"x" * 18433), "content: .* 24580 bytes"),
        (DesiredCommand(name="job", content=b"x", description="d" * 513), "description: has 513"),
        (DesiredCommand(name="job", content=b"x", working_dir="/a\nb"), "working_dir"),
        (DesiredCommand(name="job", content=b"x", working_dir="srv"), "working_dir: 'srv' is not an absolute path"),
        (DesiredCommand(name="job", content=b"x", working_dir="~/a", type="RunShellScript"), "absolute path on Linux"),
        (DesiredCommand(name="job", content=b"x", working_dir="/srv", type="RunBatScript"), "absolute path on Windows"),
        (DesiredCommand(name="job", content=b"x", timeout=0), "timeout: is 0"),
        (DesiredCommand(name="job", content=b"x", type="RunRuby"), "type: 'RunRuby'"),
        (DesiredCommand(name="job", content=b"x", launcher="l" * 1025), "launcher: has 1025"),
        (DesiredCommand(name="job", content=b"x", tags={"acs:x": "1"}), "tags"),
        (DesiredCommand(name="job", content=b"{{a b}}", enable_parameter=True), "content"),
    ],
)
def test_bad_input_is_refused_by_option(wanted: DesiredCommand, problem: str) -> None:
    library = world(None)
    with pytest.raises(InputError, match=problem):
        CommandKeeper(library).present(wanted)
    assert not library.writes


@pytest.mark.parametrize("option", ["launcher", "enable_parameter", "resource_group_id", "tags"])
def test_classic_refuses_what_it_lacks_by_option(option: str) -> None:
    value = {"tags": {"a": "b"}, "enable_parameter": True}.get(option, "rg")
    with pytest.raises(InputError, match=f"^{option}: .*classic"):
        CommandKeeper(FakeLibrary("classic")).present(DesiredCommand(name="job", content=b"x", **{option: value}))


@pytest.mark.parametrize("action", ["create", "replace"])
@pytest.mark.parametrize("differs", [False, True])
def test_what_a_killed_task_created_is_used_although_it_was_not_visible_at_first(
    monkeypatch: pytest.MonkeyPatch, action: str, differs: bool
) -> None:
    """Reads lag behind writes: the command of the killed task appears together with that of this one."""
    library = world(None)
    name = "job"
    if action == "replace":
        library.add(CommandContent="b2xk")
        name = interim_name(name)
    content = b"echo other\n" if differs else b"echo new\n"
    created = library._CreateCommand

    def both(params: dict[str, Any]) -> dict[str, Any]:
        killed.append(library.add(Name=name, CommandContent=base64.b64encode(content).decode()))
        return created(params)

    killed: list[str] = []
    monkeypatch.setattr(library, "_CreateCommand", both, raising=False)
    done = CommandKeeper(library).present(DesiredCommand(name="job", content=b"echo new\n"))
    assert done.after is not None and (done.after.command_id == killed[0]) is not differs
    assert library.commands[done.after.command_id]["Name"] == "job"
    # one that is not the same is somebody else's
    assert (killed[0] in library.commands) and len(library.commands) == 3 + differs
