# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of the histories: one class per thing that a writing module does, with what must hold in the end."""

from __future__ import annotations

import hashlib
import random
import shlex
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.cloudops.cloud_assistant.plugins.modules import (
    clouddc_instance,
    ecs_agent,
    ecs_command,
    ecs_fetch_file,
    ecs_instance,
    ecs_invocation,
    ecs_invoke_command,
    ecs_run_command,
    ecs_send_file,
)
from emulator.testing import HUAWEI_REGION
from support.module_runs import Cloud, live
from support.patience import until

from .trouble import draw_faults

Result = dict[str, Any]
DELAYS = (0, 20, 60, 100)
"""Milliseconds from a call until something happens to an instance; the script takes 100."""
SCRIPT = "echo ran"
MAX_RETRIES = 8


class Job(ABC):
    """One task. ``options`` are the module's, drawn from ``rng``; ``ids`` are the instances it is for."""

    module: ClassVar[Any]
    operations: ClassVar[tuple[str, ...]]
    clouddc: ClassVar[bool] = False
    may_die: ClassVar[bool] = True

    def __init__(self, rng: random.Random, cloud: Cloud, folder: Path) -> None:
        self.rng = rng
        self.cloud = cloud
        self.folder = folder
        count = rng.randint(1, 6)
        self.ids = [
            f"{number:08}-0000-0000-0000-000000000000" if self.clouddc else f"i-{number:04}" for number in range(count)
        ]
        self.reset()
        self.prepare()
        self.options = {**self.draw(), "wait_timeout": 300}

    def reset(self) -> None:
        """Make the fleet of this history."""
        self.cloud.emulator.reset(fleet=[{"id": item, "tags": {"role": "web"}} for item in self.ids])

    def faults(self) -> list[dict[str, Any]]:
        """Return what goes wrong: rules for the emulator."""
        return draw_faults(self.rng, self.operations)

    def prepare(self) -> None:  # noqa: B027
        """Make what the task finds; nothing goes wrong yet. A task may need nothing."""

    @abstractmethod
    def draw(self) -> dict[str, Any]:
        """Return the options of the task."""

    def start(self) -> Result:
        """Run the task once and return its result."""
        return self.cloud.run(self.module, max_retries=MAX_RETRIES, **self.options)

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

    def output(self, script: str) -> dict[str, str]:
        """Run a script on every instance, with nothing going wrong, and return what each one printed."""
        result = self.cloud.run(ecs_run_command, instance_ids=self.ids, content=script)
        assert "failed" not in result, result
        return {row["instance_id"]: row["stdout"] for row in result["results"]}


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
        rng = self.rng
        happen = [
            {
                "kind": rng.choice(self.events),
                "action": "RunCommand",
                "instance_id": item,
                "delay_ms": rng.choice(DELAYS),
            }
            for item in rng.sample(self.ids, min(2, len(self.ids)))
        ]
        return [*super().faults(), *({**rule, "nth": [1]} for rule in happen)]

    def state(self, instance_id: str) -> str:
        """Return the status of an instance, ``Released`` once it is no more."""
        try:
            return self.cloud.emulator.instance(instance_id, "state")["status"]
        except ValueError:
            return "Released"

    def settled(self) -> bool:
        for item in self.ids:
            if (state := self.state(item)) == "Stopped":
                self.cloud.emulator.instance(item, "start")
            if state != "Released":
                self.cloud.emulator.instance(item, "agent-online")
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
        assert {self.state(item) for item in released} <= {"Released"}, result
        assert [row["instance_id"] for row in result["results"]] == self.ids


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


class SendFile(Job):
    """`ecs_send_file`, small or in parts."""

    operations = ("SendFile", "RunCommand", "DescribeSendFileResults", "DescribeInvocations")
    module = ecs_send_file

    def draw(self) -> dict[str, Any]:
        self.data = self.rng.randbytes(self.rng.choice((0, 10, 20_000, 60_000)))
        source = self.folder / "source"
        source.write_bytes(self.data)
        return {"src": str(source), "instance_ids": self.ids, "target_dir": "/srv/soak", "name": "file"}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert [row["instance_id"] for row in result["results"]] == self.ids
        assert self.start()["changed"] is False
        # the digest of the file, and all that lies beside it
        told = self.output("sha256sum </srv/soak/file; find /srv/soak -mindepth 1 | sort")
        digest = hashlib.sha256(self.data).hexdigest()
        assert set(told.values()) == {f"{digest}  -\n/srv/soak/file"}, told


class FetchFile(Job):
    """`ecs_fetch_file`, small or in parts."""

    operations = ("RunCommand", "RunCommand", "DescribeInvocations", "DescribeInvocationResults")
    module = ecs_fetch_file

    def prepare(self) -> None:
        self.size = self.rng.choice((0, 10, 20_000, 60_000))
        self.output(f"mkdir -p /srv/soak; head -c {self.size} /dev/zero | tr '\\0' x > /srv/soak/file")
        self.before = self.output(_FILES)

    def draw(self) -> dict[str, Any]:
        return {"path": "/srv/soak/file", "instance_ids": self.ids, "dest": f"{self.folder}/fetched/"}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        files = [path for path in (self.folder / "fetched").rglob("*") if path.is_file()]
        assert sorted(path.read_bytes() for path in files) == [b"x" * self.size] * len(self.ids)
        assert self.start()["changed"] is False
        assert self.output(_FILES) == self.before


_FILES = f"find {shlex.join(('/srv', '/tmp', '/var/tmp'))} -mindepth 1 2>/dev/null | sort"


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

    def start(self) -> Result:
        ready = self.cloud.emulator.ready
        account = {
            "region": HUAWEI_REGION,
            "endpoint": ready["clouddc_endpoint"],
            "iam_endpoint": ready["iam_endpoint"],
            "access_key": ready["access_key_id"],
            "secret_key": ready["access_key_secret"],
        }
        return Cloud.run(_Account(account, self.cloud.warnings), self.module, max_retries=MAX_RETRIES, **self.options)

    def meanwhile(self) -> None:
        assert set(self.cloud.emulator.deletions().values()) <= {1}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert {row["id"] for row in result["results"]} == set(self.ids)
        assert set(self.cloud.emulator.deletions()) == set(self.ids)
        assert self.start()["changed"] is False


class _Account(Cloud):
    """Runs modules with the options of another cloud's account."""

    def __init__(self, options: dict[str, Any], warnings: list[str]) -> None:
        self.options = options
        self.warnings = warnings


JOBS: tuple[Callable[[random.Random, Cloud, Path], Job], ...] = (
    RunScript,
    RunScript,
    RunThroughEvents,
    InvokeCommand,
    RunWithoutIdentity,
    CreateCommand,
    ReplaceCommand,
    DeleteCommand,
    Schedule,
    Reschedule,
    Unschedule,
    SendFile,
    FetchFile,
    StartInstances,
    StopInstances,
    DeleteInstances,
    InstallAgent,
    DeleteCloudDC,
)


def at_rest(job: Job) -> None:
    """Wait until the service is at rest, so that everything is counted."""
    until(job.settled, pause=0.01)
