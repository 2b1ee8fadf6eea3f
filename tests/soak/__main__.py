# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make soak``: play many histories side by side, and print the figures or the seeds of those that failed."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emulator.testing import Emulator, start_emulator

from .history import Broken, Figures, play
from .kills import play_kill

MANY = 10_000
SHOT_EVERY = 25
"""Every so many histories, the module is a process of its own that is killed; that costs as much as ten others."""
KILL_EVERY = 500
"""Every so many histories, runs of ansible-playbook are killed; that costs as much as a hundred others."""
SHARE = 50
"""Histories that are played on one emulator before it is ended, and after which the figures are written."""


def _play(seeds: Sequence[int]) -> tuple[Figures, list[str]]:
    """Play the histories of `seeds` on an emulator of this process; return the figures and what was broken."""
    figures, broken = Figures(), []
    with start_emulator(instances=1) as emulator:
        for seed in seeds:
            try:
                figures.add(_play_one(emulator, seed))
            except AssertionError as error:
                problem = str(error) if isinstance(error, Broken) else f"history {seed}, kill: {error}"
                broken.append(problem)
                print(problem, file=sys.stderr, flush=True)
    return figures, broken


def _play_one(emulator: Emulator, seed: int) -> Figures:
    if seed % KILL_EVERY:
        return play(emulator, seed, shooting=seed % SHOT_EVERY == 0)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        killed = play_kill(emulator, seed, Path(folder))
    # a run that ended before its moment came was not killed
    return Figures(Counter(Playbook=1), kills=Counter({killed: int(killed != "nothing")}), starts=3)


def _document(figures: Figures, first: int, last: int, broken: int, minutes: float) -> dict[str, Any]:
    """Return the figures of the histories from one seed to another, as the proof guide reads them."""
    return {
        "first seed": first,
        "last seed": last,
        "histories": figures.histories.total(),
        "by task": dict(sorted(figures.histories.items())),
        "starts": figures.starts,
        "deaths of the controller": figures.deaths,
        "kills of processes": dict(sorted(figures.kills.items())),
        "faults met": dict(sorted(figures.faults.items())),
        "broken": broken,
        "minutes": round(minutes, 1),
    }


def _resumed(path: Path | None) -> dict[str, Any]:
    """Return the figures that an earlier run has written to a file, none where there is no file."""
    if path is None or not path.is_file():
        return _document(Figures(), 0, 0, 0, 0.0)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--histories", type=int, default=MANY, help="how many are played (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first; the others follow it")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--figures", type=Path, help="a file that gets the figures as JSON, as often as there are new")
    parser.add_argument("--resume", action="store_true", help="go on after the last seed of that file, and add to it")
    return parser.parse_args()


def main() -> int:
    """Read the command line, play, and return the exit code: 1 when an invariant was broken."""
    options = _arguments()
    # the workers, and their emulators, end with this process
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(128 + signal.SIGTERM))
    before = _resumed(options.figures if options.resume else None)
    first = before["first seed"] or options.seed
    begin = before["last seed"] + 1 if before["last seed"] else options.seed
    seeds = range(begin, first + options.histories)
    shares = [seeds[start : start + SHARE] for start in range(0, len(seeds), SHARE)]
    figures, broken, begun = Figures.read(before), int(before["broken"]), time.monotonic()
    document = before
    # processes of their own, because pauses and transports are replaced in them; in order, so that a run can be resumed
    with multiprocessing.get_context("fork").Pool(options.workers) as pool:
        for share, (played, problems) in zip(shares, pool.imap(_play, shares), strict=True):
            figures.add(played)
            broken += len(problems)
            minutes = before["minutes"] + (time.monotonic() - begun) / 60
            document = _document(figures, first, share[-1], broken, minutes)
            print(f"{figures.histories.total()} held, {broken} broken", file=sys.stderr, flush=True)
            if options.figures:
                options.figures.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(document, indent=2))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
