# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each integration target's tasks pass against a fresh emulated cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from playbook_runner import ACTIONS, TARGETS, PlayResult
from support.permissions import assert_permitted
from support.return_values import assert_documented

# One run of ansible-playbook each, with what the machine has to allow: some targets give files to users of the
# instances, and others' scripts and files would meet in the machine's own folders.
GROUPS = {
    ("clouddc_instance", "clouddc_instance_info"): "none",
    ("ecs_agent", "ecs_agent_info", "ecs_instance"): "none",
    ("ecs_command", "ecs_invocation", "ecs_invocation_info"): "none",
    # tests/matrix plays these two on other releases
    ("ecs_instance_info", "ecs_run_command"): "none",
    ("ecs_fetch_file", "ecs_invoke_command"): "user-namespace",
    ("ecs_send_file",): "namespace",
}


def play(name: str, control: str) -> dict[str, Any]:
    """Return the play of a target, on a cloud that begins anew."""
    reset = {"name": "Begin anew", "emulator_reset": {"control": control}}
    local = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    return {"name": f"Test {name}", **local, "pre_tasks": [reset], "roles": [name]}


@pytest.mark.parametrize(
    "names",
    [pytest.param(names, marks=pytest.mark.isolation(least), id=", ".join(names)) for names, least in GROUPS.items()],
)
def test_targets(names: tuple[str, ...], emulator: Any, playbook: Callable[..., PlayResult]):
    plays = [play(name, emulator.ready["control"]) for name in names]
    run = playbook(
        "---\n" + yaml.safe_dump(plays, sort_keys=False),
        extra_vars={"emulator": emulator.ready},
        env={**emulator.env(), "ANSIBLE_ACTION_PLUGINS": str(ACTIONS)},
    )
    assert run.rc == 0, run.output
    assert_documented(run.results)
    resets = [row["result"]["requests"] for row in run.results if row["action"] == "emulator_reset"]
    requests = [request for requests in (*resets, emulator.requests()) for request in requests]
    assert set(names) <= assert_permitted(run.results, requests), "a module was not seen to call anything"


def test_every_target_is_played():
    assert sorted(name for names in GROUPS for name in names) == sorted(
        path.parent.parent.name for path in TARGETS.glob("*/tasks/main.yml")
    )
