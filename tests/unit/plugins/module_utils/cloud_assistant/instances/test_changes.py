# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance that is refused costs the others nothing, and what was accepted is known whatever comes after it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.changes import (
    InstanceChange,
    InstanceChanges,
    ask_for_each,
    dry_run,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    TaskFailure,
    TransportError,
)

IDS = ("i-1", "i-2", "i-3")


def error(code: str, status: int = 403) -> ApiError:
    """Return an error of the service."""
    return ApiError("StopInstances", code, "a message", "R-1", status)


def test_a_refusal_concerns_one_instance_alone():
    refused: dict[str, str] = {}

    def ask(some: Sequence[str]) -> str:
        if "i-2" in some:
            raise error("OperationDenied")
        return "+".join(some)

    answers = ask_for_each(IDS, ask, lambda instance_id, why: refused.update({instance_id: why.code}))
    assert list(answers) == [(["i-1"], "i-1"), (["i-3"], "i-3")]
    assert refused == {"i-2": "OperationDenied"}
    assert list(ask_for_each(IDS[:1], ask, lambda instance_id, why: None)) == [(("i-1",), "i-1")]


def test_an_answer_is_given_out_before_the_next_question():
    accepted = []

    def ask(some: Sequence[str]) -> None:
        if len(some) > 1:
            raise error("OperationDenied")
        if some[0] == "i-2":
            raise TransportError("StopInstances", "host", "the connection broke", True)

    with pytest.raises(TransportError):
        for some, _answer in ask_for_each(IDS, ask, lambda instance_id, why: None):
            accepted += some
    assert accepted == ["i-1"]


def test_a_dry_run_returns_those_that_the_service_would_change():
    changes = InstanceChanges((instance_id, InstanceChange(instance_id)) for instance_id in IDS)

    def ask(some: Sequence[str]) -> None:
        raise error("IncorrectInstanceStatus" if "i-3" in some else "DryRunOperation", 400)

    assert dry_run("StopInstances", IDS, ask, changes) == ["i-1", "i-2"]
    assert [change.failed for change in changes.values()] == [False, False, True]
    with pytest.raises(TaskFailure, match="carried out a request that was marked DryRun"):
        dry_run("StopInstances", IDS, lambda some: None, changes)
