# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook command_library: what it says it does, once, and nothing the second time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PLAYBOOK = "cloudops.cloud_assistant.command_library"
NAMES = ["library-clean-temporary-files", "library-disk-usage", "library-service-status"]


def changed(result: Any) -> set[str]:
    """Return the tasks that changed something."""
    return {row["task"] for row in result.results if row["result"].get("changed")}


def test_the_library_is_kept_and_cleaned_up(emulator: Any, playbook: Callable[..., Any]) -> None:
    ids = sorted(emulator.reset())[:2]
    options = {"extra_vars": {"library_instance_ids": ids}, "env": emulator.env()}

    predicted = playbook(PLAYBOOK, check=True, diff=True, **options)
    assert predicted.rc == 0, predicted.output
    assert changed(predicted) == {"Store the scripts"}
    assert {request["action"] for request in emulator.requests()} <= {"DescribeCommands"}

    first = playbook(PLAYBOOK, **options)
    assert first.rc == 0, first.output
    assert changed(first) == {
        "Store the scripts",
        "Clean temporary files every night",
        "Check the state of a service once",
    }
    shown = first.result("Show the library")["msg"]
    assert sorted(shown["commands"]) == NAMES
    assert sorted(shown["status"]) == ids and all("ssh: " in text for text in shown["status"].values())

    second = playbook(PLAYBOOK, **options)
    assert second.rc == 0, second.output
    assert changed(second) == set()
    assert second.result("Show the library")["msg"] == shown
    assert {instance_id: len(runs) for instance_id, runs in emulator.executions().items()} == dict.fromkeys(ids, 1)

    check = playbook(PLAYBOOK, check=True, **options)
    assert check.rc == 0 and changed(check) == set(), check.output

    for expected in ({"Delete the commands with their schedules"}, set()):
        cleaned = playbook(PLAYBOOK, extra_vars={"library_state": "absent"}, env=emulator.env())
        assert cleaned.rc == 0, cleaned.output
        assert changed(cleaned) == expected


def test_instances_have_to_be_given(emulator: Any, playbook: Callable[..., Any]) -> None:
    result = playbook(PLAYBOOK, env=emulator.env())
    assert result.rc != 0 and "library_instance_ids" in result.output
    assert not emulator.requests()
