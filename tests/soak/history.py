# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One history: a task is started, things go wrong, the controller dies, and the same task is started again."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.module_runs import Cloud

from .catalogue import draw_job
from .jobs.base import Job, Result, at_rest
from .kills import Shot, draw_shots, run_and_kill
from .trouble import Death, Killed, draw_deaths, dying, hurried

STRUCTURED = {"code", "message"}
"""What an error of the API has in a result."""


class Broken(AssertionError):
    """An invariant does not hold. The message names the seed, which plays the history again."""


@dataclass
class Figures:
    """What has been played in histories in which every invariant holds.

    Histories by task, faults that were met by kind, kills of processes by what was killed, deaths of the controller in
    process, and starts.
    """

    histories: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    starts: int = 0

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Figures:
        """Return the figures of a document that ``python -m soak`` has written."""
        return cls(
            Counter(document["by task"]),
            Counter(document["faults met"]),
            Counter(document["kills of processes"]),
            document["deaths of the controller"],
            document["starts"],
        )

    def add(self, other: Figures) -> None:
        """Add the figures of others."""
        self.histories += other.histories
        self.faults += other.faults
        self.kills += other.kills
        self.deaths += other.deaths
        self.starts += other.starts


def play(emulator: Any, seed: int, *, shooting: bool = False) -> Figures:
    """Play the history of `seed` on `emulator` and return its figures. Raises Broken when an invariant is violated.

    With `shooting`, the first starts are processes of their own that are killed (kill -9), and not deaths in this one.
    """
    rng = random.Random(seed)
    figures = Figures()
    emulator.clear_faults()
    with hurried(), tempfile.TemporaryDirectory(prefix="soak-") as folder:
        job = draw_job(rng, processes=shooting)(rng, Cloud(emulator), Path(folder))
        rules = job.faults()
        deaths: list[Death | Shot | None] = [*(_draw_ends(rng, shooting) if job.may_die else ()), None]
        try:
            for death in deaths:
                _start(job, rules, death, figures)
            job.undisturbed = True
            result = job.start()
            at_rest(job)
            job.meanwhile()
            job.finished(result)
        except Exception as error:
            raise Broken(f"history {seed}, {type(job).__name__} {job.options}, {rules}, {deaths}: {error}") from error
    figures.histories[type(job).__name__] += 1
    return figures


def _draw_ends(rng: random.Random, shooting: bool) -> Sequence[Death | Shot]:
    return draw_shots(rng) if shooting else draw_deaths(rng)


def _start(job: Job, rules: list[dict[str, Any]], death: Death | Shot | None, figures: Figures) -> None:
    """Start the task while the faults are in force, and check what must hold whatever has come of it."""
    emulator = job.cloud.emulator
    figures.starts += 1
    emulator.faults(rules)
    if isinstance(death, Shot):
        result = run_and_kill(job, death)
        figures.kills["module"] += result is None
    else:
        result = _start_here(job, death)
        figures.deaths += result is None
    if result is not None:
        _check(result)
    for row in emulator.control("GET", "faults"):
        figures.faults[row["kind"]] += row["fired"]
    emulator.clear_faults()
    at_rest(job)
    job.meanwhile()


def _start_here(job: Job, death: Death | None) -> Result | None:
    """Start the task in this process; return None where it died."""
    try:
        with dying(death):
            return job.start()
    except Killed:
        return None


def _check(result: Result) -> None:
    """Check what holds for the result of every task, failed or not."""
    if result.get("failed"):
        assert result["msg"], result
        assert "defect of the collection" not in result["msg"], result
        assert set(result.get("error") or STRUCTURED) & STRUCTURED, result
    named = [row.get("instance_id") or row.get("id") for row in result.get("results", ())]
    assert len(named) == len(set(named)), result
