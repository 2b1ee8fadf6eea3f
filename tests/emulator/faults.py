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
duplicate                  the request is delivered to the service twice; the client gets the first answer
clock_skew                 the service's clock is ``skew_s`` ahead, for the time stamp of the request and in Date
agent_offline, reboot,     after the effect, ``delay_ms`` later, the agent of ``instance_id`` goes offline, or the
stop, release              instance reboots, stops or is released; without ``instance_id`` the call's first target
page                       ``status``, ``headers`` and ``body`` of another program, a proxy's page; ``when`` says
                           whether the effect takes place (after, the default) or not (before)
edit                       in the JSON answer, ``path`` (one or a list of ``Names.Name.*.Id``, a number or * for
                           entries of a list) becomes ``value``, or is not there with ``remove``
headers                    ``headers`` are added to the answer: ``{"Content-Encoding": "gzip"}`` for a false gzip
truncate                   the answer's body ends half way
wrong_length               Content-Length is off by ``by`` bytes; the connection is closed ``delay_ms`` later
huge                       the answer holds ``size_bytes`` more; ``compressed`` sends it as gzip
deep                       the answer holds a list in a list, ``depth`` times
slow                       the answer comes byte by byte, one in ``delay_ms``; ``part`` headers, body or all
endless                    chunks without end, one in ``delay_ms``, each of ``size_bytes`` blanks
endless_continue           ``100 Continue`` without end, one in ``delay_ms``
========================== =====================================================================================

Everything from ``headers`` on is done to the answer after the effect.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .documents import ANYTHING, FLAG, TEXTS, Wanted, check_keys, is_number, is_text, is_whole, one_of

# what happens to an instance after the call
INSTANCE_KINDS = ("agent_offline", "reboot", "stop", "release")
# what happens to the answer on its way
ANSWER_KINDS = (
    "drop_after", "page", "edit", "headers", "truncate", "wrong_length", "huge", "deep", "slow", "endless",
    "endless_continue",
)  # fmt: skip
KINDS = (
    "drop_before", "reset", "delay", "status", "throttle", "duplicate", "clock_skew", *INSTANCE_KINDS, *ANSWER_KINDS
)  # fmt: skip


def _is_off(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e10


# key -> what its value must be, and how to tell
_KEYS: dict[str, Wanted] = {
    "action": ("the name of an operation, or * for all", is_text),
    "kind": one_of(*KINDS),
    "nth": (
        "a number of a call, counted from 1, or a list of them",
        lambda value: all(is_whole(number) and number for number in _listed(value)),
    ),
    "probability": ("a number between 0 and 1", lambda value: is_number(value) and value <= 1),
    "seed": ("a whole number", is_whole),
    "count": ("a whole number", is_whole),
    "delay_ms": ("a number of milliseconds", is_number),
    "status": ("an HTTP status from 200 to 599", lambda value: is_whole(value) and 200 <= value <= 599),
    "code": ("a text", is_text),
    "message": ("a text", is_text),
    "retry_after_ms": ("a whole number of milliseconds", is_whole),
    "instance_id": ("a text", is_text),
    "when": one_of("before", "after"),
    "headers": TEXTS,
    "body": ("a text", is_text),
    "path": (
        "a path such as Names.Name.0.Id, or a list of them",
        lambda value: bool(value) and all(is_text(path) and path for path in _listed(value)),
    ),
    "value": ANYTHING,
    "remove": FLAG,
    "by": ("a number of bytes other than 0", lambda value: _is_off(value) and isinstance(value, int) and value != 0),
    "size_bytes": ("a number of bytes", is_whole),
    "compressed": FLAG,
    "depth": ("a whole number", is_whole),
    "part": one_of("headers", "body", "all"),
    "skew_s": ("a number of seconds", _is_off),
}
_NULL_MEANS_NULL = ("value",)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


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
    when: str = "after"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    path: tuple[str, ...] = ()
    value: Any = None
    remove: bool = False
    by: int = 100
    size_bytes: int = 64 << 20
    compressed: bool = False
    depth: int = 100_000
    part: str = "all"
    skew_s: float = 3600.0
    seen: int = 0
    fired: int = 0
    random: random.Random = field(default_factory=random.Random)

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> FaultRule:
        """Return a rule from its JSON form; ``ValueError`` says what is wrong with it."""
        if not isinstance(row, Mapping):
            raise ValueError("a rule is a JSON object")
        check_keys(row, _KEYS)
        values = {key: value for key, value in row.items() if value is not None or key in _NULL_MEANS_NULL}
        if "kind" not in values:
            raise ValueError(f"kind is missing, {_KEYS['kind'][0]}")
        if "nth" in values and "probability" in values:
            raise ValueError("nth and probability exclude each other")
        if values["kind"] == "edit" and ("path" not in values or ("value" in values) == bool(values.get("remove"))):
            raise ValueError("edit needs path, and either value or remove")
        if values["kind"] == "status" and values.get("status", 300) < 300:
            raise ValueError(f"status must be an HTTP status from 300 to 599, not {values['status']}")
        return cls(
            action=values.pop("action", "*"),
            nth=tuple(_listed(values.pop("nth", []))),
            path=tuple(_listed(values.pop("path", []))),
            random=random.Random(values.pop("seed", 0)),
            **values,
        )

    def hits(self, action: str) -> bool:
        """Return whether this call is to be hit; counts the call."""
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

    def add(self, rows: list[Mapping[str, Any]], actions: Collection[str] | None = None) -> None:
        """Add rules behind those in force; a wrong rule adds none.

        ``actions`` are the operations that a rule may name: one for a misspelt operation would never fire, and the
        test that relies on it would prove nothing.
        """
        rules = []
        for number, row in enumerate(rows, start=1):
            try:
                rule = FaultRule.parse(row)
                if actions is not None and rule.action not in ("*", *actions):
                    raise ValueError(f"there is no operation {rule.action}")
            except ValueError as error:
                raise ValueError(f"rule {number}: {error}") from error
            rules.append(rule)
        self.rules += rules

    def clear(self) -> None:
        """Remove all rules."""
        self.rules = []

    def match(self, action: str) -> FaultRule | None:
        """Return the first rule that hits this call; every rule for the action counts it."""
        found = None
        for rule in self.rules:
            if rule.hits(action) and found is None:
                found = rule
        return found
