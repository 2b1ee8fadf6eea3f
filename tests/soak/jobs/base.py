# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of all histories have in common: a fleet, options, and what must hold."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_run_command
from support.module_runs import Cloud
from support.patience import until

from ..trouble import draw_faults

Result = dict[str, Any]
MAX_RETRIES = 8
PATIENCE = {"max_retries": MAX_RETRIES, "wait_timeout": 300}
LAGS = (0, 0, 0, 20, 60)
"""Milliseconds for which what has been written cannot be read yet."""


class Job(ABC):
    """One task. ``options`` are the module's, drawn from ``rng``; ``ids`` are the instances it is for.

    ``lag``: milliseconds of LAGS. ``undisturbed``: nothing goes wrong any more, so that the task has all the time it
    may need on a busy machine.
    """

    module: ClassVar[Any] = None
    operations: ClassVar[tuple[str, ...]]
    clouddc: ClassVar[bool] = False
    may_die: ClassVar[bool] = True

    def __init__(self, rng: random.Random, cloud: Cloud, folder: Path) -> None:
        self.rng = rng
        self.cloud = cloud
        self.folder = folder
        self.lag = 0
        self.undisturbed = False
        count = rng.randint(1, 6)
        self.ids = [
            f"{number:08}-0000-0000-0000-000000000000" if self.clouddc else f"i-{number:04}" for number in range(count)
        ]
        self.reset()
        self.prepare()
        self.options = self.draw()

    def reset(self) -> None:
        """Make the fleet of this history, of a service that shows what was written at once or later."""
        self.cloud.emulator.reset(fleet=[{"id": item, "tags": {"role": "web"}} for item in self.ids])
        self.lag = self.rng.choice(LAGS)
        self.cloud.emulator.options(visibility_lag_ms=self.lag)

    def faults(self) -> list[dict[str, Any]]:
        """Return what goes wrong: rules for the emulator."""
        return draw_faults(self.rng, self.operations)

    def prepare(self) -> None:  # noqa: B027
        """Make what the task finds; nothing goes wrong yet. A task may need nothing."""

    @abstractmethod
    def draw(self) -> dict[str, Any]:
        """Return the options of the task."""

    def account(self) -> dict[str, Any]:
        """Return the options that lead to the cloud."""
        return self.cloud.options

    def arguments(self) -> dict[str, Any]:
        """Return what the module is given as a process of its own."""
        return {**self.account(), **PATIENCE, **self.options}

    def start(self) -> Result:
        """Run the task once and return its result."""
        return self.cloud.run(self.module, **{**PATIENCE, **self.options})

    def meanwhile(self) -> None:  # noqa: B027
        """Check what must hold after every start, whatever has happened. There may be nothing to count."""

    def settled(self) -> bool:
        """Return whether the service is at rest: what a dead controller has started has ended."""
        pages = self.cloud.client.pages("DescribeInvocations")
        rows = [row for page in pages for row in page.rows("Invocations", "Invocation")]
        return not {row["InvocationStatus"] for row in rows} & {"Pending", "Running"}

    @abstractmethod
    def finished(self, result: Result) -> None:
        """Check what must hold after the last start, in which nothing goes wrong; `result` is its result."""

    def executions(self) -> Counter[str]:
        """Return how often a script of the user's was executed on each instance."""
        rows = self.cloud.emulator.executions()
        return Counter({item: len(found) for item, found in rows.items() if found})

    def output(self, script: str, ids: Sequence[str] | None = None) -> dict[str, str]:
        """Run a script on every instance, or on some, with nothing going wrong, and return what each one printed."""
        wanted = self.ids if ids is None else list(ids)
        if not wanted:
            return {}
        result = self.cloud.run(ecs_run_command, instance_ids=wanted, content=script)
        assert "failed" not in result, result
        return {row["instance_id"]: row["stdout"] for row in result["results"]}


def at_rest(job: Job) -> None:
    """Wait until the service is at rest, so that everything is counted.

    What was written can be read then: no controller is started anew within the lag of a service.
    """
    time.sleep(job.lag / 1000)
    until(job.settled, pause=0.01)
