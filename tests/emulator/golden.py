# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m emulator.golden FILE…``: compares instance side and schedules with recordings of the real agent."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import golden_schedules
from .instance.host import Host
from .instance.replay import Replayer, Skip

# recordings that wait run all at once, started one after the other; the rest keeps the processors busy beside them
_STAGGER_SECONDS = 0.05
_BUSY_AT_A_TIME = 4
_WAITING = ("slow", "wait", "timeout", "background")
# groups that watch a script against the clock: on a machine too busy for that they get another try, alone
_TIMED_GROUPS = ("timeout", "background")
_TRIES = 3


def read(paths: list[Path]) -> Iterator[dict[str, Any]]:
    """Return the recordings of these files, one JSON object a line."""
    for path in paths:
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.strip())


class Tally:
    """What came out of a replay: printed as it goes, counted for the last line."""

    def __init__(self) -> None:
        self.passed = 0
        self.failures: list[str] = []
        self.skips: list[tuple[str, str]] = []

    def record(self, name: str, differences: list[str]) -> None:
        """Count a recording that was replayed; any difference makes it a failure."""
        if differences:
            self.failures.append(name)
            print(f"FAILED {name}", *(f"  {text}" for text in differences), sep="\n")
        else:
            self.passed += 1

    def skip(self, name: str, reason: str) -> None:
        """Count a recording that was not replayed."""
        self.skips.append((name, reason))
        print(f"skipped {name}: {reason}")

    def __str__(self) -> str:
        return f"{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped"


async def _replay_on_instances(rows: list[dict[str, Any]], isolation: str, tally: Tally) -> None:
    with tempfile.TemporaryDirectory(prefix="golden-", dir=_fast_folder()) as folder:
        host = Host(isolation)
        print(f"instances: {host.describe()}")
        replayer = Replayer(host, Path(folder))
        waiting = [row for row in rows if any(word in row["id"] for word in _WAITING)]
        busy = [row for row in rows if row not in waiting]
        gate = asyncio.Semaphore(_BUSY_AT_A_TIME)
        again: list[dict[str, Any]] = []

        async def later(row: dict[str, Any], seconds: float) -> None:
            await asyncio.sleep(seconds)
            if not await _replay_one(replayer, row, tally, last=row["group"] not in _TIMED_GROUPS):
                again.append(row)

        async def gated(row: dict[str, Any]) -> None:
            async with gate:
                await _replay_one(replayer, row, tally, last=True)

        try:
            await asyncio.gather(
                *(later(row, number * _STAGGER_SECONDS) for number, row in enumerate(waiting)),
                *(gated(row) for row in busy),
            )
            for row in again:
                for attempt in range(2, _TRIES + 1):
                    if await _replay_one(replayer, row, tally, last=attempt == _TRIES):
                        break
        finally:
            host.close()


async def _replay_one(replayer: Replayer, row: dict[str, Any], tally: Tally, *, last: bool) -> bool:
    """Replay and count one recording; False, uncounted, when it differs and this was not its last try."""
    name = f"{row['id']} (sh is {row.get('sh', 'any')})"
    try:
        differences = await replayer.replay(row)
    except Skip as skip:
        tally.skip(name, str(skip))
        return True
    except Exception as error:
        # one broken replay must not hide the others
        differences = [f"{type(error).__name__}: {error}"]
    if differences and not last:
        return False
    tally.record(name, differences)
    return True


def _fast_folder() -> str | None:
    """Shared memory where programs may run in it: hundreds of small file systems are made and removed."""
    shared = Path("/dev/shm")
    if shared.is_dir() and os.access(shared, os.W_OK) and not os.statvfs(shared).f_flag & os.ST_NOEXEC:
        return str(shared)
    return None


def replay(rows: list[dict[str, Any]], *, isolation: str = "auto") -> Tally:
    """Replay these recordings, printing each that differs or is left out, and say what came out."""
    tally = Tally()
    for row in rows:
        if "expr" in row:
            try:
                tally.record(golden_schedules.name(row), golden_schedules.replay(row))
            except Skip as skip:
                tally.skip(golden_schedules.name(row), str(skip))
    on_instances = [row for row in rows if "expr" not in row]
    if on_instances:
        asyncio.run(_replay_on_instances(on_instances, isolation, tally))
    return tally


def main() -> int:
    """Exit code 1 when a recording differs."""
    parser = argparse.ArgumentParser(prog="python -m emulator.golden", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recordings, one JSON object a line")
    parser.add_argument(
        "--isolation", choices=["auto", "namespace", "user-namespace", "none"], default="auto",
        help="how instances are kept apart from the machine",
    )  # fmt: skip
    options = parser.parse_args()
    tally = replay(list(read(options.files)), isolation=options.isolation)
    for reason, count in Counter(reason for _name, reason in tally.skips).items():
        print(f"{count} skipped: {reason}")
    print(tally)
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
