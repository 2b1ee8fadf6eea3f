# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of instances: start, stop, reboot, release, and the connection of their agents."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .dispatch import Dispatcher
from .fleet import Instance
from .state import Cloud


class Lifecycle:
    """Moves instances from state to state. Each change takes ``power_latency_ms`` and passes the state between.

    While an instance goes down its scripts end without a report; ``Instance.cut_off`` says to their results why.
    """

    def __init__(self, cloud: Cloud, dispatcher: Dispatcher) -> None:
        self._cloud = cloud
        self._dispatcher = dispatcher
        dispatcher.power = {"poweroff": self.stop, "reboot": self.reboot}
        dispatcher.on_power_request = self.request
        self._strikes: set[asyncio.Task[None]] = set()

    async def _pause(self) -> None:
        if self._cloud.options.power_latency_ms:
            await asyncio.sleep(self._cloud.options.power_latency_ms / 1000)

    async def _down(self, instance: Instance, why: str) -> None:
        if instance.shutdown is not None:
            instance.shutdown.cancel()
            instance.shutdown = None
        instance.status = "Stopping"
        instance.cut_off = why
        instance.boots += 1
        instance.changed()
        for pretended in instance.pretended.values():
            pretended.end("interrupted")
        if instance.agent is not None:
            await instance.agent.kill_all()

    async def _up(self, instance: Instance) -> None:
        instance.status = "Starting"
        instance.changed()
        await self._pause()
        if instance.released:
            return
        now = self._cloud.clock.now()
        instance.status = "Running"
        instance.started = now
        if instance.agent_installed:
            instance.agent_online = True
            instance.last_heartbeat = now
        instance.changed()
        self._dispatcher.boot(instance)

    async def start(self, instance: Instance) -> None:
        """Start a stopped instance; its agent comes online, and what waits for a start is run."""
        if instance.status == "Stopped":
            await self._up(instance)

    async def stop(self, instance: Instance) -> None:
        """Stop a running instance."""
        if instance.status not in ("Running", "Starting"):
            return
        await self._down(instance, "InstanceNotRunning")
        await self._pause()
        if not instance.released:
            instance.status = "Stopped"
            instance.changed()

    async def reboot(self, instance: Instance) -> None:
        """Restart a running instance."""
        if instance.status != "Running":
            return
        await self._down(instance, "InstanceRestarted")
        await self._pause()
        if not instance.released:
            await self._up(instance)

    async def release(self, instance: Instance) -> None:
        """Delete an instance: its scripts end at once, and a little later it is gone with all that was to run on it."""
        await self._down(instance, "InstanceReleased")
        if self._cloud.options.power_latency_ms:
            self._dispatcher.spawn(self._vanish(instance))
        else:
            await self._vanish(instance)

    async def _vanish(self, instance: Instance) -> None:
        await self._pause()
        instance.released = True
        instance.status = "Stopped"
        instance.changed()
        self._dispatcher.released(instance)

    def set_agent(self, instance: Instance, online: bool) -> None:
        """Connect or disconnect an agent; running scripts continue."""
        instance.agent_online = online and instance.agent_installed
        if instance.agent_online:
            instance.last_heartbeat = self._cloud.clock.now()
        instance.changed()

    def request(self, instance: Instance, verb: str, when: str) -> None:
        """Do what a script on the instance asked for: ``verb`` reboot, poweroff or cancel, ``when`` as shutdown has it.

        A later request replaces the one that is waiting.
        """
        seconds = seconds_until(when, self._cloud.clock.now(), instance.time_zone)
        if seconds is None or verb not in (*self._dispatcher.power, "cancel"):
            return
        if instance.shutdown is not None:
            instance.shutdown.cancel()
            instance.shutdown = None
        if verb != "cancel":
            instance.shutdown = self._dispatcher.spawn(self._go_down(instance, verb, seconds))

    async def _go_down(self, instance: Instance, verb: str, seconds: float) -> None:
        if seconds:
            await self._cloud.clock.sleep(seconds)
        instance.shutdown = None
        await self._dispatcher.power[verb](instance)

    def strike_later(self, instance: Instance, kind: str, after_s: float) -> None:
        """Let a fault happen on the instance, seconds later: ``agent_offline``, ``reboot``, ``stop`` or ``release``."""
        task = self._dispatcher.spawn(self._strike(instance, kind, after_s))
        self._strikes.add(task)
        task.add_done_callback(self._strikes.discard)

    async def all_struck(self) -> None:
        """Wait until each fault that is on its way has happened on its instance."""
        if self._strikes:
            await asyncio.wait(set(self._strikes))

    async def _strike(self, instance: Instance, kind: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if kind == "agent_offline":
            self.set_agent(instance, False)
        elif not instance.released:
            await {"reboot": self.reboot, "stop": self.stop, "release": self.release}[kind](instance)


def seconds_until(when: str, now: float, zone: str) -> float | None:
    """Return the seconds from ``now`` to a time as shutdown takes it: now, +MINUTES, hh:mm; None for another text."""
    if when == "now":
        return 0.0
    if re.fullmatch(r"\+?[0-9]{1,6}", when):
        return float(when) * 60
    clock = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", when)
    if not clock:
        return None
    present = datetime.fromtimestamp(now, ZoneInfo(zone))
    moment = present.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    if moment <= present:
        moment += timedelta(days=1)
    return moment.timestamp() - now
