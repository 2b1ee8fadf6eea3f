# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules on an endpoint of 2018: six fields, read as UTC+08:00, kept and predicted as they run there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.modules import (
    ecs_command,
    ecs_invocation,
    ecs_invocation_info,
)
from support.module_runs import Cloud

INSTANCE = "i-one"


@pytest.fixture
def endpoint(emulator_factory: Callable[..., Any]) -> Any:
    """Return an endpoint of 2018 with one instance and a stored command."""
    emulator = emulator_factory(fleet=[{"id": INSTANCE}], generation="classic")
    use(emulator, ecs_command, name="job", content="echo done")
    return emulator


def use(emulator: Any, module: Any, **options: Any) -> dict[str, Any]:
    """Return the result of a module on the classic endpoint."""
    return Cloud(emulator, "classic").run(module, **options)


@pytest.mark.parametrize("frequency", ["0 0 3 * * ?", "0 0 3 * * ? Asia/Shanghai", "0 0 3 * * ? GMT+8:00"])
def test_a_schedule_is_kept_however_its_zone_is_written(endpoint: Any, frequency: str):
    options = {"command_name": "job", "instance_ids": [INSTANCE], "frequency": frequency}
    assert use(endpoint, ecs_invocation, **options)["changed"] is True
    again = use(endpoint, ecs_invocation, **options)
    assert again["changed"] is False, again
    plain = use(endpoint, ecs_invocation, **{**options, "frequency": "0 0 3 * * ?"})
    assert plain["changed"] is False, plain


def test_coming_runs_are_those_of_utc_plus_8_and_come_true(endpoint: Any):
    made = use(endpoint, ecs_invocation, command_name="job", instance_ids=[INSTANCE], frequency="0 0 3 * * ?")
    (found,) = use(endpoint, ecs_invocation_info, invoke_id=made["invoke_id"])["invocations"]
    runs = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in found["next_runs"]]
    assert [(run.hour, run.minute) for run in runs] == [(19, 0)] * 5
    now = datetime.fromtimestamp(endpoint.now(), timezone.utc)
    endpoint.advance((runs[0] - now - timedelta(seconds=2)).total_seconds())
    assert not any(endpoint.executions().values())
    endpoint.advance(5)
    (executions,) = endpoint.executions().values()
    assert len(executions) == 1


@pytest.mark.parametrize("frequency", ["rate(5m)", "at(2030-01-01 00:00:00)", "0 0 3 * * ? 2030", "0 0 3 * * ? UTC"])
def test_other_schedules_are_refused_before_any_request(endpoint: Any, frequency: str):
    before = len(endpoint.requests())
    refused = use(endpoint, ecs_invocation, command_name="job", instance_ids=[INSTANCE], frequency=frequency)
    assert refused["failed"] and refused["msg"].startswith("frequency: "), refused
    assert "api_generation=classic" in refused["msg"] and "six fields" in refused["msg"]
    assert len(endpoint.requests()) == before


def test_a_schedule_may_be_closer_than_the_timeout_of_2018(endpoint: Any):
    # the example of InvokeCommand, with a command that has the default timeout of an hour
    made = use(endpoint, ecs_invocation, command_name="job", instance_ids=[INSTANCE], frequency="0 0-5 14 * * ?")
    assert made["changed"] is True, made
