# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every error code of the API's documents, with what to do about it."""

from __future__ import annotations

_HINTS: dict[str, str] = {}


def hint_for(code: str) -> str | None:
    """What a user can do about ``code``; None for a code without advice. Case and blanks do not count."""
    return _HINTS.get(code.replace(" ", "").lower())
