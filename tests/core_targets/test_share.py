# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short share of ``make ansible-targets``: one of ansible-core's own targets, on the newest release."""

from __future__ import annotations

from pathlib import Path

import pytest
from emulator.testing import start_emulator
from support.environments import RELEASES

from .hosts import over_assistant
from .outcomes import Figures, Outcome, Pair
from .runs import replace_files
from .source import targets_of


def test_a_target_of_ansible_core_passes() -> None:
    try:
        targets = targets_of(RELEASES[-1])
    except LookupError as absent:
        pytest.skip(f"{RELEASES[-1]}: {absent}")
    with start_emulator(instances=2) as emulator:
        outcome, output = over_assistant("connection", RELEASES[-1], targets, emulator)
    assert outcome.passed, output
    assert outcome.tasks


OUTPUT = """
TASK [copy : ignored] ****
fatal: [testhost]: FAILED! => {}
...ignoring
PLAY RECAP *
testhost                   : ok=9    changed=2    unreachable=0

ok=7
TASK [copy : fails in a loop] ****
failed: [testhost] (item=1) => {}
fatal: [testhost]: FAILED! => {}
TASK [copy : ignored later] ****
fatal: [testhost]: FAILED! => {}
...ignoring
TASK [copy : clean up] ****
PLAY RECAP *
a : ok=3  changed=0
"""


def test_the_outcome_is_read_from_all_plays() -> None:
    assert Outcome.of(False, OUTPUT) == Outcome(False, 12, "copy : fails in a loop")
    assert Outcome.of(True, OUTPUT) == Outcome(True, 12)
    assert Outcome.of(False, "TASK [last one] ****\nno such file\n").ended == "last one"


def test_only_what_ends_as_over_openssh_is_not_broken(tmp_path: Path) -> None:
    passed, early, late = Outcome(True, 9), Outcome(False, 3, "one"), Outcome(False, 5, "two")
    never = Outcome(False, 0)
    pairs = {
        "passed": Pair(passed),
        "as over OpenSSH": Pair(early, early),
        "passed over OpenSSH": Pair(early, passed),
        "further over OpenSSH": Pair(early, late),
        "at another task": Pair(late, early),
        "not compared": Pair(early),
        "never began": Pair(never, never),
    }
    assert [name for name, pair in pairs.items() if not pair.broken] == ["passed", "as over OpenSSH"]
    assert ["FAILED" in str(pair) for pair in pairs.values()] == [pair.broken for pair in pairs.values()]
    figures = Figures({"2.21.5": pairs})
    figures.write(tmp_path / "figures.json")
    assert figures.broken
    assert Figures.read(tmp_path / "figures.json") == figures
    assert Figures.read(tmp_path / "none") == Figures()


def test_a_target_reads_no_keys_of_the_user(tmp_path: Path) -> None:
    playbook = tmp_path / "target" / "tasks" / "main.yml"
    playbook.parent.mkdir(parents=True)
    playbook.write_bytes(b"- copy: {src: ~root/.ssh/authorized_keys, dest: \xff}\n")
    replace_files(tmp_path / "target", tmp_path)
    assert playbook.read_bytes() == b"- copy: {src: %s/authorized_keys, dest: \xff}\n" % bytes(tmp_path)
    assert (tmp_path / "authorized_keys").exists()
