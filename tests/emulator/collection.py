# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout importable as ``ansible_collections.cloudops.cloud_assistant``, wherever it lies.

The emulator uses one module of the collection, the schedule arithmetic, so that a rehearsal fires when the
collection says it will. It must therefore find the collection also where no ``ansible_collections`` tree is set up.
"""

from __future__ import annotations

import importlib
import sys
import types
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[2]
_NAME = "ansible_collections.cloudops.cloud_assistant"


class Schedule(Protocol):
    """What the emulator needs of a schedule."""

    kind: str

    def next_runs(
        self, base: datetime, count: int, *, instance_zone: str = "UTC", created_at: datetime | None = None
    ) -> list[datetime]:
        """The next runs after ``base``."""


def make_importable() -> None:
    """Put the checkout under its collection name, unless it can be imported by that name already."""
    try:
        importlib.import_module(f"{_NAME}.plugins.module_utils")
        return
    except ImportError:
        pass
    parent = None
    path = ""
    for part in _NAME.split("."):
        path = f"{path}.{part}" if path else part
        if path not in sys.modules:
            package = types.ModuleType(path)
            package.__path__ = [str(ROOT)] if path == _NAME else []
            sys.modules[path] = package
            if parent is not None:
                setattr(parent, part, package)
        parent = sys.modules[path]


def _schedule_module() -> Any:
    make_importable()
    return importlib.import_module(f"{_NAME}.plugins.module_utils.cloud_assistant.frequency")


def parse_frequency(text: str, timeout: int) -> Schedule:
    """The schedule of a Frequency for a new task; ``ValueError`` with the reason when it is none.

    A schedule that lies in the past is taken: the service says so of each instance, not of the request.
    """
    return _read("parse_frequency", text, timeout=timeout, now=datetime.fromtimestamp(0, timezone.utc))


def read_frequency(text: str) -> Schedule:
    """The schedule of a Frequency that was accepted before."""
    return _read("read_frequency", text)


def _read(reader: str, text: str, **options: Any) -> Schedule:
    module = _schedule_module()
    errors = importlib.import_module(f"{_NAME}.plugins.module_utils.common.errors")
    try:
        schedule: Schedule = getattr(module, reader)(text, **options)
    except errors.InputError as error:
        raise ValueError(str(error)) from error
    return schedule
