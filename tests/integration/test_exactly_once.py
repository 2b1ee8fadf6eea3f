# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly once: whatever goes wrong on the way, and however often the controller dies, no script runs twice.

The runs are counted on the instances, where the scripts are executed.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations import (
    results,
    waiting,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import run
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.request import RunRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import CloudError
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from support.patience import until

FLEET = 7


class Killed(BaseException):
    """The controller dies here: nothing of ours handles it."""


@dataclass(frozen=True)
class Trouble:
    """One example: how the run is cut, what goes wrong with its calls, and where the controller dies.

    ``deaths``: for each of the first starts the number of the request at which it dies, and whether that request still
    reaches the service.
    """

    instances: int
    batch_size: int
    window: int | None
    unready: str
    by_tag: bool
    faults: list[dict[str, Any]] = field(default_factory=list)
    deaths: list[tuple[int, bool]] = field(default_factory=list)


def fault(kind: str, action: str, probability: float, seed: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"kind": kind, "action": action, "probability": probability, "seed": seed, "count": 4}
    if kind == "status":
        rule.update(status=503, code="ServiceUnavailable", message="try again")
    if kind == "throttle":
        rule.update(retry_after_ms=10)
    if kind == "delay":
        rule.update(delay_ms=30)
    return rule


FAULTS = st.builds(
    fault,
    st.sampled_from(["drop_before", "drop_after", "reset", "status", "throttle", "truncate", "duplicate", "delay"]),
    st.sampled_from(["RunCommand", "RunCommand", "DescribeInvocations", "DescribeInvocationResults", "*"]),
    st.sampled_from([0.3, 0.7, 1.0]),
    st.integers(0, 99),
)
TROUBLES = st.builds(
    Trouble,
    instances=st.integers(1, FLEET),
    batch_size=st.integers(1, 4),
    window=st.sampled_from([None, 1, 2]),
    unready=st.sampled_from(["fail", "skip"]),
    by_tag=st.booleans(),
    faults=st.lists(FAULTS, max_size=3),
    deaths=st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=2),
)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_LOOK", 0.02)
    monkeypatch.setattr(waiting, "pause_after", lambda elapsed, invocations: 0.05)
    monkeypatch.setattr(results, "REREAD_PAUSE", 0.05)


def client_of(emulator: Any) -> Client:
    ready = emulator.ready
    client = connect(
        {
            "region": ready["region"],
            "access_key_id": ready["access_key_id"],
            "access_key_secret": ready["access_key_secret"],
            "endpoint": ready["endpoint"],
            "max_retries": 8,
        }
    )
    client._backoff_base = 0.01
    return client


def dying(client: Client, at: int, arrives: bool) -> Client:
    """Return the client of a controller that dies at request number ``at``, before or after it reached the service."""
    send, numbers = client._transport.send, count(1)

    def send_or_die(*arguments: Any, **options: Any) -> Any:
        number = next(numbers)
        if number < at:
            return send(*arguments, **options)
        if number == at and arrives:
            send(*arguments, **options)
        raise Killed

    client._transport.send = send_or_die  # type: ignore[method-assign]
    return client


def start(client: Client, trouble: Trouble, ids: list[str], **identity: str) -> RunOutcome | None:
    targets = Targets.of(None, {"role": "web"}) if trouble.by_tag else Targets.of(ids)
    request = RunRequest.of(
        targets,
        ScriptContent(b"echo ran"),
        batch_size=trouble.batch_size,
        max_concurrent_batches=trouble.window,
        unready=trouble.unready,
        wait_timeout=60,
        **identity,
    )
    try:
        return run.run(client, request)
    except (Killed, CloudError):
        return None


def runs(emulator: Any) -> Counter[str]:
    """Return how often a script was executed on each instance."""
    return Counter({instance_id: len(rows) for instance_id, rows in emulator.executions().items()})


def check(outcome: RunOutcome | None, counted: Counter[str]) -> None:
    assert all(times <= 1 for times in counted.values()), counted
    for result in outcome.results if outcome else []:
        if result.rc is not None:
            assert counted[result.instance_id] == 1, (result, counted)


def settle(emulator: Any) -> None:
    """Wait until what a dead controller has started is over, so that it is counted."""
    client = client_of(emulator)
    until(lambda: not set(_statuses(client)) & {"Pending", "Running"})


def _statuses(client: Client) -> list[str]:
    pages = client.pages("DescribeInvocations")
    return [row["InvocationStatus"] for page in pages for row in page.rows("Invocations", "Invocation")]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("identity", [{"client_token": "one-and-only"}, {"idempotency_key": "one-and-only"}])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trouble=TROUBLES)
def test_each_instance_runs_once(emulator: Any, identity: dict[str, str], trouble: Trouble):
    emulator.clear_faults()
    ids = [f"i-{number:04}" for number in range(trouble.instances)]
    emulator.reset(fleet=[{"id": instance_id, "tags": {"role": "web"}} for instance_id in ids])
    offline = trouble.unready == "skip" and trouble.instances > 1
    if offline:
        emulator.instance(ids[0], "agent-offline")
    emulator.faults(trouble.faults)

    for at, arrives in trouble.deaths:
        outcome = start(dying(client_of(emulator), at, arrives), trouble, ids, **identity)
        event("died" if outcome is None else "survived")
        settle(emulator)
        check(outcome, runs(emulator))
    if offline:
        emulator.instance(ids[0], "agent-online")
    outcome = start(client_of(emulator), trouble, ids, **identity)
    settle(emulator)
    check(outcome, runs(emulator))

    emulator.clear_faults()
    outcome = start(client_of(emulator), trouble, ids, **identity)
    assert outcome is not None
    assert outcome.failure() is None, outcome.failure()
    assert [result.instance_id for result in outcome.results] == ids
    assert {result.status for result in outcome.results} == {"Success"}
    assert runs(emulator) == Counter(ids)


@pytest.mark.parametrize("batch_size", [100, 2])
def test_two_starts_that_do_not_see_each_other_are_one_under_a_key(emulator_factory: Any, batch_size: int):
    """A worker that outlives its controller goes on sending while the next start looks."""
    emulator = emulator_factory(instances=5, visibility_lag_ms=3_600_000)
    ids = list(emulator.reset(instances=5))
    started = []
    for _turn in range(2):
        request = RunRequest.of(
            Targets.of(ids), ScriptContent(b"echo ran"), batch_size=batch_size, wait=False, idempotency_key="k"
        )
        started.append(run.run(client_of(emulator), request))
    assert started[0].invoke_ids == started[1].invoke_ids
    until(lambda: sum(runs(emulator).values()) >= len(ids))
    assert runs(emulator) == Counter(ids)


@pytest.mark.parametrize("identity", [{"client_token": "one-and-only"}, {"idempotency_key": "one-and-only"}])
def test_two_starts_that_leave_an_instance_out_are_one(emulator_factory: Any, identity: dict[str, str]):
    """The rest of a batch that the service has refused for one instance has the same token in each start."""
    emulator = emulator_factory(instances=3, visibility_lag_ms=3_600_000)
    ids = list(emulator.reset(instances=3))
    emulator.instance(ids[1], "agent-offline")
    started = []
    for _turn in range(2):
        request = RunRequest.of(Targets.of(ids), ScriptContent(b"echo ran"), unready="skip", wait=False, **identity)
        started.append(run.run(client_of(emulator), request))
    assert started[0].invoke_ids == started[1].invoke_ids != []
    until(lambda: sum(runs(emulator).values()) >= 2)
    assert runs(emulator) == Counter([ids[0], ids[2]])


@pytest.mark.parametrize("kind", ["drop_after", "truncate"])
def test_a_run_whose_every_answer_is_lost_is_not_sent_under_another_token(emulator: Any, kind: str):
    """Only a refusal that the service remembers may be asked anew; a lost answer may stand for a run."""
    ids = list(emulator.reset(instances=2))
    emulator.faults([{"action": "RunCommand", "kind": kind, "count": 2}])
    client = client_of(emulator)
    client._max_retries = 1
    outcome = run.run(client, RunRequest.of(Targets.of(ids), ScriptContent(b"echo ran"), idempotency_key="k"))
    assert outcome.failure() is not None
    assert [row["fault"] for row in emulator.requests() if row["action"] == "RunCommand"] == [kind, kind]
    settle(emulator)
    assert runs(emulator) == Counter(ids)


def _killed_after_noting(calls: dict[str, Any], send: Any) -> Any:
    """Return a stand-in for a client's call that notes each run by its first instance, and dies before it is sent."""

    def note(operation: str, params: Any, **options: Any) -> Any:
        if operation == "RunCommand":
            calls[params["InstanceId"][0]] = params
            raise Killed
        return send(operation, params, **options)

    return note


def test_the_rest_is_sent_alike_by_a_start_that_sees_a_part(emulator: Any):
    """What another start has begun and failed is run again beside the rest, and does not move the rest's batches."""
    ids = list(emulator.reset(instances=6))
    script = ScriptContent(b"case $(hostname) in *1Z) exit 1;; esac")
    seen = RunRequest.of(Targets.of(ids), script, batch_size=2, max_failures=0, idempotency_key="k")
    assert len(run.run(client_of(emulator), seen).invoke_ids) == 1
    # what the first start would have sent next, had it not stopped
    unseen: list[Any] = []
    for fresh in (ids, ids[2:]):
        client = client_of(emulator)
        send = client.call
        calls: dict[str, Any] = {}
        client.call = _killed_after_noting(calls, send)  # type: ignore[method-assign]
        # with unready: skip all batches are sent at the same time
        options: dict[str, Any] = {"max_concurrent_batches": 9, "unready": "skip", "idempotency_key": "k"}
        request = RunRequest.of(Targets.of(fresh), script, batch_size=2, **options)
        with pytest.raises(Killed):
            run.run(client, request)
        unseen.append(calls)
    assert unseen[0][ids[2]] == unseen[1][ids[2]]


SCRIPT = """
import json, sys
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.request import RunRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.run import run
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
account, ids = json.loads(sys.argv[1]), sys.argv[2:]
wanted = RunRequest.of(Targets.of(ids), ScriptContent(b"sleep 1; echo ran"), batch_size=2, client_token="one-and-only")
outcome = run(connect(account), wanted)
outcome.raise_for_failure()
print(json.dumps([outcome.changed, [result.status for result in outcome.results]]))
"""


def test_a_killed_process_is_started_again(emulator: Any):
    """A controller that is really killed, in the middle of its batches, and then started again."""
    ids = emulator.reset(instances=6)
    emulator.faults([{"action": "RunCommand", "kind": "delay", "delay_ms": 300, "nth": [3]}])
    ready = emulator.ready
    account = {name: ready[name] for name in ("region", "access_key_id", "access_key_secret", "endpoint")}
    command = [sys.executable, "-c", SCRIPT, json.dumps(account), *ids]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    until(lambda: any(row["action"] == "RunCommand" for row in emulator.requests()))
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    assert first.communicate()[0] == ""

    second = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(second.stdout)[1] == ["Success"] * 6
    assert runs(emulator) == Counter(ids)
    third = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(third.stdout) == [False, ["Success"] * 6]
    assert runs(emulator) == Counter(ids)
