# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defaults that are set once for a group of modules reach every module of that cloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

RUNTIME = yaml.safe_load((Path(__file__).parents[2] / "meta" / "runtime.yml").read_text(encoding="utf-8"))
# what each module cannot do without
NEEDED: dict[str, dict[str, Any]] = {
    "ecs_agent": {"instance_ids": ["i-1"]},
    "ecs_command": {"name": "job", "content": "true"},
    "ecs_fetch_file": {"instance_ids": ["i-1"], "path": "/etc/hostname", "dest": "fetched"},
    "ecs_instance": {"instance_ids": ["i-1"], "state": "running"},
    "ecs_invocation": {"command_id": "c-1", "instance_ids": ["i-1"], "frequency": "rate(5m)"},
    "ecs_invoke_command": {"command_id": "c-1", "instance_ids": ["i-1"]},
    "ecs_run_command": {"content": "true", "instance_ids": ["i-1"]},
    "ecs_send_file": {"instance_ids": ["i-1"], "content": "x", "name": "x", "target_dir": "/tmp"},
    "clouddc_instance": {"id": "c25a0d2e-3b54-4a0d-8a0f-0f4f2b7f9d11", "state": "absent"},
}


@pytest.mark.parametrize("environment", [{}, {"MODULE": "process"}], ids=["in process", "as a module"])
def test_defaults_of_a_group_reach_all_its_modules(playbook: Callable[..., Any], environment: dict[str, str]):
    groups = RUNTIME["action_groups"].values()
    # that a module process gets them differs by group alone
    modules = [name for group in groups for name in (group[:1] if environment else group)]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "environment": environment,
        "module_defaults": {
            f"group/cloudops.cloud_assistant.{group}": {"endpoint": f"ftp://{group}.example"}
            for group in RUNTIME["action_groups"]
        },
        "tasks": [
            {"name": name, f"cloudops.cloud_assistant.{name}": NEEDED.get(name, {}), "ignore_errors": True}
            for name in modules
        ],
    }
    keys = {
        "ALIBABA_CLOUD_REGION_ID": "cn-hangzhou",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "key",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret-of-the-key",
        "HUAWEICLOUD_SDK_AK": "key",
        "HUAWEICLOUD_SDK_SK": "secret-of-the-key",
        "HW_REGION_NAME": "cn-east-3",
    }
    result = playbook(yaml.safe_dump([play]), env=keys)
    assert result.rc == 0, result.output
    messages = {name: result.result(name).get("msg", "") for name in modules}
    assert all(message.startswith("endpoint: ") for message in messages.values()), messages
