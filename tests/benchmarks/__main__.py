# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m benchmarks``, from tests/: measures, and prints one table for each benchmark."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import callbacks, connection, files, fleets, inventory, reports, runs, tasks

Rows = Sequence[Mapping[str, Any]]

TABLES: dict[str, tuple[str, Callable[[argparse.Namespace], Rows]]] = {
    "runs": (
        "A script on a fleet: ecs_run_command, beside a script of the official SDK and the emulator's own time",
        lambda options: runs.rows(options.fleets),
    ),
    "fleets": (
        "A script that takes 20 s, on fleets that pretend to run it: seconds over its own length, and the aims",
        lambda options: fleets.rows(options.pretended),
    ),
    "tasks": (
        "What a task costs on the controller, beside ansible.builtin.uri posting one request",
        lambda options: tasks.rows(options.repeats),
    ),
    "files": ("Files to instances and back", lambda options: files.rows()),
    "callbacks": (
        "A script on a fleet in a play: the callback fleet, beside ansible.builtin.default",
        lambda options: callbacks.rows(),
    ),
    "reports": ("The report of a run, by the role report", lambda options: reports.rows()),
    "connection": (
        "Ansible's own modules over the connection plugin, sent whole in scripts, and over OpenSSH",
        lambda options: connection.rows(options.hosts),
    ),
    "inventory": ("The inventory of a large fleet", lambda options: inventory.rows()),
}


def as_table(rows: Rows) -> str:
    """Return rows under their column names; a value that is unknown is a dash."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names] + [["-" if row.get(name) is None else str(row[name]) for name in names] for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    numbers = [all(_is_number(line[place]) for line in cells[1:]) for place in range(len(names))]
    lines = []
    for line in cells:
        columns = zip(line, widths, numbers, strict=True)
        lines.append("  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in columns))
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(".", "", 1).replace("x", "").isdigit()


def _sizes(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the chosen tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)} (default: all)")
    parser.add_argument(
        "--fleets",
        type=_sizes,
        default=list(runs.FLEETS),
        metavar="N,N",
        help="sizes of the fleets of the table runs (default: %(default)s)",
    )
    parser.add_argument(
        "--pretended",
        type=_sizes,
        default=list(fleets.FLEETS),
        metavar="N,N",
        help="sizes of the fleets of the table fleets (default: %(default)s)",
    )
    parser.add_argument("--repeats", type=int, default=tasks.REPEATS, help="plays of which tasks takes the median")
    parser.add_argument("--hosts", type=int, default=50, help="hosts of the largest play of the table connection")
    options = parser.parse_args(arguments)
    # as users run Python: everything would be compiled at each start
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    unknown = [name for name in options.tables if name not in TABLES]
    if unknown:
        parser.error(f"there is no table {unknown[0]}")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start, Python {sys.version.split()[0]}")
    for name in options.tables or TABLES:
        title, measure = TABLES[name]
        print(f"\n{title}", flush=True)
        print(as_table(measure(options)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
