# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The entries of a report: the outcome of the run on each instance, and the steps that led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from ...module_utils.cloud_assistant.grouping import CLASSES, FAILED, Ending, Group, class_of, group
from ...module_utils.cloud_assistant.models import parse_time
from ...module_utils.common.printable import visible

BACK = "back"
"""The meaning of a status beside those of a run: brought back to the state before, because others failed."""

ROLL_BACK = "roll back"
"""The phase of the step that brings an instance back."""

ORDER = (FAILED, BACK, *CLASSES[1:])
"""The meanings in the order in which a reader wants to see them."""

Row = Mapping[str, Any]


def text_of(row: Row, key: str) -> str:
    """Return a value of a row as text that is safe to show; empty where there is none."""
    value = row.get(key)
    return "" if value is None else visible(str(value))


@dataclass
class Step:
    """One run on one instance: an entry itself, or one of its steps. ``row`` is a result as the modules return it."""

    row: Row

    @cached_property
    def ending(self) -> Ending:
        """How it ended."""
        return Ending.of_row(self.row)

    @property
    def phase(self) -> str:
        """The part of the procedure that it belongs to."""
        return text_of(self.row, "phase")

    @property
    def status(self) -> str:
        """The status word."""
        return visible(self.ending.status)

    @property
    def css_class(self) -> str:
        """What the status means to the reader, a word of ORDER."""
        return class_of(self.ending.status)

    @property
    def output(self) -> str:
        """The whole output."""
        return text_of(self.row, "stdout")

    @cached_property
    def began(self) -> datetime | None:
        """When it began."""
        return parse_time(str(self.row.get("started_at") or ""))

    @cached_property
    def ended(self) -> datetime | None:
        """When it ended, None while it runs."""
        return parse_time(str(self.row.get("finished_at") or ""))

    @property
    def seconds(self) -> float:
        """How long it took, 0 where that is not known."""
        return max(0.0, (self.ended - self.began).total_seconds()) if self.began and self.ended else 0.0


@dataclass
class Entry(Step):
    """One instance of the report. ``instance`` is its record as ecs_instance_info returns it, empty where unknown."""

    number: int = 0
    instance: Row = field(default_factory=dict)
    wave: str = ""

    @property
    def id(self) -> str:
        """The instance."""
        return visible(self.ending.instance_id)

    @property
    def name(self) -> str:
        """The name of the instance."""
        return text_of(self.instance, "name") or text_of(self.instance, "instance_name")

    @property
    def place(self) -> str:
        """Its zone."""
        return text_of(self.instance, "zone_id")

    @property
    def address(self) -> str:
        """Its first private address, else its first public one."""
        for key in ("private_ips", "public_ips"):
            found = self.instance.get(key)
            if isinstance(found, Sequence) and not isinstance(found, str) and found:
                return visible(str(found[0]))
        return text_of(self.instance, "private_ip") or text_of(self.instance, "public_ip")

    @cached_property
    def steps(self) -> list[Step]:
        """The steps that led to its state; none where the entry is the run itself."""
        rows = self.row.get("steps")
        return [Step(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, Sequence) else []

    @property
    def runs(self) -> list[Step]:
        """What has a time and an output of its own: the steps, or the entry itself."""
        return self.steps or [self]

    @cached_property
    def cause(self) -> Step | None:
        """What failed here: a step, the entry itself, or None. What was brought back for others has not failed."""
        if class_of(self.ending.status) != FAILED:
            return None
        failed = [step for step in self.steps if step.css_class == FAILED]
        first = next((step for step in failed if step.phase != ROLL_BACK), None)
        return first or (None if self.ending.status == "RolledBack" else next(iter(failed), self))

    @property
    def css_class(self) -> str:
        """What the state means: failed, rolled back for others, or as the status says."""
        if self.cause is not None:
            return FAILED
        return BACK if self.ending.status == "RolledBack" else class_of(self.ending.status)

    @property
    def reason(self) -> str:
        """Why it did not succeed, on one line; empty where it did."""
        if self.cause is not None:
            phase = "" if self.cause is self else f"{self.cause.phase}: "
            return f"{phase}{self.cause.ending.reason}"
        return "" if self.css_class == "success" else " ".join(self.ending.why.split())

    @property
    def previous(self) -> bool:
        """Whether it comes from an earlier run."""
        return bool(self.row.get("previous"))

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What else is known of it, as name and value."""
        row = self.row
        known = [
            ("Wave", self.wave),
            ("Invocation", text_of(row, "invoke_id")),
            ("Began", text_of(row, "started_at")),
            ("Ended", text_of(row, "finished_at")),
            ("Runs", text_of(row, "repeats")),
            ("Reason", ": ".join(filter(None, (text_of(row, "error_code"), text_of(row, "error_info"))))),
            ("Output lost", f"{text_of(row, 'dropped')} bytes" if row.get("dropped") else ""),
            ("From an earlier run", "yes" if self.previous else ""),
        ]
        return [(name, value) for name, value in known if value]


def entries_of(rows: Iterable[Row], instances: Iterable[Row] = ()) -> list[Entry]:
    """Return the entries of a report in the order of its results, with what is known of the instances."""
    records = {str(record.get("instance_id")): record for record in instances}
    entries = [
        Entry(row, number=number, instance=records.get(str(row.get("instance_id")), {}))
        for number, row in enumerate(rows, 1)
    ]
    _name_waves(entries)
    return entries


def _name_waves(entries: Iterable[Entry]) -> None:
    """Name the wave of each entry: as it says, else by the invocation, for each wave is one."""
    waves: dict[str, int] = {}
    for entry in entries:
        number, phase = entry.row.get("wave"), entry.phase
        if number is not None:
            entry.wave = f"wave {text_of(entry.row, 'wave')}"
        elif phase == "waves" and entry.began and not entry.previous:
            invocation = str(entry.row.get("invoke_id"))
            entry.wave = f"wave {waves.setdefault(invocation, len(waves) + 1)}"
        elif phase == "canary":
            entry.wave = phase


def totals_of(entries: Iterable[Entry]) -> dict[str, int]:
    """Return how many entries there are in all and of each meaning."""
    counts = dict.fromkeys(("total", *ORDER), 0)
    for entry in entries:
        counts["total"] += 1
        counts[entry.css_class] += 1
    return counts


@dataclass
class FailureGroup:
    """Entries that failed alike, in the same phase. ``reason`` is one line."""

    reason: str
    entries: list[Entry]


def failure_groups(entries: Iterable[Entry]) -> Iterator[FailureGroup]:
    """Yield the groups of entries that failed, the largest first."""
    by_phase: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        if entry.cause is not None:
            phase = "" if entry.cause is entry else entry.cause.phase
            by_phase.setdefault(phase, {})[entry.ending.instance_id] = entry
    found: list[tuple[str, dict[str, Entry], Group]] = [
        (phase, members, one)
        for phase, members in by_phase.items()
        for one in group(_ending(entry) for entry in members.values())
    ]
    for phase, members, one in sorted(found, key=lambda item: -len(item[2].instance_ids)):
        reason = f"{phase}: {one.reason}" if phase else one.reason
        yield FailureGroup(reason, [members[instance_id] for instance_id in one.instance_ids])


def _ending(entry: Entry) -> Ending:
    """Return how the entry failed, under its own id: a step need not name the instance."""
    cause = entry.cause.ending if entry.cause else entry.ending
    return Ending(entry.ending.instance_id, cause.status, cause.rc, cause.error_code, cause.error_info, cause.line)
