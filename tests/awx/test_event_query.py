# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Automation Platform counts each instance that a job managed once, from the results of the modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jq
import yaml
from playbook_runner import PlayResult
from support.environments import REPOSITORY

QUERIES = yaml.safe_load((REPOSITORY / "extensions" / "audit" / "event_query.yml").read_text(encoding="utf-8"))
RACK = "11111111-2222-4333-8444-555555555555"
FLEET = {
    "instances": [
        {"id": "i-web1"},
        {"id": "i-web2"},
        {"id": "i-offline1", "agent": {"online": False}},
        {"id": "i-old1", "status": "Stopped"},
    ],
    "clouddc": [{"id": RACK, "name": "rack-1", "state": "stopped", "delete_s": 0}],
}
PLAY = """---
- name: Touch the fleet in every way
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - cloudops.cloud_assistant.ecs_run_command:
        instance_ids: [i-web1, i-web2, i-offline1]
        content: exit 0
        unready: skip
    - cloudops.cloud_assistant.ecs_run_command:
        instance_ids: [i-web1, i-web2]
        content: exit 3
      ignore_errors: true
    - cloudops.cloud_assistant.ecs_command:
        name: greet
        content: echo hello
    - cloudops.cloud_assistant.ecs_invoke_command:
        command_name: greet
        instance_ids: [i-web1]
    - cloudops.cloud_assistant.ecs_invocation:
        command_name: greet
        instance_ids: [i-web2]
        repeat_mode: period
        frequency: 0 0 3 * * ?
    - cloudops.cloud_assistant.ecs_send_file:
        instance_ids: [i-web1]
        content: hello
        target_dir: /tmp
        name: greeting
    - cloudops.cloud_assistant.ecs_fetch_file:
        instance_ids: [i-web1]
        path: /tmp/greeting
        dest: "{{ playbook_dir }}/fetched/"
    - cloudops.cloud_assistant.ecs_agent:
        instance_ids: [i-web2]
    - cloudops.cloud_assistant.ecs_instance:
        instance_ids: [i-old1]
        state: absent
    - cloudops.cloud_assistant.clouddc_instance:
        id: {rack}
        state: absent
    - cloudops.cloud_assistant.ecs_run_command:
        instance_ids: []
        content: exit 0
      ignore_errors: true
    - cloudops.cloud_assistant.ecs_instance_info:
"""


def counted(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the ids that the queries find in the results of tasks, by module, as Automation Platform reads them."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["action"] in QUERIES:
            nodes = jq.compile(QUERIES[row["action"]]["query"]).input_value(row["result"]).all()
            assert all(node["name"] and node["facts"] and node["canonical_facts"] for node in nodes)
            found.setdefault(row["action"].rpartition(".")[2], []).extend(
                node["canonical_facts"]["instance_id"] for node in nodes
            )
    return found


def test_each_instance_is_counted_by_its_id(emulator: Any, playbook: Callable[..., PlayResult]):
    emulator.reset(FLEET)
    run = playbook(PLAY.replace("{rack}", RACK), env=emulator.env())
    assert run.rc == 0, run.output
    found = counted(run.results)
    assert found == {
        "ecs_run_command": ["i-web1", "i-web2", "i-web1", "i-web2"],
        "ecs_invoke_command": ["i-web1"],
        "ecs_invocation": ["i-web2"],
        "ecs_send_file": ["i-web1"],
        "ecs_fetch_file": ["i-web1"],
        "ecs_agent": ["i-web2"],
        "ecs_instance": ["i-old1"],
        "clouddc_instance": [RACK],
    }
    assert {f"cloudops.cloud_assistant.{name}" for name in found} == set(QUERIES)
