# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file in parts, on instances in memory: what is sent again, what is given up, and what is left behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files import staging
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.deliveries import (
    Arrival,
    Delivery,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.parts import pack
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.send_request import (
    SendRequest,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.send_scripts import Report
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.sending import Sent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline

DATA = b"0123456789"
PARCEL = pack(DATA, compress=False, part_bytes=4)
NUMBERS = {PARCEL.part_name(number): number for number in range(1, PARCEL.count + 1)}


class Instances:
    """What has arrived on each instance; ``lost`` deliveries (instance, part) do not, ``errors`` are of instances."""

    def __init__(self, lost: Iterable[tuple[str, int]] = (), errors: dict[str, str] | None = None) -> None:
        self.lost = Counter(lost)
        self.errors = errors or {}
        self.parts: dict[str, set[int]] = {}
        self.sent: list[tuple[int, tuple[str, ...]]] = []
        self.scripts: list[tuple[str, tuple[str, ...]]] = []

    def deliver(self, _client: Any, delivery: Delivery, ids: Sequence[str], **_options: Any) -> Sent:
        number = NUMBERS[delivery.name]
        self.sent.append((number, tuple(ids)))
        for one in ids:
            if self.lost[one, number]:
                self.lost[one, number] -= 1
            elif one not in self.errors:
                self.parts.setdefault(one, set()).add(number)
        return Sent(invoke_id=f"t-{len(self.sent)}", instance_ids=tuple(ids))

    def wait(self, _client: Any, invoke_id: str, ids: Iterable[str], *_more: Any) -> dict[str, Arrival]:
        return {
            one: Arrival(one, invoke_id, "Failed" if one in self.errors else "Success", self.errors.get(one, ""))
            for one in ids
        }

    def run(self, _client: Any, ids: Iterable[str], _script: str, *, name: str, **_options: Any) -> RunOutcome:
        what = name.rpartition("-")[2]
        self.scripts.append((what, tuple(ids)))
        outcome = RunOutcome()
        outcome.results = [InstanceResult(one, "Success", output=self._report(what, one)) for one in ids]
        return outcome

    def _report(self, what: str, one: str) -> bytes:
        there = self.parts.get(one, set())
        state = "tidy" if what == "tidy" else "done" if there >= set(NUMBERS.values()) else "incomplete"
        return f"state {state}\nparts {','.join(f'{number}-{number}' for number in sorted(there))}\n".encode()


@pytest.fixture
def transfer(monkeypatch: pytest.MonkeyPatch) -> Any:
    def begin(instances: Instances, **options: Any) -> staging.Staging:
        monkeypatch.setattr(staging, "deliver", instances.deliver)
        monkeypatch.setattr(staging, "wait_arrival", instances.wait)
        monkeypatch.setattr(staging, "run_internal_script", instances.run)
        monkeypatch.setattr(staging, "map_concurrently", lambda call, items: [call(item) for item in items])
        request = SendRequest(Targets(("i-1", "i-2")), DATA, "/srv", "file", **options)
        return staging.Staging(None, request, PARCEL, Deadline(60), lambda text: None)  # type: ignore[arg-type]

    return begin


def states(results: Any) -> dict[str, tuple[str, str]]:
    return {item: (one.result.status, one.result.error_code) for item, one in results.items()}


def test_parts_that_are_there_already_are_not_sent(transfer: Any):
    instances = Instances()
    instances.parts = {"i-1": {1, 3}}
    task = transfer(instances)
    assert states(task.bring({"i-1": Report(parts="1-1,3-3"), "i-2": Report()})) == {
        "i-1": ("Success", ""),
        "i-2": ("Success", ""),
    }
    assert instances.sent == [(1, ("i-2",)), (2, ("i-1", "i-2")), (3, ("i-2",))]
    assert instances.scripts == [("assemble", ("i-1", "i-2"))]
    assert (task.calls, task.resumed) == (3, 2)


def test_only_the_part_that_got_lost_is_sent_again(transfer: Any):
    instances = Instances(lost=[("i-2", 2)])
    assert set(states(transfer(instances).bring({"i-1": Report(), "i-2": Report()})).values()) == {("Success", "")}
    assert instances.sent[3:] == [(2, ("i-2",))]
    assert instances.scripts == [("assemble", ("i-1", "i-2")), ("assemble", ("i-2",))]


def test_what_never_arrives_is_given_up_and_its_parts_are_kept_for_the_next_task(transfer: Any):
    instances = Instances(lost=[("i-1", 2)] * 3)
    task = transfer(instances)
    assert states(task.bring({"i-1": Report()})) == {"i-1": ("Failed", "DeliveryIncomplete")}
    assert [number for number, _ids in instances.sent] == [1, 2, 3, 2, 2]
    assert instances.scripts[-1] == ("tidy", ("i-1",))
    assert "the next run of the task sends only the missing ones" in task.hint


def test_an_error_that_lasts_ends_the_transfer_on_its_instance_alone(transfer: Any):
    instances = Instances(errors={"i-2": "FileAuthorityInvalid"})
    task = transfer(instances)
    assert states(task.bring({"i-1": Report(), "i-2": Report()})) == {
        "i-1": ("Success", ""),
        "i-2": ("Failed", "FileAuthorityInvalid"),
    }
    assert instances.scripts == [("assemble", ("i-1",)), ("tidy", ("i-2",))]
    assert task.hint == ""


def test_an_error_of_the_service_ends_the_task(transfer: Any, monkeypatch: pytest.MonkeyPatch):
    instances = Instances()
    task = transfer(instances)
    error = ApiError("RunCommand", "Forbidden.RAM", "no", "R-1", 403, "host")

    def refused(_client: Any, _ids: Any, _script: str, *, name: str, **_options: Any) -> RunOutcome:
        raise error

    monkeypatch.setattr(staging, "run_internal_script", refused)
    assert states(task.bring({"i-1": Report()})) == {"i-1": ("Failed", "")}
    assert task.errors[0] is error
