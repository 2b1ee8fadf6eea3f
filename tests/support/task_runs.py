# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task of a playbook, run in this process as a worker of ansible-playbook runs it."""

from __future__ import annotations

import inspect
from typing import Any
from unittest.mock import MagicMock

from ansible.executor.task_executor import TaskExecutor
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.plugins import loader as plugin_loaders
from ansible.vars.manager import VariableManager


def run_task(task: dict[str, Any], host: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a task on one host, whose variables name the connection.

    No process is forked, so that what the test has replaced in this one stays replaced.
    """
    loader = DataLoader()
    inventory = InventoryManager(loader, sources=f"{host},")
    manager = VariableManager(loader=loader, inventory=inventory)
    document = {"hosts": "all", "gather_facts": False, "vars": variables, "tasks": [task]}
    play = Play.load(document, variable_manager=manager, loader=loader)
    found = inventory.get_host(host)
    item = next(entry for block in play.compile() for entry in block.block if entry.action != "meta")
    given = {
        "host": found,
        "task": item,
        "job_vars": manager.get_vars(play=play, host=found, task=item),
        "play_context": PlayContext(play=play),
        "loader": loader,
        "shared_loader_obj": plugin_loaders,
        "variable_manager": manager,
    }
    # the others are where a worker's input comes from and its events go to; their names differ between releases
    names = list(inspect.signature(TaskExecutor).parameters)
    result: dict[str, Any] = TaskExecutor(**{name: given.get(name, MagicMock()) for name in names}).run()
    return result
