# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored commands and schedules: each one is there once, or gone."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from typing import Any, ClassVar

from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_command, ecs_invocation
from support.module_runs import live

from .base import Job, Result
from .runs import SCRIPT


class _Command(Job):
    """A stored command; ``wanted`` is its text in the end, None where it is to be absent."""

    operations = ("CreateCommand", "CreateCommand", "DeleteCommand", "ModifyCommand", "DescribeCommands")
    module = ecs_command
    wanted: ClassVar[str | None] = "echo new"

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        pages = self.cloud.client.pages("DescribeCommands")
        names = [row["Name"] for page in pages for row in page.rows("Commands", "Command")]
        assert names == ([] if self.wanted is None else ["job"]), names
        assert self.start()["changed"] is False
        if self.wanted is not None:
            assert result["command"]["content"] == self.wanted


class CreateCommand(_Command):
    """`ecs_command` of a name that does not exist."""

    def draw(self) -> dict[str, Any]:
        return {"name": "job", "content": self.wanted}


class ReplaceCommand(CreateCommand):
    """`ecs_command` with another text, so that the command has to be replaced."""

    def prepare(self) -> None:
        self.cloud.run(ecs_command, name="job", content="echo old")


class DeleteCommand(_Command):
    """`ecs_command` with state absent."""

    wanted = None

    def prepare(self) -> None:
        self.cloud.run(ecs_command, name="job", content="echo old")

    def draw(self) -> dict[str, Any]:
        return {"name": "job", "state": "absent"}


class _Schedule(Job):
    operations = ("InvokeCommand", "StopInvocation", "ModifyInvocationAttribute", "DescribeInvocations")
    module = ecs_invocation

    def prepare(self) -> None:
        self.cloud.run(ecs_command, name="job", content=SCRIPT)

    def settled(self) -> bool:
        return True

    def _schedule(self, frequency: str) -> dict[str, Any]:
        return {"command_name": "job", "instance_ids": self.ids, "frequency": frequency, "state": "present"}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        scheduled = Counter(item for items in live(self.cloud).values() for item in items)
        assert scheduled == self.wanted(), scheduled
        assert self.start()["changed"] is False

    @abstractmethod
    def wanted(self) -> Counter[str]:
        """Return how many live schedules each instance has in the end."""


class Schedule(_Schedule):
    """`ecs_invocation` that keeps one schedule."""

    def draw(self) -> dict[str, Any]:
        return self._schedule("rate(1h)")

    def wanted(self) -> Counter[str]:
        return Counter(self.ids)


class Reschedule(Schedule):
    """`ecs_invocation` with another frequency than the schedule that is there."""

    def prepare(self) -> None:
        super().prepare()
        self.cloud.run(ecs_invocation, **self._schedule("rate(2h)"))


class Unschedule(_Schedule):
    """`ecs_invocation` with state stopped."""

    def prepare(self) -> None:
        super().prepare()
        self.cloud.run(ecs_invocation, **self._schedule("rate(2h)"))

    def draw(self) -> dict[str, Any]:
        return {"command_name": "job", "state": "stopped"}

    def wanted(self) -> Counter[str]:
        return Counter()
