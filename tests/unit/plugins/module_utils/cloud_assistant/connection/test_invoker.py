# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One script is run once: calls that are throttled, counted, interrupted, or that no worker can look at."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Reply
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection import invoker, pace
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    TransportError,
)
from support.local_agent import LocalAgent, run, session


@pytest.fixture
def agent(tmp_path: Path) -> LocalAgent:
    return LocalAgent(tmp_path / "home")


def test_a_throttled_command_goes_out_again_in_the_next_minute_as_the_same(
    tmp_path: Path, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MINUTE", 1)
    monkeypatch.setattr(pace, "_SPREAD", 0)
    work = session(agent, tmp_path, run_dir=str(tmp_path))
    run(work, "true")
    answer = agent.call
    refused: list[str] = []

    def throttle(operation: str, params: Mapping[str, Any], **options: Any) -> Reply:
        if len(refused) < 4 and operation not in refused[-1:]:
            refused.append(operation)
            agent.calls.append((operation, dict(params)))
            raise ApiError(operation, "Throttling.User", "too many", "REQUEST", 400, "host", None)
        return answer(operation, params, **options)

    monkeypatch.setattr(agent, "call", throttle)
    assert run(work, "echo ran >>count; cat count").stdout == b"ran\n"
    assert refused == ["RunCommand", "DescribeInvocationResults"]
    tokens = [params["ClientToken"] for name, params in agent.calls if name == "RunCommand"]
    assert len(tokens) == len(set(tokens)) + 1 and tokens[-1] == tokens[-2]


def test_throttling_that_lasts_is_an_error_with_the_services_code(
    tmp_path: Path, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MINUTE", 1)
    monkeypatch.setattr(pace, "_SPREAD", 0)
    monkeypatch.setattr(invoker, "LONGEST_WAIT", 1.0)
    work = session(agent, tmp_path, run_dir=str(tmp_path))
    run(work, "true")

    def throttle(operation: str, params: Mapping[str, Any], **options: Any) -> Reply:
        raise ApiError(operation, "Throttling.User", "too many", "REQUEST", 400, "host", None)

    monkeypatch.setattr(agent, "call", throttle)
    with pytest.raises(CloudError, match="Throttling.User"):
        run(work, "echo ran >>count")
    assert not (agent.home / "count").exists()


def test_invocations_of_the_day_are_counted_and_warned_of_once(tmp_path: Path, agent: LocalAgent) -> None:
    work = session(agent, tmp_path, daily_quota=4)
    assert work.started_today == 0
    for _number in range(2):
        run(work, "true")
    assert work.started_today == len(agent.scripts) == 3
    assert agent.warnings == [
        "cn-test: 3 of the 4 invocations of the daily quota (ansible_ecs_assistant_daily_quota) have been started today"
    ]
    # another account has a count of its own
    other = session(agent, tmp_path, account="other")
    run(other, "true")
    assert other.started_today == 1


def test_a_command_that_no_worker_could_look_at_is_not_given_up(
    tmp_path: Path, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MINUTE", 4)
    monkeypatch.setattr(pace, "_SPREAD", 0)
    run(session(agent, tmp_path), "true")
    work = session(agent, tmp_path, run_dir=str(tmp_path), connection_timeout=1)
    answer = agent.call
    refused: list[int] = []

    def throttle(operation: str, params: Mapping[str, Any], **options: Any) -> Reply:
        # to the end of a minute and of the one after it
        if operation == "DescribeInvocationResults" and len(refused) < 2:
            refused.append(1)
            raise ApiError(operation, "Throttling.User", "too many", "REQUEST", 400, "host", None)
        return answer(operation, params, **options)

    monkeypatch.setattr(agent, "call", throttle)
    assert run(work, "echo fine").stdout == b"fine\n"
    assert agent.count("StopInvocation") == 0


class Interrupted(BaseException):
    """What a time limit of Ansible raises, wherever the task is."""


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("by_signal", [True, False])
def test_a_command_whose_start_is_interrupted_is_stopped_or_reported(
    tmp_path: Path, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch, answered: bool, by_signal: bool
) -> None:
    """It has begun, and the answer with its id is still on its way."""
    work = session(agent, tmp_path)
    run(work, "true")
    before = len(agent.calls)
    answer = agent.call
    started: dict[str, Reply] = {}

    def interrupted(operation: str, params: Mapping[str, Any], **options: Any) -> Reply:
        token = params.get("ClientToken", "")
        if operation != "RunCommand":
            return answer(operation, params, **options)
        if token in started:
            agent.calls.append((operation, dict(params)))
            if not answered:
                raise TransportError(operation, "host", "the reply was interrupted", True)
            return started[token]
        started[token] = answer(operation, params, **options)
        if by_signal:
            signal.raise_signal(signal.SIGTERM)
        raise Interrupted

    monkeypatch.setattr(agent, "call", interrupted)
    received: list[int] = []
    handler = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        with pytest.raises(KeyboardInterrupt if by_signal else Interrupted):
            run(work, "echo ran >>count")
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert received == ([signal.SIGTERM] if by_signal else [])
    [reply] = list(started.values())
    calls = [(name, params.get("InvokeId")) for name, params in agent.calls[before:]]
    assert calls == [("RunCommand", None)] * 2 + ([("StopInvocation", reply["InvokeId"])] if answered else [])
    assert (agent.home / "count").read_text() == "ran\n"
    assert [text for text in agent.warnings if "may still run" in text] == agent.warnings
    assert bool(agent.warnings) is not answered


class _Dropped:
    """Python drops what is raised in its destructor, in which an alarm goes off."""

    def __del__(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        while any(signal.getitimer(signal.ITIMER_REAL)):
            pass


def _time_limit(number: int, frame: object) -> None:
    raise Interrupted


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("at", ["RunCommand", "DescribeInvocationResults"])
def test_a_time_limit_whose_error_python_drops_is_kept(
    tmp_path: Path, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    work = session(agent, tmp_path)
    run(work, "true")
    before = len(agent.calls)
    answer = agent.call

    def call(operation: str, params: Mapping[str, Any], **options: Any) -> Reply:
        reply = answer(operation, params, **options)
        if operation == at:
            _Dropped()
        return Reply({}) if operation == "DescribeInvocationResults" else reply

    monkeypatch.setattr(agent, "call", call)
    handler = signal.signal(signal.SIGALRM, _time_limit)
    try:
        # the handler of a process that this one was forked from limits nothing here
        assert run(session(LocalAgent(tmp_path / "other"), tmp_path / "2"), "echo fine").stdout == b"fine\n"
        monkeypatch.setattr(_time_limit, "__module__", "ansible.executor")
        with pytest.raises(Interrupted):
            run(work, "true")
        calls = [name for name, _params in agent.calls[before:]]
        assert calls[0] == "RunCommand" and calls[-1] == "StopInvocation"
        # and nothing more is begun
        with pytest.raises(Interrupted):
            run(work, "true")
        assert len(agent.calls) == before + len(calls)
    finally:
        signal.signal(signal.SIGALRM, handler)


def test_an_interrupt_before_a_command_is_sent_starts_none(
    tmp_path: Path, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a minute with a call left."""
    work = session(agent, tmp_path, run_dir=str(tmp_path))
    run(work, "true")
    before = len(agent.calls)

    def interrupt(self: pace.Pace, operation: str) -> None:
        raise Interrupted

    monkeypatch.setattr(pace.Pace, "wait", interrupt)
    with pytest.raises(Interrupted):
        run(work, "echo ran >>count")
    assert agent.calls[before:] == []
