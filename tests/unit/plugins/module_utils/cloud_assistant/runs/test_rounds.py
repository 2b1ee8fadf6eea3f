# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a round, and its windows."""

from __future__ import annotations

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.rounds import (
    Piece,
    missing_pieces,
    windows,
)


def test_each_missing_number_is_one_piece_for_all_instances_that_lack_it():
    assert missing_pieces({"i-1": [3, 1], "i-2": {1}, "i-3": ()}) == [Piece(1, ("i-1", "i-2")), Piece(3, ("i-1",))]
    assert missing_pieces({}) == []


def test_an_instance_that_ends_in_a_window_is_left_out_of_the_next_ones():
    pieces = [Piece(number, ("i-1", "i-2")) for number in range(5)]
    ended: set[str] = set()
    shown: list[tuple[int, int]] = []
    moved = []
    for window in windows(pieces, 2, ended, lambda done, total: shown.append((done, total))):
        moved.append([(piece.number, piece.instance_ids) for piece in window])
        ended.add("i-2" if len(moved) == 1 else "i-1")
    assert moved == [[(0, ("i-1", "i-2")), (1, ("i-1", "i-2"))], [(2, ("i-1",)), (3, ("i-1",))]]
    assert shown == [(2, 5), (4, 5), (5, 5)]
