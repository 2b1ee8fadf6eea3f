# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Divide what one call cannot hold: ids into batches, listings into pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .errors import TransportError

T = TypeVar("T")


def batches(values: Sequence[T], size: int) -> list[tuple[T, ...]]:
    """Cut the values into runs of at most ``size``, in their order."""
    return [tuple(values[start : start + size]) for start in range(0, len(values), size)]


class Incomplete(TransportError):
    """A listing broke off: what was read of it must not be taken for the whole."""

    def __init__(self, operation: str, host: str, reason: str) -> None:
        super().__init__(operation, host, f"{reason}, so the list is not complete", False)


def pages_by_token(
    read: Callable[[str | None], T],
    token_of: Callable[[T], str | None],
    is_full: Callable[[T], bool],
    incomplete: Callable[[str], Incomplete],
    name: str,
) -> Iterator[T]:
    """Yield each page of a listing; ``read`` gets the token of a page, None for the first one.

    ``token_of`` returns the token of the page after a page, empty on the last one, None where the answer has none;
    ``name`` is what the service calls it. ``incomplete`` makes the error for a reason: raised for a token that comes
    twice, and for a full page without one.
    """
    token: str | None = None
    seen = set()
    while True:
        page = read(token)
        yield page
        token = token_of(page)
        if token is None and is_full(page):
            raise incomplete(f"a full page came without {name}")
        if not token:
            return
        if token in seen:
            raise incomplete(f"the same {name} came twice")
        seen.add(token)
