# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the process that reads the playbook loads, so that its forks need not."""

from __future__ import annotations

import subprocess
import sys

import pytest

PACKAGE = "ansible_collections.cloudops.cloud_assistant.plugins.action"
MODULE = "ansible_collections.cloudops.cloud_assistant.plugins.modules.ecs_run_command"


def _loads(name: str, before: str = "") -> bool:
    """Return whether a process that imports the package has then loaded a Python module."""
    script = f"import sys; {before}\nimport {PACKAGE}\nprint(sys.modules.get({name!r}) is not None)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "True"


@pytest.mark.parametrize("name", ["requests", f"{PACKAGE}.ecs_run_command", MODULE])
def test_looking_for_the_action_plugin_loads_what_tasks_need_once_for_all(name: str) -> None:
    assert _loads(name)


def test_without_requests_the_plugin_is_still_found() -> None:
    assert not _loads("requests", "sys.modules['requests'] = None")
