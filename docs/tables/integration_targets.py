# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ansible-core's own integration targets ended over the connection plugin, as ``make ansible-targets`` wrote it."""

from __future__ import annotations

import json
from typing import Any

from proof import FIGURES

Row = tuple[str, ...]


def integration_targets() -> tuple[Row, list[Row]]:
    """Return the heads and the rows of the table: one target per row, one release per column."""
    path = FIGURES / "targets.json"
    found = json.loads(path.read_text(encoding="utf-8"))["targets"] if path.is_file() else {}
    names = sorted({name for pairs in found.values() for name in pairs})
    rows = [(f"``{name}``", *(_cell(pairs.get(name)) for pairs in found.values())) for name in names]
    return ("target", *(f"ansible-core {core}" for core in found)), rows


def _cell(pair: dict[str, dict[str, Any]] | None) -> str:
    """Return what one release did with one target."""
    if pair is None:
        return "not run"
    found, ssh = pair["assistant"], pair["openssh"]
    if found["passed"]:
        return f"passed, {found['tasks']} tasks"
    task = found["ended"].rpartition(" : ")[2]
    same = ssh and not ssh["passed"] and ssh["ended"] == found["ended"]
    return f"{found['tasks']} tasks, ended {'as over OpenSSH ' if same else ''}at *{task}*"
