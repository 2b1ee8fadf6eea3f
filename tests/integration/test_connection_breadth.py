# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to instances in mid-run, instances that lack things, and all ways to start a task over the plugin."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader
from ansible_collections.cloudops.cloud_assistant.plugins.connection.ecs_assistant import PLAIN_PYTHON
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection import (
    failures,
    invoker,
)
from emulator.testing import Emulator, start_emulator
from playbook_runner import PlayResult, ansible_environment, run_playbook
from support.patience import HANG_GUARD, until

PLUGIN = "cloudops.cloud_assistant.ecs_assistant"
PYTHONS = ["python3", *(f"python3.{minor}" for minor in range(6, 15))]

FLEET = [
    {"id": "i-reboots"},
    {"id": "i-rebooted"},
    {"id": "i-released"},
    {"id": "i-stopped"},
    {"id": "i-blinks"},
    {"id": "i-offline", "agent": {"online": False}},
    {"id": "i-shell", "without": PYTHONS},
    {"id": "i-old"},
    {"id": "i-windows", "os_type": "windows"},
    {"id": "i-tree"},
]

# the instances share the machine's network: a script of theirs reaches the emulator
CONTROL = "python3 -c 'import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], b\"{}\"))' {{ control }}/"
EVENT = CONTROL + "instances/{{ inventory_hostname }}/"

# An interpreter that says it is an old Python, and runs what it is given.
OLD_PYTHON = """#!/usr/bin/python3
import sys
sys.version_info, sys.version = (2, 6, 9, "final", 0), "2.6.9"
exec(compile(sys.stdin.read(), "<stdin>", "exec"), {"__name__": "__main__"})
"""

EVENTS = """
- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - {include_tasks: "{{ inventory_hostname }}.yml"}
"""

# the tasks of each instance, which all run side by side
TASKS = {
    "i-reboots": """
- {name: reboot, reboot: {reboot_timeout: 600}}
- {name: rebooted, command: 'true'}
""",
    "i-rebooted": """
- {name: reboot in mid-run, raw: 'echo ran >>ran; {{ event }}reboot; sleep 600', ignore_unreachable: true}
- {name: wait for the reboot, wait_for_connection: {timeout: 600}}
- {meta: reset_connection}
- {name: after the reboot, raw: cat ran}
""",
    "i-released": """
- {name: release in mid-run, raw: '{{ event }}release; sleep 600', ignore_unreachable: true}
- {name: after the release, raw: 'true', ignore_unreachable: true}
""",
    "i-stopped": """
- {name: stop in mid-run, raw: '{{ event }}stop; sleep 600', ignore_unreachable: true}
- {name: after the stop, raw: 'true', ignore_unreachable: true}
""",
    "i-blinks": """
- {name: offline in mid-run, raw: '{{ event }}agent-offline; sleep 1; {{ event }}agent-online; echo survived'}
""",
    "i-offline": """
- {name: offline, raw: 'true', ignore_unreachable: true}
- {name: wait in vain, wait_for_connection: {timeout: 2, sleep: 1}, ignore_errors: true}
""",
    "i-shell": """
- {name: raw without python, raw: echo raw}
- {name: script without python, script: script.sh one}
- {name: no python, wait_for_connection: {timeout: 2, sleep: 1}, ignore_errors: true}
""",
    "i-old": """
- {name: old, raw: "cat >/root/python2.6 <<'.'\\n{{ old_python }}.\\nchmod +x /root/python2.6"}
- {name: too old, ping: , ignore_errors: true, vars: {ansible_python_interpreter: /root/python2.6}}
""",
    "i-tree": """
- {name: copied, copy: {src: 'dir ü/', dest: '/srv/ü b'}}
- {name: fetched, fetch: {src: '/srv/ü b/crlf', dest: got, flat: true}}
- {name: tree, raw: "cd '/srv/ü b' && find . -type l -o -type f | sort && wc -c <empty && od -c crlf"}
""",
    "i-windows": """
- {name: windows, raw: 'true', ignore_errors: true}
""",
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with start_emulator(instances=2) as running:
        yield running


def settings(emulator: Emulator, **more: str) -> dict[str, str]:
    return {
        "ANSIBLE_TRANSPORT": PLUGIN,
        "ANSIBLE_ECS_ASSISTANT_POLL_INTERVAL": "0.1",
        "ANSIBLE_FORKS": "10",
        **emulator.env(),
        **more,
    }


def hosts(folder: Path, ids: list[str]) -> list[str]:
    """Return the arguments that name an inventory of these instances."""
    (folder / "hosts.ini").write_text("\n".join(ids) + "\n", encoding="utf-8")
    return ["-i", str(folder / "hosts.ini")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="module")
def events(emulator: Emulator, folder: Path) -> PlayResult:
    tree = folder / "dir ü"
    tree.mkdir()
    (tree / "empty").touch()
    (tree / "crlf").write_bytes(b"a\r\n\0")
    (tree / "link").symlink_to("crlf")
    for name, tasks in TASKS.items():
        (folder / f"{name}.yml").write_text(tasks, encoding="utf-8")
    (folder / "script.sh").write_text("#!/bin/sh\necho $1\n", encoding="utf-8")
    ids = emulator.reset(fleet=FLEET)
    variables = {"control": emulator.ready["control"], "event": EVENT, "old_python": OLD_PYTHON}
    return run_playbook(EVENTS, folder, env=settings(emulator), arguments=hosts(folder, ids), extra_vars=variables)


@pytest.mark.isolation("user-namespace")
@pytest.mark.parametrize(
    ("task", "outcome", "words"),
    [
        ("reboot", "ok", ""),
        ("rebooted", "ok", ""),
        ("reboot in mid-run", "unreachable", "InstanceRestarted.*restarted while the command ran"),
        ("wait for the reboot", "ok", ""),
        ("after the reboot", "ok", ""),
        ("release in mid-run", "unreachable", "InstanceReleased"),
        ("after the release", "unreachable", "InvalidInstance.NotFound.*region"),
        ("stop in mid-run", "unreachable", "InstanceNotRunning.*Start the instance"),
        ("after the stop", "unreachable", "Start the instance"),
        ("offline in mid-run", "ok", ""),
        ("offline", "unreachable", "agent is online"),
        ("wait in vain", "ignored", "agent is online"),
        ("raw without python", "ok", ""),
        ("script without python", "ok", ""),
        ("no python", "ignored", "python3: .*Without Python, only raw"),
        ("too old", "ignored", "requires a minimum of Python"),
        ("windows", "ignored", "Windows is not supported"),
    ],
)
def test_what_happens_to_instances(events: PlayResult, task: str, outcome: str, words: str) -> None:
    row = events.row(task)
    assert row["outcome"] == outcome, events.output
    told = " ".join(str(row["result"].get(key, "")) for key in ("msg", "module_stdout", "module_stderr"))
    assert re.search(words, told, re.DOTALL), told


@pytest.mark.isolation("user-namespace")
def test_a_task_that_was_cut_off_is_not_run_again(events: PlayResult) -> None:
    assert events.result("after the reboot")["stdout"] == "ran\n", events.output
    assert events.result("offline in mid-run")["stdout"] == "survived\n"
    assert events.result("script without python")["stdout"] == "one\n"


@pytest.mark.isolation("user-namespace")
def test_trees_with_any_names_and_bytes(events: PlayResult, folder: Path) -> None:
    lines = events.result("tree")["stdout_lines"]
    assert lines[:4] == ["./crlf", "./empty", "./link", "0"]
    assert lines[4].split() == ["0000000", "a", "\\r", "\\n", "\\0"]
    assert (folder / "got").read_bytes() == b"a\r\n\0"


WAYS = """
- hosts: all
  gather_facts: false
  serial: 1
  vars: {ansible_python_interpreter: /usr/bin/python3}
  tasks:
    - {name: each, shell: 'echo {{ inventory_hostname }} >>/root/ran'}
    - {name: once, raw: 'echo once >>/root/ran', run_once: true}
    - name: delegated
      raw: echo {{ inventory_hostname }} >>/root/ran; hostname
      delegate_to: '{{ item }}'
      loop: '{{ groups.all }}'
      when: inventory_hostname == 'i-2'
    - name: named
      raw: hostname
      loop: '{{ groups.all }}'
      vars: {ansible_ecs_assistant_instance_id: '{{ item }}'}
      when: inventory_hostname == 'i-1'
    - {name: kept, raw: 'ls /root/.ansible/tmp/ansible-tmp-*/'}
- hosts: all
  gather_facts: false
  tasks:
    - {name: ran, raw: cat /root/ran}
"""


def test_delegation_and_files_that_are_kept(emulator: Emulator, tmp_path: Path) -> None:
    """Also serial and run_once: a batch of one host each runs the task for itself. Nothing is run twice."""
    ids = emulator.reset(fleet=[{"id": f"i-{number}", "host_name": f"host{number}"} for number in (1, 2)])
    plain = {"ANSIBLE_PIPELINING": "false", "ANSIBLE_KEEP_REMOTE_FILES": "1"}
    result = run_playbook(WAYS, tmp_path, env=settings(emulator, **plain), arguments=hosts(tmp_path, ids))
    assert result.rc == 0, result.output
    assert result.result("ran", "i-1")["stdout_lines"] == ["i-1", "once", "i-2"]
    assert result.result("ran", "i-2")["stdout_lines"] == ["i-2", "once", "i-2"]
    assert [row["stdout"] for row in result.result("delegated", "i-2")["results"]] == ["host1\n", "host2\n"]
    assert [row["stdout"] for row in result.result("named", "i-1")["results"]] == ["host1\n", "host2\n"]
    assert "AnsiballZ_command.py" in result.result("kept", "i-1")["stdout"]


def test_other_commands(emulator: Emulator, tmp_path: Path) -> None:
    """Ad-hoc commands, the console, and ansible-runner as AWX has it, all at the same time."""
    ids = emulator.reset(instances=1)
    (tmp_path / "inventory").mkdir()
    inventory = hosts(tmp_path / "inventory", ids)
    environment = ansible_environment(tmp_path, settings(emulator, ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3"))
    ask = ["-m", "command", "-a", "echo hello"]
    commands = {
        "ad-hoc": ["ansible", "all", *inventory, *ask],
        "console": ["ansible-console", "all", *inventory],
        "runner": ["ansible-runner", "run", ".", *ask, "--hosts", "all"],
    }
    (tmp_path / "typed").write_text("command echo hello\nexit\n", encoding="utf-8")
    with ExitStack() as stack:
        running = {
            name: subprocess.Popen(
                command,
                cwd=tmp_path,
                env=environment,
                stdin=stack.enter_context((tmp_path / "typed").open()),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for name, command in commands.items()
        }
        for name, process in running.items():
            output, _nothing = process.communicate(timeout=HANG_GUARD)
            assert f"{ids[0]} | CHANGED | rc=0 >>\nhello" in output, f"{name}: {output}"
    assert len(emulator.executions()[ids[0]]) >= len(commands)


LONG = """
- hosts: all
  gather_facts: false
  tasks: [{raw: "exec sleep %s"}]
"""


@pytest.mark.parametrize("held", [False, True], ids=["while it runs", "before the answer to its start"])
def test_an_interrupt_leaves_nothing(emulator: Emulator, tmp_path: Path, held: bool) -> None:
    """Ctrl-C reaches ansible-playbook and whatever else is in its group; the command on the instance ends as well."""
    [instance] = emulator.reset(instances=1)
    if held:
        # one byte of the second answer in so long
        slow = {"action": "RunCommand", "kind": "slow", "part": "headers", "delay_ms": HANG_GUARD * 1000, "nth": 2}
        emulator.faults([slow])
    seconds = f"{HANG_GUARD}.{os.getpid()}"
    (tmp_path / "site.yml").write_text(LONG % seconds, encoding="utf-8")
    running = subprocess.Popen(
        # a shell has what runs in the background ignore the signal, these tests as well
        ["env", "--default-signal=INT", "ansible-playbook", "site.yml", *hosts(tmp_path, [instance])],
        cwd=tmp_path,
        env=ansible_environment(tmp_path, settings(emulator)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: running.poll() is None and sleeping(seconds))
        os.killpg(running.pid, signal.SIGINT)
        running.wait(HANG_GUARD)
    finally:
        running.kill()
        running.wait()
    until(lambda: not sleeping(seconds))
    assert all(row["rc"] is not None for row in until(lambda: emulator.executions()[instance]))
    assert [request["action"] for request in emulator.requests()].count("StopInvocation") == 1


def sleeping(seconds: str) -> bool:
    """Return whether a process sleeps for just these seconds."""
    for entry in Path("/proc").iterdir():
        try:
            if (entry / "cmdline").read_bytes().split(b"\0")[:2] == [b"sleep", seconds.encode()]:
                return True
        except OSError:
            continue
    return False


@pytest.fixture
def connection(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the plugin as a task has it, on an instance of its own."""
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    [instance] = emulator.reset(instances=1)
    plugin = connection_loader.get(PLUGIN, PlayContext())
    plugin.set_options(
        direct={
            "instance_id": instance,
            "cache_dir": str(tmp_path),
            "connection_timeout": 1,
            "poll_interval": 0.1,
            "payload_protection": "none",
        }
    )
    return plugin


def refused(code: str) -> Mapping[str, object]:
    return {"action": "RunCommand", "kind": "status", "status": 403, "code": code, "message": "no"}


def test_each_row_of_the_error_table(emulator: Emulator, connection: Any) -> None:
    """What the service may answer is an unreachable host or a failed task, as the table says."""
    # the only try, with time for its answer: one that is cut off has no code
    connection.set_option("max_retries", 0)
    connection.set_option("connection_timeout", HANG_GUARD)
    found = {}
    for code in (*failures.UNREACHABLE, *failures.FAILED, "Forbidden.RAM"):
        emulator.faults([refused(code)])
        with pytest.raises(AnsibleError, match=re.escape(code)) as caught:
            connection.exec_command("true")
        found[code] = isinstance(caught.value, AnsibleConnectionFailure)
        emulator.clear_faults()
    assert found == {code: code in failures.UNREACHABLE for code in found}
    assert emulator.executions() == {}


@pytest.mark.parametrize("seconds", [1, HANG_GUARD], ids=["given up", "waited for"])
def test_a_command_whose_result_may_not_be_read(emulator: Emulator, connection: Any, seconds: int) -> None:
    """As with a token that has expired meanwhile: the command continues, and the error names its invocation."""
    assert connection.exec_command("true")[0] == 0
    connection.set_option("connection_timeout", seconds)
    emulator.faults([{**refused("InvalidSecurityToken.Expired"), "action": "DescribeInvocationResults"}])
    with pytest.raises(AnsibleError, match="Expired.*was started and may still be running: invocation t-") as caught:
        connection.exec_command("true")
    assert not isinstance(caught.value, AnsibleConnectionFailure)
    emulator.clear_faults()


def test_blanks_around_an_instance_id_are_not_part_of_it(connection: Any) -> None:
    """They come from files and templates."""
    connection.set_option("instance_id", f" {connection.get_option('instance_id')}\n")
    assert connection.exec_command("echo found")[1] == b"found\n"


def test_closing_again_changes_nothing(emulator: Emulator, connection: Any) -> None:
    connection.close()
    assert connection.exec_command("echo once") == (0, b"once\n", b"")
    for _again in range(3):
        connection.close()
    calls = len(emulator.requests())
    assert connection.exec_command("echo again") == (0, b"again\n", b"")
    connection.reset()
    connection.reset()
    connection.close()
    assert {request["action"] for request in emulator.requests()[calls:]} == {
        "RunCommand",
        "DescribeInvocationResults",
    }


@pytest.mark.parametrize(
    ("command", "plain"),
    [
        ("/bin/sh -c /usr/bin/python3.12", True),
        ("/bin/sh -c '/usr/bin/python3 && sleep 0'", True),
        ("/bin/bash -c 'LANG=C /usr/bin/python3 && sleep 0'", True),
        ("/bin/sh -c 'sudo -n python3'", False),
        ("chroot /srv -c python3", False),
    ],
)
def test_which_modules_read_the_store(command: str, plain: bool) -> None:
    """Those that run as the user who is connected, whatever ansible_shell_executable is."""
    assert bool(PLAIN_PYTHON.fullmatch(command)) is plain


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/usr/bin/nopython", "not found.* Without Python"),
        # more than the kernel takes in one argument
        (f"BIG={'x' * 140_000} /usr/bin/python3", "Argument list too long$"),
    ],
)
def test_a_module_that_cannot_start(connection: Any, command: str, words: str) -> None:
    with pytest.raises(AnsibleError, match=words):
        connection.exec_command(f"/bin/sh -c '{command}'", in_data=b"print(1)")


def test_files_of_the_controller_that_cannot_be_used(emulator: Emulator, connection: Any, tmp_path: Path) -> None:
    """The error names the file, and nothing is read of one that is too large."""
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)
    for path, words in (("none", "none"), ("", "directory"), ("huge", "has 1099511627776 bytes.*max_file.*67108864")):
        with pytest.raises(AnsibleError, match=words):
            connection.put_file(str(tmp_path / path), "/root/file")
    assert emulator.requests() == []
    connection.exec_command("echo data >file")
    for path in ("none/file", ""):
        with pytest.raises(AnsibleError, match=re.escape(str(tmp_path / path))):
            connection.fetch_file("/root/file", str(tmp_path / path))


def test_resetting_a_host_whose_options_cannot_be_used(connection: Any) -> None:
    """Core resets outside of tasks: an error there would end the run for all hosts. The next task reports it."""
    connection.set_option("command_timeout", 0)
    connection.reset()
    with pytest.raises(AnsibleError, match="command_timeout: must be from 1"):
        connection.exec_command("true")


def test_an_agent_that_does_not_begin(emulator: Emulator, connection: Any) -> None:
    """The host is unreachable once the time for that is over, and the command never runs."""
    emulator.options(agent_latency_ms=HANG_GUARD * 1000)
    with pytest.raises(AnsibleConnectionFailure, match="did not start the command within 1 s"):
        connection.exec_command("echo late")
    assert emulator.requests()[-1]["action"] in ("DescribeInvocationResults", "DescribeInvocations")
    assert "StopInvocation" in [request["action"] for request in emulator.requests()]
    assert emulator.executions() == {}


def test_an_agent_that_goes_offline(emulator: Emulator, connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host is unreachable long before the command's own time is over."""
    watch = invoker.AgentWatch
    monkeypatch.setattr(invoker, "AgentWatch", lambda client, instance, _seconds: watch(client, instance, 0.1))
    monkeypatch.setattr(invoker, "_STOP_SECONDS", 1)
    connection.set_option("connection_timeout", HANG_GUARD)
    instance = connection.get_option("instance_id")
    offline = CONTROL.replace("{{ control }}", emulator.ready["control"]) + f"instances/{instance}/agent-offline"
    with pytest.raises(AnsibleConnectionFailure, match="went offline while the command was running"):
        connection.exec_command(f"{offline}; sleep {HANG_GUARD}")
    assert "StopInvocation" in [request["action"] for request in emulator.requests()]


@pytest.mark.parametrize(
    ("method", "refusal"),
    [("sudo", "sudo: a password is required"), ("su", "Password: su: Authentication failure")],
)
def test_a_become_method_that_asks_for_a_password(
    emulator: Emulator, connection: Any, method: str, refusal: str
) -> None:
    """It ends at once, since a script has no terminal; the task says what to do instead."""
    become = become_loader.get(method)
    become.set_options(direct={"become_user": "nobody"})
    connection.set_become_plugin(become)
    command = f"echo '{refusal}' >&2; exit 1"
    with pytest.raises(AnsibleError, match=f"Missing {method} password.*NOPASSWD"):
        connection.exec_command(command)
    # the words of a module about something else
    assert connection.exec_command(f"echo '{{}}'; {command}")[0] == 1
