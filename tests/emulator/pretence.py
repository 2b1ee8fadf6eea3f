# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that only seem to run: how long, with which exit code and output is a rule's business, and costs nothing.

A rule is a JSON object; of a list of them, the first that fits a script and its instance counts. Keys, all optional:

============= ====================================================================================================
content       a regular expression that is found in the script's text
instance      a regular expression that is found in the instance's id
share         the part of the instances for which the rule holds, from 0 to 1; always the same ones
duration_s    seconds, or [from, to] for a length in between that belongs to the instance; 0 without it
exit_code     0 without it
output        what the script prints; ``{instance_id}`` stands for the instance
output_bytes  so many bytes are printed, the output repeated
============= ====================================================================================================
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .documents import Wanted, check_keys, is_number, is_text, is_whole
from .instance.output import OutputBuffer
from .instance.tasks import Interrupted, Report

_DEFAULT_OUTPUT = "pretended\n"
_QUOTA = 24576


@dataclass(frozen=True)
class Rule:
    """How some scripts seem to run on some instances."""

    content: re.Pattern[str]
    instance: re.Pattern[str]
    share: float
    shortest: float
    longest: float
    exit_code: int
    output: str
    output_bytes: int | None

    def fits(self, instance_id: str, content: str) -> bool:
        """Return whether the rule holds for a script on an instance."""
        return (
            _place(instance_id, "share") < self.share
            and bool(self.instance.search(instance_id))
            and bool(self.content.search(content))
        )

    def seconds(self, instance_id: str) -> float:
        """Return how long the script seems to run there."""
        return self.shortest + (self.longest - self.shortest) * _place(instance_id, "duration")

    def printed(self, instance_id: str) -> tuple[bytes, int]:
        """Return what is kept of the output there, and how much is dropped; equal outputs are one object."""
        return _printed(self.output.replace("{instance_id}", instance_id), self.output_bytes)


@functools.lru_cache(maxsize=16)
def _printed(text: str, size: int | None) -> tuple[bytes, int]:
    """Return what an agent keeps of the output, and how many bytes it drops."""
    data = text.encode("utf-8", "surrogateescape")
    if size is not None:
        data = (data * (size // max(1, len(data)) + 1))[:size]
    output = OutputBuffer(_QUOTA)
    output.write(data)
    return output.kept, output.dropped


def _place(instance_id: str, purpose: str) -> float:
    """Return where an instance stands between 0 and 1, always the same for one purpose."""
    return zlib.crc32(f"{purpose}{instance_id}".encode()) / 2**32


@functools.lru_cache(maxsize=16)
def read_rules(text: str) -> tuple[Rule, ...]:
    """Read one rule or a list of rules from JSON; none from an empty text. Raises ValueError."""
    if not text:
        return ()
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"a rule of pretence is JSON: {error}") from None
    return tuple(_read_rule(row) for row in (document if isinstance(document, list) else [document]))


def _is_length(value: Any) -> bool:
    """Return whether it is a number of seconds, or a shortest and a longest one."""
    shortest, longest = _lengths(value)
    return is_number(shortest) and is_number(longest) and shortest <= longest


def _lengths(value: Any) -> tuple[Any, Any]:
    return (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, value)


_KEYS: dict[str, Wanted] = {
    "content": ("a regular expression", is_text),
    "instance": ("a regular expression", is_text),
    "share": ("a number from 0 to 1", lambda value: is_number(value) and value <= 1),
    "duration_s": ("a number of seconds, or [from, to]", _is_length),
    "exit_code": ("a whole number up to 255", lambda value: is_whole(value) and value <= 255),
    "output": ("a text", is_text),
    "output_bytes": ("a number of bytes", is_whole),
}


def _read_rule(row: Any) -> Rule:
    if not isinstance(row, Mapping):
        raise ValueError("a rule of pretence is a JSON object")
    check_keys(row, _KEYS)
    values = {key: value for key, value in row.items() if value is not None}
    shortest, longest = _lengths(values.get("duration_s", 0))
    return Rule(
        _pattern(values, "content"),
        _pattern(values, "instance"),
        values.get("share", 1.0),
        shortest,
        longest,
        values.get("exit_code", 0),
        values.get("output", _DEFAULT_OUTPUT),
        values.get("output_bytes"),
    )


def _pattern(row: Mapping[str, Any], key: str) -> re.Pattern[str]:
    try:
        return re.compile(row.get(key, ""))
    except re.error as error:
        raise ValueError(f"{key} is not a regular expression: {error}") from None


def rule_for(rules: tuple[Rule, ...], instance_id: str, content: bytes) -> Rule | None:
    """Return the first rule that fits a script on an instance."""
    if not rules:
        return None
    text = content.decode("utf-8", "replace")
    return next((rule for rule in rules if rule.fits(instance_id, text)), None)


class PretendedRun:
    """One script that seems to run; it ends like a real one, also when it is stopped or its instance goes down."""

    def __init__(self, rule: Rule, instance_id: str, timeout_s: int) -> None:
        self._rule = rule
        self._instance_id = instance_id
        self._timeout_s = timeout_s
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def report(self) -> Report:
        """Wait for the end and report it. Raises Interrupted when the instance goes down."""
        began, seconds = time.time(), self._rule.seconds(self._instance_id)
        in_time = not self._timeout_s or seconds < self._timeout_s
        timer = asyncio.get_running_loop().call_later(
            seconds if in_time else self._timeout_s, self.end, "finish" if in_time else "timeout"
        )
        try:
            kind = await self._end
        finally:
            timer.cancel()
        if kind == "interrupted":
            raise Interrupted
        output, dropped = self._rule.printed(self._instance_id)
        exit_code = {"finish": self._rule.exit_code, "timeout": 1}.get(kind, 0)
        return Report(kind, exit_code, output, dropped, started_at=began, finished_at=time.time())

    def end(self, kind: str) -> None:
        """End the run as finish, timeout, stopped or interrupted."""
        if not self._end.done():
            self._end.set_result(kind)
