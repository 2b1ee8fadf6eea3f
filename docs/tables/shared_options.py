# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which option means what in which module, read from the documentation of the modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PREFIX = "cloudops.cloud_assistant."
# those of the account and of the requests, which every module of a cloud takes
CONNECTION = (f"{PREFIX}alibaba", f"{PREFIX}huawei")


def _literals(path: Path) -> dict[str, Any]:
    """Return the texts, read as YAML, that a file gives names to, at its top or in its class; no examples."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            name = getattr(node.targets[0], "id", "")
            if name.isupper() and name not in ("EXAMPLES", "RETURN") and "\n" in node.value.value:
                found[name] = yaml.safe_load(node.value.value)
    return found


def _options(module: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    document = _literals(module)["DOCUMENTATION"]
    for name in document.get("extends_documentation_fragment", ()):
        if name.startswith(PREFIX) and name not in CONNECTION:
            file, _dot, part = name.removeprefix(PREFIX).partition(".")
            fragment = _literals(PLUGINS / "doc_fragments" / f"{file}.py")[part.upper() or "DOCUMENTATION"]
            yield from fragment.get("options", {}).items()
    yield from document.get("options", {}).items()


def _first_sentence(option: dict[str, Any]) -> str:
    """Return the first sentence of an option's description as plain RST."""
    description = option["description"]
    text = " ".join((description if isinstance(description, str) else description[0]).split())
    text = re.sub(r"\b[OVCIE]?[OVCE]\(((?:\\.|[^)\\])*)\)", lambda match: f"``{match[1]}``".replace("\\)", ")"), text)
    text = re.sub(r"\bRV\(([^)]*)\)", r"``\1``", text)
    text = re.sub(r"\bM\(([^)]*)\)", r"``\1``", text)
    return re.split(r"(?<=[.;])\s(?=[A-Z`])", text)[0].rstrip(";.")


def shared_options() -> list[tuple[str, str]]:
    """Return each option that two or more modules take, with its aliases, and what it means in which of them."""
    meanings: dict[str, dict[str, list[str]]] = {}
    aliases: dict[str, set[str]] = {}
    for module in sorted((PLUGINS / "modules").glob("*.py")):
        for name, option in _options(module):
            meanings.setdefault(name, {}).setdefault(_first_sentence(option), []).append(module.stem)
            aliases.setdefault(name, set()).update(option.get("aliases", ()))
    rows = []
    for name, found in sorted(meanings.items()):
        if sum(map(len, found.values())) > 1:
            head = f"``{name}``" + "".join(f", ``{alias}``" for alias in sorted(aliases[name]))
            rows.append((head, "\n\n       ".join(f"{text} ({', '.join(modules)})" for text, modules in found.items())))
    return rows
