# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of one instance: runs, limits, ends, files, and what it keeps from the machine."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from emulator.instance.agent import Agent
from emulator.instance.host import Host
from emulator.instance.tasks import FileTask, Interrupted, Report, ScriptTask
from support.patience import until

_LONG = 60.0


@pytest.fixture(name="host")
def _host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


def _task(script: str, **fields: Any) -> ScriptTask:
    return ScriptTask(
        **{"task_id": "t-1", "content_b64": base64.b64encode(script.encode()).decode(), "timeout": "60", **fields}
    )


def _file(content: bytes, target_dir: str, name: str, **fields: Any) -> FileTask:
    text = base64.b64encode(content).decode()
    return FileTask("f-1", text, target_dir, name, signature=hashlib.md5(text.encode()).hexdigest(), **fields)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(work, _LONG)

    return asyncio.run(limited())


def _processes_of(root: Path) -> list[str]:
    """Return the ids of the processes that see this directory as their root."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.path.samestat(os.stat(f"/proc/{name}/root/"), root.stat()):
                found.append(name)
        except OSError:
            continue
    return found


def _needs_view(host: Host) -> None:
    if host.isolation == "none":
        pytest.skip("this machine lets nobody make a mount namespace")


def test_a_script_says_what_it_printed_and_how_it_ended(host: Host, tmp_path: Path) -> None:
    before = time.time()
    report = _run(Agent(tmp_path / "i-1", host=host).run(_task("echo out; echo err >&2; exit 7")))
    assert (report.kind, report.exit_code, report.output, report.dropped) == ("finish", 7, b"out\nerr\n", 0)
    assert before <= report.started_at <= report.finished_at <= time.time()


def test_a_script_gets_the_standard_descriptors_and_nothing_else(host: Host, tmp_path: Path) -> None:
    """One more would be the emulator's own: its socket rules over the scripts of all instances."""
    agent = Agent(tmp_path / "i-1", host=host)
    opened = "import os; print(sorted(int(name) for name in os.listdir('/proc/self/fd'))[:-1])"
    script = f'#!/usr/bin/env python3\n{opened}\nprint(os.readlink("/proc/self/fd/0"))\n'

    async def work() -> list[Report]:
        busy = asyncio.ensure_future(agent.run(_task("sleep 300", task_id="t-busy")))
        launched = _task(script, task_id="t-2", launcher="python3")
        found = [await agent.run(_task(script)), await agent.run(launched)]
        await agent.stop("t-busy")
        await busy
        return found

    assert [report.output for report in _run(work())] == [b"[0, 1, 2]\n/dev/null\n"] * 2


def test_no_script_may_restart_the_machine(host: Host, tmp_path: Path) -> None:
    """Whatever way it takes in the end, the system call needs a right that no script has."""
    report = _run(Agent(tmp_path / "i-1", host=host).run(_task("grep ^Cap /proc/self/status")))
    masks = dict(line.split(":\t") for line in report.output.decode().splitlines())
    assert not int(masks["CapEff"], 16) >> 22 & 1
    assert not int(masks["CapBnd"], 16) >> 22 & 1 or not int(masks["CapEff"], 16)


def test_files_stay_between_runs_and_out_of_other_instances(host: Host, tmp_path: Path) -> None:
    _needs_view(host)
    one, other = Agent(tmp_path / "i-1", host=host), Agent(tmp_path / "i-2", host=host)

    async def work() -> list[bytes]:
        places = ("/root", "/tmp", "/home", "/opt", "/srv", "/var/log", "/etc", "/usr/local/bin", "/var/tmp", "/data")
        write = "; ".join(f"mkdir -p {place}; echo mine >{place}/own-file" for place in places)
        assert (await one.run(_task(write))).exit_code == 0
        read = "; ".join(f"cat {place}/own-file" for place in places)
        mine = await one.run(_task(read))
        assert mine.output == b"mine\n" * len(places)
        assert not Path("/etc/own-file").exists()
        return [(await other.run(_task(read))).output]

    (seen,) = _run(work())
    assert b"mine" not in seen


def test_the_machines_programs_are_there_and_cannot_be_changed(host: Host, tmp_path: Path) -> None:
    _needs_view(host)
    report = _run(Agent(tmp_path / "i-1", host=host).run(_task("test -x /usr/bin/env && touch /usr/bin/own-file")))
    assert report.exit_code != 0
    assert not Path("/usr/bin/own-file").exists()


def test_a_delivered_file_is_where_scripts_look(host: Host, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "i-1", host=host)

    async def work() -> Report:
        answer = await agent.send_file(_file(b"#!/bin/sh\necho delivered\n", "/opt/app/x", "start", mode="755"))
        assert (answer.status, answer.code) == ("Success", 0)
        where = "" if host.isolation != "none" else str(agent.root)
        return await agent.run(_task(f"{where}/opt/app/x/start"))

    assert _run(work()).output == b"delivered\n"


def test_each_instance_has_its_own_host_name(host: Host, tmp_path: Path) -> None:
    _needs_view(host)
    report = _run(Agent(tmp_path / "i-1", host=host, host_name="web01").run(_task("hostname; cat /etc/hostname")))
    assert report.output == b"web01\nweb01\n"


@pytest.mark.parametrize("drain", [0.0, 0.2])
def test_no_output_is_lost(host: Host, tmp_path: Path, drain: float) -> None:
    agent = Agent(tmp_path / "i-1", host=host, drain=drain)
    script = "i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done"
    report = _run(agent.run(_task(script)))
    assert report.output == "".join(f"{number}\n" for number in range(3000)).encode()


def test_a_background_process_does_not_hold_up_the_end(host: Host, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "i-1", host=host, drain=0.0)

    async def work() -> tuple[Report, float]:
        began = time.monotonic()
        report = await agent.run(_task("sleep 300 & echo done"))
        return report, time.monotonic() - began

    report, seconds = _run(work())
    assert report.output == b"done\n"
    assert seconds < 100


def test_time_out_keeps_the_output_and_says_1(host: Host, tmp_path: Path) -> None:
    report = _run(Agent(tmp_path / "i-1", host=host).run(_task("echo start; exec sleep 300", timeout="1")))
    assert (report.kind, report.exit_code, report.output) == ("timeout", 1, b"start\n")


@pytest.mark.parametrize(("mode", "survives"), [("", True), ("Process", True), ("ProcessTree", False)])
def test_what_a_time_out_kills(host: Host, tmp_path: Path, mode: str, survives: bool) -> None:
    _needs_view(host)
    agent = Agent(tmp_path / "i-1", host=host, shell="bash")

    async def work() -> None:
        await agent.run(_task("sleep 300; echo never", timeout="1", termination_mode=mode))
        # what was killed is there until the system has come to it
        until(lambda: bool(_processes_of(agent.root)) is survives)

    _run(work())


def test_stop_reports_the_output_so_far(host: Host, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "i-1", host=host, interim=0.05)

    async def work() -> Report:
        begun = asyncio.Event()
        running = asyncio.ensure_future(agent.run(_task("echo start; sleep 300"), lambda _data: begun.set()))
        await begun.wait()
        await agent.stop("t-unknown")
        await agent.stop("t-1")
        return await running

    report = _run(work())
    assert (report.kind, report.exit_code, report.output) == ("stopped", 0, b"start\n")


def test_a_power_cut_ends_everything_without_a_report(host: Host, tmp_path: Path) -> None:
    agent, other = Agent(tmp_path / "i-1", host=host, interim=0.05), Agent(tmp_path / "i-2", host=host, interim=0.05)

    async def work() -> Report:
        begun = [asyncio.Event(), asyncio.Event()]
        script = "setsid sleep 301 & env -i sleep 302 & echo start; sleep 300"
        cut = asyncio.ensure_future(agent.run(_task(script), lambda _data: begun[0].set()))
        kept = asyncio.ensure_future(other.run(_task("echo start; sleep 300"), lambda _data: begun[1].set()))
        await asyncio.gather(*(event.wait() for event in begun))
        await agent.kill_all()
        with pytest.raises(Interrupted):
            await cut
        if host.isolation != "none":
            until(lambda: not _processes_of(agent.root))
        assert not kept.done()
        await other.stop("t-1")
        return await kept

    assert _run(work()).kind == "stopped"


def test_closing_the_host_leaves_no_process(tmp_path: Path) -> None:
    host = Host()
    root = tmp_path / "i-1"
    pid_file = root / "tmp" / "pids"

    async def work() -> None:
        agent = Agent(root, host=host, drain=0.0)
        place = "/tmp/pids" if host.isolation != "none" else str(pid_file)
        await agent.run(_task(f"setsid sleep 300 & echo $! >{place}"))

    _run(work())
    pid = int(pid_file.read_text())
    assert Path(f"/proc/{pid}").exists()
    host.close()
    assert not Path(f"/proc/{pid}").exists()


def test_interim_output_is_the_head_only(host: Host, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "i-1", host=host, interim=0.05)
    shown: list[bytes] = []

    async def work() -> Report:
        begun = asyncio.Event()

        async def show(data: bytes) -> None:
            shown.append(data)
            if sum(map(len, shown)) == 6000:
                begun.set()

        running = asyncio.ensure_future(agent.run(_task("head -c 9000 /dev/zero | tr '\\0' x; sleep 300"), show))
        await begun.wait()
        await agent.stop("t-1")
        return await running

    report = _run(work())
    assert b"".join(shown) == b"x" * 6000
    assert report.output == b"x" * 9000


@pytest.mark.parametrize(("code", "action"), [(193, "poweroff"), (194, "reboot"), (0, ""), (192, "")])
def test_exit_codes_that_ask_for_power_off_or_reboot(host: Host, tmp_path: Path, code: int, action: str) -> None:
    report = _run(Agent(tmp_path / "i-1", host=host).run(_task(f"exit {code}")))
    assert (report.exit_code, report.power_action) == (code, action)


def test_a_time_out_asks_for_no_reboot() -> None:
    assert Report("timeout", exit_code=194).power_action == ""


@pytest.mark.parametrize(
    ("launcher", "output"),
    [
        ("/bin/echo", b"/usr/local/share/aliyun-assist/work/script/t-1.sh\n"),
        ("/bin/echo {{ACS::ScriptFileName}} after", b"/usr/local/share/aliyun-assist/work/script/t-1 after\n"),
        (
            "/bin/echo -n '{{ ACS::ScriptFileName|Ext(\".py\") }}'",
            b"'/usr/local/share/aliyun-assist/work/script/t-1.py'",
        ),
        ("@@/no/such x", b""),
    ],
)
def test_launcher(host: Host, tmp_path: Path, launcher: str, output: bytes) -> None:
    agent = Agent(tmp_path / "i-1", host=host)
    report = _run(agent.run(_task("exit 0", launcher=launcher)))
    assert report.output.replace(str(agent.root).encode(), b"") == output
    assert (report.kind, report.error_code) == (("finish", "") if output else ("error", "LauncherNotFound"))


def test_root_by_name_is_who_the_agent_is(host: Host, tmp_path: Path) -> None:
    _needs_view(host)
    report = _run(Agent(tmp_path / "i-1", host=host).run(_task("id -u; echo $HOME; echo $0", username="root")))
    assert report.output == b"0\n/root\n/tmp/t-1.sh\n"


def test_the_script_file_is_gone_after_the_run(host: Host, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "i-1", host=host)
    report = _run(agent.run(_task('test -f "$0" && echo "$0"')))
    assert report.exit_code == 0
    path = report.output.decode().strip().removeprefix(str(agent.root))
    leftovers = [file for file in agent.root.rglob("t-1.sh") if file.is_file()]
    assert path.endswith("/work/script/t-1.sh")
    assert leftovers == []


def test_a_commands_name_never_meets_a_shell_nor_leaves_its_directory(host: Host, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "i-1", host=host)
    report = _run(agent.run(_task('echo "$0"', command_name="../a b;it's $HOME" + "n" * 300)))
    assert report.exit_code == 0
    assert b"/work/script/.._a b;it's $HOME" in report.output


def test_a_container_is_refused(host: Host, tmp_path: Path) -> None:
    report = _run(Agent(tmp_path / "i-1", host=host).run(_task("exit 0", container_name="web")))
    assert (report.kind, report.param) == ("invalid", "ContainerConnectFailed")


def test_one_task_is_not_run_twice_at_once(host: Host, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "i-1", host=host)

    async def work() -> None:
        first = asyncio.ensure_future(agent.run(_task("sleep 300")))
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="already running"):
            await agent.run(_task("exit 0"))
        await agent.stop("t-1")
        await first

    _run(work())


def test_many_instances_at_once(host: Host, tmp_path: Path) -> None:
    async def work() -> list[Report]:
        gate = asyncio.Semaphore(8)

        async def one(number: int) -> Report:
            async with gate:
                return await Agent(tmp_path / f"i-{number}", host=host).run(_task(f"echo {number}"))

        return await asyncio.gather(*(one(number) for number in range(60)))

    assert [report.output for report in _run(work())] == [f"{number}\n".encode() for number in range(60)]


def test_without_namespaces_home_and_files_are_still_the_instances(tmp_path: Path) -> None:
    host = Host("none")
    try:
        agent = Agent(tmp_path / "i-1", host=host)

        async def work() -> Report:
            answer = await agent.send_file(_file(b"text", "/opt/app", "file"))
            assert answer.status == "Success"
            return await agent.run(_task("pwd; echo $HOME $TMPDIR; command -v reboot; reboot 2>&1"))

        report = _run(work())
        own = f"{agent.root}/.view/power/bin/reboot"
        assert report.output.decode().split()[:4] == [f"{agent.root}/root"] * 2 + [f"{agent.root}/tmp", own]
        assert report.output.endswith(b"reboot: Operation not permitted\n"), "nobody listens to this agent's requests"
        assert (agent.root / "opt/app/file").read_bytes() == b"text"
        assert "no private mount namespaces" in host.describe()
    finally:
        host.close()


def test_an_isolation_that_cannot_be_had_is_an_error() -> None:
    with pytest.raises(OSError, match="no nonsense can be made here"):
        Host("nonsense")
