# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping invocations: on which instances, in calls of what size, and until nothing runs there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations import stopping
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations.listing import (
    find_invocation,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import (
    InstanceResult,
    Invocation,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    WaitTimeout,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from support.memory_service import Service, ids


def running(count: int, **options: Any) -> tuple[Service, stopping.Stop]:
    service = Service(running=frozenset(ids(count)), **options)
    service.invocations["t-1"] = {"InstanceId": ids(count)}
    invocation = find_invocation(service, "t-1")  # type: ignore[arg-type]
    assert invocation is not None
    return service, stopping.plan_stop(invocation)


def test_what_is_being_stopped_already_is_only_waited_for():
    states = {"i-1": "Running", "i-2": "Stopping", "i-3": "Success", "i-4": "Scheduled"}
    rows = tuple(InstanceResult(item, state) for item, state in states.items())
    plan = stopping.plan_stop(Invocation("t-1", "Running", instances=rows))
    assert (plan.instance_ids, plan.waiting_for) == (("i-1", "i-4"), ("i-1", "i-2", "i-4"))
    assert stopping.plan_stop(Invocation("t-1", "Running", instances=rows), ["i-3"]).waiting_for == ()


def test_one_call_takes_fifty_and_the_end_is_waited_for():
    service, plan = running(120)
    stopping.stop(service, [plan], Deadline(60))  # type: ignore[arg-type]
    assert service.requests["StopInvocation"] == 3
    assert not service.running


def test_an_endpoint_that_takes_fewer_gets_fewer():
    few = ApiError("StopInvocation", "InstanceIds.ExceedLimit", "too many", "R-1", 403, "host")

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        return few if operation == "StopInvocation" and len(params["InstanceId"]) > 10 else None

    service, plan = running(40, refuse=refuse)
    stopping.stop(service, [plan], Deadline(60))  # type: ignore[arg-type]
    assert not service.running


def test_an_invocation_that_is_gone_is_stopped_and_any_other_error_is_raised():
    code = "InvalidInvokeId.NotFound"

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        return ApiError(operation, code, "no", "R-1", 404, "host") if operation == "StopInvocation" else None

    service, plan = running(1, refuse=refuse)
    service.running = frozenset()
    stopping.stop(service, [plan], Deadline(60))  # type: ignore[arg-type]
    code = "Forbidden.RAM"
    with pytest.raises(ApiError, match=r"Forbidden\.RAM"):
        stopping.stop(service, [plan], Deadline(60))  # type: ignore[arg-type]


def test_what_still_runs_at_the_deadline_is_named():
    service, plan = running(2)
    service.refuse = lambda operation, params: None
    deaf = stopping.Stop("t-1", (), plan.waiting_for)
    with pytest.raises(WaitTimeout, match="still running on 2 instances \\(i-0000, i-0001\\)") as failure:
        stopping.stop(service, [deaf], Deadline(0.1))  # type: ignore[arg-type]
    assert failure.value.result["invoke_ids"] == ["t-1"]
    assert failure.value.result["changed"] is False
