# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make soak``: play many histories side by side, and print the figures or the seeds of those that failed."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from emulator.testing import start_emulator

from .history import Broken, Figures, play
from .kills import play_kill

MANY = 10_000
KILL_EVERY = 100
"""Every so many histories are a kill of real processes, which takes as long as a hundred others."""
SHARE = 100
"""Histories that are played on one emulator before it is ended."""


def _play(seeds: Sequence[int]) -> tuple[dict[str, object], list[str]]:
    """Play the histories of `seeds` on an emulator of this process; return the figures and what was broken."""
    figures, broken = Figures(), []
    with start_emulator(instances=1) as emulator:
        for seed in seeds:
            try:
                if seed % KILL_EVERY == 0:
                    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
                        figures.kills[play_kill(emulator, seed, Path(folder))] += 1
                else:
                    figures.add(play(emulator, seed))
            except AssertionError as error:
                problem = str(error) if isinstance(error, Broken) else f"history {seed}, kill: {error}"
                broken.append(problem)
                print(problem, file=sys.stderr, flush=True)
    return vars(figures), broken


def main() -> int:
    """Read the command line, play, and return the exit code: 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--histories", type=int, default=MANY, help="how many are played (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first; the others follow it")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--figures", type=Path, help="a file that gets the figures as JSON")
    options = parser.parse_args()

    seeds = range(options.seed, options.seed + options.histories)
    shares = [seeds[start : start + SHARE] for start in range(0, len(seeds), SHARE)]
    begun = time.monotonic()
    figures, broken = Figures(), []
    # processes of their own, because pauses and transports are replaced in them
    with multiprocessing.get_context("fork").Pool(options.workers) as pool:
        for values, problems in pool.imap_unordered(_play, shares):
            figures.add(Figures(**values))  # type: ignore[arg-type]
            broken += problems
            print(
                f"{figures.held} held, {len(broken)} broken",
                file=sys.stderr,
                flush=True,
            )
    document = {
        "seed": options.seed,
        "histories": figures.held,
        "by task": dict(sorted(figures.histories.items())),
        "starts": figures.starts,
        "deaths of the controller": figures.deaths,
        "kills of processes": dict(sorted(figures.kills.items())),
        "faults met": dict(sorted(figures.faults.items())),
        "broken": len(broken),
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }
    print(json.dumps(document, indent=2))
    if options.figures:
        options.figures.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
