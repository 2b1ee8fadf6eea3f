# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a long proof is tried: the share that ``make test`` takes, or the whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

_Case = TypeVar("_Case")

WHOLE = os.environ.get("TESTS") == "whole"
"""Whether the whole is asked for, as ``make lint``, ``make sanity``, ``make releases`` and ``make figures`` do."""


def share(cases: Sequence[_Case], *places: int) -> list[_Case]:
    """Return all cases, or only those at the given places where a share is enough."""
    return list(cases) if WHOLE else [cases[place] for place in places]
