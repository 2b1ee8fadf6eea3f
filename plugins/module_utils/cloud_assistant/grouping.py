# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Group the results of many instances by how they ended, so that a message needs one line per reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..common.numbers import whole_number
from ..common.printable import visible
from .models import InstanceResult
from .states import LIVE, SKIPPED

SHOWN_LINE = 160
"""Characters of the last line of an instance's output that are compared and shown."""

SUCCESS, FAILED, RUNNING, LEFT_OUT = "success", "failed", "running", "skipped"
"""What a status means to the reader, in the words of a summary."""

CLASSES = (FAILED, RUNNING, LEFT_OUT, SUCCESS)
"""The meanings in the order in which a reader wants to see them."""

_OWN_ID = "<instance id>"
_SCRIPT = "<script>"
# a shell names the file of the script before each error: the agent's is named after the invocation, and that of
# complete output is in a directory with a random name
_SCRIPT_FILE = re.compile(
    r"(?:[A-Za-z]:)?[^\s:]{0,120}[\\/](?:\.cloudops-output\.\w+/script|t-[A-Za-z0-9]{8,})(?:\.\w+)?"
)


def class_of(status: str) -> str:
    """Return what a status word means: ``success``, ``skipped``, ``running``, and ``failed`` for all others."""
    if status in LIVE:
        return RUNNING
    return {"Success": SUCCESS, SKIPPED: LEFT_OUT}.get(status, FAILED)


def last_line(text: str) -> str:
    """Return the last line of an output that is not blank, with control characters visible, cut from its front."""
    # more than enough for the line, and little to look at of a long output
    tail = visible(text[-SHOWN_LINE * 8 :]).rstrip()
    line = tail.rpartition("\n")[2].strip()
    return line if len(line) <= SHOWN_LINE else f"…{line[1 - SHOWN_LINE :]}"


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended on one instance, as far as instances are compared by it.

    ``line`` is the last line of the output, empty where none is known or none may be quoted. ``rc`` is None unless the
    script exited by itself.
    """

    instance_id: str
    status: str
    rc: int | None = None
    error_code: str = ""
    error_info: str = ""
    line: str = ""

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Ending:
        """Read an entry of ``results`` as a task returns it; keys that are missing count as empty."""
        rc = row.get("rc")
        # Python cannot write a number of thousands of digits as text
        readable = isinstance(rc, str) or (isinstance(rc, int) and rc.bit_length() < 64)
        return cls(
            instance_id=str(row.get("instance_id") or ""),
            status=str(row.get("status") or "Unknown"),
            rc=whole_number(str(rc)) if readable else None,
            error_code=str(row.get("error_code") or ""),
            error_info=str(row.get("error_info") or ""),
            line=last_line(str(row.get("stdout") or "")),
        )

    @property
    def exited(self) -> bool:
        """Whether the exit code is the whole reason: the script exited by itself."""
        return self.rc is not None and self.status in ("Failed", "Success")

    @property
    def what(self) -> str:
        """How it ended in a few words: the exit code, or the status with the service's code."""
        if self.exited:
            return f"exit code {self.rc}"
        return _one_line(f"{self.status} {self.error_code}")

    @property
    def why(self) -> str:
        """The reason: the last line of the output after an exit code, else the service's explanation."""
        return self.line if self.exited else _one_line(self.error_info).rstrip(".")

    @property
    def reason(self) -> str:
        """How it ended and why, on one line: ``exit code 3: disk is full``."""
        return ": ".join(filter(None, (self.what, self.why)))

    @property
    def key(self) -> tuple[str, str]:
        """What instances that ended alike have in common; its own id and the file of the script set none apart."""
        reason = _SCRIPT_FILE.sub(_SCRIPT, self.reason)
        return class_of(self.status), reason.replace(self.instance_id, _OWN_ID) if self.instance_id else reason


@dataclass(frozen=True)
class Group:
    """Instances that ended alike. ``reason`` is one line; where it names the instance itself, it has a placeholder."""

    example: Ending
    reason: str
    instance_ids: tuple[str, ...]

    @property
    def class_name(self) -> str:
        """What the status of the group means, a word of CLASSES."""
        return class_of(self.example.status)

    def as_dict(self) -> dict[str, Any]:
        """Return the group as plain values."""
        return {
            "count": len(self.instance_ids),
            "status": self.example.status,
            "rc": self.example.rc if self.example.exited else None,
            "reason": self.reason,
            "instance_ids": list(self.instance_ids),
        }

    def line(self, shown: int = 3) -> str:
        """Return the group as one line: ``17 x exit code 3: disk is full: i-1, i-2, i-3, +14``.

        ``shown`` is how many ids are named before the rest is counted.
        """
        return f"{len(self.instance_ids)} x {self.reason}: {folded(map(_one_line, self.instance_ids), shown)}"


def folded(ids: Iterable[str], shown: int = 3) -> str:
    """Return the first ``shown`` ids, and how many more there are: ``i-1, i-2, i-3, +14``."""
    ids = list(ids)
    # naming one more is no longer than counting one
    shown = len(ids) if len(ids) == shown + 1 else shown
    return ", ".join([*ids[:shown], *([f"+{len(ids) - shown}"] if len(ids) > shown else [])])


def group(endings: Iterable[Ending]) -> list[Group]:
    """Return the groups of endings alike: failures first, and within a class the largest group first."""
    members: dict[tuple[str, str], list[Ending]] = {}
    for ending in endings:
        members.setdefault(ending.key, []).append(ending)
    groups = [
        Group(found[0], found[0].reason if len(found) == 1 else reason, tuple(one.instance_id for one in found))
        for (_class, reason), found in members.items()
    ]
    return sorted(groups, key=lambda one: (CLASSES.index(one.class_name), -len(one.instance_ids)))


def group_rows(rows: Iterable[Mapping[str, Any]]) -> list[Group]:
    """Return the groups of a task's ``results``."""
    return group(map(Ending.of_row, rows))


def count_classes(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many results there are in all and of each class: ``total, success, failed, skipped, running``."""
    counts = dict.fromkeys(("total", SUCCESS, FAILED, LEFT_OUT, RUNNING), 0)
    for row in rows:
        counts["total"] += 1
        counts[class_of(str(row.get("status") or "Unknown"))] += 1
    return counts


@dataclass(frozen=True)
class Summary:
    """How many instances ended how. ``total`` = success + failed + skipped + running.

    ``previous`` says how many of success and running come from an earlier run under the same idempotency key.
    """

    total: int = 0
    success: int = 0
    failed: int = 0
    skipped: int = 0
    previous: int = 0
    running: int = 0

    @classmethod
    def of(cls, results: Iterable[InstanceResult]) -> Summary:
        """Count the results."""
        counts: Counter[str] = Counter()
        for result in results:
            counts["total"] += 1
            counts["previous"] += result.previous and not result.failed
            if result.live:
                counts["running"] += 1
            elif result.status == SKIPPED:
                counts["skipped"] += 1
            else:
                counts["failed" if result.failed else "success"] += 1
        return cls(**counts)

    def as_dict(self) -> dict[str, int]:
        """Return the counts as a task's result shows them."""
        return asdict(self)
