# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CloudDC modules give the same result in the controller's process and as a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playbook_runner import PlayResult

A = "11111111-2222-3333-4444-555555555555"
B = "66666666-7777-8888-9999-000000000000"
FLEET = {
    "clouddc": [{"id": A, "name": "a", "state": "stopped", "delete_s": 0}, {"id": B, "name": "b", "state": "running"}]
}

PLAY = """---
- name: Both ways
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Read
      cloudops.cloud_assistant.clouddc_instance_info:
      {how}
    - name: Delete one
      cloudops.cloud_assistant.clouddc_instance:
        id: {a}
        state: absent
      diff: true
      {how}
    - name: Fail to delete one
      cloudops.cloud_assistant.clouddc_instance:
        ids: [{a}, {b}]
        state: absent
      ignore_errors: true
      {how}
    - name: Refuse
      cloudops.cloud_assistant.clouddc_instance:
        ids: []
        state: absent
        secret_key: hush-hush
      ignore_errors: true
      {how}
"""
# a task with an environment of its own cannot run in the controller's process
WAYS = {"in process": "tags: [x]", "as a module": "environment: {SOME: thing}"}
CHANGING = {"created_at", "updated_at", "launched_at", "request_id", "exception"}


def comparable(value: Any) -> Any:
    """Return the result without what differs from run to run."""
    if isinstance(value, dict):
        return {key: comparable(inner) for key, inner in value.items() if key not in CHANGING}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    return value


@pytest.fixture
def both(emulator: Any, playbook: Callable[..., PlayResult]) -> dict[str, PlayResult]:
    """Return the play, run both ways on the same fleet."""
    runs = {}
    for way, how in WAYS.items():
        emulator.reset(FLEET)
        runs[way] = playbook(PLAY.format(how=how, a=A, b=B), env=emulator.env())
        assert runs[way].rc == 0, runs[way].output
        assert emulator.deletions() == {A: 1}
    return runs


def test_results_are_the_same(both: dict[str, PlayResult]):
    for task in ("Read", "Delete one", "Fail to delete one", "Refuse"):
        results = [comparable(run.result(task)) for run in both.values()]
        for result in results:  # the request id is part of the message
            result.pop("msg", None)
            for row in result.get("results", []):
                row.pop("msg", None)
        assert results[0] == results[1], task
    assert both["as a module"].result("Refuse")["msg"] == both["in process"].result("Refuse")["msg"]
    assert not [way for way, run in both.items() if "hush-hush" in run.output + str(run.results)]
