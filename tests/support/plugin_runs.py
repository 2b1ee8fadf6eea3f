# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup and the inventory in the shape of a module, so that what is tried with modules is tried with them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader, lookup_loader
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import TaskFailure
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import TaskContext, TaskSpec

LOOKUP = "cloudops.cloud_assistant.ecs_command_id"
INVENTORY = "cloudops.cloud_assistant.ecs"


def _as_module(read: Callable[[dict[str, Any]], list[str]], **options: Any) -> Any:
    """Return something with a module's SPEC and ensure; what Ansible would report as an error is a failed task."""

    def ensure(task: TaskContext) -> dict[str, Any]:
        given = {name: value for name, value in task.params.items() if value is not None}
        try:
            return {"changed": False, "found": read(given)}
        except AnsibleError as error:
            raise TaskFailure(str(error)) from error

    return SimpleNamespace(SPEC=TaskSpec(argument_spec={**ALIBABA_OPTIONS, **options}), ensure=ensure)


def _look_up(options: dict[str, Any]) -> list[str]:
    names = options.pop("names")
    found: list[str] = lookup_loader.get(LOOKUP).run(names, variables={}, **options)
    return found


def _list_hosts(options: dict[str, Any]) -> list[str]:
    options["regions"] = [options.pop("region")]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "fleet.ecs.yml"
        source.write_text(yaml.safe_dump({"plugin": INVENTORY, **options}), encoding="utf-8")
        inventory = InventoryData()
        inventory_loader.get(INVENTORY).parse(inventory, DataLoader(), str(source), cache=False)
    return sorted(inventory.hosts)


lookup = _as_module(_look_up, names={"type": "list", "elements": "str", "required": True})
inventory = _as_module(_list_hosts)
