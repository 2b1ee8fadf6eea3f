# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that are started, stopped and deleted, each once, and their agents."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from ansible_collections.cloudops.cloud_assistant.plugins.modules import (
    clouddc_instance,
    ecs_agent,
    ecs_instance,
)
from emulator.testing import HUAWEI_REGION
from support.module_runs import Cloud

from .base import PATIENCE, Job, Result


class _Power(Job):
    module = ecs_instance
    operations = ("StartInstances", "StopInstances", "DescribeInstances")
    state: ClassVar[str]
    action: ClassVar[str]
    status: ClassVar[str]

    def settled(self) -> bool:
        return True

    def prepare(self) -> None:
        if self.state == "running":
            for item in self.ids:
                self.cloud.emulator.instance(item, "stop")

    def draw(self) -> dict[str, Any]:
        return {"state": self.state, "instance_ids": self.ids, "force": True}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert {row["status"] for row in result["results"]} == {self.status}
        assert self.start()["changed"] is False


class StartInstances(_Power):
    """`ecs_instance` with state running."""

    state, action, status = "running", "StartInstances", "Running"


class StopInstances(_Power):
    """`ecs_instance` with state stopped."""

    state, action, status = "stopped", "StopInstances", "Stopped"


class DeleteInstances(_Power):
    """`ecs_instance` with state absent: each deletion takes effect once."""

    operations = ("DeleteInstances", "DeleteInstances", "DescribeInstances")
    state, action, status = "absent", "DeleteInstances", "absent"

    def draw(self) -> dict[str, Any]:
        return {**super().draw(), **self.rng.choice(({}, {"client_token": "mine"}))}

    def meanwhile(self) -> None:
        tokens: Counter[str] = Counter()
        seen = set()
        for row in self.cloud.emulator.requests():
            if row["action"] == "DeleteInstances" and row["status"] == 200 and not row["params"].get("DryRun"):
                token = row["params"]["ClientToken"]
                if token not in seen:
                    seen.add(token)
                    tokens.update(value for name, value in row["params"].items() if name.startswith("InstanceId."))
        assert all(times <= 1 for times in tokens.values()), tokens


class InstallAgent(Job):
    """`ecs_agent` where some instances have no agent."""

    module = ecs_agent
    operations = ("InstallCloudAssistant", "DescribeCloudAssistantStatus", "DescribeInstances")

    def settled(self) -> bool:
        return True

    def prepare(self) -> None:
        for item in self.ids[::2]:
            self.cloud.emulator.instance(item, "agent-uninstall")

    def draw(self) -> dict[str, Any]:
        return {"instance_ids": self.ids}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert self.start()["changed"] is False


class DeleteCloudDC(Job):
    """`clouddc_instance`: each deletion begins once."""

    module = clouddc_instance
    operations = ("DeleteInstance", "DeleteInstances", "ListInstances", "ShowInstanceStatus")
    clouddc = True

    def reset(self) -> None:
        rows = [{"id": item, "state": "stopped", "delete_s": 0} for item in self.ids]
        self.cloud.emulator.reset({"clouddc": rows})

    def settled(self) -> bool:
        return True

    def draw(self) -> dict[str, Any]:
        return {"state": "absent", "ids": self.ids}

    def account(self) -> dict[str, Any]:
        ready = self.cloud.emulator.ready
        return {
            "region": HUAWEI_REGION,
            "endpoint": ready["clouddc_endpoint"],
            "iam_endpoint": ready["iam_endpoint"],
            "access_key": ready["access_key_id"],
            "secret_key": ready["access_key_secret"],
        }

    def start(self) -> Result:
        return _Account(self.cloud, self.account()).run(self.module, **{**PATIENCE, **self.options})

    def meanwhile(self) -> None:
        assert set(self.cloud.emulator.deletions().values()) <= {1}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert {row["id"] for row in result["results"]} == set(self.ids)
        assert set(self.cloud.emulator.deletions()) == set(self.ids)
        assert self.start()["changed"] is False


class _Account(Cloud):
    """Runs modules with the options of another cloud's account."""

    def __init__(self, cloud: Cloud, options: dict[str, Any]) -> None:
        super().__init__(cloud.emulator)
        self.options = options
        self.warnings = cloud.warnings
