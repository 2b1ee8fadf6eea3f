# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the instance keeps, so that a module is sent once."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.asking import (
    Command,
    Step,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.payload import (
    Archive,
    Member,
    take_apart,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.protocol import (
    MAX_SCRIPT,
)
from support.local_agent import LocalAgent, put, run, session
from support.processes import at_once

SHELLS = [shell for shell in ("dash", "bash --posix", "busybox sh") if shutil.which(shell.split()[0])]
LAYOUTS = {
    "to 2.18": (
        "#!/usr/bin/python3\n{filler}ZIPDATA = '{archive}'\nimport sys, base64, io, zipfile\n"
        "class zinfo: pass\nif True:\n    zinfo.date_time = ({date})\n"
        "    ANSIBALLZ_PARAMS = '{params}'\n    data = base64.b64decode(ZIPDATA)\n"
        "print(ANSIBALLZ_PARAMS, zipfile.ZipFile(io.BytesIO(data)).read('module.py').decode())\n"
    ),
    "from 2.19": (
        "#!/usr/bin/python3\n{filler}import sys, base64, io, zipfile, datetime\n"
        "def main(date_time, params, zip_data):\n"
        "    data = base64.b64decode(zip_data)\n"
        "    print(params, zipfile.ZipFile(io.BytesIO(data)).read('module.py').decode())\nmain(\n"
        "date_time=datetime.datetime({date}),\nparams='{params}',\nzip_data='{archive}',\n)\n"
    ),
}
FILLER = "".join(f"# line {number} of what every module has\n" for number in range(40))
NOISE = random.Random(4).randbytes(60_000)
LIBRARY = {f"lib{number}.py": random.Random(number).randbytes(1500).hex() for number in range(20)}


def payload(layout: str, module: str, params: str, second: int) -> bytes:
    """Return a payload as core makes it: the library and one module in the archive, times of its own."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**LIBRARY, "module.py": module}.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 28, 1, 2, second)), text, zipfile.ZIP_DEFLATED)
    text = LAYOUTS[layout]
    return (
        text.replace("{filler}", FILLER)
        .replace("{archive}", base64.b64encode(file.getvalue()).decode())
        .replace("{params}", params)
        .replace("{date}", f"2026, 11, 28, 1, 2, {second}")
        .encode()
    )


def play(agent: LocalAgent, folder: Path, data: bytes, *, own_user: bool = True) -> str:
    """Return what the payload prints, run by a worker of its own; every script has to fit."""
    result = session(agent, folder).run(Command(sys.executable, data, own_user))
    assert (result.rc, result.stderr) == (0, b"")
    assert all(len(script) <= MAX_SCRIPT for script in agent.scripts)
    return result.stdout.decode()


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_same_module_has_the_same_pieces(layout: str) -> None:
    pieces = [take_apart(payload(layout, "module", f"p{number}", number)) for number in (2, 4)]
    assert pieces[0] is not None and pieces[1] is not None
    kept = [[piece for piece in found if not isinstance(piece, bytes)] for found in pieces]
    assert kept[0] == kept[1]
    own = b"".join(piece for piece in pieces[0] if isinstance(piece, bytes))
    assert len(own) < 300
    (archive,) = (piece for piece in kept[0] if isinstance(piece, Archive))
    assert b"".join(file.data for file in archive.files) + archive.directory == base64.b64decode(archive.text)


def test_two_modules_share_their_library(layout: str) -> None:
    def files(module: str) -> set[str]:
        return {
            file.id
            for piece in take_apart(payload(layout, module, "", 2)) or []
            if isinstance(piece, Archive)
            for file in piece.files
        }

    assert len(files("one") - files("two")) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"#!/bin/sh\necho old\n",
        b"",
        b"x" * 100_000,
        b"zip_data='UEsDB" + b"A" * 3000 + b"'\nparams=''\ndate_time=datetime\n",
        payload("from 2.19", "m", "p", 2).replace(b"params=", b"arguments="),
        payload("from 2.19", "m", "p", 2) * 2,
    ],
    ids=["script", "empty", "text", "no archive", "unknown lines", "two archives"],
)
def test_an_unknown_payload_travels_whole(data: bytes) -> None:
    assert take_apart(data) is None


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("own_user", [True, False])
def test_a_module_is_sent_once(tmp_path: Path, layout: str, shell: str, own_user: bool) -> None:
    agent = LocalAgent(tmp_path / "home", shell)
    assert play(agent, tmp_path, payload(layout, "one", "first", 2), own_user=own_user) == "first one\n"
    cold = len(agent.scripts)
    assert play(agent, tmp_path, payload(layout, "one", "again", 4), own_user=own_user) == "again one\n"
    assert play(agent, tmp_path, payload(layout, "two", "other", 6), own_user=own_user) == "other two\n"
    assert len(agent.scripts) == cold + 2
    assert len(agent.scripts[cold]) < 2500


@pytest.mark.parametrize("harm", ["removed", "damaged", "all removed", "unknown to the controller"])
def test_what_the_instance_lost_is_sent_again(tmp_path: Path, layout: str, harm: str) -> None:
    agent = LocalAgent(tmp_path / "home")
    play(agent, tmp_path, payload(layout, "one", "first", 2))
    store = agent.home / ".ansible/ecs_assistant/m"
    for number, path in enumerate(sorted(store.iterdir())):
        if len(path.name) != 32:
            continue
        if harm == "damaged" and number % 3 == 0:
            path.write_bytes(b"other bytes")
        elif harm == "all removed" or (harm == "removed" and number % 3 == 0):
            path.unlink()
    if harm == "unknown to the controller":
        shutil.rmtree(tmp_path / "cache")
    ran = f"open('{tmp_path}/count', 'a').write('x')"
    assert play(agent, tmp_path, payload(layout, f"m{ran}", "p", 4)).startswith("p m")
    assert play(agent, tmp_path, payload(layout, "one", "again", 6)) == "again one\n"


def test_the_store_stays_within_its_bound(tmp_path: Path) -> None:
    agent = LocalAgent(tmp_path / "home")
    work = session(agent, tmp_path, store_size=4 * 1024 * 1024)
    for number in range(5):
        put(work, bytes([number]) * 1_500_000, f"{agent.home}/file{number}")
    used = sum(path.stat().st_size for path in (agent.home / ".ansible/ecs_assistant/m").iterdir())
    assert used <= 4 * 1024 * 1024
    assert run(work, "echo fine").stdout == b"fine\n"


def test_a_large_file_is_sent_once(tmp_path: Path) -> None:
    agent = LocalAgent(tmp_path / "home")
    work = session(agent, tmp_path)
    data = random.Random(2).randbytes(100_000)
    put(work, data, f"{agent.home}/one")
    before = len(agent.scripts)
    put(work, data, f"{agent.home}/two")
    assert len(agent.scripts) == before + 1
    assert (agent.home / "two").read_bytes() == data


def test_members_are_named_by_their_digest() -> None:
    pieces = take_apart(payload("from 2.19", "m", "p", 2)) or []
    assert all(len(piece.id) == 32 for piece in pieces if isinstance(piece, (Member, Archive)))


def test_an_archive_gets_its_byte_code_once(tmp_path: Path, layout: str) -> None:
    agent = LocalAgent(tmp_path / "home")
    play(agent, tmp_path, payload(layout, "one = 1", "first", 2))
    compiled = agent.home / ".ansible/ecs_assistant/c"
    (made,) = (path for path in compiled.iterdir() if path.name.count(".") == 3)
    _id, _inode, tag, _digest = made.name.split(".")
    assert tag.startswith("cpython-")
    names = zipfile.ZipFile(io.BytesIO(base64.b64decode(made.read_bytes()))).namelist()
    assert {"module.py", "module.pyc", *LIBRARY} <= set(names)
    kept = {path.name: path.stat().st_ino for path in compiled.iterdir()}
    play(agent, tmp_path, payload(layout, "one = 1", "again", 4))
    assert {path.name: path.stat().st_ino for path in compiled.iterdir()} == kept
    # a second module takes the byte code of what it shares with the first one
    play(agent, tmp_path, payload(layout, "two = 2", "other", 6))
    assert len([path for path in compiled.iterdir() if path.name not in kept]) == 2


@pytest.mark.parametrize("own_user", [True, False])
def test_a_module_runs_from_the_archive_with_byte_code(tmp_path: Path, layout: str, own_user: bool) -> None:
    agent = LocalAgent(tmp_path / "home")
    play(agent, tmp_path, payload(layout, "one = 1", "first", 2), own_user=own_user)
    compiled = agent.home / ".ansible/ecs_assistant/c"
    (made,) = (path for path in compiled.iterdir() if path.name.count(".") == 3)
    names = zipfile.ZipFile(io.BytesIO(base64.b64decode(made.read_bytes()))).namelist()
    # another user's Python has to take in the archive as a literal, which byte code would make longer
    assert ("module.pyc" in names) == own_user
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("module.py", "seen")
    text = base64.b64encode(other.getvalue())
    made.unlink()
    made.with_suffix(f".{hashlib.sha256(text).hexdigest()[:32]}").write_bytes(text)
    again = payload(layout, "one = 1", "again", 4)
    assert play(agent, tmp_path, again, own_user=own_user) == "again seen\n"
    # what is damaged is not used
    made.with_suffix(f".{hashlib.sha256(text).hexdigest()[:32]}").write_bytes(b"damaged")
    assert play(agent, tmp_path, again, own_user=own_user) == "again one = 1\n"


def test_a_python_that_cannot_compile_is_asked_once(tmp_path: Path, layout: str) -> None:
    agent = LocalAgent(tmp_path / "home")
    old = tmp_path / "python2"
    old.write_text(f"#!/bin/sh\necho >>{tmp_path}/asked\nexit 1\n")
    old.chmod(0o755)
    for number in (2, 4):
        data = payload(layout, "one", "p", number).replace(b"/usr/bin/python3", str(old).encode())
        assert play(agent, tmp_path, data) == "p one\n"
    assert (tmp_path / "asked").read_text() == "\n"
    # nothing but the name can be written to a full disk, and that one may be freed
    [answer] = (agent.home / ".ansible/ecs_assistant/c").glob("*.not")
    answer.write_bytes(b"")
    assert play(agent, tmp_path, data) == "p one\n"
    assert (tmp_path / "asked").read_text() == "\n\n"


def test_an_unknown_payload_travels_whole_and_is_logged(tmp_path: Path, layout: str) -> None:
    agent = LocalAgent(tmp_path / "home")
    play(agent, tmp_path, payload(layout, "known", "p", 2))
    assert agent.log == []
    unknown = payload(layout, "unknown", "p", 2).replace(b"ANSIBALLZ_PARAMS", b"GIVEN").replace(b"params", b"given")
    assert play(agent, tmp_path, unknown) == "p unknown\n"
    assert [line for line in agent.log if "known layout" in line] == agent.log != []
    before = len(agent.scripts)
    assert play(agent, tmp_path, unknown) == "p unknown\n"
    assert len(agent.scripts) == before + 1


EVICT = 'rm -f "$HOME/.ansible/ecs_assistant/m/"* "$HOME/.ansible/ecs_assistant/c/"*'


@pytest.mark.parametrize("own_user", [True, False])
def test_a_request_keeps_what_another_evicts_while_it_runs(tmp_path: Path, own_user: bool) -> None:
    """The store is emptied between its parts: after the check, before a file is put together, and before the answer."""
    agent = LocalAgent(tmp_path / "home")
    work = session(agent, tmp_path, payload_protection="auto")
    data = payload("from 2.19", f"ran{own_user}", "p", 2)
    for _cold_and_warm in range(2):
        before = len(agent.scripts)
        steps = [Step("mkdir", EVICT), Step("put", path=f"{agent.home}/file", data=NOISE)]
        result = work.run(Command(f"{EVICT}; {sys.executable}", data, own_user), steps)
        assert (result.rc, result.stdout, result.stderr, result.step) == (0, f"p ran{own_user}\n".encode(), b"", None)
        assert (agent.home / "file").read_bytes() == NOISE
    # what is gone is missed once and sent again, under a token of its own
    assert len(agent.scripts) == before + 3
    tokens = [params["ClientToken"] for name, params in agent.calls if name == "RunCommand"]
    assert len(set(tokens)) == len(tokens)


def test_tasks_that_evict_one_anothers_files_all_end_well(tmp_path: Path) -> None:
    """Three controllers share a store that holds less than what they send."""

    def work(number: int) -> None:
        agent = LocalAgent(tmp_path / "home", name=f"{number}-")
        mine = session(agent, tmp_path / str(number), store_size=4 * 1024 * 1024)
        for turn in range(2):
            data = random.Random(f"{number}{turn}").randbytes(1_500_000)
            put(mine, data, f"{agent.home}/file{number}")
            assert (agent.home / f"file{number}").read_bytes() == data
            assert run(mine, f"echo x >>count{number}; cat count{number}").stdout == b"x\n" * (turn + 1)

    assert at_once(2, work) == [0, 0]
