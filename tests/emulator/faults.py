# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults by rule: what goes wrong with which call.

A rule is a JSON object with ``action`` (an operation's name or ``*``) and ``kind``, fired on the calls listed in
``nth`` (counted from 1 per rule), or with ``probability`` from a generator seeded with ``seed``, or on every call;
``count`` bounds how often it fires. Kinds:

========================== =====================================================================================
drop_before, drop_after    the connection is closed without an answer, before or after the effect
reset                      as drop_before, but with a TCP reset
delay                      the service takes ``delay_ms`` longer
status                     ``status``, ``code`` and ``message`` are answered instead of any effect; what is left
                           out comes from the operation's table of errors, ServiceUnavailable without a code
throttle                   Throttling.User with ``x-acs-retry-after: retry_after_ms``, without effect
truncate                   the effect takes place, the answer's body ends half way
duplicate                  the request is delivered to the service twice; the client gets the first answer
agent_offline, reboot      after the effect, ``delay_ms`` later, the agent of ``instance_id`` goes offline, or the
                           instance reboots; without ``instance_id`` the first target of the call
========================== =====================================================================================
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "drop_before",
    "drop_after",
    "reset",
    "delay",
    "status",
    "throttle",
    "truncate",
    "duplicate",
    "agent_offline",
    "reboot",
)
_KEYS = {
    "action",
    "kind",
    "nth",
    "probability",
    "seed",
    "count",
    "delay_ms",
    "status",
    "code",
    "message",
    "retry_after_ms",
    "instance_id",
}


@dataclass
class FaultRule:
    """One rule and how often it has seen and hit a call."""

    action: str
    kind: str
    nth: tuple[int, ...] = ()
    probability: float | None = None
    count: int | None = None
    delay_ms: float = 0.0
    status: int | None = None
    code: str = "ServiceUnavailable"
    message: str = ""
    retry_after_ms: int = 0
    instance_id: str = ""
    seen: int = 0
    fired: int = 0
    random: random.Random = field(default_factory=random.Random)

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> FaultRule:
        """A rule from its JSON form; ``ValueError`` says what is wrong with it."""
        unknown = set(row) - _KEYS
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        if row.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if "nth" in row and "probability" in row:
            raise ValueError("nth and probability exclude each other")
        nth = row.get("nth", [])
        nth = (nth,) if isinstance(nth, int) else tuple(nth)
        if not all(isinstance(number, int) and number >= 1 for number in nth):
            raise ValueError("nth counts calls from 1")
        probability = row.get("probability")
        if probability is not None and not 0 <= float(probability) <= 1:
            raise ValueError("probability lies between 0 and 1")
        values = {
            key: row[key]
            for key in ("count", "delay_ms", "status", "code", "message", "retry_after_ms", "instance_id")
            if row.get(key) is not None
        }
        return cls(
            action=row.get("action", "*"),
            kind=row["kind"],
            nth=nth,
            probability=probability,
            random=random.Random(row.get("seed", 0)),
            **values,
        )

    def hits(self, action: str) -> bool:
        """Whether this call is to be hit; counts the call."""
        if self.action not in ("*", action):
            return False
        self.seen += 1
        if self.count is not None and self.fired >= self.count:
            return False
        if self.nth:
            hit = self.seen in self.nth
        elif self.probability is not None:
            hit = self.random.random() < self.probability
        else:
            hit = True
        self.fired += hit
        return hit


class Faults:
    """The rules in force, asked once for each call."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def add(self, rows: list[Mapping[str, Any]]) -> None:
        """Add rules behind those in force; a wrong rule adds none."""
        rules = []
        for number, row in enumerate(rows, start=1):
            try:
                rules.append(FaultRule.parse(row))
            except (TypeError, ValueError) as error:
                raise ValueError(f"rule {number}: {error}") from error
        self.rules += rules

    def clear(self) -> None:
        """Remove all rules."""
        self.rules = []

    def match(self, action: str) -> FaultRule | None:
        """The first rule that hits this call; every rule for the action counts it."""
        found = None
        for rule in self.rules:
            if rule.hits(action) and found is None:
                found = rule
        return found
