# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Show what a file was and is as a diff, once for all instances where it is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...common.printable import some_of
from .results import PERMISSIONS, FileResult

SHOWN_FILE = 104448
"""Bytes of a file that a diff shows, as with ansible.builtin.copy."""
SHOWN_INSTANCES = 5
"""Instances that a header names."""


def file_diff(path: str, data: bytes, results: Sequence[FileResult]) -> list[dict[str, str]]:
    """Return one diff for each group of instances whose file changes in the same way.

    Text is shown; binary or large content, and old content that was not read, is described by size and SHA-256.
    """
    groups: dict[tuple[object, ...], list[FileResult]] = {}
    for result in results:
        if result.changed:
            was = tuple(result.before.get(name, "") for name in ("kind", "sha256", *PERMISSIONS))
            groups.setdefault((*was, *(result.facts.get(name, "") for name in PERMISSIONS)), []).append(result)
    diffs = []
    for same in groups.values():
        first = same[0]
        named = some_of((result.instance_id for result in same), SHOWN_INSTANCES)
        before, after = _before(first, data), _shown(data, first.facts)
        header = f"{path} on {named}"
        diffs.append(
            {
                "before_header": header,
                "before": _permissions(first.before, first.facts) + before,
                "after_header": header,
                "after": _permissions(first.facts, first.before) + after,
            }
        )
    return diffs


def _before(result: FileResult, data: bytes) -> str:
    if result.before.get("kind", "missing") == "missing":
        return ""
    if result.before.get("sha256") and result.before["sha256"] == result.facts.get("sha256"):
        return _shown(data, result.facts)
    if result.old is None:
        return _described(result.before)
    return _shown(result.old, result.before)


def _shown(data: bytes, facts: Mapping[str, str]) -> str:
    if len(data) > SHOWN_FILE or b"\0" in data:
        return _described(facts)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _described(facts)


def _described(facts: Mapping[str, str]) -> str:
    if facts.get("sha256"):
        return f"({facts.get('size', '?')} bytes, SHA-256 {facts['sha256']})\n"
    return f"({facts.get('kind', 'unknown')})\n"


def _permissions(facts: Mapping[str, str], other: Mapping[str, str]) -> str:
    """Return the permissions and ownership that differ, as lines of their own before the content."""
    return "".join(
        f"# {name}: {facts[name]}\n" for name in PERMISSIONS if facts.get(name, "") not in ("", other.get(name))
    )
