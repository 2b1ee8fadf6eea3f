# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding commands by exact name or id, and reading them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands.listing import (
    find_commands,
    find_one,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import Command
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    InputError,
    TaskFailure,
)
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


def test_an_empty_value_of_a_tag_is_not_every_value() -> None:
    library = FakeLibrary()
    library.add(Tags={"script-library": "theirs"})
    unnamed = library.add(Tags={"script-library": ""})
    found = find_commands(library, tags={"script-library": ""})
    assert [command.command_id for command in found] == [unnamed]


def test_ids_are_asked_for_one_by_one_and_may_be_missing() -> None:
    library = FakeLibrary()
    ids = [library.add(Name="a"), library.add(Name="b")]
    found = find_commands(library, command_ids=[*reversed(ids), "c-none", ids[0]])
    assert [command.command_id for command in found] == list(reversed(ids))
    assert find_commands(library, command_ids=[]) == []


def test_an_error_that_merely_looks_like_absence_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
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
