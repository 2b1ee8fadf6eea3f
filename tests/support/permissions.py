# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which calls each module made while a playbook ran, and whether the table of permissions allows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from support.environments import REPOSITORY

TABLE = REPOSITORY / "docs" / "tables" / "permissions.yml"
COLLECTION = "cloudops.cloud_assistant."


def permissions() -> dict[str, dict[str, Any]]:
    """Return the table of what each module calls."""
    table: dict[str, dict[str, Any]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return table


def allowed(row: Mapping[str, Any], *, classic: bool = False) -> set[str]:
    """Return the operations that a module's row allows; with ``classic``, also those of that generation."""
    operations = set(row["always"])
    for more in row.get("sometimes", ()):
        operations |= set(more["actions"])
    return operations | set(row.get("classic", ())) if classic else operations


def calls_by_module(
    results: Iterable[Mapping[str, Any]], requests: Iterable[Mapping[str, Any]]
) -> dict[str, set[tuple[str, bool]]]:
    """Whose task was at work when each request came: module -> {(operation, whether it was a classic one)}.

    Tasks of one host run one after the other, so a request belongs to the task during which it came. Requests between
    tasks are not those of a module: they are the test's own, or those of a job in the background.
    """
    tasks = [row for row in results if row["action"].startswith(COLLECTION) and row["began"] is not None]
    calls: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for request in requests:
        if request.get("service") not in (None, "clouddc"):
            continue  # IAM: fetching a token or the project needs no permission of the table
        for task in tasks:
            if task["began"] <= request["received"] <= task["ended"]:
                module = task["action"].removeprefix(COLLECTION)
                calls[module].add((request["action"], request.get("generation") == "classic"))
    return calls


def assert_permitted(results: Iterable[Mapping[str, Any]], requests: Iterable[Mapping[str, Any]]) -> set[str]:
    """Fail if a module made a call that its row of the table does not have. Return the modules that were seen."""
    table = permissions()
    calls = calls_by_module(results, requests)
    surplus = {
        module: sorted(name for name, classic in made if name not in allowed(table[module], classic=classic))
        for module, made in calls.items()
    }
    assert {module: operations for module, operations in surplus.items() if operations} == {}
    return set(calls)
