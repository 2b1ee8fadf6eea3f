# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The entries of a list option, each once, as people write lists of IDs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .printable import some_of


def split_entries(entries: Iterable[str]) -> list[str]:
    """Return the IDs of a list option: an entry can hold several, separated by white space, as a block of lines does.

    A blank entry stays as an empty text, for the caller to refuse.
    """
    return [item for entry in entries for item in (entry.split() or [""])]


def each_once(values: Iterable[str], option: str, warn: Callable[[str], None] | None = None) -> tuple[str, ...]:
    """Return the values, each once in the order given; ``warn`` gets a line about repeated ones."""
    unique, repeated = dedupe(values)
    if repeated and warn:
        warn(f"{option}: duplicates removed: {some_of(repeated)}")
    return unique


def dedupe(values: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the values, each once in the order of its first place, and those that came more than once."""
    count: dict[str, int] = {}
    for value in values:
        count[value] = count.get(value, 0) + 1
    return tuple(count), tuple(value for value, times in count.items() if times > 1)
