# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer that a module reads, with each field missing, null or of another type, and as a page of somebody else.

The emulator does what it is asked; the answer is changed on its way back, in every try. Whatever comes of that: no
defect, no script twice, and no success that rests on what nobody said. What is tried is a share that is the same in
each run, or, with TESTS=whole, everything, which takes hours.
"""

from __future__ import annotations

import copy
import functools
import json
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import run_in_process
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpAnswer, HttpTransport
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from ansible_collections.cloudops.cloud_assistant.plugins.modules import (
    clouddc_instance,
    clouddc_instance_info,
    ecs_agent,
    ecs_agent_info,
    ecs_command,
    ecs_command_info,
    ecs_instance,
    ecs_instance_info,
    ecs_invocation,
    ecs_invocation_info,
    ecs_invoke_command,
    ecs_run_command,
    ecs_send_file,
)
from emulator.testing import start_emulator
from support import figures
from support.huawei import forget_logins
from support.plugin_runs import inventory, lookup
from support.share import WHOLE

SHARE = 1 if WHOLE else 120
"""One trial in so many is made."""
ONE, TWO = ("i-cnhaemu000000000001", "i-cnhaemu000000000002")
SERVER, RUNNING = ("aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002")
STORED = (ecs_command, {"name": "stored", "content": "echo stored"})
SCHEDULE = (ecs_invocation, {"command_name": "stored", "instance_ids": [ONE], "frequency": "0 0 3 * * ?"})

PLAY = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Run
      cloudops.cloud_assistant.ecs_run_command:
        instance_ids: [{ONE}]
        content: echo once
        max_retries: 1
      ignore_errors: true
"""

Step = tuple[Any, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One task, after the tasks that prepare it.

    ``without``: operations whose answers it can do without, as what they do is seen otherwise: results show that a run
    has ended, a list that something is gone. ``no_agent``: the first instance has no agent yet.
    """

    module: Any
    options: dict[str, Any]
    before: tuple[Step, ...] = ()
    generation: str = "current"
    without: frozenset[str] = frozenset()
    no_agent: bool = False


WAITED = frozenset({"DescribeInvocations"})
STORING = frozenset({"CreateCommand", "InvokeCommand", "DeleteCommand", "DescribeInvocations"})
DELETING = frozenset({"DeleteCommand", "DeleteInstances", "DeleteInstance", "DELETE instances/{id}"})
UNDER_KEY: Step = (ecs_run_command, {"instance_ids": [ONE], "content": "echo key", "idempotency_key": "k"})

STOPPED: Step = (ecs_instance, {"instance_ids": [TWO], "state": "stopped"})
CASES = {
    "run": Case(ecs_run_command, {"instance_ids": [ONE, TWO], "content": "echo run"}, without=WAITED),
    "run under a key": Case(*UNDER_KEY, without=WAITED),
    "run again under a key": Case(*UNDER_KEY, (UNDER_KEY,)),
    "invoke": Case(ecs_invoke_command, {"command_name": "stored", "instance_ids": [ONE]}, (STORED,), without=WAITED),
    "schedule": Case(*SCHEDULE, (STORED,)),
    "reschedule": Case(ecs_invocation, {**SCHEDULE[1], "frequency": "0 0 4 * * ?"}, (STORED, SCHEDULE)),
    "stop a schedule": Case(ecs_invocation, {"command_name": "stored", "state": "stopped"}, (STORED, SCHEDULE)),
    "invocations": Case(ecs_invocation_info, {"instance_ids": [ONE]}, (STORED, SCHEDULE)),
    "store": Case(*STORED),
    "store again": Case(ecs_command, {"name": "stored", "content": "echo other"}, (STORED,), without=DELETING),
    "forget": Case(ecs_command, {"name": "stored", "state": "absent"}, (STORED,), without=DELETING),
    "tag": Case(ecs_command, {**STORED[1], "tags": {"a": "b"}}, (STORED,)),
    "commands": Case(ecs_command_info, {"name": "stored"}, (STORED,)),
    "instances": Case(ecs_instance_info, {"instance_ids": [ONE, TWO]}),
    "delete": Case(ecs_instance, {"instance_ids": [TWO], "state": "absent", "force": True}, without=DELETING),
    "stop": Case(ecs_instance, {"instance_ids": [TWO], "state": "stopped"}),
    "start": Case(ecs_instance, {"instance_ids": [TWO], "state": "running"}, (STOPPED,)),
    "reboot": Case(ecs_instance, {"instance_ids": [TWO], "state": "rebooted"}),
    "agents": Case(ecs_agent_info, {"instance_ids": [ONE, TWO]}),
    "install": Case(ecs_agent, {"instance_ids": [ONE]}, no_agent=True),
    "look up": Case(lookup, {"names": ["stored"]}, (STORED,)),
    "inventory": Case(inventory, {}),
    "send": Case(ecs_send_file, {"instance_ids": [ONE], "content": "sent", "dest": "/tmp/answers"}, without=WAITED),
    "run, classic": Case(ecs_run_command, {"instance_ids": [ONE], "content": "echo old"}, (), "classic", STORING),
    "forget, classic": Case(ecs_command, {"name": "stored", "state": "absent"}, (STORED,), "classic", DELETING),
    "reboot, classic": Case(ecs_instance, {"instance_ids": [TWO], "state": "rebooted"}, (), "classic"),
    "delete, classic": Case(
        ecs_instance, {"instance_ids": [TWO], "state": "absent", "force": True}, (), "classic", DELETING
    ),
    "delete a server": Case(clouddc_instance, {"id": SERVER, "state": "absent"}, (), "huawei", DELETING),
    "power off and delete a server": Case(
        clouddc_instance, {"id": RUNNING, "state": "absent", "power_off_first": True}, (), "huawei", DELETING
    ),
    "servers": Case(clouddc_instance_info, {"ids": [SERVER]}, (), "huawei"),
}

PAGES = {
    **{f"page {status}": (status, b"<html>a page</html>") for status in (302, 401, 403, 404, 408, 409, 429, 451, 503)},
    "empty 204": (204, b""),
    "empty 200": (200, b""),
    "a login page": (200, b"<html>please log in</html>"),
    "somebody's JSON": (200, b'{"status": "error", "message": "please log in"}'),
    "a RequestId alone": (200, b'{"RequestId": "r"}'),
    "somebody's refusal": (403, b'{"code": 403, "message": "no"}'),
    "a list": (200, b"[]"),
    "deep": (200, b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "half a pair": (200, b'{"RequestId": "\\ud800"}'),
}
REMOVED = object()


@dataclass
class Way:
    """What lies between the modules and the emulator: it keeps genuine answers, and changes those to be changed."""

    genuine: dict[str, Any] = field(default_factory=dict)
    operation: str = ""
    change: Callable[[HttpAnswer], HttpAnswer] | None = None
    changed: int = 0

    def __call__(self, operation: str, answer: HttpAnswer) -> HttpAnswer:
        if self.change is None and answer.body and 200 <= answer.status < 300:
            # the fullest: the first look at a run may find no row
            known = self.genuine.get(operation)
            found = json.loads(answer.body)
            if known is None or len(list(places(found))) > len(list(places(known))):
                self.genuine[operation] = found
        if self.change is None or operation != self.operation:
            return answer
        changed = self.change(answer)
        self.changed += changed.body != answer.body or changed.status != answer.status
        return changed


def operation_of(method: str, url: str, headers: dict[str, str]) -> str:
    """Return the name of the operation, or for Huawei Cloud its method and path."""
    path = url.partition("?")[0].partition("/v1/")[2].partition("/")[2]
    return headers.get("x-acs-action") or f"{method} {re.sub('[0-9a-f]{8}(-[0-9a-f]+){4}', '{id}', path)}"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Any]:
    fleet = {"instances": [{"id": ONE, "name": "one"}, {"id": TWO, "name": "two"}]}
    servers = [{"id": SERVER, "state": "stopped", "delete_s": 0.1}, {"id": RUNNING, "state": "running"}]
    with start_emulator(fleet={**fleet, "clouddc": servers}) as running:
        yield running


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Way:
    """Return the way to the emulator, on a clock that runs ahead where somebody waits."""
    found, ahead, real = Way(), [0.0], HttpTransport.send

    def sleep(seconds: float) -> None:
        time.sleep(min(seconds, 0.03))
        ahead[0] += max(0.0, seconds - 0.03)

    @functools.wraps(real)
    def send(self: HttpTransport, method: str, url: str, headers: Any, *args: Any, **options: Any) -> HttpAnswer:
        answer = real(self, method, url, headers, *args, **options)
        return found(operation_of(method, url, dict(headers)), answer)

    monkeypatch.setattr(HttpTransport, "send", send)
    monkeypatch.setattr(Deadline.__init__, "__defaults__", (lambda: time.monotonic() + ahead[0], sleep))
    return found


def run(emulator: Any, case: Case) -> dict[str, Any]:
    """Return the result of the case's task, which waits as long as it likes and tries everything once more."""
    ready = emulator.ready
    common = {"access_key": ready["access_key_id"], "secret_key": ready["access_key_secret"]}
    if case.generation == "huawei":
        given = {"endpoint": ready["clouddc_endpoint"], "iam_endpoint": ready["iam_endpoint"], "region": "cn-east-3"}
    else:
        given = {"endpoint": ready["endpoint"], "region": ready["region"], "api_generation": case.generation}
    return run_in_process(
        case.module.SPEC,
        case.module.ensure,
        {**common, **given, "max_retries": 1, **case.options},
        check_mode=False,
        diff_mode=False,
        warn=lambda text: None,
        progress=lambda text: None,
    )


def prepared(emulator: Any, way: Way, case: Case) -> None:
    """Return a cloud in which nothing has happened but what prepares the case."""
    way.change = None
    emulator.reset()
    forget_logins()
    if case.no_agent:
        emulator.instance(ONE, "agent-uninstall")
    for module, options in case.before:
        assert not run(emulator, replace(case, module=module, options=options)).get("failed")


def executions(emulator: Any) -> dict[str, int]:
    return {instance_id: len(rows) for instance_id, rows in emulator.executions().items()}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the way to every field; of a list, to the fields of its first entry, which stands for all."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from places(inner, (*path, name))
    elif isinstance(value, list) and value:
        yield (*path, 0)
        yield from places(value[0], (*path, 0))


def edited(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return the document with another value at that place, in every entry of a list."""
    name, rest = path[0], path[1:]
    if isinstance(value, list):
        return [edited(item, rest, new) if rest else new for item in value]
    if not isinstance(value, dict) or name not in value:
        return value
    changed = dict(value)
    if rest:
        changed[name] = edited(value[name], rest, new)
    elif new is REMOVED:
        del changed[name]
    else:
        changed[name] = new
    return changed


def other_type(value: Any) -> Any:
    return {"x": ["y"]} if isinstance(value, (str, int, list)) else "text"


def changes(genuine: Any) -> Iterator[tuple[str, Callable[[HttpAnswer], HttpAnswer]]]:
    """Return everything that is done to an answer, with its name."""
    for name, (status, body) in PAGES.items():
        yield name, lambda answer, status=status, body=body: HttpAnswer(status, {}, body)
    for path in places(genuine):
        at = functools.reduce(lambda inner, key: inner[key], path, genuine)
        for what, new in (("missing", REMOVED), ("null", None), ("another type", other_type(at))):
            if path[-1] == 0 and new is REMOVED:
                continue
            where = ".".join(map(str, path))

            def change(answer: HttpAnswer, path: Any = path, new: Any = new) -> HttpAnswer:
                if answer.status != 200:
                    return answer
                document = edited(copy.deepcopy(json.loads(answer.body)), path, new)
                return HttpAnswer(200, answer.headers, json.dumps(document).encode())

            yield f"{where} {what}", change


def chosen(*names: str) -> bool:
    """Return whether a trial belongs to the share that is tried."""
    return zlib.crc32("|".join(names).encode()) % SHARE == 0


# fields without which nothing is known: what each answer has, and those on which decisions rest in lists
DECISIVE = {
    *("RequestId", "Commands", "Command", "Invocations", "Invocation", "InvocationResults", "InvocationResult"),
    *("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus", "Instances", "Instance", "InvokeInstances"),
    *("InvokeInstance", "InstanceResponses", "InstanceResponse", "InvokeId", "InstanceId", "CloudAssistantStatus"),
    *("Status", "Code", "id", "state", "instances", "page_info", "projects"),
}


def must_fail(case: Case, operation: str, what: str) -> bool:
    """Return whether no task can succeed with such an answer to each of its calls of the operation."""
    if operation in case.without:
        return False
    if what in PAGES:
        return what != "a RequestId alone" or operation.startswith(("Describe", "Run", "Invoke", "Create"))
    *around, name = what.split(" ")[0].split(".")
    return name in DECISIVE and not {"image", "tags"} & {*around} and operation != "DescribeInvocationResults"


@pytest.mark.counted
@pytest.mark.parametrize("name", CASES)
def test_nothing_is_decided_by_a_missing_field(
    emulator: Any, way: Way, name: str, record_property: Callable[[str, Any], None]
) -> None:
    case = CASES[name]
    prepared(emulator, way, case)
    way.genuine.clear()
    before = executions(emulator)
    normal = run(emulator, case)
    assert not normal.get("failed"), normal
    most = {instance_id: count - before.get(instance_id, 0) for instance_id, count in executions(emulator).items()}
    tried: Counter[str] = Counter()
    for operation, genuine in dict(way.genuine).items():
        for what, change in changes(genuine):
            if not chosen(name, operation, what):
                continue
            tried[operation] += 1
            prepared(emulator, way, case)
            before = executions(emulator)
            way.operation, way.change, way.changed = operation, change, 0
            result = run(emulator, case)
            way.change = None
            trial = f"{name}: {operation}: {what}"
            text = f"{trial}: {json.dumps(result)[:1500]}"
            assert "defect of the collection" not in str(result.get("msg")), text
            assert "Traceback" not in json.dumps(result), text
            for instance_id, count in executions(emulator).items():
                assert count - before.get(instance_id, 0) <= most.get(instance_id, 0), text
            if not result.get("failed"):
                assert result["changed"] == normal["changed"], text
                assert not way.changed or not must_fail(case, operation, what), text
            figures.count("answers")
    record_property("trials", dict(tried))


@pytest.mark.parametrize("name", ["run", "run under a key"])
def test_a_page_after_the_effect_never_runs_a_script_twice(emulator: Any, way: Way, name: str) -> None:
    """A proxy passes the call on and answers itself: once, which costs nothing, and in every try."""
    case = CASES[name]
    instances = case.options["instance_ids"]
    for what, (status, body) in PAGES.items():
        page = HttpAnswer(status, {}, body)
        prepared(emulator, way, case)
        answers = iter([page])
        way.operation, way.change = "RunCommand", lambda answer, answers=answers: next(answers, answer)
        result = run(emulator, case)
        assert not result.get("failed"), f"{what}: {result['msg']}"
        assert result["changed"], what
        assert executions(emulator) == dict.fromkeys(instances, 1), what
        prepared(emulator, way, case)
        way.change = lambda answer, page=page: page
        result = run(emulator, case)
        way.change = None
        assert result["failed"], what
        assert result["changed"], what
        assert "may have arrived and taken effect" in result["msg"], what
        assert executions(emulator) == dict.fromkeys(instances, 1), what


def test_the_message_warns_that_a_script_may_have_run(emulator: Any, playbook: Any) -> None:
    emulator.reset()
    emulator.faults([{"action": "RunCommand", "kind": "page", "status": 403, "body": "<html>no entry</html>"}])
    result = playbook(PLAY, env=emulator.env())
    emulator.clear_faults()
    row = result.row("Run")
    assert row["outcome"] == "ignored", result.output
    outcome = row["result"]
    assert outcome["changed"]
    assert "is not a reply of the API" in outcome["msg"]
    assert "may have arrived and taken effect" in outcome["msg"]
    assert outcome["error"]["http_status"] == 403
    assert executions(emulator) == {ONE: 1}
