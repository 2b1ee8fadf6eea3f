# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the process that reads the playbook loads, so that its forks need not."""

from __future__ import annotations

import subprocess
import sys

PACKAGE = "ansible_collections.cloudops.cloud_assistant.plugins.action"


def _loaded(before: str = "") -> str:
    script = f"import sys; {before}\nimport {PACKAGE}\nprint(sys.modules.get('requests') is not None)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_looking_for_the_action_plugin_loads_the_client_once_for_all_tasks() -> None:
    assert _loaded() == "True"


def test_without_requests_the_plugin_is_still_found() -> None:
    assert _loaded("sys.modules['requests'] = None") == "False"
