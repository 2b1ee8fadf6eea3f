# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Chinese pages have the code, the tables and the sections of the English ones."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from support.doc_blocks import Block, blocks
from support.environments import REPOSITORY

README = ("README.md", "README.zh-CN.md")
GETTING_STARTED = ("docs/docsite/rst/getting_started_guide.rst", "docs/site/zh/getting_started.rst")
BLOCKS = blocks()


def without_names(data: Any) -> Any:
    """Return YAML without the names of plays and tasks, which are translated."""
    if isinstance(data, list):
        return [without_names(item) for item in data]
    if isinstance(data, dict):
        return {key: without_names(value) for key, value in data.items() if key != "name"}
    return data


def comparable(block: Block) -> Any:
    """Return what a translation leaves unchanged: all but names and comments."""
    if block.language.startswith("yaml"):
        return without_names(yaml.safe_load(block.text))
    return [line for line in block.text.splitlines() if not line.startswith("#")]


def code(source: str) -> list[Any]:
    """Return the blocks of code of a page; the comments behind commands are translated."""
    found = [comparable(block) for block in BLOCKS if block.source == source]
    return [[re.sub(r" +# .*", "", line) for line in one] if isinstance(one[0], str) else one for one in found]


def rows(source: str) -> list[list[str]]:
    """Return the literals of each row of the tables of a README, without the table for developers."""
    text = (REPOSITORY / source).read_text(encoding="utf-8")
    kept = re.sub(r"^To develop, .*?(?=^## )", "", text, flags=re.MULTILINE | re.DOTALL)
    return [re.findall(r"`[^`]+`|\d\.\d\d", line) for line in kept.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("pages", [README, GETTING_STARTED], ids=["README", "getting started"])
def test_the_code_is_the_same(pages: tuple[str, str]):
    english, chinese = map(code, pages)
    assert chinese == english


def test_the_tables_of_the_readme_are_the_same():
    english, chinese = map(rows, README)
    assert chinese == english


def test_the_readme_has_the_same_sections():
    english, chinese = (
        len(re.findall("^## ", (REPOSITORY / name).read_text(encoding="utf-8"), re.MULTILINE)) for name in README
    )
    assert chinese == english
