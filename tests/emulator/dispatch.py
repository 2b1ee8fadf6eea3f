# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dispatch: bringing tasks to the instances' agents, at once, by schedule or at boot, and keeping their results."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime, timezone
from typing import Any

from . import frequency
from .agent_versions import LAUNCHER, TERMINATION_MODE, needed
from .fleet import Instance
from .instance.agent import Agent
from .instance.host import Host
from .instance.power_line import PowerLine
from .instance.tasks import Interrupted, Report, ScriptTask
from .pretence import PretendedRun, Rule, read_rules, rule_for
from .reports import apply, launcher_for_agent
from .state import FINAL, Cloud, Invocation, Record, Run
from .way import Way

_LOG = logging.getLogger("emulator")
_SETTLE_S = 5.0
# with more instances than this in use, a new host is quicker than asking each for its end
_ONE_BY_ONE = 40

_CUT_OFF = "the execution was cut off: the instance was stopped, restarted or released."


class Dispatcher:
    """All tasks on their way or running. At most ``max_processes`` scripts run at one time; the rest are Pending."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._host = Host(cloud.options.isolation)
        self.way = Way(cloud)
        self.slots = asyncio.Semaphore(cloud.options.max_processes)
        self._tasks: set[asyncio.Task[None]] = set()
        self._scheduled_now = 0
        # what an exit code of 193 or 194 asks for; set by the room that owns the instances' life
        self.power: dict[str, Callable[[Instance], Coroutine[Any, Any, None]]] = {}
        # what a script asks for that calls reboot, shutdown and the like; set by the same room
        self.on_power_request: Callable[[Instance, str, str], None] = lambda _instance, _verb, _when: None
        self._power_line: PowerLine | None = None

    @property
    def isolation(self) -> str:
        """One line on how far the instances are kept apart from the machine."""
        return self._host.describe()

    def agent(self, instance: Instance) -> Agent:
        """Return the agent of an instance, made at its first task."""
        if instance.agent is None:
            root = self._cloud.instance_root(instance.id)
            root.mkdir(parents=True, exist_ok=True)
            if self._power_line is None:
                self._power_line = PowerLine(root.with_name(".power"))
            self._power_line.connect(root, lambda verb, when: self.on_power_request(instance, verb, when))
            instance.agent = Agent(
                root,
                shell=instance.shell,
                host=self._host,
                instance_id=instance.id,
                host_name=instance.host_name,
                interim=self._cloud.options.interim_ms / 1000,
                names_in_shell=instance.names_in_shell,
                without=instance.without,
                noexec_tmp=instance.noexec_tmp,
            )
        return instance.agent

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the request, remembered so that it can be ended."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def accept(self, invocation: Invocation, instances: list[Instance]) -> None:
        """Add the instances to the invocation and begin delivering to them."""
        region = self._cloud.regions[invocation.region]
        now = self._cloud.clock.now()
        features = needed(invocation, len(invocation.records) + len(instances))
        for instance in instances:
            record = Record(invocation, instance.id, created=now, updated=now)
            invocation.records[instance.id] = record
            region.records.append(record)
            instance.invocation_count += 1
            instance.last_invoked = now
            lacking = next(filter(None, (feature.lacks(instance) for feature in features)), "")
            if lacking:
                self._set(record, "Aborted", "ClientNeedUpgrade", lacking)
            else:
                self._start(record)

    def _start(self, record: Record) -> None:
        """Begin delivering one record, by the repeat mode of its invocation."""
        mode = record.invocation.repeat_mode
        if mode == "DryRun":
            self._set(record, "Success")
        elif mode == "Once":
            record.task = self.spawn(self._once(record))
        elif mode == "Period":
            self._set(record, "Scheduled")
            record.task = self.spawn(self._by_schedule(record))
        else:
            self._set(record, "Scheduled")

    def restart(self, record: Record) -> None:
        """Compute a scheduled record's next run again, after its frequency was changed."""
        if record.task is not None and record.status == "Scheduled":
            record.task.cancel()
            record.task = self.spawn(self._by_schedule(record))

    async def stop(self, record: Record) -> None:
        """StopInvocation for one instance: what has not begun is cancelled, what runs is ended."""
        if record.status in FINAL or record.stopping:
            return
        record.stopping = True
        record.stop_time = self._cloud.clock.now()
        if record.run is not None and record.run.status == "Running":
            record.run.stop_time = record.stop_time
            self._set(record, "Stopping")
            instance = self._cloud.instances[record.instance_id]
            pretended = instance.pretended.get(record.invocation.id)
            if pretended is None:
                self.spawn(self.agent(instance).stop(record.invocation.id))
            else:
                pretended.end("stopped")
            return
        if record.task is not None:
            record.task.cancel()
        self._set(record, "Terminated" if record.repeats else "Cancelled")

    def boot(self, instance: Instance) -> None:
        """Give an instance that has just started what waits for its next start."""
        for record in self._cloud.regions[instance.region].records:
            if (
                record.instance_id == instance.id
                and record.status == "Scheduled"
                and not record.stopping
                and record.invocation.repeat_mode in ("NextRebootOnly", "EveryReboot")
            ):
                record.task = self.spawn(self._at_boot(record))

    def released(self, instance: Instance) -> None:
        """End what an instance that is being deleted will never run."""
        for record in self._cloud.regions[instance.region].records:
            if record.instance_id == instance.id and record.status in ("Pending", "Scheduled"):
                if record.task is not None:
                    record.task.cancel()
                self._set(record, "Aborted", "InstanceReleased", "the instance has been released.")

    async def settled(self) -> None:
        """Wait until the runs that schedules have begun have ended, but not for long ones."""
        for _turn in range(5):
            await asyncio.sleep(0)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._until_quiet(), _SETTLE_S)

    async def _until_quiet(self) -> None:
        while self._scheduled_now:
            await asyncio.sleep(0.005)

    async def clear(self) -> None:
        """End every task and every script, so that the cloud can begin again."""
        await self._cancel()
        self._close_power_line()
        agents = [instance.agent for instance in self._cloud.instances.values() if instance.agent is not None]
        if len(agents) > _ONE_BY_ONE:
            self._host.close()
            self._host = Host(self._cloud.options.isolation)
        else:
            await asyncio.gather(*(agent.kill_all() for agent in agents))

    async def close(self) -> None:
        """End every task, every script and the instances' host."""
        await self._cancel()
        self._close_power_line()
        self._host.close()

    def _close_power_line(self) -> None:
        if self._power_line is not None:
            self._power_line.close()
            self._power_line = None

    async def _cancel(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._scheduled_now = 0

    async def _once(self, record: Record) -> None:
        instance = self._cloud.instances[record.instance_id]
        refusal = await self.way.reach(instance) or await self.way.take_place(instance)
        if refusal:
            self._set(record, "Aborted", *refusal)
            return
        try:
            await self._execute(record, instance)
        finally:
            self.way.queue(instance).places.release()

    async def _at_boot(self, record: Record) -> None:
        instance = self._cloud.instances[record.instance_id]
        if self._cloud.options.agent_latency_ms:
            await asyncio.sleep(self._cloud.options.agent_latency_ms / 1000)
        await self._execute(record, instance)
        if record.invocation.repeat_mode == "EveryReboot" and not record.stopping and not instance.released:
            self._set(record, "Scheduled")

    async def _by_schedule(self, record: Record) -> None:
        instance = self._cloud.instances[record.instance_id]
        invocation = record.invocation
        clock = self._cloud.clock
        zone = "Asia/Shanghai" if invocation.classic else instance.time_zone
        created = datetime.fromtimestamp(invocation.created, timezone.utc)
        last = created
        while True:
            # read again each time: the frequency may be changed while a script runs
            schedule = frequency.read(invocation.frequency)
            # a timer may wake a hair early: the run that was just made must not be found again
            base = max(datetime.fromtimestamp(clock.now(), timezone.utc), last)
            runs = schedule.next_runs(base, 1, instance_zone=zone, created_at=created)
            if not runs:
                break
            last = runs[0]
            await clock.sleep_until(last.timestamp())
            if instance.status == "Running":
                self._scheduled_now += 1
                try:
                    await self._execute(record, instance)
                finally:
                    self._scheduled_now -= 1
                if record.stopping or instance.released:
                    return
            if schedule.kind == "at":
                if record.run is None:
                    self._set(record, "Aborted", "InstanceNotRunning", "the instance was not running at that time.")
                return
            self._set(record, "Scheduled")
        if record.run is not None:
            self._set(record, record.run.status)
        else:
            self._set(
                record,
                "Invalid",
                "CronExpressionExpired" if schedule.kind == "cron" else "AtExpressionExpired",
                "the expression has no run in the future.",
            )

    async def _execute(self, record: Record, instance: Instance) -> None:
        boots = instance.boots
        rule = rule_for(read_rules(self._cloud.options.pretend), instance.id, record.invocation.content)
        async with self.way.queue(instance).slots, self.slots if rule is None else contextlib.nullcontext():
            if not self._may_begin(record, instance, boots):
                return
            run, execution = self._begin(record, instance)
            instance.active_tasks += 1
            try:
                report = await self._run(run, instance, rule)
            except Interrupted:
                self._break_off(run, instance.cut_off or "ExecutionInterrupted", _CUT_OFF)
                return
            except (OSError, ValueError) as error:
                # the machine under the emulator has run out of something; no script may stay Running for that
                _LOG.exception("%s could not be run on %s", record.invocation.id, instance.id)
                self._cloud.executions[instance.id].remove(execution)
                self._break_off(run, "ExecutionException", str(error))
                return
            finally:
                instance.active_tasks -= 1
        if report.kind in ("invalid", "error"):
            self._cloud.executions[instance.id].remove(execution)  # the script never began
        else:
            execution["rc"] = report.exit_code
        await self._take_report(run, report, instance)
        if report.power_action:
            self.spawn(self.power[report.power_action](instance))

    async def _run(self, run: Run, instance: Instance, rule: Rule | None) -> Report:
        """Run the script, or let it seem to run, and return the agent's report. Raises Interrupted."""
        if rule is None:
            return await self.agent(instance).run(self._script(run.record, instance), on_output=run.add_output)
        invocation = run.record.invocation
        pretended = instance.pretended[invocation.id] = PretendedRun(rule, instance.id, invocation.timeout)
        try:
            return await pretended.report()
        finally:
            del instance.pretended[invocation.id]

    def _may_begin(self, record: Record, instance: Instance, boots: int) -> bool:
        """Return whether a task may begin that waited for its turn; what went down with its agent is lost."""
        if instance.boots != boots:
            self._set(record, "Error", instance.cut_off, _CUT_OFF)
        elif instance.released or instance.status != "Running":
            code = "InstanceReleased" if instance.released else "InstanceNotRunning"
            self._set(record, "Aborted", code, "the instance is not running.")
        else:
            return True
        return False

    def _begin(self, record: Record, instance: Instance) -> tuple[Run, dict[str, Any]]:
        """Note that the record's script begins; return its run and the entry of the executions."""
        run = Run(record, started=self._cloud.clock.now(), repeats=record.repeats + 1)
        record.repeats += 1
        record.run = run
        record.error_code = record.error_info = ""
        record.invocation.history.append(run)
        self._set(record, "Running")
        execution: dict[str, Any] = {"invoke_id": record.invocation.id, "started_at": run.started, "rc": None}
        self._cloud.executions.setdefault(instance.id, []).append(execution)
        return run, execution

    def _break_off(self, run: Run, code: str, info: str) -> None:
        run.finished = self._cloud.clock.now()
        run.status, run.error_code, run.error_info = "Error", code, info
        self._finish(run.record, run)

    async def _take_report(self, run: Run, report: Report, instance: Instance) -> None:
        """Keep what the agent reports, which cannot arrive while it has no connection."""
        timeout = run.record.invocation.timeout
        if self._cloud.options.report_latency_ms:
            await asyncio.sleep(self._cloud.options.report_latency_ms / 1000)
        refusal = await self.way.wait(instance, timeout + 60.0)
        apply(run, report, timeout)
        if refusal and report.kind != "invalid":
            run.status, run.error_code, run.error_info = "Error", "ClientNotResponse", "the agent has not answered."
            run.exit_code, run.output, run.dropped = None, b"", 0
        self._finish(run.record, run)

    def _finish(self, record: Record, run: Run) -> None:
        record.error_code, record.error_info = run.error_code, run.error_info
        self._set(record, run.status, run.error_code, run.error_info)

    def _script(self, record: Record, instance: Instance) -> ScriptTask:
        invocation = record.invocation
        contained = bool(invocation.container_id or invocation.container_name)
        return ScriptTask(
            task_id=invocation.id,
            command_id=invocation.command.id,
            type=invocation.command.type,
            content_b64=base64.b64encode(invocation.content).decode(),
            enable_parameter=invocation.enable_parameter,
            timeout=str(invocation.timeout),
            working_dir="" if contained else invocation.working_dir,
            username="" if contained else invocation.username,
            builtin={
                "RegionId": invocation.region,
                "AccountId": self._cloud.options.account_id,
                "InstanceId": instance.id,
                "InstanceName": instance.name,
                "InvokeId": invocation.id,
                "CommandId": invocation.command.id,
            },
            termination_mode="" if TERMINATION_MODE.lacks(instance) else invocation.termination_mode,
            launcher="" if LAUNCHER.lacks(instance) else launcher_for_agent(invocation.launcher),
            # where the agent hands it to a shell; what the file of others is called makes no difference
            command_name=invocation.command.name if instance.names_in_shell else "",
            container_id=invocation.container_id,
            container_name=invocation.container_name,
        )

    def _set(self, record: Record, status: str, code: str = "", info: str = "") -> None:
        record.status = status
        record.updated = self._cloud.clock.now()
        if code:
            record.error_code, record.error_info = code, info
