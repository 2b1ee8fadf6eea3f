# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of the guides again: error codes, RAM policies, what the classic generation lacks, who imports whom.

Each stands in its guide between ``.. generated NAME`` and ``.. end generated``. Run it after a change of an error
table, of imports between rooms, of ``permissions.yml`` or of ``instance_codes.yml``; a test tells when that was
forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba import error_table as alibaba
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.generations import MISSING_OPTIONS
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import error_table as huawei
from architecture import diagram
from integration_targets import integration_targets
from proof import benchmark, proof
from shared_options import shared_options

TABLES = Path(__file__).resolve().parent
GUIDES = TABLES.parent / "docsite" / "rst"
SECTION = re.compile(r"^\.\. generated (?P<name>\w+)\n(?P<body>.*?)^\.\. end generated$", re.MULTILINE | re.DOTALL)

# CloudDC: the IAM action that allows an operation
IAM_ACTIONS = {
    "ListInstances": "clouddc:instance:list",
    "ShowInstanceStatus": "clouddc:instance:get",
    "DeleteInstance": "clouddc:instance:delete",
    "DeleteInstances": "clouddc:instance:deleteBatch",
    "ShowServer": "clouddc:imetal:get",
    "ChangeServerPowerState": "clouddc:imetal:updatePowerStatus",
}


def permissions() -> dict[str, dict[str, Any]]:
    """Return the table of what each module calls: ``always``, ``sometimes``, ``classic``, ``shared``."""
    table: dict[str, dict[str, Any]] = yaml.safe_load((TABLES / "permissions.yml").read_text(encoding="utf-8"))
    return table


def instance_codes() -> dict[str, str]:
    """Return what each error code of an instance means, in the order of the table."""
    return {code: meaning for group in _groups() for code, meaning in group["codes"].items()}


def _groups() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load((TABLES / "instance_codes.yml").read_text(encoding="utf-8"))
    return groups


def rst_table(heads: tuple[str, ...], widths: tuple[int, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a list table."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for first, *others in (heads, *rows):
        lines += [f"   * - {first}", *(f"     - {text}".rstrip() for text in others)]
    return "\n".join(lines)


def _literal(text: str) -> str:
    """Text for people as RST: placeholders and quotes stay as they are."""
    return re.sub(r"\{\{.*?\}\}", lambda match: f"``{match[0]}``", text).replace("*", "\\*").replace("_ ", "\\_ ")


def instance() -> str:
    """Return the error codes of an instance, in groups."""
    parts = []
    for group in _groups():
        rows = [(f"``{code}``", " ".join(meaning.split())) for code, meaning in group["codes"].items()]
        parts.append(f"**{group['title']}**\n\n" + rst_table(("code", "what it means, and what to do"), (36, 64), rows))
    return "\n\n".join(parts)


def alibaba_codes() -> str:
    """Return the error codes of ECS and Cloud Assistant."""
    codes = sorted(alibaba.known_codes(), key=str.lower)
    return rst_table(
        ("code", "hint"), (42, 58), ((f"``{code}``", _literal(alibaba.hint_for(code) or "")) for code in codes)
    )


def huawei_codes() -> str:
    """Return the error codes of CloudDC, and those of the gateway in front of it once."""
    codes = sorted(code for code in huawei.known_codes() if not code.startswith("APIG."))
    return rst_table(
        ("code", "hint"), (30, 70), ((f"``{code}``", _literal(huawei.hint_for(code) or "")) for code in codes)
    )


def classic() -> str:
    """Return the options that the classic generation cannot serve."""
    rows = ((f"``{option}``", reason) for option, reason in MISSING_OPTIONS.items())
    return rst_table(("option", "why, or what to do instead"), (36, 64), rows)


def policies() -> str:
    """One section for each cloud, with the least policy of each module."""
    table = permissions()
    parts = [_heading("Alibaba Cloud")]
    parts += [_alibaba_policy(name, row) for name, row in table.items() if name.startswith("ecs_")]
    parts += [
        _heading("Huawei Cloud"),
        "Actions of IAM identity policies. Without ``project_id``, the modules ask IAM for the user's own projects,\n"
        "to find the one of the region.",
    ]
    parts += [_huawei_policy(name, row) for name, row in table.items() if name.startswith("clouddc_")]
    return "\n\n".join(parts)


def _heading(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}"


def _title(name: str) -> str:
    return f"{_heading(name, '-')}\n\n:ansplugin:`cloudops.cloud_assistant.{name}#module`"


def _policy(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, indent=2)
    return ".. code-block:: json\n\n" + "\n".join(f"   {line}" for line in text.splitlines())


def _more(row: Mapping[str, Any], name_of: Mapping[str, str]) -> list[str]:
    lines = []
    for more in row.get("sometimes", ()):
        lines.append(f"- {more['when']}: " + ", ".join(f"``{name_of[item]}``" for item in more["actions"]))
    if "classic" in row:
        actions = ", ".join(f"``{name_of[item]}``" for item in row["classic"])
        lines.append(f"- with ``api_generation=classic``, instead of the above: {actions}")
    return ["More is needed:\n\n" + "\n".join(lines)] if lines else []


class _Prefix(dict[str, str]):
    """The RAM action of an operation of ECS."""

    def __missing__(self, operation: str) -> str:
        return f"ecs:{operation}"


def _alibaba_policy(name: str, row: Mapping[str, Any]) -> str:
    actions = [f"ecs:{operation}" for operation in sorted(row["always"])]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    parts = [_title(name), _policy({"Version": "1", "Statement": [statement]}), *_more(row, _Prefix())]
    return "\n\n".join(parts)


def _huawei_policy(name: str, row: Mapping[str, Any]) -> str:
    actions = sorted(IAM_ACTIONS[operation] for operation in row["always"])
    document = {"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": ["*"]}]}
    return "\n\n".join([_title(name), _policy(document), *_more(row, IAM_ACTIONS)])


def options() -> str:
    """Return the options that several modules take."""
    return rst_table(("option", "what it means"), (30, 70), shared_options())


def figures() -> str:
    """Return what the tests tried, how often, and how to repeat it."""
    return rst_table(("what was tried", "how many", "repeat it"), (58, 17, 25), proof())


def targets() -> str:
    """Return how each of ansible-core's own targets ended on each release, or how to run them where none was."""
    heads, rows = integration_targets()
    if not rows:
        return "``make ansible-targets`` runs them."
    widths = (20, *(80 // (len(heads) - 1) for _release in heads[1:]))
    return rst_table(heads, widths, rows)


GENERATED = {
    "alibaba": alibaba_codes,
    "benchmark": benchmark,
    "classic": classic,
    "huawei": huawei_codes,
    "instance": instance,
    "options": options,
    "policies": policies,
    "proof": figures,
    "rooms": diagram,
    "targets": targets,
}


def regenerated(text: str) -> str:
    """Return the guide's text with its generated sections made anew."""
    return SECTION.sub(
        lambda match: f".. generated {match['name']}\n\n{GENERATED[match['name']]()}\n\n.. end generated", text
    )


def main() -> None:
    """Write every guide that has a generated section."""
    for guide in sorted(GUIDES.glob("*_guide.rst")):
        text = guide.read_text(encoding="utf-8")
        if regenerated(text) != text:
            guide.write_text(regenerated(text), encoding="utf-8")


if __name__ == "__main__":
    main()
