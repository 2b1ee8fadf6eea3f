# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and files of a session, on real shells."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import stat
import time
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.asking import (
    Command,
    Step,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.failures import (
    Refused,
    Unreachable,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.protocol import (
    MAX_SCRIPT,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    InputError,
)
from support.local_agent import LocalAgent, fetch, programs, put, run, session
from support.patience import until

SHELLS = [shell for shell in ("dash", "bash --posix", "busybox sh") if shutil.which(shell.split()[0])]
# what POSIX gives every system
PLAIN = ("sh", "cat", "dd", "find", "kill", "ls", "mkdir", "mktemp", "mv", "od", "rm", "sleep", "tr", "wc", "chmod")
NOISE = random.Random(1).randbytes(60_000)


@pytest.fixture
def agent(tmp_path: Path) -> LocalAgent:
    return LocalAgent(tmp_path / "home")


@pytest.mark.parametrize("shell", SHELLS)
def test_streams_and_exit_code_come_back_apart_and_byte_for_byte(tmp_path: Path, shell: str) -> None:
    agent = LocalAgent(tmp_path / "home", shell)
    work = session(agent, tmp_path)
    result = run(work, "cat; printf 'e\\0\\377' >&2; exit 193", b"in\0\xff\r\n")
    assert (result.rc, result.stdout, result.stderr) == (193, b"in\0\xff\r\n", b"e\0\xff")
    assert run(work, "exit 194").rc == 194
    assert run(work, "kill -9 $$").rc == 137
    # what core writes, and a shell's own words
    assert run(work, "/bin/sh -c 'echo \"ü{{ x }}\"; umask; pwd'").stdout.decode().split() == [
        "ü{{", "x", "}}", "0022", str(agent.home),
    ]  # fmt: skip
    # the agent never sees an exit code, and one request carries one command
    assert len(agent.scripts) == 5


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_longer_than_a_script(tmp_path: Path, shell: str) -> None:
    """Such as one with a certificate bundle among its variables."""
    agent = LocalAgent(tmp_path / "home", shell)
    word = NOISE.hex()[:50_000]
    work = session(agent, tmp_path)
    assert run(work, f"# {word}\ncat; cat <<'.'\nü{word}\n.\n", b"in").stdout == f"inü{word}\n".encode()
    # more than the system takes in one argument, here and everywhere
    result = run(work, f"# {NOISE.hex()} {NOISE.hex()}")
    assert result.rc != 0 and b"too long" in result.stderr


@pytest.mark.parametrize("text", ["echo a\0b", "echo \ud800", "#" * 5_000 + "\0"])
def test_what_no_shell_can_take_is_refused(tmp_path: Path, agent: LocalAgent, text: str) -> None:
    with pytest.raises(Refused, match="a command or a path"):
        run(session(agent, tmp_path), text)
    with pytest.raises(Refused, match="a command or a path"):
        put(session(agent, tmp_path), b"", text)
    assert agent.calls == []


def test_a_shell_that_is_not_there_is_named(tmp_path: Path, agent: LocalAgent) -> None:
    for executable in ("/bin/nosuch", "/bin/sh -e"):
        with pytest.raises(Refused, match=f"no program {executable} .*ansible_ecs_assistant_executable"):
            run(session(agent, tmp_path, executable=executable), "echo ran >>n")
    with pytest.raises(InputError, match="executable"):
        session(agent, tmp_path, executable=" ")
    assert run(session(agent, tmp_path), "cat n").rc == 1


def test_a_file_whose_name_begins_with_a_hyphen(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path)
    put(work, b"data", "-n")
    assert fetch(work, "-n") == b"data"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_knows_its_user_as_over_ssh(tmp_path: Path, shell: str) -> None:
    """The agent sets neither of these, and playbooks read them, for example as ansible_env.USER."""
    user = pwd.getpwuid(os.geteuid())
    work = session(LocalAgent(tmp_path / "home", shell), tmp_path)
    found = run(work, "env | grep -E '^(HOME|LOGNAME|SHELL|USER)=' | sort").stdout.decode().splitlines()
    assert found == [
        f"HOME={tmp_path}/home", f"LOGNAME={user.pw_name}", f"SHELL={user.pw_shell}", f"USER={user.pw_name}",
    ]  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
def test_files_of_every_size_arrive_whole(tmp_path: Path, shell: str) -> None:
    agent = LocalAgent(tmp_path / "home", shell)
    work = session(agent, tmp_path)
    for data in (b"", b"\0", NOISE):
        put(work, data, f"{agent.home}/a file's name")
        assert (agent.home / "a file's name").read_bytes() == data
        assert fetch(work, f"{agent.home}/a file's name") == data
    assert all(len(script) <= MAX_SCRIPT for script in agent.scripts)
    assert fetch(work, f"{agent.home}/none") is None
    assert stat.S_IMODE((agent.home / "a file's name").stat().st_mode) == 0o644


def test_nothing_is_left_behind_but_the_runner(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path, store_size=0)
    put(work, NOISE, str(agent.home / "file"))
    fetch(work, str(agent.home / "file"))
    assert put(work, b"x", agent.home / "no" / "folder").step == 0
    left = [path for path in (agent.home / ".ansible").rglob("*") if path.is_file()]
    assert [path.parent.name for path in left] == ["m"]
    assert list((tmp_path / "home-scripts").iterdir()) == []
    assert stat.S_IMODE((agent.home / ".ansible" / "ecs_assistant").stat().st_mode) == 0o700


# runs a script on a disk that has nothing but the store, and no room
FULL = """
cp -a "$HOME" {spare}/.home
mount -t tmpfs -o mode=0700,size=600k tmpfs "$HOME"
cp -a {spare}/.home/. "$HOME"
rm -rf {spare}/.home
cat /dev/zero >"$HOME/fill" 2>/dev/null
export TMPDIR={spare}
exec sh "$1"
"""


@pytest.mark.isolation("user-namespace")
@pytest.mark.parametrize("protection", ["none", "encrypt"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "first contact"])
def test_a_full_disk_can_be_freed(tmp_path: Path, agent: LocalAgent, known: bool, protection: str) -> None:
    """There may be no other way to the instance than this one."""
    spare = tmp_path / "spare"
    spare.mkdir()
    (tmp_path / "full").write_text(FULL.format(spare=spare))
    if known:
        run(session(agent, tmp_path, payload_protection=protection), "true")
    agent.shell = f"unshare --user --map-root-user --mount sh {tmp_path / 'full'}"
    work = session(agent, tmp_path, payload_protection=protection)
    text = "seq 1 3000 >new || { echo full; rm fill new; }; seq 1 3000 >new; cksum <new; cat"
    result = run(work, text, b"input")
    assert result.stdout.startswith(b"full\n") and result.stdout.endswith(b" 13893\ninput"), result
    assert b"No space left" in result.stderr
    assert not known or list(spare.iterdir()) == []


def test_what_interrupted_tasks_left_is_removed_after_two_days(tmp_path: Path, agent: LocalAgent) -> None:
    """However long the instance is known: many of them would fill its disk."""
    run(session(agent, tmp_path), "true")
    store = agent.home / ".ansible/ecs_assistant"
    for number in range(10):
        for left in (store / f"w/task{number}", store / f"in/file.{number}", store / f"o/answer{number}"):
            left.mkdir()
            (left / "out").touch()
            age = 0 if number == 0 else 3 * 86_400
            os.utime(left, (time.time() - age,) * 2)
    run(session(agent, tmp_path), "true")
    assert sorted(path.name for kind in ("w", "in", "o") for path in (store / kind).iterdir()) == [
        "answer0", "file.0", "task0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "tools",
    [(), ("openssl",), ("python3",), ("perl",), ("base64", "gzip", "sha256sum", "setsid", "pgrep")],
    ids=["nothing", "openssl", "python3", "perl", "usual"],
)
def test_an_instance_with_few_tools(tmp_path: Path, tools: tuple[str, ...]) -> None:
    agent = LocalAgent(tmp_path / "home", "/bin/sh", programs(tmp_path / "bin", *PLAIN, *tools))
    work = session(agent, tmp_path)
    assert run(work, "cat", b"\0ab\xff'\\").stdout == b"\0ab\xff'\\"
    put(work, NOISE[:20_000], str(agent.home / "file"))
    assert fetch(work, str(agent.home / "file")) == NOISE[:20_000]
    assert all(len(script) <= MAX_SCRIPT for script in agent.scripts)


@pytest.mark.parametrize("protection", ["encrypt", "none"])
def test_programs_that_warn_damage_no_answer(tmp_path: Path, protection: str) -> None:
    """Of a locale that is not installed, or of a configuration file that is missing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in {*PLAIN, "base64", "gzip", "sha256sum", "openssl", "mkfifo", "setsid", "seq"} - {"sh"}:
        text = f'#!/bin/sh\necho "{name}: warning: no locale" >&2\nexec {shutil.which(name)} "$@"\n'
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    agent = LocalAgent(tmp_path / "home", "/bin/sh", str(folder))
    work = session(agent, tmp_path, payload_protection=protection)
    assert put(work, NOISE, agent.home / "file").rc == 0
    assert fetch(work, agent.home / "file") == NOISE
    assert run(work, "echo out").stdout == b"out\n"
    shutil.rmtree(agent.home / ".ansible/ecs_assistant/m")
    assert put(work, NOISE, agent.home / "again").rc == 0
    assert list((agent.home / ".ansible/ecs_assistant/o").iterdir()) == []


def test_an_answer_that_cannot_be_kept(tmp_path: Path, agent: LocalAgent) -> None:
    """It is longer than one frame; the error names the place, and no part of it stays there."""
    work = session(agent, tmp_path)
    put(work, NOISE, agent.home / "file")
    answers = agent.home / ".ansible/ecs_assistant/o"
    answers.rmdir()
    answers.touch()
    with pytest.raises(Refused, match=f"cannot write an output of [0-9]* bytes to {answers.parent}$"):
        run(work, "cat file")
    assert list((answers.parent / "w").iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_store_outside_of_the_home_is_used_again(tmp_path: Path, shell: str) -> None:
    """A user may have no home; each controller and each reset of a connection asks anew."""
    agent = LocalAgent(tmp_path / "home", shell)
    (agent.home / ".ansible").touch()
    for number in range(3):
        work = session(agent, tmp_path, cache_dir=str(tmp_path / f"cache{number % 2}"))
        assert run(work, "pwd").stdout.decode() == f"{agent.home}\n"
        work.forget()
    [store] = (tmp_path / "home-tmp").iterdir()
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert list((store / "w").iterdir()) == []


def test_a_warm_command_is_one_request(tmp_path: Path, agent: LocalAgent) -> None:
    run(session(agent, tmp_path), "true")
    before = len(agent.scripts)
    # another worker reads what the first one learned
    run(session(agent, tmp_path), "true")
    assert len(agent.scripts) == before + 1


def test_an_instance_that_lost_its_store_is_asked_again_and_runs_once(tmp_path: Path, agent: LocalAgent) -> None:
    run(session(agent, tmp_path), "true")
    shutil.rmtree(agent.home / ".ansible")
    result = run(session(agent, tmp_path), "echo ran >>count; cat count")
    assert result.stdout == b"ran\n"
    tokens = [params["ClientToken"] for name, params in agent.calls if name == "RunCommand"]
    assert len(set(tokens)) == len(tokens) == 5


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("protection", ["auto", "none"])
def test_a_command_may_remove_the_store(tmp_path: Path, shell: str, protection: str) -> None:
    """As a play does that prepares an image: its own answer still comes back, and nothing is left."""
    agent = LocalAgent(tmp_path / "home", shell)
    work = session(agent, tmp_path, payload_protection=protection)
    for end in ("", "; touch ~/.ansible"):
        result = run(work, f"cat; rm -rf ~/.ansible; echo gone; echo err >&2; ls /proc/self/fd >&2{end}; exit 3", b"in")
        assert (result.rc, result.stdout) == (3, b"ingone\n")
        # the command has its own three, and the one with which it reads the folder
        assert result.stderr == b"err\n0\n1\n2\n3\n"
        assert not (agent.home / ".ansible").is_dir()
    (agent.home / ".ansible").unlink()
    assert run(work, "echo anew").stdout == b"anew\n"


def test_a_damaged_runner_is_not_run(tmp_path: Path, agent: LocalAgent) -> None:
    run(session(agent, tmp_path), "true")
    (runner,) = (agent.home / ".ansible/ecs_assistant/m").iterdir()
    runner.write_text(f"touch {tmp_path}/bad\n")
    assert run(session(agent, tmp_path), "echo fine").stdout == b"fine\n"
    assert not (tmp_path / "bad").exists()


def test_a_store_that_another_may_have_made_is_not_used(tmp_path: Path, agent: LocalAgent) -> None:
    (agent.home / ".ansible").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (agent.home / ".ansible/ecs_assistant").symlink_to(tmp_path / "elsewhere")
    assert run(session(agent, tmp_path), "echo fine").stdout == b"fine\n"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_command_past_its_time_ends_with_all_that_it_started(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path, command_timeout=1)
    with pytest.raises(Refused, match="did not end within 1 s"):
        run(work, f"setsid sleep 97.25 & sleep 97.5 & echo $$ >{tmp_path}/pid; wait")
    running = [_command_line(pid) for pid in os.listdir("/proc") if pid.isdigit()]
    assert not [line for line in running if "97.25" in line or "97.5" in line]


def test_a_command_that_has_killed_its_runner_is_not_ended_later(tmp_path: Path, agent: LocalAgent) -> None:
    """By then, its number may be that of another process."""
    with pytest.raises(Refused, match="did not reply"):
        run(session(agent, tmp_path, command_timeout=1), "kill -9 $PPID")
    scripts = f"{agent.home.name}-scripts"
    until(lambda: not [pid for pid in os.listdir("/proc") if pid.isdigit() and scripts in _command_line(pid)])
    assert [path.name for path in agent.home.rglob("late")] == []


def test_a_job_in_the_background_does_not_hold_the_command(tmp_path: Path, agent: LocalAgent) -> None:
    result = run(session(agent, tmp_path, command_timeout=60), "sleep 97.75 & echo $!")
    os.kill(int(result.stdout), 9)
    assert result.rc == 0


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("stdin", [b"in", None])
def test_no_signal_is_ignored(tmp_path: Path, shell: str, stdin: bytes | None) -> None:
    """A shell has what runs in its background ignore SIGINT and SIGQUIT, and all that this starts as well."""
    work = session(LocalAgent(tmp_path / "home", shell), tmp_path)
    result = run(work, "grep SigIgn /proc/self/status; kill -INT $$", stdin)
    ignored = int(result.stdout.split()[1], 16)
    assert not any(ignored & 1 << number - 1 for number in (signal.SIGINT, signal.SIGQUIT))
    assert result.rc == 128 + signal.SIGINT


@pytest.mark.parametrize("shell", SHELLS)
def test_streams_that_are_opened_by_name_lose_nothing(tmp_path: Path, shell: str) -> None:
    """Scripts write to /dev/stderr; on a file, that would cut off what was written before."""
    agent = LocalAgent(tmp_path / "home", shell)
    work = session(agent, tmp_path)
    result = run(work, "echo 1; echo 2 >/dev/stdout; echo 3; for i in 1 2 3; do echo $i >/dev/stderr; done; echo 4 >&2")
    assert (result.stdout, result.stderr) == (b"1\n2\n3\n", b"1\n2\n3\n4\n")
    # also while a job in the background holds both streams and writes on
    held = run(
        work, "seq 40000; (while :; do echo more; sleep 0.01; done) & echo $! >&2; sleep 0.1; echo end >/dev/stderr"
    )
    pid, end = held.stderr.split()
    os.kill(int(pid), signal.SIGKILL)
    assert end == b"end"
    assert held.stdout.startswith(b"".join(b"%d\n" % number for number in range(1, 40_001)) + b"more\n")
    assert set(held.stdout.removeprefix(b"".join(b"%d\n" % number for number in range(1, 40_001))).split()) == {b"more"}
    # what the command leaves behind may write as long as it runs
    run(work, f"(sleep 0.2; echo late; echo late >&2; touch {tmp_path}/alive) & :")
    until((tmp_path / "alive").exists)


def test_what_is_written_after_the_end_of_a_command_is_left_out(tmp_path: Path) -> None:
    """A job in the background may write and end before a busy instance has seen the end of the command itself."""
    slow, begun, over = tmp_path / "slow", tmp_path / "begun", tmp_path / "over"
    slow.mkdir()
    # which looks for the end of the command, once that is written
    wait = f"touch {begun}; until [ -e {over} ]; do sleep 0.1; done"
    (slow / "grep").write_text(f'#!/bin/sh\n{wait}\nexec {shutil.which("grep")} "$@"\n')
    (slow / "grep").chmod(0o755)
    agent = LocalAgent(tmp_path / "home", path=f"{slow}:{os.environ['PATH']}")
    job = f"until [ -e {begun} ]; do sleep 0.1; done; echo late; echo late >&2; exec >&- 2>&-; sleep 1; touch {over}"
    result = run(session(agent, tmp_path), f"echo out; echo err >&2; ({job}) &")
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


def test_an_answer_beyond_the_limit_is_refused(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path, max_output=65_536)
    with pytest.raises(Refused, match="max_output"):
        run(work, "head -c 100000 /dev/urandom")
    with pytest.raises(Refused, match="max_file"):
        session(agent, tmp_path, max_file=65_536).check_size("x", 65_537)


def test_an_end_without_an_answer(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path)
    run(work, "true")
    for row, kind, words in (
        ({"InvocationStatus": "Failed", "ErrorCode": "InstanceRestarted"}, Unreachable, "restarted"),
        ({"InvocationStatus": "Aborted", "ErrorCode": "Unheard"}, Unreachable, "Unheard"),
        ({"InvocationStatus": "Timeout"}, Refused, "command_timeout"),
        ({"InvocationStatus": "Superseded"}, Refused, "the status is Superseded"),
        ({"InvocationStatus": "Failed", "ExitCode": 126}, Refused, "noexec"),
        ({"InvocationStatus": "Success", "Output": "aGVsbG8="}, Refused, "its output ends: hello"),
    ):
        agent.trouble = lambda number, script, row=row: row
        with pytest.raises(kind, match=words):
            run(work, "true")


def test_a_damaged_answer_is_refused(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path)
    run(work, "true")
    agent.path = programs(tmp_path / "bin", *PLAIN, "base64", "sha256sum")
    (tmp_path / "bin" / "gzip").write_text("#!/bin/sh\n/bin/cat >/dev/null; echo nonsense\n")
    (tmp_path / "bin" / "gzip").chmod(0o755)
    with pytest.raises(Refused):
        run(work, "true")


def _command_line(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def test_steps_ride_along(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path)
    run(work, "true")
    before = len(agent.scripts)
    folder = agent.home / "tmp folder"
    steps = [
        Step("mkdir", command=f"umask 77 && mkdir '{folder}'"),
        Step("put", path=f"{folder}/file", data=b"\0data"),
        Step("chmod", command=f"chmod u+x '{folder}/file'"),
    ]
    result = work.run(Command(f"stat -c %a '{folder}' '{folder}/file'"), steps)
    assert (result.stdout, result.step) == (b"700\n744\n", None)
    assert (folder / "file").read_bytes() == b"\0data"
    again = work.run(Command(f"touch {tmp_path}/never"), steps)
    assert again.step == 0
    assert again.rc != 0
    assert b"tmp folder" in again.stderr
    work.leave([Step("remove", command=f"rm -f -r '{folder}'")])
    assert not folder.exists()
    assert not (tmp_path / "never").exists()
    assert len(agent.scripts) == before + 3
