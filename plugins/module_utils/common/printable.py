# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Text that is safe to show: control characters made visible, lines cut to a width."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

# control characters but tab and line feed, what turns the direction of text round, line ends that are none in a
# terminal, lone surrogates and the code points that no XML document may hold
_UNSAFE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

SHOWN_OF_MANY = 20
"""Instances of a fleet that a message names one by one."""


def visible(text: str) -> str:
    r"""Return the text with every character that a terminal or a browser would obey in escaped form, such as ``\x1b``.

    Tabs and line feeds stay unchanged, and CR LF becomes a line feed.
    """
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def some_of(texts: Iterable[str], shown: int = SHOWN_OF_MANY, separator: str = ", ") -> str:
    """Return the first ``shown`` texts for a message, and how many more there are: ``a, b and 3 more``."""
    every = list(texts)
    more = f"{separator.lstrip(',')}and {len(every) - shown} more" if len(every) > shown else ""
    return separator.join(every[:shown]) + more


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 instance``, ``3 instances``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def names_of(ids: Sequence[str], noun: str, shown: int = 5) -> str:
    """Return the ids for a message, the first few of many: ``3 invocations (t-1, t-2, t-3)``."""
    return f"{noun} {ids[0]}" if len(ids) == 1 else f"{counted(len(ids), noun)} ({some_of(ids, shown)})"


def columns(text: str) -> int:
    """Return how many columns of a terminal a line fills."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Return the text, its end replaced by an ellipsis where it would fill more than `width` columns of a terminal."""
    if len(text) * 2 <= width:
        return text
    used = 0
    fits = 0  # characters that leave room for the ellipsis
    for place, character in enumerate(text):
        if used + 1 <= width:
            fits = place
        used += _columns(character)
        if used > width:
            return f"{text[:fits]}…"
    return text
