# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contents that are too long for one request: how many calls they take, and that what is lost is sent again."""

from __future__ import annotations

import base64
import random
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection import transfer
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.failures import (
    Refused,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.protocol import (
    MAX_SCRIPT,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError
from support.local_agent import LocalAgent, fetch, put, run, session, write_file

NOISE = random.Random(2).randbytes(100_000)


@pytest.fixture
def agent(tmp_path: Path) -> LocalAgent:
    """Return an instance that was worked with before, so that what follows is counted from there."""
    agent = LocalAgent(tmp_path / "home")
    run(session(agent, tmp_path), "true")
    agent.calls.clear()
    return agent


def writes(agent: LocalAgent) -> tuple[int, int]:
    """Return how many files and scripts were sent since the last time."""
    counts = agent.count("SendFile"), agent.count("RunCommand")
    agent.calls.clear()
    return counts


class Crowd:
    """Counts the deliveries that are under way together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def deliver(self, params: Mapping[str, Any]) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        write_file(params)
        with self._lock:
            self._now -= 1


def test_five_megabytes(tmp_path: Path, agent: LocalAgent) -> None:
    data, crowd = random.Random(3).randbytes(5 * 1024 * 1024), Crowd()
    agent.deliver = crowd.deliver
    put(session(agent, tmp_path), data, agent.home / "file")
    assert (agent.home / "file").read_bytes() == data
    # 24 KB in each file, and the rest in the request
    assert writes(agent) == (213, 1)
    assert crowd.most <= 4
    put(session(agent, tmp_path), data, agent.home / "again")
    assert (agent.home / "again").read_bytes() == data
    assert writes(agent) == (0, 1)
    assert fetch(session(agent, tmp_path), agent.home / "file") == data
    assert writes(agent) == (0, 293)
    assert list((agent.home / ".ansible/ecs_assistant/in").iterdir()) == []


@pytest.mark.parametrize(("protection", "words"), [("none", "arrived damaged"), ("encrypt", "cannot be decrypted")])
def test_a_damaged_file_is_reported_as_such(tmp_path: Path, agent: LocalAgent, protection: str, words: str) -> None:
    def deliver(params: Mapping[str, Any]) -> None:
        size = len(base64.b64decode(params["Content"]))
        write_file({**params, "Content": base64.b64encode(b"?" * size)})

    agent.deliver = deliver
    with pytest.raises(Refused, match=words):
        put(session(agent, tmp_path / protection, payload_protection=protection), NOISE, agent.home / "file")
    assert not (agent.home / "file").exists()


def test_files_are_for_their_user_alone_and_in_a_private_place(tmp_path: Path, agent: LocalAgent) -> None:
    sent: list[Mapping[str, Any]] = []

    def deliver(params: Mapping[str, Any]) -> None:
        sent.append(params)
        if params["FileOwner"] == "root":
            write_file(params)

    agent.deliver = deliver
    put(session(agent, tmp_path), NOISE, agent.home / "file")
    assert {params["TargetDir"] for params in sent} == {str(agent.home / ".ansible/ecs_assistant/in")}
    assert {(params["FileMode"], params["FileOwner"]) for params in sent} == {("0600", "root")}
    assert len({params["ClientToken"] for params in sent}) == len(sent) == 4
    sent.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "_PATIENCE", 1)
        put(session(agent, tmp_path, username="worker"), NOISE[1:], agent.home / "file")
    assert {params["TargetDir"] for params in sent} == {"/run/cloudops-ecs-assistant"}
    assert {(params["FileMode"], params["FileOwner"]) for params in sent} == {("0600", "worker")}


def test_a_request_waits_for_files_until_they_are_whole(tmp_path: Path, agent: LocalAgent) -> None:
    threads = []

    def deliver_slowly(params: Mapping[str, Any]) -> None:
        write_file({**params, "Content": params["Content"][:1000]})
        threads.append(threading.Timer(0.5, write_file, [params]))
        threads[-1].start()

    agent.deliver = deliver_slowly
    put(session(agent, tmp_path), NOISE, agent.home / "file")
    for thread in threads:
        thread.join()
    assert (agent.home / "file").read_bytes() == NOISE


def test_only_what_was_lost_is_sent_again(tmp_path: Path, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_PATIENCE", 1)
    names: list[str] = []

    def deliver(params: Mapping[str, Any]) -> None:
        names.append(params["Name"])
        if len(names) != 2:
            write_file(params)

    agent.deliver = deliver
    put(session(agent, tmp_path), NOISE, agent.home / "file")
    assert (agent.home / "file").read_bytes() == NOISE
    tokens = [params["ClientToken"] for name, params in agent.calls if name in ("SendFile", "RunCommand")]
    assert len(set(tokens)) == len(tokens)
    assert writes(agent) == (5, 2)
    assert names[4:] == [names[1]]


def test_what_files_lose_twice_goes_in_scripts(
    tmp_path: Path, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_PATIENCE", 1)
    agent.deliver = lambda params: None
    put(session(agent, tmp_path), NOISE, agent.home / "file")
    assert (agent.home / "file").read_bytes() == NOISE
    assert agent.count("SendFile") == 8
    agent.calls.clear()
    # another worker knows it
    put(session(agent, tmp_path), NOISE[1:], agent.home / "file")
    assert agent.count("SendFile") == 0
    with pytest.raises(Refused, match="repeatedly lost"):
        put(session(agent, tmp_path, transfer_method="send_file"), NOISE[2:], agent.home / "file")


@pytest.mark.parametrize("code", ["Forbidden.RAM", "InvalidOperation.CloudAssistantVersionUnsupported"])
def test_where_files_are_refused_scripts_do(tmp_path: Path, agent: LocalAgent, code: str) -> None:
    def refuse(params: Mapping[str, Any]) -> None:
        raise ApiError("SendFile", code, "no", http_status=403)

    agent.deliver = refuse
    put(session(agent, tmp_path), NOISE, agent.home / "file")
    assert (agent.home / "file").read_bytes() == NOISE
    agent.calls.clear()
    put(session(agent, tmp_path), NOISE[1:], agent.home / "file")
    assert agent.count("SendFile") == 0
    with pytest.raises(Refused, match=code):
        put(session(agent, tmp_path, transfer_method="send_file"), NOISE[2:], agent.home / "file")


def test_scripts_alone(tmp_path: Path, agent: LocalAgent) -> None:
    put(session(agent, tmp_path, transfer_method="inline"), NOISE, agent.home / "file")
    assert (agent.home / "file").read_bytes() == NOISE
    assert all(len(script) <= MAX_SCRIPT for script in agent.scripts)
    # 12 KB in each script, and the rest in the request
    assert writes(agent) == (0, 9)
