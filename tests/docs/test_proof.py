# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the proof guide are there, hold what was promised, and can be repeated."""

from __future__ import annotations

import json
import re
from types import ModuleType

import pytest
import yaml
from support.doc_blocks import blocks
from support.environments import RELEASES, REPOSITORY
from support.figures import FILE, count

TABLES = REPOSITORY / "docs" / "tables"
ROWS = yaml.safe_load((TABLES / "proof.yml").read_text(encoding="utf-8"))
RUN_BY_TESTS = ("play", "tasks", "inventory", "shell")


@pytest.mark.counted
def test_what_can_be_counted_in_files():
    recordings = sorted((REPOSITORY / "tests" / "emulator" / "recordings").glob("*.jsonl"))
    count("recordings", sum(len(path.read_text(encoding="utf-8").splitlines()) for path in recordings))
    count("examples", sum(block.kind in RUN_BY_TESTS for block in blocks()))
    count("releases", len(RELEASES))


@pytest.fixture
def proof(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(TABLES)
    import proof

    return proof


def test_every_row_can_be_repeated():
    targets = re.findall(r"^([a-z-]+):.*## ", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {row["command"] for row in ROWS} <= {f"make {target}" for target in targets}


def test_the_figures(proof: ModuleType):
    figures = {row["what"]: proof.figure(row["figure"]) for row in ROWS}
    assert {figure for what, figure in figures.items() if "broken" in what} <= {0, None}
    assert figures["releases of ansible-core that are tested"] == len(RELEASES)
    assert [what for what, figure in figures.items() if figure == 0 and "broken" not in what] == []
    shown = {what: figure for what, figure, _command in proof.proof()}
    assert {what: figure for what, figure in figures.items() if figure is not None} == {
        what: int(figure.replace(",", "")) for what, figure in shown.items()
    }


def test_counting(monkeypatch: pytest.MonkeyPatch, tmp_path):
    count("nothing", 5)
    monkeypatch.setenv(FILE, str(tmp_path / "counted.json"))
    count("answers", 2)
    count("answers")
    assert json.loads((tmp_path / "counted.json").read_text(encoding="utf-8")) == {"answers": 3}
