# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read whole numbers from the text of an instance or of a playbook."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"-?[0-9]{1,18}")


def whole_number(text: str) -> int | None:
    """Return the number that the text is, None for text that is not an integer of at most 18 decimal digits.

    Python itself refuses to read numbers of thousands of digits.
    """
    return int(text) if _WHOLE.fullmatch(text) else None


def natural_number(text: str) -> int | None:
    """Return the number that the text is, None for text that is not an integer from 0."""
    number = whole_number(text)
    return None if number is None or number < 0 else number
