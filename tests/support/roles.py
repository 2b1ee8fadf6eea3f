# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the roles through their playbooks on emulated instances, with the text that a survey gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.request import RunRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.run import run
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from playbook_runner import PlayResult
from support.environments import REPOSITORY

PLAYBOOKS = REPOSITORY / "playbooks"
WEB = [f"i-web-{number}" for number in range(1, 7)]
FLEET = [{"id": id, "tags": {"role": "web", "environment": "test"}} for id in WEB] + [
    {"id": "i-stopped", "tags": {"role": "web", "environment": "test"}, "status": "Stopped"},
    {"id": "i-db", "tags": {"role": "db", "environment": "test"}},
]
# a script that fails where the file /srv/broken is
FAILS_WHERE_BROKEN = "echo checked; [ ! -e /srv/broken ]"


class Roles:
    """Runs the playbook of a role on a fleet of its own and reads the report."""

    def __init__(self, emulator: Any, playbook: Callable[..., PlayResult], folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        names = ("region", "access_key_id", "access_key_secret", "endpoint")
        self.client = connect({name: emulator.ready[name] for name in names})
        self._playbook = playbook

    def run(self, name: str, *, check: bool = False, **variables: Any) -> PlayResult:
        """Run the playbook with these extra variables."""
        return self._playbook(PLAYBOOKS / f"{name}.yml", extra_vars=variables, check=check, env=self.emulator.env())

    def run_roles(self, *entries: tuple[str, dict[str, Any]], **options: Any) -> PlayResult:
        """Run a play that uses these roles, each with its variables, and continues after one that fails."""
        tasks = [
            {
                "block": [
                    {
                        "name": f"Use {role}",
                        "ansible.builtin.include_role": {"name": f"cloudops.cloud_assistant.{role}"},
                        "vars": variables,
                        "tags": ["always"],
                    }
                ],
                "rescue": [
                    {
                        "name": f"Failure {number}",
                        "ansible.builtin.debug": {"msg": "{{ ansible_failed_result }}"},
                    }
                ],
            }
            for number, (role, variables) in enumerate(entries)
        ]
        play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
        return self._playbook(f"---\n{json.dumps([play])}\n", env=self.emulator.env(), **options)

    def on_instances(self, script: str, *instance_ids: str) -> dict[str, str]:
        """Run a script on instances, without Ansible, and return what each printed."""
        outcome = run(self.client, RunRequest.of(Targets.of(list(instance_ids)), ScriptContent(script.encode())))
        outcome.raise_for_failure()
        return {row.instance_id: row.as_dict()["stdout"] for row in outcome.results}

    def report(self, name: str) -> dict[str, Any]:
        """Return the latest JSON report of that name."""
        latest = max(self.folder.glob(f"{name}-*.json"), key=lambda path: path.stat().st_mtime_ns)
        return json.loads(latest.read_text(encoding="utf-8"))

    def states(self, name: str) -> dict[str, tuple[str, str]]:
        """Return the status and phase of each instance in the report."""
        return {row["instance_id"]: (row["status"], row.get("phase")) for row in self.report(name)["results"]}
