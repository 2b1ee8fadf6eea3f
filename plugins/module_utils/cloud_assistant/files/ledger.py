# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Keep track of the parts of a file: which instance has which, and which delivery carries those in transit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...common.paging import batches
from ..runs.rounds import Piece, missing_pieces
from .deliveries import MAX_INSTANCES
from .parts import parse_numbers


class Ledger:
    """The parts, numbered from 1 to ``count``, that are on each instance or in transit to it."""

    def __init__(self, count: int, reported: Mapping[str, str | None]) -> None:
        """Start with the parts that each instance reports as ranges such as ``1-3,7-7``, None if it has none."""
        self.count = count
        self._present = {instance_id: parse_numbers(parts or "") for instance_id, parts in reported.items()}
        # the latest delivery of a part to an instance
        self._sent: dict[tuple[str, int], str] = {}

    @property
    def present(self) -> int:
        """Return the number of parts that have arrived, summed over all instances."""
        return sum(len(numbers) for numbers in self._present.values())

    def note_present(self, instance_id: str, parts: str | None) -> None:
        """Replace what is known of an instance's parts by what the instance itself reports."""
        self._present[instance_id] = parse_numbers(parts or "")

    def note_sent(self, number: int, instance_ids: Iterable[str], invoke_id: str) -> None:
        """Note the delivery that carries a part to these instances."""
        self._sent.update(((instance_id, number), invoke_id) for instance_id in instance_ids)

    def missing(self, instance_id: str) -> list[int]:
        """Return the numbers of the parts that an instance does not have, in ascending order."""
        return [number for number in range(1, self.count + 1) if number not in self._present[instance_id]]

    def holds_any(self, instance_id: str) -> bool:
        """Return whether a part of the file is, or may be, on the instance."""
        return bool(self._present.get(instance_id)) or any(one == instance_id for one, _number in self._sent)

    def plan(self, instance_ids: Iterable[str]) -> list[Piece]:
        """Return the parts that the instances lack, in ascending order, each for as many as one call can serve."""
        return [
            Piece(part.number, group)
            for part in missing_pieces({instance_id: self.missing(instance_id) for instance_id in instance_ids})
            for group in batches(part.instance_ids, MAX_INSTANCES)
        ]

    def deliveries(self, parts: Iterable[tuple[str, int]]) -> dict[str, list[str]]:
        """Return the instances of each delivery among these parts (instance, number); parts not sent are left out."""
        found: dict[str, list[str]] = {}
        for instance_id, number in parts:
            invoke_id = self._sent.get((instance_id, number))
            if invoke_id:
                found.setdefault(invoke_id, []).append(instance_id)
        return found
