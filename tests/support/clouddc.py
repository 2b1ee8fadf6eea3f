# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CloudDC that takes every way a deletion can take, on a clock of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError, TransportError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline

BLOCK = {"error_code": "iMetal.0099", "error_msg": "disk does not answer", "error_type": "delete_instance_error"}
GOING_GONE = [(0.0, "shutting-down"), (20.0, "terminated")]


@dataclass
class Machine:
    """An instance: its state now, and what follows once its deletion was accepted: (seconds after it, state)."""

    state: str
    after: list[tuple[float, str]] = field(default_factory=lambda: list(GOING_GONE))
    accepts: bool = True
    error: dict[str, str] | None = None
    power: str = "off"
    power_failed: bool = False
    off_after: float = 10.0


class FakeCloud:
    """A client whose service lives on a clock that only moves during a sleep.

    ``trouble`` holds, for the next calls of an operation, what goes wrong: an exception before the effect, or
    ("after", exception) for one whose effect took place.
    """

    def __init__(self, **machines: Machine) -> None:
        self.now = 0.0
        self.machines = machines
        self.deletions: Counter[str] = Counter()
        self.deleted_at: dict[str, float] = {}
        self.off_at: dict[str, float] = {}
        self.calls: list[str] = []
        self.batches: list[list[str]] = []
        self.trouble: dict[str, list[Any]] = {}

    def deadline(self, seconds: float = 1000.0) -> Deadline:
        return Deadline(seconds, clock=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def state(self, id: str) -> str:
        machine = self.machines[id]
        state = machine.state
        if state == "running" and self.power(id) == "off":
            state = "stopped"
        if id in self.deleted_at:
            passed = self.now - self.deleted_at[id]
            state = next((after for start, after in reversed(machine.after) if start <= passed), state)
        return state

    def power(self, id: str) -> str:
        machine = self.machines[id]
        if id in self.off_at and self.now - self.off_at[id] >= machine.off_after and not machine.power_failed:
            return "off"
        return machine.power

    def exists(self, id: str) -> bool:
        return id in self.machines and self.state(id) != "forgotten"

    def call(self, operation: str, *, id: str | None = None, body: Any = None, deadline: Any = None) -> dict[str, Any]:
        self.calls.append(operation)
        trouble = self.trouble.get(operation)
        problem = trouble.pop(0) if trouble else None
        if isinstance(problem, Exception):
            raise problem
        answer = getattr(self, f"_{operation}")(id, body)
        if problem is not None:
            raise problem[1]
        return answer

    def pages(self, operation: str, query: dict[str, str | None], *, deadline: Any = None) -> Iterator[dict[str, Any]]:
        self.calls.append(operation)
        wanted = (query.get("instance_id") or "").split(",")
        yield {
            "instances": [
                {
                    "id": id,
                    "name": f"name-{id}",
                    "server_id": f"server-{id}",
                    "state": self.state(id),
                    "user_data": "hush",
                }
                for id in wanted
                if self.exists(id)
            ]
        }

    def _ShowInstanceStatus(self, id: str, _body: Any) -> dict[str, Any]:  # noqa: N802
        if not self.exists(id):
            raise api_error("ShowInstanceStatus", 404, "iMetal.0200")
        state = self.state(id)
        return {"state": state, "error": self.machines[id].error if state in ("error", "failed") else None}

    def _DeleteInstance(self, id: str, _body: Any) -> dict[str, Any]:  # noqa: N802
        if not self.exists(id):
            raise api_error("DeleteInstance", 404, "iMetal.0200")
        if not self.machines[id].accepts or self.state(id) in ("running", "shutting-down", "terminated"):
            raise api_error("DeleteInstance", 400, "iMetal.0201")
        self.deletions[id] += 1
        self.deleted_at[id] = self.now
        return {}

    def _DeleteInstances(self, _id: Any, body: Any) -> dict[str, Any]:  # noqa: N802
        ids = body["instance_id_set"]
        self.batches.append(ids)
        for id in ids:
            if not self.exists(id):
                raise api_error("DeleteInstances", 404, "iMetal.0200")
            if not self.machines[id].accepts or self.state(id) in ("running", "shutting-down", "terminated"):
                raise api_error("DeleteInstances", 400, "iMetal.0201")
        for id in ids:
            self._DeleteInstance(id, None)
        return {"instances": [{"id": id} for id in ids]}

    def _ShowServer(self, id: str, _body: Any) -> dict[str, Any]:  # noqa: N802
        machine = id.removeprefix("server-")
        asked = machine in self.off_at
        failed = asked and self.machines[machine].power_failed
        return {
            "power_state": self.power(machine),
            "operation_state": "power-off-failed" if failed else "power-off-succeed" if asked else None,
            "error": BLOCK if failed else None,
        }

    def _ChangeServerPowerState(self, _id: Any, body: Any) -> dict[str, Any]:  # noqa: N802
        assert body["action"] == "power off"
        for id in body["server_id_set"]:
            self.off_at[id.removeprefix("server-")] = self.now
        return {}


def api_error(operation: str, status: int, code: str, *, after_lost_reply: bool = False) -> ApiError:
    error = ApiError(operation, code, "no", "request-1", status, "host")
    error.after_lost_reply = after_lost_reply
    return error


def lost(operation: str) -> TransportError:
    return TransportError(operation, "host", "the reply was interrupted", True)
