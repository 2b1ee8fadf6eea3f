# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a task from the service to an instance's agent: its time, the agent's connection, a place in its queue."""

from __future__ import annotations

import asyncio
from typing import Any

from .agent_queue import AgentQueue
from .fleet import Instance
from .state import Cloud

# ErrorCode and ErrorInfo of a task that does not arrive
Refusal = tuple[str, str]
_TOO_LATE: Refusal = ("DeliveryTimeout", "the command could not be delivered to the instance in time.")


class Way:
    """Brings tasks to the agents of the cloud's instances."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def reach(self, instance: Instance) -> Refusal | None:
        """Take a task to an instance; return why when it cannot be delivered in time."""
        if self._cloud.options.agent_latency_ms:
            await asyncio.sleep(self._cloud.options.agent_latency_ms / 1000)
        return await self.wait(instance, self._cloud.options.delivery_timeout_s)

    async def wait(self, instance: Instance, patience_s: float) -> Refusal | None:
        """Wait for the agent's connection; return why when it does not come, in emulated seconds."""
        clock = self._cloud.clock
        deadline = clock.now() + patience_s
        while not instance.reachable:
            if instance.released:
                return "InstanceReleased", "the instance has been released."
            if instance.status == "Stopped":
                return "InstanceNotRunning", "the instance is not running."
            if clock.now() >= deadline:
                if not instance.agent_installed:
                    return "ClientNotRunning", "the Cloud Assistant agent is not running."
                return _TOO_LATE
            await _first_of(instance.wait_change(), clock.sleep_until(deadline))
        return None

    def queue(self, instance: Instance) -> AgentQueue:
        """Return the turns of the instance's agent, made at its first task."""
        if instance.queue is None:
            options = self._cloud.options
            instance.queue = AgentQueue(options.agent_slots, options.agent_queue)
        return instance.queue

    async def take_place(self, instance: Instance) -> Refusal | None:
        """Wait until the agent takes one more task, which then holds one of its ``places``; return why it did not."""
        places = self.queue(instance).places
        clock = self._cloud.clock
        deadline = clock.now() + self._cloud.options.delivery_timeout_s
        while places.full:
            if clock.now() >= deadline:
                return _TOO_LATE
            await _first_of(places.wait_change(), clock.sleep_until(deadline))
        places.take()
        return None


async def _first_of(*waits: Any) -> None:
    """Wait until one of the coroutines has ended, and end the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
