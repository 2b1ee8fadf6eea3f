# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service in memory, in the place of a client: slow to show what it did, forgetful, or silent, as a test wants it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Reply
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import CloudError

NOW = datetime(2026, 4, 27, 8, 0, 30, tzinfo=timezone.utc)


def ids(count: int) -> list[str]:
    """Ids of instances, in their order."""
    return [f"i-{number:04}" for number in range(count)]


@dataclass
class Service:
    """A service in memory, in the place of a client: every script ends at once with exit code 0."""

    generation: str = "current"
    region: str = "cn-hangzhou"
    hidden_looks: int = 0  # state reads that do not show a new invocation yet
    late_reads: int = 0  # result reads in which the records are still missing
    no_record: frozenset[str] = frozenset()
    created_before: timedelta = timedelta(0)
    running: frozenset[str] = frozenset()
    dropped: int = 0
    refuse: Callable[[str, Mapping[str, Any]], CloudError | None] = lambda operation, params: None
    requests: Counter[str] = field(default_factory=Counter)
    sent: list[dict[str, Any]] = field(default_factory=list)
    invocations: dict[str, dict[str, Any]] = field(default_factory=dict)

    def call(self, operation: str, params: Mapping[str, Any], *, deadline: Any = None) -> Reply:
        self.requests[operation] += 1
        error = self.refuse(operation, params)
        if error:
            raise error
        if operation == "DescribeCloudAssistantStatus":
            agents = [{"InstanceId": item, "CloudAssistantStatus": "true"} for item in params["InstanceId"]]
            status = {"InstanceCloudAssistantStatus": agents}
            return Reply({"InstanceCloudAssistantStatusSet": status, "TotalCount": len(agents)}, NOW)
        if operation == "StopInvocation":
            self.running -= set(params["InstanceId"])
            return Reply({}, NOW)
        if operation == "DescribeInvocations":  # only the number of running ones is asked for
            return Reply({"Invocations": {"Invocation": []}, "TotalCount": self._count_running(params)}, NOW)
        if operation in ("CreateCommand", "DeleteCommand"):
            self.sent.append(dict(params))
            return Reply({"CommandId": "c-stored"}, NOW)
        assert operation in ("RunCommand", "InvokeCommand"), operation
        self.sent.append(dict(params))
        invoke_id = f"t-{len(self.sent)}"
        self.invocations[invoke_id] = dict(params)
        return Reply({"InvokeId": invoke_id, "CommandId": f"c-{len(self.sent)}"}, NOW)

    def pages(
        self, operation: str, params: Mapping[str, Any], *, page_size: int = 50, deadline: Any = None
    ) -> Iterator[Reply]:
        self.requests[operation] += 1
        error = self.refuse(operation, params)
        if error:
            raise error
        if operation == "DescribeInvocations":
            yield self._states(params)
        else:
            yield from self._results(params, page_size)

    def _states(self, params: Mapping[str, Any]) -> Reply:
        if self.hidden_looks:
            self.hidden_looks -= 1
            return Reply({"Invocations": {"Invocation": []}}, NOW)
        rows = []
        for invoke_id, made in self.invocations.items():
            if params.get("InvokeId") not in (None, invoke_id):
                continue
            tags = params.get("Tag") or []
            if any(tag not in (made.get("Tag") or []) for tag in tags):
                continue
            over = not self.running & set(made["InstanceId"])
            rows.append(
                {
                    "InvokeId": invoke_id,
                    "InvocationStatus": "Success" if over else "Running",
                    "CreationTime": (NOW - self.created_before).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "InvokeInstances": {"InvokeInstance": [self._state(item, params) for item in made["InstanceId"]]},
                }
            )
        return Reply({"Invocations": {"Invocation": rows}}, NOW)

    def _results(self, params: Mapping[str, Any], size: int) -> Iterator[Reply]:
        late, self.late_reads = self.late_reads > 0, max(0, self.late_reads - 1)
        ids = [] if late else list(self.invocations[params["InvokeId"]]["InstanceId"])
        rows = [self._row(item, params["InvokeId"]) for item in ids if item not in self.no_record]
        for start in range(0, max(1, len(rows)), size):
            yield Reply({"Invocation": {"InvocationResults": {"InvocationResult": rows[start : start + size]}}}, NOW)

    def _count_running(self, params: Mapping[str, Any]) -> int:
        rows = self._states({"Tag": params["Tag"]}).rows("Invocations", "Invocation")
        return sum(row["InvocationStatus"] == "Running" for row in rows)

    def _state(self, instance_id: str, params: Mapping[str, Any]) -> dict[str, Any]:
        output = params.get("IncludeOutput") and not self.late_reads and instance_id not in self.no_record
        return self._row(instance_id, params["InvokeId"] if output else None)

    def _row(self, instance_id: str, invoke_id: str | None) -> dict[str, Any]:
        status = "Running" if instance_id in self.running else "Success"
        row = {"InstanceId": instance_id, "InvocationStatus": status, "ExitCode": 0, "Dropped": self.dropped}
        if invoke_id:
            row.update(InvokeId=invoke_id, Output=base64.b64encode(b"hello\n").decode())
        return row
