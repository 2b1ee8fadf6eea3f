# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what the modules return is what their documentation says."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml
from support.environments import REPOSITORY

COLLECTION = "cloudops.cloud_assistant."
TYPES = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}
# what Ansible itself adds to results, or documents for all modules
COMMON = frozenset(
    {
        "ansible_facts",
        "ansible_job_id",
        "attempts",
        "censored",
        "changed",
        "deprecations",
        "diff",
        "exception",
        "failed",
        "failed_when_result",
        "finished",
        "invocation",
        "msg",
        "results_file",
        "skip_reason",
        "skipped",
        "started",
        "stderr",
        "stderr_lines",
        "stdout",
        "stdout_lines",
        "warnings",
    }
)


@functools.cache
def documented(module: str) -> dict[str, Any]:
    """Return the return values in a module's documentation."""
    source = (REPOSITORY / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    block = re.search(r'^RETURN = r"""(.*?)^"""', source, re.MULTILINE | re.DOTALL)
    assert block, module
    values: dict[str, Any] = yaml.safe_load(block[1])
    return values


def surprises(values: Any, known: Mapping[str, Any], place: str) -> Iterator[str]:
    """Yield the keys that the documentation lacks, or of which it names another type."""
    for key, value in values.items():
        if key not in known:
            yield f"{place}{key} is not documented"
            continue
        row = known[key]
        if value is not None and not isinstance(value, TYPES.get(row["type"], object)):
            yield f"{place}{key} is no {row['type']}"
        elif "contains" in row:
            for entry in value if isinstance(value, list) else [value]:
                # of what the keyword no_log hides, nothing is left to compare
                if isinstance(entry, dict) and not entry.get("_ansible_no_log"):
                    yield from surprises(entry, row["contains"], f"{place}{key}.")


def assert_documented(rows: Iterable[Mapping[str, Any]]) -> None:
    """Fail if a module returned something other than its documentation says; rows as the playbook runner has them."""
    found = set()
    for row in rows:
        if not row["action"].startswith(COLLECTION) or row["outcome"] == "skipped":
            continue
        module = row["action"].removeprefix(COLLECTION)
        result = row["result"]
        items = result.get("results")
        for each in items if items and "ansible_loop_var" in items[0] else [result]:
            ours = {
                key: value
                for key, value in each.items()
                if (key not in COMMON or key in documented(module))
                and not key.startswith(("_ansible_", "ansible_"))
                and key != each.get("ansible_loop_var")
            }
            found |= set(surprises(ours, documented(module), f"{module}: "))
    assert not found, "\n".join(sorted(found))
