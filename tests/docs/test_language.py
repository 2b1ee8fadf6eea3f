# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that users read are free of phrases that a native engineer would not write."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.environments import REPOSITORY

PLUGINS = REPOSITORY / "plugins"
COMMENTED = ("plugins", "extensions", "tests/emulator", "tests/support")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/docsite/rst/*.rst",
    "docs/tables/*.yml",
    "docs/awx/README.md",
    "docs/awx/definitions/*.yml",
    "roles/*/README.md",
    "roles/*/*/*.yml",
    "roles/*/templates/*",
    "changelogs/fragments/*.yml",
    "playbooks/*.yml",
    "playbooks/vars/*.yml",
    "playbooks/roles/*/*/*.yml",
    "examples/*.*",
    "extensions/*/*.yml",
    "extensions/*/*/*.yml",
    ".github/*.md",
)
"""Pages and roles' documentation; the texts of plugins are taken from their source."""
CODE = re.compile(
    r"^\.\. generated .*?^\.\. end generated|^```.*?^```|``.+?``|`[^`\n]+`|^ *\.\. code-block::.*?(?=^\S|\Z)|https?://\S+",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Phrase:
    """A phrase to avoid, as a case-insensitive regular expression, and what to write instead."""

    pattern: str
    instead: str


PHRASES = (
    Phrase("what became of", "the outcome, the state or the result of"),
    Phrase("(?:taken|used) as (?:it is|they are), without a question", "used as given, without a lookup"),
    Phrase("not to be seen", "not visible"),
    Phrase("(?:are|is) welcome", "is supported"),
    Phrase("shall", "must, should, or the present tense"),
    Phrase("speaks? to", "calls, or works in"),
    Phrase("thereby", "a sentence of its own"),
    Phrase("looks? after", "maintains, or checks"),
    Phrase("so says|says so", "a sentence that names who reports what"),
    Phrase("looked for", "searched for"),
    Phrase("told apart", "distinguished"),
    Phrase("somebody|someone else", "another user or program"),
    Phrase("deals? with|dealt with", "handles, or processes"),
    Phrase("nothing was done", "nothing was changed, or nothing was started"),
    Phrase("is no such|are no such", "does not exist"),
    Phrase("as (?:it is|they are)", "unchanged"),
    Phrase("mend(?:s|ed|ing)?", "fix, or correct"),
    Phrase("time line", "timeline"),
    Phrase(
        "(?<!there.)(?<!neither.)(?:is|are|was|were) no (?!longer|more|less|later|greater)[a-z]+", "is not a valid ..."
    ),
    Phrase("(?:goes|go|went) on(?! [a-z]+ing| Linux| a Linux)", "continues"),
    Phrase("(?:is|are|was|were)(?: not)? over(?! the| [0-9])", "has finished, or has expired"),
    Phrase("for people", "for the user, or human-readable"),
    Phrase("by force", "is killed"),
    Phrase(r"too[.;]|, too", "also, before the verb"),
    Phrase("whatever", "even if, or any"),
    Phrase("regards? case|regard to case", "case-insensitive"),
    Phrase("anew", "again, or reinstalled, recreated, updated"),
    Phrase("nobody", "no user"),
    Phrase("to its end|to its own end|(?<!exit.)(?<!exited.)by itself", "completely, until it exits, or automatically"),
    Phrase("one and the same", "the same"),
    Phrase("left alone", "skipped, or not changed"),
    Phrase("(?:belongs?|the name) (?:to|of) no", "no ... has this name"),
    Phrase("(?:cannot|could not) be made", "cannot be created"),
    Phrase("told", "reported, or shown"),
    Phrase("foret(?:ells?|old|elling)", "predict"),
    Phrase("anybody|everybody", "any user, or every user"),
    Phrase("is required, or", "is required unless ... is given"),
    Phrase("heard of", "heard from, or been in contact with"),
)
"""Avoided in what users and contributors read: pages, documentation, messages, playbooks, docstrings, comments, names
of tests."""

AN_ID = Phrase(r"(?<=[a-z,]\s)(?-i:ids?)(?=[\s.,;])", "ID, IDs")
"""In docstrings and comments an id is written like the field of that name."""


@dataclass(frozen=True)
class Text:
    """A text that users read, the file that it is in, and the line that it begins at."""

    source: str
    line: int
    text: str


def pages() -> Iterator[Text]:
    """Return every page as one text; code and generated tables in it are blank, so that lines keep their numbers."""
    for pattern in PAGES:
        for path in sorted(REPOSITORY.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            if path.suffix in (".md", ".rst"):
                text = CODE.sub(lambda code: "\n" * code[0].count("\n"), text)
            yield Text(str(path.relative_to(REPOSITORY)), 1, text)


def plugin_texts() -> Iterator[Text]:
    """Return the documentation blocks of modules and plugins, and every literal that can be a message."""
    for path in sorted(PLUGINS.rglob("*.py")):
        yield from _strings(path, docstrings=False)
    for path in sorted(PLUGINS.rglob("*.j2")):
        yield Text(str(path.relative_to(REPOSITORY)), 1, path.read_text(encoding="utf-8"))


def remarks() -> Iterator[Text]:
    """Return the docstrings and comments of plugins, of the emulator and of what tests share."""
    for path in sorted(path for folder in COMMENTED for path in (REPOSITORY / folder).rglob("*.py")):
        yield from _strings(path, docstrings=True)
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
            if token.type == tokenize.COMMENT:
                yield Text(str(path.relative_to(REPOSITORY)), token.start[0], token.string)


def names_of_tests() -> Iterator[Text]:
    """Return the names of tests, which are read as sentences."""
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield Text(str(path.relative_to(REPOSITORY)), node.lineno, node.name.replace("_", " "))


def _strings(path: Path, *, docstrings: bool) -> Iterator[Text]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (id(node) in silent) == docstrings:
            yield Text(str(path.relative_to(REPOSITORY)), node.lineno, node.value)


# not at import: every worker imports every test, and one of them runs these
@functools.cache
def user_texts() -> tuple[Text, ...]:
    """Return what users read."""
    return (*pages(), *plugin_texts())


@functools.cache
def all_texts() -> tuple[Text, ...]:
    """Return what users and contributors read."""
    return (*user_texts(), *remarks(), *names_of_tests())


def places(phrase: Phrase, texts: Iterable[Text]) -> list[str]:
    """Return where a phrase stands; a blank in its pattern is any white space."""
    pattern = re.compile(rf"\b(?:{phrase.pattern.replace(' ', chr(92) + 's+')})(?!\w)", re.IGNORECASE)
    return [
        f"{text.source}:{text.line + text.text.count(chr(10), 0, match.start())}: {match[0]!r}"
        for text in texts
        for match in pattern.finditer(text.text)
    ]


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.instead)
def test_texts_avoid(phrase: Phrase):
    assert places(phrase, all_texts()) == [], f"write: {phrase.instead}"


def test_an_id_is_an_abbreviation():
    assert places(AN_ID, user_texts()) == [], f"write: {AN_ID.instead}"
