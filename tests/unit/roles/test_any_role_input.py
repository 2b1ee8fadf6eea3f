# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a variable of a role is given, the role refuses it by name before its first module, or takes it.

The variables are those of the roles' own specifications, so that one that is added later is tried as well. What the
modules refuse is tried with the modules; what they would refuse too late, the roles check themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from support.any_values import NEVER, OTHERS, TEXTS, chosen
from support.figures import count

try:
    from ansible.template import trust_as_template

    TRUSTED = {"trusted_as_template": True}
except ImportError:  # before ansible-core 2.19, where every text is a template
    TRUSTED = {}

    def trust_as_template(value: str) -> str:
        return value


ROLES = Path(__file__).parents[3] / "roles"
# Ansible itself breaks down on a number of 5,000 digits, and templates a text before a role sees it
VALUES: list[Any] = [
    *(text for text in TEXTS if text != "{{a}}"),
    *OTHERS,
    *(value for value, _in_content in NEVER if value != 10**5000),
]
IDS = ["i-1"]

# role -> variables with which it would come to its first module
USES: dict[str, dict[str, Any]] = {
    "agent": {"agent_instance_ids": IDS},
    "decommission": {"decommission_ecs_ids": IDS},
    "deliver_files": {"deliver_files_items": [{"src": "a", "dest": "/srv"}], "deliver_files_instance_ids": IDS},
    "report": {"report_results": []},
    "rolling_deploy": {
        "rolling_deploy_release": "1",
        "rolling_deploy_artifact": "a.tar",
        "rolling_deploy_instance_ids": IDS,
    },
    "run_script": {"run_script_content": "true", "run_script_instance_ids": IDS},
    "scheduled_script": {
        "scheduled_script_name": "a",
        "scheduled_script_content": "true",
        "scheduled_script_instance_ids": IDS,
    },
    "script_library": {"script_library_folder": "scripts", "script_library_state": "absent"},
}


class Role:
    """A role as far as its first module: what its specification and its own checks refuse."""

    def __init__(self, name: str) -> None:
        folder = ROLES / name
        self._loader = DataLoader()
        self.options: dict[str, Any] = self._load(folder / "meta/argument_specs.yml")["argument_specs"]["main"][
            "options"
        ]
        self._variables = {
            **self._load(folder / "defaults/main.yml"),
            **self._load(folder / "vars/main.yml"),
            "role_path": str(folder),
            "playbook_dir": "/playbooks",
            "ansible_check_mode": False,
            "omit": "__omit_place_holder__",
        }
        templar = Templar(self._loader, variables={**self._variables, **USES[name]})
        self._given = {
            option: templar.template(self._variables[option]) for option in self.options if option in self._variables
        }
        # the first one looks at names alone
        self._tasks = list(_tasks_before_modules(self._load(folder / "tasks/main.yml")))[1:]

    def _load(self, path: Path) -> Any:
        return self._loader.load_from_file(str(path), **TRUSTED)

    def refusal(self, given: Mapping[str, Any]) -> str | None:
        """Return the message with which the role refuses the variables; None where it comes to its first module."""
        validation = ArgumentSpecValidator(self.options).validate({**self._given, **given})
        if validation.error_messages:
            return "; ".join(validation.error_messages)
        variables = {**self._variables, **given}
        for task in self._tasks:
            templar = Templar(self._loader, variables={**variables, **task.get("vars", {})})
            variables.update(task.get("ansible.builtin.set_fact", {}))
            check = task.get("ansible.builtin.assert")
            conditions = _listed(task.get("when", []))
            if check and _all_hold(templar, conditions) and not _all_hold(templar, _listed(check["that"])):
                return str(templar.template(check["fail_msg"]))
        return None


def _tasks_before_modules(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the tasks before the first module of the collection; those of a block with the condition of the block."""
    for task in tasks:
        if any(key.startswith("cloudops.cloud_assistant.") for key in task):
            return
        inner = task.get("block", [])
        if any("ansible.builtin.assert" in each for each in inner):
            yield from _tasks_before_modules([{"when": task.get("when", []), **each} for each in inner])
            return
        if "loop" not in task:
            yield task


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _all_hold(templar: Templar, conditions: list[str]) -> bool:
    return all(templar.template(trust_as_template(f"{{{{ ({each}) | bool }}}}")) for each in conditions)


@pytest.mark.counted
@pytest.mark.parametrize("name", USES)
def test_no_value_breaks_a_role_down(name: str) -> None:
    role = Role(name)
    assert role.refusal(USES[name]) is None
    wrong = []
    for option in role.options:
        for number, value in enumerate(VALUES):
            if not chosen(name, option, str(number)):
                continue
            count("inputs")
            try:
                message = role.refusal({**USES[name], option: value})
            except OverflowError:
                # ansible-core's own conversion of an infinite number, before the role has begun
                continue
            except AnsibleError as error:
                message = str(error)
                if f"{option}: " in message:
                    continue
                wrong.append(f"{option}: {value!r:.60}: breaks down: {message:.200}")
            else:
                if message is not None and option not in message:
                    wrong.append(f"{option}: {value!r:.60}: is refused without its name: {message:.200}")
    assert not wrong, "\n".join(wrong)


def test_every_role_is_tried() -> None:
    assert set(USES) == {path.name for path in ROLES.iterdir() if (path / "meta").is_dir()}
