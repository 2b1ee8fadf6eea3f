# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that users read are free of phrases that a native engineer would not write."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.environments import REPOSITORY

PLUGINS = REPOSITORY / "plugins"
DOCUMENTED = ("DOCUMENTATION", "RETURN", "EXAMPLES")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/docsite/rst/*.rst",
    "docs/awx/README.md",
    "roles/*/README.md",
    "roles/*/meta/argument_specs.yml",
    "playbooks/*.yml",
    "examples/*.*",
    ".github/*.md",
)
"""Pages and roles' documentation; the texts of plugins are taken from their source."""
CODE = re.compile(
    r"^```.*?^```|``.+?``|`[^`\n]+`|^ *\.\. code-block::.*?(?=^\S|\Z)|https?://\S+", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Phrase:
    """A phrase to avoid, as a regular expression that does not regard case, and what to write instead."""

    pattern: str
    instead: str


PHRASES = (
    Phrase("what became of", "the outcome, the state or the result of"),
    Phrase("(?:taken|used) as (?:it is|they are), without a question", "used as given, without a lookup"),
    Phrase("not to be seen", "not visible"),
)
"""Grows: a phrase is added when the last text that has it is rewritten. A blank stands for any white space."""


@dataclass(frozen=True)
class Text:
    """A text that users read, the file that it is in, and the line that it begins at."""

    source: str
    line: int
    text: str


def pages() -> Iterator[Text]:
    """Every page as one text; code in it is made blank, so that lines keep their numbers."""
    for pattern in PAGES:
        for path in sorted(REPOSITORY.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            if path.suffix in (".md", ".rst"):
                text = CODE.sub(lambda code: "\n" * code[0].count("\n"), text)
            yield Text(str(path.relative_to(REPOSITORY)), 1, text)


def plugin_texts() -> Iterator[Text]:
    """The documentation blocks of modules and plugins, and every literal that can be a message."""
    for path in sorted(PLUGINS.rglob("*.py")):
        yield from _literals(path, ast.parse(path.read_text(encoding="utf-8")))
    for path in sorted(PLUGINS.rglob("*.yml")):
        yield Text(str(path.relative_to(REPOSITORY)), 1, path.read_text(encoding="utf-8"))


def _literals(path: Path, tree: ast.Module) -> Iterator[Text]:
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield Text(str(path.relative_to(REPOSITORY)), node.lineno, node.value)


TEXTS = [*pages(), *plugin_texts()]


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.instead)
def test_texts_avoid(phrase: Phrase):
    pattern = re.compile(r"\b(?:" + phrase.pattern.replace(" ", r"\s+") + r")\b", re.IGNORECASE)
    found = [
        f"{text.source}:{text.line + text.text.count(chr(10), 0, match.start())}: {match[0]!r}"
        for text in TEXTS
        for match in pattern.finditer(text.text)
    ]
    assert not found, f"write {phrase.instead}:\n" + "\n".join(found)
