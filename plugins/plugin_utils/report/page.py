# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The report as an HTML page that stands alone, and the page that lists the reports of a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from html import unescape
from pathlib import Path
from re import compile as pattern
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...module_utils.common.printable import visible
from ..fleet_table import WORDS
from ..outcome_text import advice_lines, lists_failures
from .entries import BACK, ORDER, Entry, FailureGroup, failure_groups, totals_of
from .timeline import Timeline, timeline_of

SHOWN = 10
"""Instances that a group of failures names; the rows hold all."""

LISTED = 500
"""Reports that the page of a folder lists, the latest."""

_HEAD = pattern(r'<meta name="cloudops-report" content="([^"]*)">')


@dataclass
class Ran:
    """What was run: facts as name and value, and the script."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    script: str = ""


@dataclass
class Report:
    """All that a report shows. ``notes`` stand above the results; ``who`` wrote it."""

    title: str
    entries: list[Entry]
    written_at: datetime
    subtitle: str = ""
    notes: Sequence[str] = ()
    who: str = ""
    ran: Ran | None = None

    @property
    def totals(self) -> dict[str, int]:
        """How many entries there are in all and of each meaning."""
        return totals_of(self.entries)

    def page(self) -> Iterator[str]:
        """Yield the page in pieces, so that it is never in memory as a whole."""
        timeline: Timeline | None = timeline_of(self.entries)
        groups: list[FailureGroup] = list(failure_groups(self.entries))
        return (
            _environment()
            .get_template("page.html.j2")
            .generate(
                title=visible(self.title),
                subtitle=visible(self.subtitle),
                notes=list(self._shown_notes()),
                who=visible(self.who),
                entries=self.entries,
                totals=self.totals,
                groups=groups,
                timeline=timeline,
                ran=self.ran,
                written_at=self.written_at,
                words=WORDS,
                SHOWN=SHOWN,
                summary_json=json.dumps(
                    {"title": self.title, "written_at": moment(self.written_at), "who": self.who, "totals": self.totals}
                ),
            )
        )

    def _shown_notes(self) -> Iterator[str]:
        """Yield the notes; of the message of a failed run only what the totals and the failures do not repeat."""
        failed = {entry.ending.instance_id for entry in self.entries if entry.cause is not None}
        for note in self.notes:
            text = "\n".join(advice_lines(note, failed)) if lists_failures(note) else note
            if text:
                yield visible(text)

    def document(self) -> Iterator[str]:
        """Yield the report as JSON, one result per line."""
        totals = self.totals
        summary = {name: totals[name] for name in ("total", "success", "failed", "skipped", "running")}
        # for programs, what was brought back has failed; the page sets it apart from what caused that
        summary["failed"] += totals[BACK]
        head = {
            "title": self.title,
            "subtitle": self.subtitle,
            "written_at": moment(self.written_at),
            "who": self.who,
            "notes": list(self.notes),
            "summary": {**summary, "rolled_back": totals[BACK]},
            "failures": [
                {"count": len(one.entries), "reason": one.reason, "instance_ids": [entry.id for entry in one.entries]}
                for one in failure_groups(self.entries)
            ],
        }
        yield json.dumps(head, ensure_ascii=False, indent=2)[:-2] + ',\n  "results": ['
        for place, entry in enumerate(self.entries):
            yield f"{',' if place else ''}\n    {json.dumps(entry.row, ensure_ascii=False, default=str)}"
        yield "\n  ]\n}\n"


def index_page(folder: Path) -> Iterator[str]:
    """Yield the page that lists the reports in a folder, the latest first."""
    reports = [found for path in folder.glob("*.html") if (found := _summary_of(path))]
    reports.sort(key=lambda found: (found["written_at"], found["href"]), reverse=True)
    return _environment().get_template("index.html.j2").generate(reports=reports[:LISTED], words=WORDS)


def _summary_of(path: Path) -> dict[str, Any] | None:
    """Return the summary in the head of a report, None if the file is not a report."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            match = _HEAD.search(file.read(8192))
        summary = json.loads(unescape(match[1])) if match else None
    except (OSError, ValueError):
        return None
    if not isinstance(summary, Mapping) or not isinstance(summary.get("totals"), Mapping):
        return None
    texts = {name: visible(str(summary.get(name) or "")) for name in ("title", "written_at", "who")}
    counts = {word: summary["totals"].get(word) or 0 for word in WORDS}
    return {**texts, "totals": counts, "href": quote(path.name, errors="surrogateescape")}


def moment(instant: datetime) -> str:
    """Return an instant as text, in UTC and to the second."""
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """Return a number of seconds as text."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: ORDER.index(entry.css_class))


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(moment=moment, duration=duration, in_order=_in_order)
    return environment
