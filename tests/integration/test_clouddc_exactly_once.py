# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever goes wrong on the way, each CloudDC instance is deleted once, and the task says truly what it changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.clouddc.deletion import Deletion
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import CloudError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.options import HUAWEI_OPTIONS, connect
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playbook_runner import PlayResult

ID = "11111111-2222-3333-4444-555555555555"
ABSENT = "99999999-0000-0000-0000-000000000000"

PLAY = f"""---
- name: Delete
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Delete
      cloudops.cloud_assistant.clouddc_instance:
        id: {ID}
        state: absent
"""

OPERATIONS = [
    "DeleteInstance",
    "DeleteInstances",
    "ListInstances",
    "ShowInstanceStatus",
    "ShowServer",
    "ChangeServerPowerState",
    "*",
]

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "state": st.sampled_from(["stopped", "running", "error", "pending", "terminated", "shutting-down"]),
            "delete_s": st.sampled_from([0, 1, 30]),
            "forget_after_s": st.sampled_from([0, 600]),
            "error_lag_s": st.sampled_from([0, 5]),
            "delete_when_running": st.booleans(),
        }
    ),
    min_size=1,
    max_size=60,
)

FAULTS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["drop_before", "drop_after", "reset", "truncate", "duplicate", "throttle"]),
                "action": st.sampled_from(OPERATIONS),
                "probability": st.sampled_from([0.1, 0.4, 0.9]),
                "seed": st.integers(0, 99),
                "count": st.integers(1, 3),
            }
        ),
        st.fixed_dictionaries(
            {
                "kind": st.just("status"),
                "status": st.sampled_from([500, 502, 503]),
                "code": st.just("iMetal.0099"),
                "action": st.sampled_from(OPERATIONS),
                "nth": st.lists(st.integers(1, 4), min_size=1, max_size=2, unique=True),
            }
        ),
    ),
    max_size=4,
)


class EmulatedTime:
    """A clock that moves the emulator's along with every pause, so that no test has to wait."""

    def __init__(self, emulator: Any) -> None:
        self._emulator = emulator
        self._now = 0.0

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        self._emulator.advance(seconds)

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds, clock=lambda: self._now, sleep=self.sleep)


def deletion(emulator: Any, ids: list[str], *, max_retries: int) -> Deletion:
    """Return a deletion against the emulator, on its clock."""
    ready = emulator.ready
    client = connect(
        {
            **dict.fromkeys(HUAWEI_OPTIONS),
            "region": "cn-east-3",
            "endpoint": ready["clouddc_endpoint"],
            "iam_endpoint": ready["iam_endpoint"],
            "access_key": ready["access_key_id"],
            "secret_key": ready["access_key_secret"],
            "max_retries": max_retries,
        }
    )
    deadline = EmulatedTime(emulator).deadline(3600)
    return Deletion(client, ids, power_off_first=True, deadline=deadline)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, faults=FAULTS, patience=st.sampled_from([0, 1, 12]))
def test_each_instance_is_deleted_once(
    emulator: Any, rows: list[dict[str, Any]], faults: list[dict[str, Any]], patience: int
):
    ids = [f"{number:08}-0000-0000-0000-000000000000" for number in range(len(rows))]
    fleet = [{**row, "id": id} for id, row in zip(ids, rows, strict=True)]
    emulator.reset({"clouddc": fleet})
    emulator.faults(faults)
    everything = [*ids, ABSENT]

    first = deletion(emulator, everything, max_retries=patience)
    try:
        first.plan()
        first.carry_out()
        finished = True
    except CloudError as error:
        finished = False
        assert patience < 12, f"with enough patience every fault passes: {error}"
    claimed = {row["id"] for row in first.changes.results() if row["changed"] and row["action"] == "delete"}
    counted = emulator.deletions()
    assert set(counted.values()) <= {1}
    if finished:
        wanted = {row["id"] for row in fleet if row["state"] not in ("terminated", "shutting-down")}
        assert set(counted) == claimed == wanted
        assert first.changes.changed is bool(wanted)

    emulator.clear_faults()
    again = deletion(emulator, everything, max_retries=0)
    again.plan()
    again.carry_out()
    assert {row["state"] for row in again.changes.results()} <= {"terminated", "absent"}
    assert set(emulator.deletions().values()) <= {1}
    if finished:
        assert again.changes.changed is False


@pytest.mark.parametrize("forget_after_s", [0, 600], ids=["then 404", "then refused"])
def test_task_whose_answer_is_lost(emulator: Any, playbook: Callable[..., PlayResult], forget_after_s: int):
    row = {"id": ID, "state": "stopped", "delete_s": 0 if forget_after_s == 0 else 1, "forget_after_s": forget_after_s}
    emulator.reset({"clouddc": [row]})
    emulator.faults([{"action": "DeleteInstance", "kind": "drop_after", "nth": [1]}])
    run = playbook(PLAY, env=emulator.env())
    assert run.rc == 0, run.output
    assert run.result("Delete")["changed"] is True
    asked = [row for row in emulator.requests() if row["action"] == "DeleteInstance"]
    assert len(asked) == 2
    assert emulator.deletions() == {ID: 1}
    assert playbook(PLAY, env=emulator.env()).result("Delete")["changed"] is False


def test_failed_deletion_fails_the_task_and_can_be_repeated(emulator: Any, playbook: Callable[..., PlayResult]):
    emulator.reset({"clouddc": [{"id": ID, "state": "stopped", "delete_s": 0.5, "delete_fails": True}]})
    run = playbook(PLAY, env=emulator.env())
    assert run.rc == 2, run.output
    result = run.result("Delete")
    assert "Failed to uninstall the operating system" in result["msg"]
    assert result["error"]["error_code"] == "iMetal.0099"
    assert result["results"][0]["state"] == "error"
    assert emulator.deletions() == {ID: 1}


def test_wrong_signature_is_sent_once(emulator: Any, playbook: Callable[..., PlayResult]):
    run = playbook(PLAY, env={**emulator.env(), "HUAWEICLOUD_SDK_SK": "wrong-secret"})
    assert run.result("Delete")["error"]["http_status"] == 401
    assert [row["status"] for row in emulator.requests()] == [401]
    assert "wrong-secret" not in run.output
