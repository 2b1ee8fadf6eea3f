# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own modules over the connection plugin, on emulated instances."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from emulator.testing import Emulator, start_emulator
from playbook_runner import PlayResult, run_playbook

PYTHON = "/usr/bin/python3"

EVERYTHING = """
- hosts: all
  gather_facts: false
  vars: {ansible_python_interpreter: /usr/bin/python3}
  tasks:
    - {name: wait, wait_for_connection: {timeout: 60}}
    - {name: raw, raw: 'echo raw; echo err >&2; exit 3', failed_when: false}
    - {name: reboots nothing, shell: exit 194, failed_when: false}
    - {name: bytes, shell: 'printf "a\\r\\n\\tü"'}
    - {name: long, shell: 'seq 1 40000 | sha512sum; head -c 40000 /dev/urandom | od -An -v -tx1 | tr -d " \\n"'}
    - {name: copy, copy: {content: "hällo\\n", dest: /root/copy, mode: "0640"}}
    - {name: again, copy: {content: "hällo\\n", dest: /root/copy, mode: "0640"}}
    - {name: large, copy: {src: large, dest: /root/large}}
    - {name: empty, copy: {src: empty, dest: /root/empty}}
    - {name: template, template: {src: page.j2, dest: /root/page}}
    - {name: line, lineinfile: {path: /root/page, line: added}}
    - {name: link, file: {src: /root/page, dest: /root/link, state: link}}
    - {name: slurp, slurp: {src: /root/link}}
    - {name: fetch, fetch: {src: /root/large, dest: got/, flat: true}}
    - {name: script, script: script.sh one}
    - {name: async, shell: 'sleep 1; echo done', async: 60, poll: 1}
    - {name: become, command: id -un, become: true}
    - {name: loop, command: "echo {{ item }}", loop: [1, 2]}
    - {name: facts, setup: {gather_subset: "!all"}}
    - {name: user, user: {name: worker, create_home: true}}
    - {name: as user, shell: 'id -un; pwd', vars: {ansible_user: worker}}
    - {name: file of user, copy: {content: x, dest: ~/x}, vars: {ansible_user: worker}}
    - {name: loop of users, raw: 'id -un; pwd', loop: [root, worker, root], vars: {ansible_user: '{{ item }}'}}
    - {name: files of users, copy: {content: x, dest: ~/each}, loop: [root, worker], vars: {ansible_user: '{{ item }}'}}
    - {name: left by users,
       raw: 'stat -c %U /root/each /home/worker/each; ls -A /root/.ansible/tmp /home/worker/.ansible/tmp'}
    - {name: no pipelining, command: echo plain, vars: {ansible_pipelining: false}}
    - {name: late, command: sleep 60, vars: {ansible_ecs_assistant_command_timeout: 1}, ignore_errors: true}
    - {name: task limit, command: sleep 60, timeout: 4, ignore_errors: true}
    - {name: stranger, command: id, vars: {ansible_user: nosuch}, ignore_unreachable: true}
    - {name: no home, shell: 'id -un; pwd', vars: {ansible_user: nobody}}
    - {name: password, command: id, become: true, become_user: worker, ignore_errors: true,
       vars: {ansible_become_password: "{{ lookup('env', 'SECRET') }}"}}
    - {meta: reset_connection}
    - {name: elsewhere, command: id, vars: {ansible_host: i-none}, ignore_unreachable: true}
    - {name: windows, raw: dir, vars: {ansible_shell_type: powershell}, ignore_errors: true}
    - {name: classic, command: id, vars: {alibaba_cloud_api_generation: classic}, ignore_errors: true}
    - {name: executable, raw: 'echo $0', vars: {ansible_ecs_assistant_executable: /bin/bash}}
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with start_emulator(instances=2) as running:
        yield running


def play(
    emulator: Emulator, folder: Path, text: str, hosts: int = 1, env: Mapping[str, str] | None = None, *more: str
) -> PlayResult:
    """Run the play on fresh instances over the plugin."""
    ids = emulator.reset(instances=hosts)
    inventory = folder / "hosts.ini"
    inventory.write_text("\n".join(ids) + "\n", encoding="utf-8")
    settings = {
        "ANSIBLE_CONNECTION_PLUGINS": "",
        "ANSIBLE_TRANSPORT": "cloudops.cloud_assistant.ecs_assistant",
        "ANSIBLE_ECS_ASSISTANT_POLL_INTERVAL": "0.1",
        **emulator.env(),
        **(env or {}),
    }
    return run_playbook(text, folder, env=settings, arguments=["-i", str(inventory), *more])


@pytest.fixture(scope="module")
def everything(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[PlayResult, Path]:
    folder = tmp_path_factory.mktemp("everything")
    (folder / "large").write_bytes(bytes(range(256)) * 200)
    (folder / "empty").touch()
    (folder / "page.j2").write_text("{{ inventory_hostname }}\n")
    (folder / "script.sh").write_text("echo $1 $(basename $0)\n")
    result = play(emulator, folder, EVERYTHING, env={"SECRET": "hunter2", "ANSIBLE_HOME": str(folder / "ansible")})
    assert result.rc == 0, result.output
    return result, folder


def _text(result: dict[str, Any]) -> str:
    return str(result["stdout"])


def test_what_modules_return(everything: tuple[PlayResult, Path]) -> None:
    result, folder = everything
    raw = result.result("raw")
    assert (raw["rc"], raw["stdout"], raw["stderr"]) == (3, "raw\n", "err\n")
    assert result.result("reboots nothing")["rc"] == 194
    assert _text(result.result("bytes")) == "a\r\n\tü"
    assert len(_text(result.result("long")).splitlines()[1]) == 80_000
    assert [result.result(name)["changed"] for name in ("copy", "again", "template", "line", "link")] == [
        True, False, True, True, True,
    ]  # fmt: skip
    assert (folder / "got" / "large").read_bytes() == (folder / "large").read_bytes()
    assert _text(result.result("script")).split() == ["one", "script.sh"]
    assert _text(result.result("async")) == "done"
    assert _text(result.result("become")) == "root"
    assert [row["stdout"] for row in result.result("loop")["results"]] == ["1", "2"]
    assert _text(result.result("as user")).split() == ["worker", "/home/worker"]
    assert _text(result.result("no home")).split() == ["nobody", "/"]
    assert result.result("file of user")["owner"] == "worker"
    users = [row["stdout"].split() for row in result.result("loop of users")["results"]]
    assert users == [["root", "/root"], ["worker", "/home/worker"], ["root", "/root"]]
    assert _text(result.result("left by users")).split() == [
        "root", "worker", "/home/worker/.ansible/tmp:", "/root/.ansible/tmp:",
    ]  # fmt: skip
    assert _text(result.result("no pipelining")) == "plain"
    assert _text(result.result("executable")) == "/bin/bash\n"


def test_the_controller_keeps_its_key_in_the_home_of_ansible(everything: tuple[PlayResult, Path]) -> None:
    """Where every user may write; all that is kept is the user's own."""
    folder = everything[1] / "ansible" / "ecs_assistant"
    assert (folder / "controller.pem").exists()
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}


@pytest.mark.parametrize(
    ("task", "outcome", "words"),
    [
        ("late", "ignored", "did not end within 1 s"),
        ("task limit", "ignored", "timed out|action failed"),
        ("stranger", "unreachable", "user does not exist"),
        ("password", "ignored", "become password"),
        ("elsewhere", "unreachable", "InvalidInstance.NotFound"),
        ("windows", "ignored", "Windows is not supported"),
        ("classic", "ignored", "client tokens"),
    ],
)
def test_what_is_refused(everything: tuple[PlayResult, Path], task: str, outcome: str, words: str) -> None:
    row = everything[0].row(task)
    assert row["outcome"] == outcome
    assert re.search(words, row["result"]["msg"], re.IGNORECASE), row["result"]["msg"]


SECRET = "correct-horse-battery-staple"
SECRETS = """
- hosts: all
  gather_facts: false
  vars: {ansible_python_interpreter: /usr/bin/python3, word: "{{ lookup('env', 'SECRET') }}"}
  tasks:
    - {name: module, command: "echo {{ word }}", no_log: true}
    - {name: file, copy: {content: "{{ word }}", dest: /root/secret, mode: "0600"}, no_log: true}
    - {name: raw, raw: "echo {{ word }}", no_log: true}
    - {name: environment, shell: 'test -n "$WORD"', environment: {WORD: "{{ word }}"}, no_log: true}
    - {name: read, slurp: {src: /root/secret}, no_log: true}
    - {name: get, fetch: {src: /root/secret, dest: got, flat: true}, no_log: true}
    - {name: user, user: {name: worker, create_home: true}}
    - {name: as user, shell: "echo {{ word }}", no_log: true, vars: {ansible_user: worker}}
    - {name: others, shell: "grep -rls {{ word }} /root /home /tmp /var /etc /run || true",
       vars: {ansible_user: worker}, no_log: true, register: others}
    - {name: found, debug: {msg: "{{ others.stdout_lines }}"}}
"""


def test_no_secret_can_be_read_by_others(emulator: Emulator, tmp_path: Path) -> None:
    """Neither in what the service keeps, nor in the log, nor in a file that another user of the instance can read."""
    result = play(emulator, tmp_path, SECRETS, 1, {"SECRET": SECRET}, "-vvvv")
    assert result.rc == 0, result.output
    assert (tmp_path / "got").read_text() == SECRET
    assert SECRET not in result.output
    for text in (SECRET, base64.b64encode(SECRET.encode()).decode()[:36]):
        assert text not in json.dumps(emulator.requests())
    assert _kept_by_the_service(emulator, SECRET.encode()) == []
    assert [line for line in result.result("found")["msg"] if "/worker/" not in line] == []


def _kept_by_the_service(emulator: Emulator, secret: bytes) -> list[str]:
    """Return the invocations whose content or output shows the secret, undone as far as anyone can."""
    shown = []
    for request in emulator.requests():
        params = request["params"]
        content = base64.b64decode(params.get("CommandContent") or params.get("Content", ""))
        layers = [content, *(_undone(match) for match in re.findall(rb"[A-Za-z0-9+/=\n]{100,}", content))]
        if any(secret in layer for layer in layers):
            shown.append(request["request_id"])
    return shown


def _undone(text: bytes) -> bytes:
    try:
        data = base64.b64decode(text)
        return data + gzip.decompress(data)
    except (ValueError, OSError, EOFError):
        return b""


def test_no_password_reaches_the_service(emulator: Emulator, everything: tuple[PlayResult, Path]) -> None:
    assert "hunter2" not in everything[0].output


PYTHON_KNOWN = "{hosts: all, gather_facts: false, vars: {ansible_python_interpreter: /usr/bin/python3}, tasks: [%s]}\n"
SIMPLE = (
    "{ping: }",
    "{command: 'true'}",
    "{stat: {path: /etc}}",
    "{file: {path: /root/d, state: directory}}",
    "{lineinfile: {path: /root/l, line: a, create: true}}",
    "{setup: {gather_subset: min}}",
)


def writes(emulator: Emulator, folder: Path, *tasks: str) -> int:
    """Return how many scripts a play of these tasks sends."""
    before = len(emulator.requests())
    (folder / "hosts.ini").write_text("i-1\n", encoding="utf-8")
    settings = {
        "ANSIBLE_TRANSPORT": "cloudops.cloud_assistant.ecs_assistant",
        "ANSIBLE_ECS_ASSISTANT_POLL_INTERVAL": "0.1",
        **emulator.env(),
    }
    text = "- " + PYTHON_KNOWN % ", ".join(tasks)
    result = run_playbook(text, folder, env=settings, arguments=["-i", str(folder / "hosts.ini")])
    assert result.rc == 0, result.output
    return sum(request["action"] in ("RunCommand", "SendFile") for request in emulator.requests()[before:])


def test_what_each_task_costs(emulator: Emulator, tmp_path: Path) -> None:
    """Exact numbers: a slow machine changes none of them."""
    emulator.reset(fleet=[{"id": "i-1"}])
    (tmp_path / "script.sh").write_text("echo $1\n")
    before = len(emulator.requests())
    assert writes(emulator, tmp_path, SIMPLE[0]) <= 6
    # what is waited for: the first look at the instance, and the module
    assert [request["action"] for request in emulator.requests()[before:]].count("RunCommand") == 2
    as_user = "{user: {name: worker}}", "{ping: , vars: {ansible_user: worker}}"
    assert writes(emulator, tmp_path, *as_user) <= 3 + 6
    # modules that are new to the instance, but share most of their files with the first one: one has more of its own
    assert writes(emulator, tmp_path, *SIMPLE[1:5]) <= 4 + 1
    copy = "{copy: {content: '%s', dest: /root/c}}"
    writes(emulator, tmp_path, SIMPLE[5], copy % "first", "{script: script.sh one}")
    before = len(emulator.requests())
    assert writes(emulator, tmp_path, *SIMPLE) == len(SIMPLE)
    contents = [request["params"].get("CommandContent", "") for request in emulator.requests()[before:]]
    assert max(map(len, contents)) <= 4096
    # the module that looks, the one that copies, and the removal that nobody waits for; a script has two
    assert writes(emulator, tmp_path, copy % "changed", copy % "changed", "{script: script.sh two}") == 6 + 2
    # a module that no earlier one shares anything with is sent with its task
    assert writes(emulator, tmp_path, "{find: {paths: /root}}") == 1


def test_workers_ask_for_all_together(emulator: Emulator, tmp_path: Path) -> None:
    """How few questions that takes depends on the machine's speed: the benchmark shows it."""
    hosts, tasks = 8, 3
    text = "- " + PYTHON_KNOWN % ", ".join(["{raw: 'true'}"] * tasks)
    env = {"ANSIBLE_FORKS": str(hosts), "ANSIBLE_ECS_ASSISTANT_POLL_INTERVAL": "2"}
    result = play(emulator, tmp_path, text, hosts, env)
    assert result.rc == 0, result.output
    looks = [request["params"] for request in emulator.requests() if request["action"].startswith("Describe")]
    assert [params for params in looks if "Tag.1.Key" in params], looks
