# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures for the documentation's proof guide, counted by the tests while ``make figures`` runs them."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

FILE = "COUNT_FIGURES_IN"
"""The environment variable that names the file of the figures; without it nothing is counted."""


def count(name: str, number: int = 1) -> None:
    """Add a number to a figure. Tests of several processes may count at the same time."""
    if FILE not in os.environ:
        return
    path = Path(os.environ[FILE])
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        figures = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        figures[name] = figures.get(name, 0) + number
        path.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
