# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each integration target's tasks pass against a fresh emulated cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playbook_runner import TARGETS, PlayResult
from support.permissions import assert_permitted
from support.return_values import assert_documented

NAMES = sorted(path.parent.parent.name for path in TARGETS.glob("*/tasks/main.yml"))

# ecs_send_file gives files to users; the others' scripts and files would meet in the machine's own folders
ISOLATIONS = {"ecs_fetch_file": "user-namespace", "ecs_invoke_command": "user-namespace", "ecs_send_file": "namespace"}

PLAY = """---
- name: Test {name}
  hosts: localhost
  connection: local
  gather_facts: false
  roles:
    - {name}
"""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.isolation(ISOLATIONS.get(name, "none"))) for name in NAMES]
)
def test_target(name: str, emulator: Any, playbook: Callable[..., PlayResult]):
    run = playbook(PLAY.format(name=name), extra_vars={"emulator": emulator.ready}, env=emulator.env())
    assert run.rc == 0, run.output
    assert run.results, "the target ran no task"
    assert_documented(run.results)
    assert name in assert_permitted(run.results, emulator.requests()), "the module was not seen to call anything"
