# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short share of ``make ansible-targets``: one of ansible-core's own targets, on the newest release."""

from __future__ import annotations

import pytest
from emulator.testing import start_emulator
from support.environments import RELEASES

from .hosts import over_assistant
from .runs import Outcome
from .source import targets_of


def test_a_target_of_ansible_core_passes() -> None:
    try:
        targets = targets_of(RELEASES[-1])
    except LookupError as absent:
        pytest.skip(f"{RELEASES[-1]}: {absent}")
    with start_emulator(instances=2) as emulator:
        outcome = over_assistant("connection", RELEASES[-1], targets, emulator)
    assert outcome.passed, outcome.output
    assert outcome.tasks


def test_tasks_are_counted_over_all_plays() -> None:
    recap = "testhost                   : ok=9    changed=2    unreachable=0\n"
    assert Outcome(False, f"PLAY RECAP *\n{recap}\nok=7\nPLAY RECAP *\n{recap}a : ok=3  changed=0\n").tasks == 21
