# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an earlier run has taken care of, told from the invocations that carry its tag."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Reply
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import (
    InstanceResult,
    Invocation,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import previous
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import TaskFailure
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from hypothesis import given
from hypothesis import strategies as st

STATES = st.sampled_from(["Success", "Failed", "Timeout", "Aborted", "Running", "Pending", "Scheduled", "Terminated"])
IDS = [f"i-{number}" for number in range(5)]
HISTORIES = st.lists(st.dictionaries(st.sampled_from(IDS), STATES, max_size=5), max_size=5)


def invocations(history: list[dict[str, str]]) -> list[Invocation]:
    """Return the invocations, newest first."""
    return [
        Invocation(
            f"t-{number}",
            "Failed",
            instances=tuple(InstanceResult(item, state, f"t-{number}") for item, state in states.items()),
        )
        for number, states in enumerate(history)
    ]


def covered(earlier: list[previous.Earlier]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in earlier:
        for instance in item.instances:
            assert instance.instance_id not in found, "an instance is covered once"
            assert instance.invoke_id == item.invocation.invoke_id
            found[instance.instance_id] = instance.status
    return found


@given(HISTORIES, st.sets(st.sampled_from(IDS)))
def test_what_succeeded_or_runs_is_done_and_nothing_else(history: list[dict[str, str]], wanted: set[str]):
    found = covered(previous.done_before(invocations(history), wanted))
    for item in wanted:
        states = {states[item] for states in history if item in states}
        if "Success" in states:
            assert found[item] == "Success"
        elif states & {"Running", "Pending", "Scheduled"}:
            assert found[item] in ("Running", "Pending", "Scheduled")
        else:
            assert item not in found
    assert found.keys() <= wanted


@given(HISTORIES, st.sets(st.sampled_from(IDS)))
def test_what_was_started_counts_with_any_outcome(history: list[dict[str, str]], wanted: set[str]):
    found = covered(previous.started_before(invocations(history), wanted))
    assert found.keys() == {item for states in history for item in states} & wanted
    for item, state in found.items():
        assert state == next(states[item] for states in history if item in states), "the newest one counts"


class Listing:
    def __init__(self, count: int) -> None:
        self.count = count

    def pages(self, operation: str, params: dict[str, Any], *, deadline: Any = None) -> Any:
        modes = ["DryRun", "Once"]
        rows = [{"InvokeId": f"t-{number}", "RepeatMode": modes[number % 2]} for number in range(self.count)]
        yield Reply({"Invocations": {"Invocation": rows}})


def test_dry_runs_are_none_and_too_many_are_an_error():
    tag = previous.key_tag("a key")
    assert "a key" not in tag[1]
    found = previous.tagged_invocations(Listing(4), tag, Deadline(None))  # type: ignore[arg-type]
    assert [item.repeat_mode for item in found] == ["Once", "Once"]
    with pytest.raises(TaskFailure, match="1000 or more invocations carry the tag cloudops-idempotency-key"):
        previous.tagged_invocations(Listing(1000), tag, Deadline(None))  # type: ignore[arg-type]
