# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Schedules as the agent itself reads them, with the codes and texts that it reports for a bad one."""

from __future__ import annotations

import importlib
import re
from datetime import datetime, timezone
from typing import Any

from ..collection import make_importable

_LAYOUT = ("2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05")
_UNITS = {"01": ("month", 1, 12), "15": ("hour", 0, 23), "04": ("minute", 0, 59), "05": ("second", 0, 59)}


def _module(name: str) -> Any:
    make_importable()
    return importlib.import_module(f"ansible_collections.cloudops.cloud_assistant.plugins.module_utils.{name}")


class BadSchedule(ValueError):
    """An expression that the agent refuses: ``str()`` is what it reports."""


def read(kind: str, text: str) -> Any:
    """The Schedule of an expression by its kind (Period, Rate, At) as it is delivered. Raises BadSchedule."""
    schedule = _module("cloud_assistant.frequency")
    cron = _module("cloud_assistant.cron")
    if kind == "At":
        return schedule.AtSchedule(text, _read_at(text))
    try:
        return schedule.read_rate(text) if kind == "Rate" else schedule.read_cron(text, strict=False)
    except cron.CronError as exc:
        raise BadSchedule(exc.code) from exc


def _read_at(text: str) -> datetime:
    """The moment, in UTC, of ``at(YYYY-MM-DDThh:mm:ss)``, with or without the wrapper; errors are Go's."""
    wrapped = re.fullmatch(r"at\((.*)\)", text, re.IGNORECASE)
    stamp = rest = wrapped[1] if wrapped else text
    for piece in _LAYOUT:
        found = re.match(rf"\d{{{len(piece)}}}" if piece.isdigit() else re.escape(piece), rest)
        if not found:
            raise BadSchedule(f'parsing time "{stamp}" as "{"".join(_LAYOUT)}": cannot parse "{rest}" as "{piece}"')
        if piece in _UNITS:
            name, low, high = _UNITS[piece]
            if not low <= int(found[0]) <= high:
                raise BadSchedule(f'parsing time "{stamp}": {name} out of range')
        rest = rest[found.end() :]
    if rest:
        raise BadSchedule(f'parsing time "{stamp}": extra text: "{rest}"')
    try:
        return datetime.fromisoformat(stamp).replace(tzinfo=timezone.utc)
    except ValueError as exc:
        raise BadSchedule(f'parsing time "{stamp}": day out of range') from exc
