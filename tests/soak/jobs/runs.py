# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts on a fleet: each one runs exactly once on each instance."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.gathering import LAST_READ
from ansible_collections.cloudops.cloud_assistant.plugins.modules import (
    ecs_command,
    ecs_invoke_command,
    ecs_run_command,
)

from ..trouble import Ahead
from .base import Job, Result
from .events import draw_events, recover, state

SCRIPT = "echo ran"


class _Run(Job):
    """A script on a fleet under an identity that makes every start of the task one and the same run."""

    operations = ("RunCommand", "RunCommand", "DescribeInvocations", "DescribeInvocationResults", "DescribeInstances")
    module = ecs_run_command

    def draw(self) -> dict[str, Any]:
        rng = self.rng
        targets = {"resource_tags": {"role": "web"}} if rng.random() < 0.4 else {"instance_ids": self.ids}
        return {
            **self.what(),
            **targets,
            **rng.choice(({"client_token": "one-and-only"}, {"idempotency_key": "one-and-only"})),
            "batch_size": rng.randint(1, 4),
            "max_concurrent_batches": rng.choice((None, 1, 2)),
        }

    def what(self) -> dict[str, Any]:
        """Return the options that name the script."""
        return {"content": SCRIPT}

    def meanwhile(self) -> None:
        counted = self.executions()
        assert all(times <= 1 for times in counted.values()), counted

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert [row["instance_id"] for row in result["results"]] == self.ids
        assert {row["status"] for row in result["results"]} == {"Success"}
        assert self.executions() == Counter(self.ids)


class RunScript(_Run):
    """`ecs_run_command`."""


class RunThroughEvents(_Run):
    """`ecs_run_command` while instances reboot, stop, are released or lose their agent.

    What such an event has cut off runs again under the key; what has succeeded does not.
    """

    events = ("reboot", "stop", "release", "agent_offline")

    def draw(self) -> dict[str, Any]:
        options = {**super().draw(), "content": "sleep 0.1; echo ran", "idempotency_key": "k", "unready": "skip"}
        return {name: value for name, value in options.items() if name not in ("client_token", "resource_tags")} | {
            "instance_ids": self.ids
        }

    def faults(self) -> list[dict[str, Any]]:
        return [*super().faults(), *draw_events(self.rng, self.events, "RunCommand", self.ids)]

    def settled(self) -> bool:
        recover(self.cloud, self.ids)
        return super().settled()

    def meanwhile(self) -> None:
        # an agent that goes offline after the script's end never reports it: for the service that run has failed
        pages = self.cloud.client.pages("DescribeInvocations")
        rows = [row for page in pages for row in page.rows("Invocations", "Invocation")]
        each = [item for row in rows for item in row["InvokeInstances"]["InvokeInstance"]]
        succeeded = Counter(item["InstanceId"] for item in each if item["InvocationStatus"] == "Success")
        assert all(times <= 1 for times in succeeded.values()), each

    def finished(self, result: Result) -> None:
        released = {row["instance_id"] for row in result["results"] if row["status"] != "Success"}
        assert {state(self.cloud, item) for item in released} <= {"Released"}, result
        assert [row["instance_id"] for row in result["results"]] == self.ids


class RunPastDeadline(_Run):
    """`ecs_run_command` that waits for less time than the script takes, and then for as long as it takes.

    While it may not wait, each pause passes at once on the clock of its deadlines, which no wait may pass, but for the
    last reading of what the instances have written.
    """

    def draw(self) -> dict[str, Any]:
        return {**super().draw(), "content": "sleep 0.3; echo ran", "batch_size": 100}

    def start(self) -> Result:
        allowed = self.rng.choice((1, 5, 20))
        with Ahead() as clock:
            result = self.cloud.run(self.module, **{**self.options, "max_retries": 2, "wait_timeout": allowed})
        assert clock.ahead <= allowed + LAST_READ, (clock.ahead, result)
        return result

    def finished(self, result: Result) -> None:
        super().finished(super().start())


class InvokeCommand(_Run):
    """`ecs_invoke_command` of a stored command."""

    operations = ("InvokeCommand", "InvokeCommand", "DescribeInvocations", "DescribeInvocationResults")
    module = ecs_invoke_command

    def prepare(self) -> None:
        self.cloud.run(ecs_command, name="stored", content=SCRIPT)

    def what(self) -> dict[str, Any]:
        return {"command_name": "stored"}


class RunWithoutIdentity(Job):
    """A script without a token of the user's: one start runs it once, or says that it may have run."""

    operations = ("RunCommand", "DescribeInvocations", "DescribeInvocationResults")
    module = ecs_run_command
    may_die = False

    def prepare(self) -> None:
        self.starts = 0

    def draw(self) -> dict[str, Any]:
        return {"content": SCRIPT, "instance_ids": self.ids, "batch_size": self.rng.randint(1, 4)}

    def start(self) -> Result:
        self.starts += 1
        result = super().start()
        if "failed" not in result:
            ran = {row["instance_id"] for row in result["results"] if row["status"] == "Success"}
            assert ran == set(self.ids), result
        return result

    def meanwhile(self) -> None:
        counted = self.executions()
        assert all(times <= self.starts for times in counted.values()), counted

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert set(self.executions()) == set(self.ids)
