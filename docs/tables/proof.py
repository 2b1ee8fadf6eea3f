# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the proof guide, as the tests, the soak and the benchmark wrote them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

TABLES = Path(__file__).resolve().parent
FIGURES = TABLES / "figures"


def figure(place: str) -> int | None:
    """Return the figure at a place, a file and a key; a table's figure is its sum. None where there is none yet.

    In the text of the benchmark, the key is the head of a column, and the figure the column's largest number.
    """
    name, _blank, key = place.partition(" ")
    path = FIGURES / name
    if not path.is_file():
        return None
    if path.suffix == ".txt":
        return largest(path.read_text(encoding="utf-8"), key)
    found: Any = json.loads(path.read_text(encoding="utf-8")).get(key)
    return sum(found.values()) if isinstance(found, dict) else found


def largest(text: str, head: str) -> int | None:
    """Return the largest number of the first column, in the tables whose first column has this head."""
    rows = (table.splitlines() for table in re.findall(rf"^{head} .*\n-.*\n((?:.+\n?)+)", text, re.MULTILINE))
    return max((int(line.split()[0]) for lines in rows for line in lines), default=None)


def proof() -> list[tuple[str, str, str]]:
    """Return the rows that have a figure: what was counted, the figure, and the command that repeats it."""
    rows = yaml.safe_load((TABLES / "proof.yml").read_text(encoding="utf-8"))
    figures = [(row, figure(row["figure"])) for row in rows]
    return [(row["what"], f"{value:,}", f"``{row['command']}``") for row, value in figures if value is not None]


def benchmark() -> str:
    """Return the tables that the benchmark printed, as a block of text, or how to print them where there are none."""
    path = FIGURES / "benchmark.txt"
    if not path.is_file():
        return "``make bench`` prints the tables."
    text = path.read_text(encoding="utf-8").strip()
    return ".. code-block:: text\n\n" + "\n".join(f"   {line}".rstrip() for line in text.splitlines())
