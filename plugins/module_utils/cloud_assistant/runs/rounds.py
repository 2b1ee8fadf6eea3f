# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Move numbered pieces of data to or from many instances, in rounds: only what is missing, some calls at a time."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

ROUNDS = 3
"""Times that missing pieces are moved."""

RUNS_AT_ONCE = 8
"""Runs that read pieces at the same time; an agent has room for ten."""

RANGE_BYTES = 18000
"""Bytes that one run reads: with Base64, its line ends and a few facts they fit into the 24 KB that are kept of it."""

TIDY_TIMEOUT = 60
"""Seconds for cleaning up, which the deadline of the task does not cut."""


@dataclass(frozen=True)
class Piece:
    """One piece, by its number, for the instances of one call."""

    number: int
    instance_ids: tuple[str, ...]


def missing_pieces(missing: Mapping[str, Iterable[int]]) -> list[Piece]:
    """Return the pieces, in ascending order, that some instances lack; ``missing`` has the numbers by instance."""
    instances: dict[int, list[str]] = {}
    for instance_id, numbers in missing.items():
        for number in numbers:
            instances.setdefault(number, []).append(instance_id)
    return [Piece(number, tuple(instances[number])) for number in sorted(instances)]


def windows(
    pieces: Sequence[Piece], size: int, ended: Container[str], progress: Callable[[int, int], None]
) -> Iterator[list[Piece]]:
    """Yield the pieces, ``size`` at a time, without the instances in ``ended``, which may grow between windows.

    After each window, ``progress`` gets how many of the pieces have had their turn, and how many there are.
    """
    for start in range(0, len(pieces), size):
        window = [
            Piece(piece.number, left)
            for piece in pieces[start : start + size]
            if (left := tuple(one for one in piece.instance_ids if one not in ended))
        ]
        if window:
            yield window
        progress(min(start + size, len(pieces)), len(pieces))
