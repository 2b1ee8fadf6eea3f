# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The timeline of a report: an axis, the waves as bands, and where each instance lies on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .entries import ORDER, ROLL_BACK, Entry, Step

TICKS = 6
"""Marks that the axis has at most."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
_STAGING = ("deliver", "stage")


@dataclass
class Span:
    """A stretch of the timeline, in percent of its length."""

    left: float
    width: float


@dataclass
class Band:
    """A wave, or another part of the run: when it was, and how it ended on how many instances."""

    name: str
    began: datetime
    ended: datetime
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ORDER, 0))


@dataclass
class Timeline:
    """The time from the first beginning to the last end that is known. ``bands`` are in the order of their beginning.

    ``stopped`` is when the run was stopped, so that ``left`` instances were not started; None where it was not.
    """

    began: datetime
    ended: datetime
    bands: list[Band]
    stopped: datetime | None = None
    left: int = 0

    @property
    def seconds(self) -> float:
        """Its length, one second at least."""
        return max(1.0, (self.ended - self.began).total_seconds())

    def percent(self, moment: datetime) -> float:
        """Return the position of a moment, in percent."""
        return round(min(100.0, max(0.0, 100 * (moment - self.began).total_seconds() / self.seconds)), 2)

    def span(self, began: datetime | None, ended: datetime | None) -> Span | None:
        """Return the position of a run: to the end if it has not ended, None if it has not begun."""
        if began is None:
            return None
        left = self.percent(began)
        return Span(left, round(max(0.0, self.percent(ended or self.ended) - left), 2))

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The marks of the axis: where each lies, and the time since the beginning."""
        step = next((step for step in _STEPS if self.seconds / step <= TICKS), 86400 * (1 + self.seconds // 86400))
        number = int(self.seconds // step)
        return [
            (self.percent(self.began + timedelta(seconds=place * step)), _clock(place * step))
            for place in range(number + 1)
        ]


def _clock(seconds: float) -> str:
    """Return seconds since the beginning as text: ``40 s``, ``2:30 min``, ``1:05 h``."""
    minutes, rest = divmod(int(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02} h" if hours else f"{minutes}:{rest:02} min"


def timeline_of(entries: Sequence[Entry]) -> Timeline | None:
    """Return the timeline of the entries, None where no time is known. Earlier runs are not on it."""
    runs = [(entry, run) for entry in entries if not entry.previous for run in entry.runs if run.began]
    moments = [moment for _entry, run in runs for moment in (run.began, run.ended) if moment]
    if not moments:
        return None
    left = [entry for entry in entries if entry.css_class == "skipped" and entry.ending.why.startswith("not started")]
    bands = _bands(runs, max(moments))
    # a wave that has begun is waited for, so the run was stopped when the last one with a failure had ended
    failed = [band.ended for band in bands if band.counts["failed"] and band.name != ROLL_BACK]
    return Timeline(min(moments), max(moments), bands, stopped=max(failed) if left and failed else None, left=len(left))


def _bands(runs: Iterable[tuple[Entry, Step]], end: datetime) -> list[Band]:
    """Return the bands of the runs; a run belongs to the wave of its entry, or to a part that spans the waves.

    What has not ended lasts until ``end``.
    """
    bands: dict[str, Band] = {}
    members: dict[str, dict[int, str]] = {}
    for entry, run in runs:
        name = _band_name(entry, run)
        began = run.began
        if not name or began is None:
            continue
        ended = run.ended or end
        band = bands.setdefault(name, Band(name, began, ended))
        band.began, band.ended = min(band.began, began), max(band.ended, ended)
        # what failed once in the wave has failed in it
        if members.setdefault(name, {}).get(entry.number) != "failed":
            members[name][entry.number] = run.css_class
    for name, classes in members.items():
        for word in classes.values():
            bands[name].counts[word] += 1
    return sorted(bands.values(), key=lambda band: band.began)


def _band_name(entry: Entry, run: Step) -> str:
    if run.phase == ROLL_BACK:
        return ROLL_BACK
    return "staging" if run.phase in _STAGING else entry.wave or run.phase
