# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of parts says what is missing where, and which deliveries are to be waited for."""

from __future__ import annotations

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.ledger import (
    Ledger,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.rounds import Piece


def test_what_is_missing_goes_out_part_by_part_to_fifty_instances_a_call():
    ids = [f"i-{number}" for number in range(60)]
    ledger = Ledger(3, {**dict.fromkeys(ids), "i-0": "1-2", "i-1": "1-3"})
    assert ledger.present == 5
    assert (ledger.missing("i-0"), ledger.missing("i-1"), ledger.missing("i-2")) == ([3], [], [1, 2, 3])
    calls = ledger.plan(ids)
    assert [(call.number, len(call.instance_ids)) for call in calls] == [
        (1, 50),
        (1, 8),
        (2, 50),
        (2, 8),
        (3, 50),
        (3, 9),
    ]
    assert ledger.plan(["i-1"]) == []
    assert ledger.plan(["i-0", "i-2"])[-1] == Piece(3, ("i-0", "i-2"))


def test_the_latest_delivery_of_a_part_is_the_one_to_wait_for():
    ledger = Ledger(2, {"i-0": None, "i-1": ""})
    assert not ledger.holds_any("i-0")
    ledger.note_sent(1, ["i-0", "i-1"], "f-1")
    ledger.note_sent(1, ["i-1"], "f-2")
    assert ledger.deliveries([("i-0", 1), ("i-1", 1), ("i-1", 2)]) == {"f-1": ["i-0"], "f-2": ["i-1"]}
    assert ledger.holds_any("i-0") and ledger.present == 0


def test_the_instance_knows_better_than_what_was_sent_to_it():
    ledger = Ledger(2, {"i-0": "1-2"})
    ledger.note_present("i-0", "2-2")
    assert ledger.missing("i-0") == [1]
    ledger.note_present("i-0", None)
    assert ledger.missing("i-0") == [1, 2] and not ledger.holds_any("i-0")
