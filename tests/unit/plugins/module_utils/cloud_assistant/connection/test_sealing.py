# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody but controller and instance reads what a task is given and returns."""

from __future__ import annotations

import base64
import gzip
import random
import shutil
import stat
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection import sealing
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.failures import (
    Refused,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.sealing import (
    CannotSeal,
    Sealer,
)
from support.local_agent import LocalAgent, fetch, programs, put, run, session
from support.processes import at_once

SECRET = b"correct-horse-battery-staple"
NOISE = random.Random(3).randbytes(40_000)
PLAIN = ("sh", "cat", "dd", "find", "kill", "ls", "mkdir", "mktemp", "mv", "rm", "sleep", "tr", "wc", "chmod", "head")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a controller's key pair: making one takes most of a test's time."""
    folder = tmp_path_factory.mktemp("keys")
    Sealer(str(folder)).certificate()
    return folder


@pytest.fixture
def agent(tmp_path: Path, keys: Path) -> LocalAgent:
    shutil.copytree(keys, tmp_path / "cache")
    return LocalAgent(tmp_path / "home")


def seen(agent: LocalAgent) -> bytes:
    """Return all that the service was given and shows to those who may read invocations, with Base64 decoded."""
    found = b"\n".join([*agent.scripts, *agent.outputs])
    undone = b""
    for line in found.splitlines():
        try:
            undone += base64.b64decode(line.strip(b"B=' "), validate=True)
        except ValueError:
            continue
    return found + undone


def test_nothing_of_a_task_can_be_read(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path, payload_protection="encrypt")
    assert run(work, "cat; echo $0", SECRET).stdout.startswith(SECRET)
    assert run(work, f"echo {SECRET.decode()}").stdout == SECRET + b"\n"
    put(work, SECRET + NOISE + SECRET, agent.home / "file")
    assert fetch(work, agent.home / "file") == SECRET + NOISE + SECRET
    assert SECRET not in seen(agent)
    # without an envelope it is there to be read, once compression is undone: what the test looks at is what others see
    plain = LocalAgent(tmp_path / "plain")
    run(session(plain, tmp_path / "other"), "cat", SECRET)
    assert any(SECRET in _unpacked(script) for script in plain.scripts)


def _unpacked(script: bytes) -> bytes:
    _head, _mark, text = script.partition(b"B='")
    body = gzip.decompress(base64.b64decode(text.partition(b"'")[0])) if text else b""
    return body + b"".join(base64.b64decode(line) for line in body.splitlines() if line == base64.b64encode(SECRET))


def test_first_contacts_at_the_same_time_agree_on_one_key(tmp_path: Path, keys: Path) -> None:
    """Two controllers, or hosts that delegate to one, may each find the instance without a key."""

    def work(number: int) -> None:
        agent = LocalAgent(tmp_path / "home", name=f"{number}-")
        shutil.copytree(keys, tmp_path / str(number) / "cache")
        mine = session(agent, tmp_path / str(number), payload_protection="encrypt")
        for _again in range(2):
            assert run(mine, "cat", NOISE).stdout == NOISE
        assert sum(b"-newkey" in script for script in agent.scripts) == 1, "it was asked anew"

    assert at_once(4, work) == [0] * 4


def test_what_is_kept_can_be_read_by_its_owner_alone(tmp_path: Path, agent: LocalAgent) -> None:
    run(session(agent, tmp_path, payload_protection="encrypt"), "true")
    store = agent.home / ".ansible/ecs_assistant"
    for path in (store / "key.pem", tmp_path / "cache" / "controller.pem", *(tmp_path / "cache").glob("*.json")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(store.stat().st_mode) == 0o700


@pytest.mark.parametrize("lost", ["key.pem", "m", ""], ids=["key", "members", "everything"])
def test_a_lost_key_or_certificate_is_made_up_for(tmp_path: Path, agent: LocalAgent, lost: str) -> None:
    run(session(agent, tmp_path, payload_protection="encrypt"), "true")
    gone = agent.home / ".ansible/ecs_assistant" / lost
    if gone.is_dir():
        shutil.rmtree(gone)
    else:
        gone.unlink()
    assert run(session(agent, tmp_path, payload_protection="encrypt"), "echo ran >>n; cat n").stdout == b"ran\n"


@pytest.mark.parametrize("half", ["PRIVATE KEY", "CERTIFICATE"])
def test_a_damaged_key_is_replaced(tmp_path: Path, agent: LocalAgent, half: str) -> None:
    """As after a power cut. Nothing has to be removed on the instance by hand."""
    run(session(agent, tmp_path, payload_protection="encrypt"), "true")
    key = agent.home / ".ansible/ecs_assistant/key.pem"
    key.write_text(key.read_text().replace(f"-----BEGIN {half}-----", f"-----BEGIN {half}-----\n" + "A" * 64))
    assert run(session(agent, tmp_path, payload_protection="encrypt"), "echo ran >>n; cat n").stdout == b"ran\n"


def test_a_new_key_of_the_controller_is_taken(tmp_path: Path, agent: LocalAgent) -> None:
    run(session(agent, tmp_path, payload_protection="encrypt"), "true")
    (tmp_path / "cache" / "controller.pem").unlink()
    assert run(session(agent, tmp_path, payload_protection="encrypt"), "echo fine").stdout == b"fine\n"


def test_an_instance_without_openssl(tmp_path: Path, agent: LocalAgent) -> None:
    agent.path = programs(tmp_path / "bin", *PLAIN, "base64", "gzip", "sha256sum")
    with pytest.raises(Refused, match="openssl"):
        run(session(agent, tmp_path, payload_protection="encrypt"), "true")
    shutil.rmtree(tmp_path / "cache")
    for _worker in range(2):
        assert run(session(agent, tmp_path, payload_protection="auto"), "echo fine").stdout == b"fine\n"
    (warning,) = agent.warnings
    assert "not encrypted" in warning


def test_program_and_library_read_each_other(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Sealer(str(keys))
    monkeypatch.setattr(sealing.shutil, "which", lambda name: None)
    library = Sealer(str(keys))
    certificate = program.certificate()
    assert library.certificate() == certificate
    for writer, reader in ((program, library), (library, program), (library, library)):
        for data in (b"", b"\r\n\0\xff", NOISE):
            assert reader.open(writer.seal(data, certificate)) == data
    made = Sealer(str(tmp_path / "made"))
    assert made.open(made.seal(SECRET, made.certificate())) == SECRET
    with pytest.raises(CannotSeal):
        made.open(library.seal(SECRET, certificate))


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "controller.pem").write_text("nothing")
    with pytest.raises(CannotSeal, match=r"controller\.pem"):
        Sealer(str(tmp_path)).certificate()
