# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replays recordings of the real agent, script runs and file deliveries, against an instance with the same fixture."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .agent import Agent
from .host import Host
from .output import HEAD_BYTES
from .tasks import FileTask, Report, ScriptTask

Row = Mapping[str, Any]

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "INVOCATION_ID": "0123456789abcdef0123456789abcdef",
    "JOURNAL_STREAM": "8:12345",
    "SYSTEMD_EXEC_PID": "4242",
    "GODEBUG": "execerrdot=0",
}
_PASSWD = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
svc:x:999:999::/var/lib/svc:/usr/sbin/nologin
alice:x:1000:1000::/home/alice:/bin/bash
nohome:x:1001:1001::/home/nohome:/bin/bash
gidzero:x:1002:0::/home/gidzero:/bin/bash
locked:x:1003:1003::/home/locked:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
_GROUP = """\
root:x:0:
daemon:x:1:
svc:x:999:
alice:x:1000:
nohome:x:1001:
locked:x:1003:
extra:x:1004:alice
deploy:x:1005:
nogroup:x:65534:
"""
_HOMES = (("home/alice", 1000), ("home/gidzero", 1002), ("home/locked", 1003), ("var/lib/svc", 999))

_NOT_BINDING = {
    "stop": "the recorded agent reports before it kills; ours reports after, with the output",
    "interim": "speaks of the agent's own requests to its server",
    "extra": "probes of the recording machine",
}
_LATER_AGENT_DELETES = "the later agent deletes the script file that the recording looks at"
_NEEDS_USERS = "needs root: scripts cannot become another user here"
_NEEDS_VIEW = "needs a mount namespace: the command looks at absolute paths"

# what the later agent answers where the recorded one refuses user 0 and group 0
_LATER_USERS: dict[str, dict[str, Any]] = {
    "user/root": {
        "report": "finish",
        "exitCode": "0",
        "dropped": "0",
        "output": "uid=0(root) gid=0(root) groups=0(root)\nHOME=/root USER=[] PWD=/root\n0=/tmp/t-golden.sh\n"
        "-rwxr-xr-x 1 root root 91  /tmp/t-golden.sh\n0022\n",
    },
    "user/root-in-L-not-recorded-numeric-0": {
        "report": "invalid",
        "param": "workingDirectory",
        "value": "DefaultWorkingDirectoryNotAvailable: <nil>",
    },
    "user/gid-zero": {
        "report": "finish",
        "exitCode": "0",
        "dropped": "0",
        "output": "uid=1002(gidzero) gid=0(root) groups=0(root)\nHOME=/home/gidzero USER=[] PWD=/home/gidzero\n"
        "0=/tmp/t-golden.sh\n-rwxr-xr-x 1 root root 91  /tmp/t-golden.sh\n0022\n",
    },
}
# what lay there before a recorded delivery: shell commands run on the instance
_BEFORE_DELIVERY = {
    "sendfile/owner-group-root": "echo old >/srv/ok/a8.txt; chown alice:alice /srv/ok/a8.txt",
    "sendfile/overwrite-keeps-owner": "echo old >/srv/ok/a9.txt; chown alice:alice /srv/ok/a9.txt",
    "sendfile/overwrite-root-and-alice": "echo old >/srv/ok/a9b.txt; chown alice:alice /srv/ok/a9b.txt",
    "sendfile/exists-overwrite-false": "echo old >/srv/ok/b1.txt",
    "sendfile/exists-overwrite-true": "echo old >/srv/ok/b2.txt",
    "sendfile/exists-and-bad-mode": "echo old >/srv/ok/b1.txt",
    "sendfile/target-is-symlink-overwrite": "echo old >/srv/target7; ln -s /srv/target7 /srv/ok/c7.txt",
    "sendfile/target-is-dangling-symlink": "ln -s /srv/nowhere8 /srv/ok/c8.txt",
    "sendfile/target-is-directory": "mkdir /srv/ok/c9",
}
_OTHER_USERS_FILES = re.compile(r"alice|deploy")

_SLEEP = re.compile(r"^sleep [0-9.]+$")
_TASK_ID = re.compile(r"t-\w+golden(?:\.iv\d+)?")
_SETTLE_SECONDS = 6.0
# between the 0.1 s and the 1 s after which the recorded background jobs print, far from both on a busy machine
_DRAIN_SECONDS = 0.6
_WHOLE_OUTPUT = 64 << 20


class Skip(Exception):
    """This recording is not replayed; ``str()`` is the reason."""


class Replayer:
    """Replays recordings, each on a fresh instance; ``replay`` returns the differences as text."""

    def __init__(self, host: Host, folder: Path) -> None:
        self._host = host
        self._folder = folder

    async def replay(self, row: Row) -> list[str]:
        """Return differences between the recording and our answer, empty when there is none. Raises Skip."""
        agent = self._instance(row.get("sh", "dash"), names_in_shell=row.get("group") == "commandName")
        try:
            if "file" in row:
                return await self._delivery(agent, row)
            return await self._script(agent, row)
        finally:
            await agent.kill_all()

    def _instance(self, shell: str, *, names_in_shell: bool) -> Agent:
        if shell not in self._host.shells:
            raise Skip(f"there is no {shell} on this machine")
        root = Path(tempfile.mkdtemp(dir=self._folder))
        for name in ("etc", "srv/ok", "srv/with space", "srv/root700"):
            (root / name).mkdir(parents=True)
        (root / "srv/root700").chmod(0o700)
        (root / "srv/link").symlink_to("/srv/ok")
        (root / "etc/passwd").write_text(_PASSWD)
        (root / "etc/group").write_text(_GROUP)
        for home, owner in _HOMES:
            (root / home).mkdir(parents=True, exist_ok=True)
            if os.getuid() == 0:
                os.chown(root / home, owner, owner if owner != 1002 else 0)
        return Agent(
            root,
            shell=shell,
            host=self._host,
            instance_id="mi-hz000000000golden",
            drain=_DRAIN_SECONDS,
            environment=_ENVIRONMENT,
            names_in_shell=names_in_shell,
        )

    # -- scripts -------------------------------------------------------------------------------------------------

    async def _script(self, agent: Agent, row: Row) -> list[str]:
        if row["group"] in _NOT_BINDING:
            raise Skip(_NOT_BINDING[row["group"]])
        if row.get("username") and (self._host.isolation != "namespace" or os.getuid() != 0):
            raise Skip(_NEEDS_USERS)
        expected = _LATER_USERS.get(row["id"], row["expected"])
        task = _task(row)
        cut = int(expected.get("dropped", 0)) > 0
        report, whole = await asyncio.gather(agent.run(task), agent.run(_whole(task)) if cut else _nothing())
        found = _compare(expected, report, str(agent.root), paced="sleep 0.2" in _text(task.content_b64))
        if whole is not None:
            found += _compare_cut(row, expected, report, whole.output)
        if "processes_left" in row:
            found += await self._compare_processes(agent, row["processes_left"])
        if "observed_after" in row and not _is_about_script_file(row):
            found += await self._compare_observed(agent, row["observed_after"])
        return found

    async def _compare_processes(self, agent: Agent, recorded: list[Mapping[str, Any]]) -> list[str]:
        # which of its sleeps a script is in depends on the machine
        expected = sorted(_SLEEP.sub("sleep N", _mask(process["cmd"])) for process in recorded)
        found: list[str] = []
        # a loop's next command may just be starting
        for _turn in range(20):
            found = sorted(_SLEEP.sub("sleep N", _mask(line)) for line in _processes(agent.root))
            if found == expected:
                return []
            await asyncio.sleep(0.05)
        return [f"processes left: expected {expected}, got {found}"]

    async def _compare_observed(self, agent: Agent, recorded: Mapping[str, str]) -> list[str]:
        """Run the recorded look at the instance; what may come late is waited for, what must not come is given time."""
        if self._host.isolation == "none":
            raise Skip(_NEEDS_VIEW)
        late = "/tmp/" in recorded["command"]
        if late and "No such file" in recorded["output"]:
            await asyncio.sleep(1.5)
        expected = _mask(recorded["output"])
        deadline = asyncio.get_running_loop().time() + (_SETTLE_SECONDS if late else 0)
        while True:
            found = _mask(await _look(agent, recorded["command"]))
            if found == expected:
                return []
            if asyncio.get_running_loop().time() >= deadline:
                return [f"{recorded['command']}: expected {expected!r}, got {found!r}"]
            await asyncio.sleep(0.1)

    # -- files ---------------------------------------------------------------------------------------------------

    async def _delivery(self, agent: Agent, row: Row) -> list[str]:
        file, expected = row["file"], row["expected"][0]
        before = _BEFORE_DELIVERY.get(row["id"], "")
        if self._host.isolation == "none":
            raise Skip(_NEEDS_VIEW)
        if self._host.isolation != "namespace" and _OTHER_USERS_FILES.search(before + file["owner"] + file["group"]):
            raise Skip(_NEEDS_USERS)
        await _look(agent, before)
        answer = await agent.send_file(
            FileTask(
                task_id=file["taskID"],
                content_b64=file["content"],
                target_dir=file["destination"],
                name=file["name"],
                owner=file["owner"],
                group=file["group"],
                mode=file["mode"],
                overwrite=file["overwrite"],
                signature=file["signature"],
            )
        )
        if expected["report"] == "invalid":
            wanted = ("Invalid", 0, expected["param"], expected["value"])
        else:
            wanted = (expected["status"], int(expected["errorcode"]), "", "")
        got = (answer.status, answer.code, answer.param, answer.value)
        found = [f"report: expected {wanted}, got {got}"] if wanted != got else []
        if row.get("observed_after"):
            found += await self._compare_observed(agent, row["observed_after"])
        return found


def _whole(task: ScriptTask) -> ScriptTask:
    """Return the same script with room for all that it prints."""
    return replace(task, task_id="t-whole", log_quota=_WHOLE_OUTPUT)


async def _nothing() -> None:
    return None


def _task(row: Row) -> ScriptTask:
    recorded = row["expected"].get("output_b64", "")
    texts = [_text(recorded), *(str(value) for value in row["expected"].values())]
    named = next((match.group() for text in texts if (match := _TASK_ID.search(text))), "t-golden")
    task_id = named if row["id"] not in _LATER_USERS else "t-golden"
    return ScriptTask(
        task_id=task_id,
        command_id=task_id.replace("t-", "c-", 1),
        type=row.get("type", ""),
        content_b64=_content(row),
        enable_parameter=row["enable_parameter"],
        timeout=row.get("timeout", ""),
        working_dir=row.get("working_dir", ""),
        username=row.get("username", ""),
        builtin=row.get("builtin", {}),
        log_quota=row["log_quota"],
        command_name=row.get("command_name", ""),
    )


def _content(row: Row) -> str:
    """Return the recorded script; one that the recording only names by its digest is built again."""
    content = row.get("content_b64", "")
    if "...(" not in content:
        return content
    if row["id"] == "basic/binary-elf-content":
        rebuilt = base64.b64encode(Path("/usr/bin/true").read_bytes()).decode()
    else:
        rebuilt = base64.b64encode(_assignments(204800)).decode()
    if hashlib.sha256(rebuilt.encode()).hexdigest() not in content:
        raise Skip("the recording holds only the digest of its script, and this machine has no file of that digest")
    return rebuilt


def _assignments(size: int) -> bytes:
    """Return a script of this many bytes: a line printed, many assignments, a comment as filling, a line printed."""
    lines = [b"echo start\n"]
    room = size - len(b"echo start\n") - len(b"echo end\n")
    assignment = b"x%06d=0123456789abcdef\n"
    count = room // len(assignment % 0)
    lines += [assignment % number for number in range(count)]
    rest = room - count * len(assignment % 0)
    return b"".join([*lines, b"#" * (rest - 1), b"\n", b"echo end\n"])


def _compare(expected: Row, report: Report, root: str, *, paced: bool) -> list[str]:
    pairs = [("report", expected["report"], report.kind)]
    if expected["report"] == "invalid":
        pairs += [("param", expected["param"], report.param), ("value", expected["value"], report.value)]
    else:
        pairs += [("exitCode", expected["exitCode"], str(report.exit_code))]
        pairs += [("dropped", expected["dropped"], str(report.dropped))]
    if expected["report"] == "error":
        pairs += [("errCode", expected["errCode"], report.error_code)]
        pairs += [("errDesc", expected["errDesc"], report.error_text)]
    found = [f"{name}: expected {wanted!r}, got {got!r}" for name, wanted, got in pairs if wanted != got]
    output = report.output.replace(root.encode(), b"")
    if "output" in expected or "output_b64" in expected:
        wanted_output = _mask(expected.get("output", _text(expected.get("output_b64", ""))))
        got_output = _mask(output.decode("latin-1"))
        # how far a script that prints at a pace comes before its time expires depends on the machine
        same = _one_begins_the_other(wanted_output, got_output) if paced else wanted_output == got_output
        if not same:
            found.append(f"output: expected {wanted_output!r}, got {got_output!r}")
    elif expected.get("dropped") == "0" and hashlib.sha256(output).hexdigest() != expected["output_sha256"]:
        found.append(f"output: {len(output)} bytes, not those of the recording's digest")
    return found


def _compare_cut(row: Row, expected: Row, report: Report, whole: bytes) -> list[str]:
    """Output over the quota: the recording must come from the same whole output, ours must be its head and tail.

    The recorded agent kept what it had streamed (some 2048 bytes a tick) and the tail of the rest.
    """
    quota = max(row["log_quota"], 12000)
    streamed = [0, *range(2048, quota, 2048), 6000]
    digests = {hashlib.sha256(whole[:head] + whole[-(quota - head) :]).hexdigest() for head in streamed}
    found = []
    if expected["output_sha256"] not in digests:
        found.append("the whole output is not the one that the recording was cut from")
    if report.output != whole[:HEAD_BYTES] + whole[-(quota - HEAD_BYTES) :]:
        found.append(f"kept output: {len(report.output)} bytes, not head and tail of the whole {len(whole)}")
    return found


def _is_about_script_file(row: Row) -> bool:
    return "aliyun-assist/work/script" in row["observed_after"]["command"]


def _mask(text: str) -> str:
    """Without what differs from run to run: task and process ids, sizes of directories, the agent's own variables."""
    text = _TASK_ID.sub("t-golden", text)
    text = re.sub(r"(?m)^(ALIYUN_ASSIST_\w+|SSL_CERT_FILE)(=.*)?\n", "", text)
    text = re.sub(r"(line \d+:) +\d+ Killed", r"\1 N Killed", text)
    # ps makes its columns as wide as the machine's largest process id
    text = re.sub(r" +(PID|PPID|PGID|SID)\b", r" \1", text)
    return re.sub(r"(?m)^(d[rwx-]{9} +\d+ +\S+ +\S+) +\d+", r"\1 N", text)


def _one_begins_the_other(first: str, second: str) -> bool:
    return bool(first and second) and (first.startswith(second) or second.startswith(first))


def _text(content_b64: str) -> str:
    with contextlib.suppress(ValueError):
        return base64.b64decode(content_b64).decode("latin-1")
    return ""


async def _look(agent: Agent, command: str) -> str:
    """Output of a command on the instance, errors after it as the recordings have them."""
    script = (
        f"#!/bin/bash\n( {command}\n) 2>/run/errors\n"
        "if [ -s /run/errors ]; then printf '\\n[stderr] '; cat /run/errors; fi\n"
    )
    report = await agent.run(ScriptTask("t-look", content_b64=base64.b64encode(script.encode()).decode()))
    return report.output.decode("latin-1")


def _processes(root: Path) -> list[str]:
    """Command lines of the living processes whose root directory is the instance's."""
    place = root.stat()
    lines = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.path.samestat(place, os.stat(f"/proc/{name}/root/")):
                words = Path(f"/proc/{name}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                if words != [b""]:
                    lines.append(b" ".join(words).decode("latin-1"))
    return lines
