# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own modules over the connection plugin, beside OpenSSH and the naive way, with an aim for each row.

The naive way keeps nothing on the instance, so that every module is sent whole, in scripts. OpenSSH runs with
pipelining and ControlPersist on the same emulated instance, behind a port that delays what passes it as much as an API
call takes.
"""

from __future__ import annotations

import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.invoker import (
    Invoker,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.settings import (
    Settings,
)
from core_targets import openssh
from emulator.testing import Emulator, start_emulator

from .delay import delayed
from .plays import CALLBACKS, CONNECTION, Cost, Hosts, Played, Task, play

API_LATENCY_MS = 50
AGENT_LATENCY_MS = 400
FILE_BYTES = 5_000_000
MANY_TASKS = 20

OURS, NAIVE, SSH = "ecs_assistant", "in chunks", "OpenSSH"
LOCAL = {"ansible_connection": "local"}
PRELOAD = "cloudops.cloud_assistant.preload"
RUN_COMMAND = "cloudops.cloud_assistant.ecs_run_command"
WARM = ("ping", "command", "stat", "file", "lineinfile", "setup")
WARM_TASKS: tuple[Task, ...] = (
    {"name": "ping", "ping": None},
    {"name": "command", "command": "true"},
    {"name": "stat", "stat": {"path": "/etc"}},
    {"name": "file", "file": {"path": "/root/folder", "state": "directory"}},
    {"name": "lineinfile", "lineinfile": {"path": "/root/lines", "line": "one", "create": True}},
    {"name": "setup", "setup": {"gather_subset": "min"}},
)
FILE_TASKS: tuple[Task, ...] = (
    {"name": "copy changed", "copy": {"content": "{{ 9 | random }}{{ now() }}", "dest": "/root/copy"}},
    {"name": "copy unchanged", "copy": {"content": "same", "dest": "/root/same"}},
    {"name": "template changed", "template": {"src": "page.j2", "dest": "/root/page"}},
    {"name": "script", "script": "script.sh"},
)
ASYNC_TASKS: tuple[Task, ...] = (
    {"name": "async, poll 0", "command": "true", "async": 60, "poll": 0, "register": "job"},
    {"name": "async_status", "async_status": {"jid": "{{ job.ansible_job_id }}"}},
)

TURNS = 5
"""Runs of which the median, or the least, is taken."""
CPU_TASKS: tuple[Task, ...] = tuple({"name": f"own CPU {number}", "own_cpu": None} for number in range(TURNS))
SECOND = ("command", "stat", "copy", "file", "lineinfile", "blockinfile", "find", "slurp", "user")
SECOND_TASKS: tuple[Task, ...] = (
    *(task for task in WARM_TASKS if task["name"] in SECOND),
    {"name": "blockinfile", "blockinfile": {"path": "/root/lines", "block": "two"}},
    {"name": "find", "find": {"paths": "/root"}},
    {"name": "slurp", "slurp": {"src": "/root/lines"}},
    {"name": "user", "user": {"name": "root"}},
    {"name": "copy", "copy": {"src": "script.sh", "dest": "/root/copied", "remote_src": False}},
)
LARGE_TASKS: tuple[Task, ...] = (
    {"name": "put", "copy": {"src": "large", "dest": "/root/large"}},
    {"name": "put again", "copy": {"src": "large", "dest": "/root/large2"}},
    {"name": "fetch", "fetch": {"src": "/root/large", "dest": "got", "flat": True}},
)


@dataclass(frozen=True)
class Bench:
    """The cloud, the folder that plays run in, and the host as each way reaches it."""

    cloud: Emulator
    folder: Path
    ways: Mapping[str, Hosts]

    def play(self, way: str, tasks: Sequence[Task], *, static: bool = False, **settings: str) -> Played | None:
        """Run the tasks; None where this machine lacks the way."""
        hosts = self.ways.get(way)
        if not hosts:
            return None
        return play(self.cloud, self.folder, hosts, tasks, static=static, ANSIBLE_PIPELINING="true", **settings)


def rows(hosts: int) -> list[dict[str, Any]]:
    """Return one row for each aim: the aim, and what each way took; ``hosts`` is the number of the largest play.

    Writes are RunCommand and SendFile, of which some are not waited for. Seconds hold on an idle machine only, and
    ratios are of one run.
    """
    with (
        tempfile.TemporaryDirectory() as name,
        start_emulator(instances=1, api_latency_ms=API_LATENCY_MS, agent_latency_ms=AGENT_LATENCY_MS) as cloud,
    ):
        folder = Path(name)
        _write_files(folder)
        table = []
        with _ways(cloud, folder) as ways:
            table += _one_host(Bench(cloud, folder, ways))
        return table + _many_hosts(cloud, folder, hosts)


def _write_files(folder: Path) -> None:
    (folder / "page.j2").write_text("{{ now() }}\n", encoding="utf-8")
    (folder / "script.sh").write_text("#!/bin/sh\necho done\n", encoding="utf-8")
    # noise, which does not shrink, so that every byte travels
    (folder / "large").write_bytes(random.Random(1).randbytes(FILE_BYTES))


@contextlib.contextmanager
def _ways(cloud: Emulator, folder: Path) -> Iterator[dict[str, Hosts]]:
    (item,) = cloud.reset(instances=1)
    ours = {"ansible_connection": CONNECTION, "ansible_ecs_assistant_cache_dir": str(folder / "cache")}
    naive = {
        **ours,
        "ansible_ecs_assistant_store_size": 0,
        "ansible_ecs_assistant_transfer_method": "inline",
        "ansible_ecs_assistant_cache_dir": str(folder / "naive"),
    }
    ways: dict[str, Hosts] = {OURS: {item: ours}, NAIVE: {item: naive}, "local": {item: LOCAL}}
    with contextlib.ExitStack() as stack:
        if openssh.available():
            keys = folder / "keys"
            keys.mkdir()
            reached = stack.enter_context(openssh.servers(cloud, [item], keys))[item]
            port = stack.enter_context(delayed(reached["ansible_port"], API_LATENCY_MS / 2))
            ways[SSH] = {item: {**reached, "ansible_port": port}}
        yield ways


def _one_host(bench: Bench) -> list[dict[str, Any]]:
    # in this order: what the instance lacks at first is measured once
    cold = bench.play(OURS, [WARM_TASKS[0]])
    second = bench.play(OURS, SECOND_TASKS)
    tasks = (*WARM_TASKS, *FILE_TASKS, *ASYNC_TASKS)
    bench.play(OURS, tasks)
    bench.play(SSH, tasks)
    warm = {way: bench.play(way, tasks) for way in (OURS, SSH)}
    warm[NAIVE] = bench.play(NAIVE, tasks)
    local = bench.play("local", WARM_TASKS)
    large = {way: bench.play(way, LARGE_TASKS) for way in (OURS, SSH)}
    assert cold and second and local
    floor = _floor(bench.cloud)
    return [
        *_warm_rows(warm, local, floor),
        *_file_rows(warm),
        _row("cold first task: writes", "6", {OURS: str(cold.costs["ping"].writes)}),
        _row("cold first task: seconds to the floor", "3", {OURS: _ratio(cold.costs["ping"].seconds, floor)}),
        _row(
            "second modules with one write, copy's two counted together",
            "6 of 9",
            {OURS: f"{sum(second.costs[name].waited <= 1 + (name == 'copy') for name in SECOND)} of {len(SECOND)}"},
        ),
        _row("second modules: most writes", "5", {OURS: str(max(cost.writes for cost in second.costs.values()))}),
        *_large_rows(large),
        *_cpu_rows(bench),
    ]


def _warm_rows(warm: Mapping[str, Played | None], local: Played, floor: float) -> list[dict[str, Any]]:
    own = sum(local.costs[name].seconds for name in WARM) / len(WARM)

    def most(value: Callable[[Cost], int]) -> dict[str, str]:
        return _each(warm, lambda played: str(max(value(played.costs[name]) for name in WARM)), api_only=True)

    def mean(played: Played) -> float:
        return sum(played.costs[name].seconds for name in WARM) / len(WARM)

    return [
        _row("warm task: most writes", "1", most(lambda cost: cost.writes)),
        _row("warm task: most waited exchanges", "1", most(lambda cost: cost.waited)),
        _row("warm task: most polls", "3", most(lambda cost: cost.polls)),
        _row("warm task: bytes of CommandContent", "4096", most(lambda cost: cost.content)),
        _row("warm task: seconds", None, _each(warm, lambda played: f"{mean(played):.2f}")),
        _row(
            f"warm task: to the floor ({floor:.2f} s) and the task over local ({own:.2f} s)",
            "1.3",
            _each(warm, lambda played: _ratio(mean(played), floor + own)),
        ),
    ]


def _file_rows(warm: Mapping[str, Played | None]) -> list[dict[str, Any]]:
    aims = {
        "copy changed": "3 / 2",
        "copy unchanged": "3 / 2",
        "template changed": "3 / 2",
        "script": "2 / 1",
        "async, poll 0": "1 / 1",
        "async_status": "1 / 1",
    }
    return [
        _row(
            f"{name}: writes / waited",
            aim,
            _each(warm, lambda played, name=name: played.costs[name].counts, api_only=True),  # type: ignore[misc]
        )
        for name, aim in aims.items()
    ]


def _large_rows(large: Mapping[str, Played | None]) -> list[dict[str, Any]]:
    aims = {"put": "220", "put again": "3", "fetch": "300"}
    table = []
    for name, aim in aims.items():
        calls = _each(large, lambda played, name=name: str(played.costs[name].writes), api_only=True)  # type: ignore[misc]
        seconds = _each(large, lambda played, name=name: f"{played.costs[name].seconds:.1f}")  # type: ignore[misc]
        table.append(_row(f"5 MB, {name}: writes", aim, calls))
        table.append(_row(f"5 MB, {name}: seconds", None, seconds))
    return table


def _cpu_rows(bench: Bench) -> list[dict[str, Any]]:
    own = {way: _own_cpu(bench.play(way, CPU_TASKS)) for way in (OURS, SSH)}
    modules = {way: _ratio(seconds, own[SSH]) for way, seconds in own.items()} if own[SSH] else {}
    what = "controller: CPU ms of a raw task, over one over local that takes as long"
    return [
        _row(what, "40", {way: _controller_cpu(bench, way) for way in (OURS, SSH) if way in bench.ways}),
        _row(f"{what}; static inventory", "40", {OURS: _controller_cpu(bench, OURS, static=True)}),
        _row(
            f"{what}; static inventory, callback preload",
            "40",
            {OURS: _controller_cpu(bench, OURS, static=True, ANSIBLE_CALLBACKS_ENABLED=f"{CALLBACKS},{PRELOAD}")},
        ),
        _row("instance: CPU seconds of a module to those over OpenSSH", "0.85", modules),
    ]


def _controller_cpu(bench: Bench, way: str, *, static: bool = False, **settings: str) -> str:
    """Return the milliseconds; Ansible's own process takes some while it waits for a task, whatever the way."""
    cpu, seconds = _one_more(lambda count: bench.play(way, _raw_tasks(count), static=static, **settings))
    local, _seconds = _one_more(lambda count: bench.play("local", _raw_tasks(count, f"sleep {seconds:.2f}")))
    return str(round((cpu - local) * 1000))


def _one_more(played: Callable[[int], Played | None]) -> tuple[float, float]:
    """Return CPU and wall seconds of one more task, apart from what each run takes until the first."""
    few, many = played(1), played(MANY_TASKS)
    assert few and many
    more = MANY_TASKS - 1
    return (many.cpu - few.cpu) / more, max(many.whole.seconds - few.whole.seconds, 0) / more


def _raw_tasks(count: int, command: str = "true") -> list[Task]:
    return [{"name": f"raw {number}", "raw": command} for number in range(count)]


def _own_cpu(played: Played | None) -> float:
    """Return the least CPU seconds of the module on the instance; 0 where it was not played."""
    return min((float(result["cpu"]) for result in played.results.values()), default=0.0) if played else 0.0


def _many_hosts(cloud: Emulator, folder: Path, count: int) -> list[dict[str, Any]]:
    """Measure light tasks on many instances that have been reached before, with as many forks as hosts.

    The account is allowed as many calls per minute as it takes. What the emulator and the instances take of the same
    processors shows in the same scripts run by ecs_run_command, one task for all instances.
    """
    ids = cloud.reset(instances=count)
    variables = {
        "ansible_connection": CONNECTION,
        "ansible_ecs_assistant_cache_dir": str(folder / "many"),
        "ansible_ecs_assistant_calls_per_minute": 0,
    }
    tasks = _raw_tasks(MANY_TASKS)
    script = {RUN_COMMAND: {"instance_ids": ids, "content": "true"}}
    ours = dict.fromkeys(ids, variables)
    play(cloud, folder, ours, tasks[:1])
    whole, static = play(cloud, folder, ours, tasks).whole, play(cloud, folder, ours, tasks, static=True).whole
    alone = play(cloud, folder, {ids[0]: variables}, tasks).whole
    local = play(cloud, folder, dict.fromkeys(ids, LOCAL), tasks).whole.seconds
    scripts = play(
        cloud, folder, {"localhost": LOCAL}, [{"name": task["name"], **script} for task in tasks]
    ).whole.seconds
    bases = {
        "those of one host": ("1.5", alone.seconds),
        f"those over local with {MANY_TASKS} floors": ("1.2", local + MANY_TASKS * _floor(cloud)),
        f"those over local with {MANY_TASKS} scripts by ecs_run_command": ("1.2", local + scripts),
    }
    each = count * MANY_TASKS
    what = f"{MANY_TASKS} raw tasks on {count} hosts"
    return [
        _row(f"{what}: writes per host and task", "1.2", {OURS: f"{whole.writes / each:.2f}"}),
        _row(f"{what}: polls per host and task", "0.2", {OURS: f"{whole.polls / each:.2f}"}),
        *_seconds_rows(what, whole.seconds, bases),
        *_seconds_rows(f"{what}, static inventory", static.seconds, bases),
    ]


def _seconds_rows(what: str, seconds: float, bases: Mapping[str, tuple[str, float]]) -> list[dict[str, Any]]:
    """Return a row for each aim, by what the seconds are compared with."""
    return [
        _row(f"{what}: seconds ({seconds:.0f}) to {name} ({base:.0f})", aim, {OURS: _ratio(seconds, base)})
        for name, (aim, base) in bases.items()
    ]


def _floor(cloud: Emulator) -> float:
    """Return the seconds from RunCommand of ``true`` until its result is there, by the plugin's own client."""
    ready = cloud.ready
    client = connect({name: ready[name] for name in ("access_key_id", "access_key_secret", "endpoint", "region")})
    # the one that a play has run on
    instance = next(iter(cloud.executions()))
    invoker = Invoker(client, Settings(instance), lambda text: None)
    seconds = []
    for _turn in range(TURNS):
        start = time.monotonic()
        invoker.run(b"true", 60)
        seconds.append(time.monotonic() - start)
    return statistics.median(seconds)


def _ratio(value: float, base: float) -> str:
    return f"{value / base:.2f}"


def _each(
    played: Mapping[str, Played | None], value: Callable[[Played], str], *, api_only: bool = False
) -> dict[str, str]:
    """Return the value of each way that has a play; calls of the API only of the ways that make some."""
    return {way: value(one) for way, one in played.items() if one and not (api_only and way == SSH)}


def _row(what: str, aim: str | None, values: Mapping[str, str]) -> dict[str, Any]:
    if not openssh.available():
        values = {**values, SSH: "not installed"}
    return {"what": what, "aim": aim, **{way: values.get(way) for way in (OURS, NAIVE, SSH)}}
