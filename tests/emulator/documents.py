# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the JSON objects that users give to the emulator: rows of a fleet, rules for faults and simulated scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Wanted = tuple[str, Callable[[Any], bool]]
"""What a value must be, in the words of a message, and whether a value is that."""


def check_keys(row: Mapping[str, Any], keys: Mapping[str, Wanted]) -> None:
    """Raise ValueError for an unknown key, which is a misspelt one, and for a value that a key cannot have.

    A null counts as not given.
    """
    unknown = sorted(map(str, set(row) - set(keys)))
    if unknown:
        raise ValueError(f"unknown keys {', '.join(unknown)}")
    for key, value in row.items():
        wanted, fits = keys[key]
        if value is not None and not fits(value):
            raise ValueError(f"{key} must be {wanted}, not {value!r}")


def one_of(*words: str) -> Wanted:
    """Return what a value must be that is one of these words."""
    return f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words


def is_text(value: Any) -> bool:
    """Return whether it is a text."""
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """Return whether it is a finite number from 0."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def is_whole(value: Any) -> bool:
    """Return whether it is a whole number from 0."""
    return isinstance(value, int) and is_number(value)


def are_texts(value: Any) -> bool:
    """Return whether it is an object of texts."""
    return isinstance(value, Mapping) and all(map(is_text, [*value, *value.values()]))


ANYTHING: Wanted = ("any JSON", lambda _value: True)
FLAG: Wanted = ("true or false", lambda value: isinstance(value, bool))
TEXTS: Wanted = ("an object of texts", are_texts)
