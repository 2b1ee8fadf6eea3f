# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation: blocks of code in guides and READMEs, and EXAMPLES of modules and plugins."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from support.environments import REPOSITORY

GUIDES = [
    *sorted((REPOSITORY / "docs" / "docsite" / "rst").glob("*.rst")),
    *sorted((REPOSITORY / "docs" / "site" / "zh").glob("*.rst")),
]
READMES = [
    *sorted(REPOSITORY.glob("README*.md")),
    REPOSITORY / "examples" / "README.md",
    *sorted((REPOSITORY / "roles").glob("*/README.md")),
]
PLUGINS = [
    *sorted((REPOSITORY / "plugins" / "modules").glob("*.py")),
    *(
        path
        for kind in ("lookup", "inventory", "connection", "filter", "callback")
        for path in sorted((REPOSITORY / "plugins" / kind).glob("*.py"))
    ),
]
_DIRECTIVE = re.compile(r"^(?P<indent> *)\.\. code-block:: (?P<language>\S+)$")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)$")


@dataclass(frozen=True)
class Block:
    """A block of code: the file it is in (relative to the repository), the line it begins at, language and text."""

    source: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"

    @property
    def data(self) -> Any:
        """What the YAML holds."""
        return yaml.safe_load(self.text)

    @property
    def kind(self) -> str:
        """``play``, ``tasks``, ``inventory`` or ``data`` for YAML, else the language."""
        if not self.language.startswith("yaml"):
            return self.language
        data = self.data
        if isinstance(data, list):
            return "play" if "hosts" in data[0] else "tasks"
        return "inventory" if isinstance(data, dict) and "plugin" in data else "data"


def blocks() -> list[Block]:
    """Every block of every guide, README, module and plugin."""
    return [
        *(block for path in GUIDES for block in _rst(path)),
        *(block for path in READMES for block in _markdown(path)),
        *(block for path in PLUGINS for block in _examples(path)),
    ]


def _name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def _rst(path: Path) -> Iterator[Block]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        match = _DIRECTIVE.match(line)
        if match:
            depth = len(match["indent"]) + 1
            body = []
            for following in lines[number + 1 :]:
                if following.strip() and len(following) - len(following.lstrip()) < depth:
                    break
                body.append(following)
            yield Block(_name(path), number + 1, match["language"], textwrap.dedent("\n".join(body)).strip() + "\n")


def _markdown(path: Path) -> Iterator[Block]:
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        match = _FENCE.match(line)
        if match:
            body = []
            for _number, following in lines:
                if following.strip() == "```":
                    break
                body.append(following)
            yield Block(_name(path), number, match["language"] or "text", textwrap.dedent("\n".join(body)) + "\n")


def _examples(path: Path) -> Iterator[Block]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
            line = node.lineno
            for part in re.split(r"^---\n", ast.literal_eval(node.value), flags=re.MULTILINE):
                if part.strip():
                    yield Block(_name(path), line, "yaml", part)
                line += part.count("\n") + 1
