# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of a region in memory, behind the client's two methods, on a clock that moves during a wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError, TransportError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline

POWER_SECONDS = 4.0
"""Seconds that an instance takes to start, stop or go away."""


class Reply(dict[str, Any]):
    """A body as the client returns it."""

    server_time = None
    after_lost_reply = False

    def rows(self, *path: str) -> list[Any]:
        value: Any = self
        for key in path:
            value = (value or {}).get(key)
        return list(value or [])


def api_error(operation: str, code: str, status: int = 403, *, lost: bool = False) -> ApiError:
    """Return an error of the service; with ``lost``, an earlier try of the call had no answer."""
    error = ApiError(operation, code, "the service's words", "REQUEST", status, "host", None)
    error.after_lost_reply = lost
    return error


class FakeFleet:
    """Stands in for the client. ``trouble`` may raise before (returns None) or after an operation takes effect."""

    region = "cn-hangzhou"
    generation = "current"

    def __init__(self, *rows: Mapping[str, Any]) -> None:
        self.now = 0.0
        self.rows: dict[str, dict[str, Any]] = {}
        self.agents: dict[str, dict[str, Any]] = {}
        self.coming: list[tuple[float, Callable[[], None]]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.deletions: Counter[str] = Counter()
        self.tokens: dict[str, list[str]] = {}
        self.trouble: Callable[[str, dict[str, Any], str], None] = lambda operation, params, moment: None
        for row in rows:
            self.add(**row)

    def add(self, **fields: Any) -> str:
        """Add an instance; by default a running one with an agent that is online. Returns its id."""
        instance_id = fields.pop("InstanceId", f"i-{len(self.rows) + 1:04d}")
        tags = fields.pop("Tags", {})
        agent = fields.pop("agent", {"online": True, "version": "2.2.3.857"})
        self.rows[instance_id] = {
            "InstanceId": instance_id,
            "InstanceName": f"name-{instance_id}",
            "Status": "Running",
            "StartTime": "2026-01-01T00:00Z",
            "InstanceChargeType": "PostPaid",
            "DeletionProtection": False,
            "VpcAttributes": {"VpcId": "vpc-1"},
            "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]},
            **fields,
        }
        self.agents[instance_id] = dict(agent)
        return instance_id

    def deadline(self, seconds: float) -> Deadline:
        """Return a deadline on the fleet's own clock."""
        return Deadline(seconds, clock=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and what falls due happen."""
        self.now += seconds
        due = [action for when, action in self.coming if when <= self.now]
        self.coming = [(when, action) for when, action in self.coming if when > self.now]
        for action in due:
            action()

    def names(self, operation: str) -> list[dict[str, Any]]:
        """Return the parameters of each call of an operation."""
        return [params for name, params in self.calls if name == operation]

    def call(
        self, operation: str, params: Mapping[str, Any] | None = None, *, deadline: Deadline | None = None
    ) -> Reply:
        """Carry out one operation."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        self.calls.append((operation, given))
        self.trouble(operation, given, "before")
        reply = Reply(getattr(self, f"_{operation}")(given))
        self.trouble(operation, given, "after")
        return reply

    def pages(
        self,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        page_size: int = 50,
        deadline: Deadline | None = None,
    ) -> Iterator[Reply]:
        """One page with everything."""
        yield self.call(operation, params, deadline=deadline)

    def _DescribeInstances(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the operation's name
        assert len(params.get("InstanceIds", [])) <= 100
        rows = list(self.rows.values())
        if "InstanceIds" in params:
            rows = [row for row in rows if row["InstanceId"] in params["InstanceIds"]]
        if "Status" in params:
            rows = [row for row in rows if row["Status"] == params["Status"]]
        if "VpcId" in params:
            rows = [row for row in rows if row["VpcAttributes"]["VpcId"] == params["VpcId"]]
        if "Tag" in params:
            # the service takes an empty value for any
            keys = {tag["Key"] for tag in params["Tag"]}
            rows = [row for row in rows if keys <= {tag["TagKey"] for tag in row["Tags"]["Tag"]}]
        if "ResourceGroupId" in params:
            rows = [row for row in rows if row.get("ResourceGroupId") == params["ResourceGroupId"]]
        if "Tag" in params or "ResourceGroupId" in params:
            rows = rows[:1000]  # the service finds no more
        # the name is a pattern there
        if "InstanceName" in params:
            rows = [row for row in rows if row["InstanceName"].lower().startswith(params["InstanceName"].lower())]
        return {"Instances": {"Instance": [dict(row) for row in rows]}}

    def _existing(self, operation: str, params: dict[str, Any], most: int = 100) -> list[dict[str, Any]]:
        assert 1 <= len(params["InstanceId"]) <= most
        if any(instance_id not in self.rows for instance_id in params["InstanceId"]):
            raise api_error(operation, "InvalidInstanceId.NotFound", 404)
        return [self.rows[instance_id] for instance_id in params["InstanceId"]]

    def _DeleteInstances(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        token = params["ClientToken"]
        if token in self.tokens:
            if self.tokens[token] != params["InstanceId"]:
                raise api_error("DeleteInstances", "IdempotentParameterMismatch", 400)
            return {}
        rows = self._existing("DeleteInstances", params)
        for row in rows:
            if row["DeletionProtection"]:
                raise api_error("DeleteInstances", "InvalidOperation.DeletionProtection")
            if row["Status"] != "Stopped" and not (params["Force"] and row["Status"] == "Running"):
                raise api_error("DeleteInstances", "IncorrectInstanceStatus")
        if params.get("DryRun"):
            raise api_error("DeleteInstances", "DRYRUN.SUCCESS", 400)
        self.tokens[token] = params["InstanceId"]
        for row in rows:
            self.deletions[row["InstanceId"]] += 1
            row["Status"] = "Stopping"
            self.coming.append((self.now + POWER_SECONDS, lambda key=row["InstanceId"]: self.rows.pop(key, None)))
        return {}

    def _power(self, operation: str, params: dict[str, Any], origin: str, steps: list[str]) -> dict[str, Any]:
        rows = self._existing(operation, params)
        if params.get("DryRun"):
            if any(row["Status"] != origin for row in rows):
                raise api_error(operation, "IncorrectInstanceStatus")
            raise api_error(operation, "DRYRUN.SUCCESS", 400)
        answers = []
        for row in rows:
            fits = row["Status"] == origin
            answers.append({"InstanceId": row["InstanceId"], "Code": "200" if fits else "IncorrectInstanceStatus"})
            if fits:
                row["Status"] = steps[0]
                for number, status in enumerate(steps[1:], start=1):
                    self.coming.append((self.now + POWER_SECONDS * number, lambda r=row, s=status: r.update(Status=s)))
        return {"InstanceResponses": {"InstanceResponse": answers}}

    def _StartInstances(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._power("StartInstances", params, "Stopped", ["Starting", "Running"])

    def _StopInstances(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._power("StopInstances", params, "Running", ["Stopping", "Stopped"])

    def _RebootInstances(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._power("RebootInstances", params, "Running", ["Stopping", "Starting", "Running"])

    def _DescribeCloudAssistantStatus(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        ids = params.get("InstanceId")
        if ids:
            self._existing("DescribeCloudAssistantStatus", params)
        rows = [
            {
                "InstanceId": instance_id,
                "CloudAssistantStatus": "true" if self.agents[instance_id]["online"] else "false",
                "CloudAssistantVersion": self.agents[instance_id]["version"],
                "OSType": self.agents[instance_id].get("os_type", "Linux"),
            }
            for instance_id in self.rows
            if not ids or instance_id in ids
        ]
        return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": rows}}

    def _InstallCloudAssistant(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        rows = self._existing("InstallCloudAssistant", params, 50)
        if any(self.agents[row["InstanceId"]].get("unsupported") for row in rows):
            raise api_error("InstallCloudAssistant", "InvalidInstanceId.OSTypeUnsupported")
        for row in rows:
            agent = self.agents[row["InstanceId"]]
            if not agent.get("broken"):
                self.coming.append((self.now + 5, lambda a=agent: a.update(online=True, version="2.2.4.1")))
        return {}


def lost(operation: str) -> TransportError:
    """Return what the client raises when no try of a call was answered and one may have arrived."""
    return TransportError(operation, "host", "no answer in time", may_have_arrived=True)
