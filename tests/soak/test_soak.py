# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short share of ``make soak``: whatever goes wrong, no promise of the writing modules is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from soak.history import play
from soak.kills import play_kill

HISTORIES = 30
SEED = 1
SHOT = 75
"""The seed of a history in which a process of the module is killed."""


@pytest.mark.parametrize("seed", range(SEED, SEED + HISTORIES))
def test_history(emulator: Any, seed: int) -> None:
    play(emulator, seed)


def test_a_module_that_is_killed(emulator: Any) -> None:
    play(emulator, SHOT, shooting=True)


def test_kill(emulator: Any, tmp_path: Path) -> None:
    play_kill(emulator, SEED, tmp_path)
