# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the given words (names of API operations) the code of a module can reach, read from the source.

A function reaches what it names. Naming a class reaches its special methods; any other method of a class that is
reached counts as soon as its name is used as an attribute anywhere on the way. So nothing that can be called is
missed, and some things are found that this module never does.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "ansible_collections.cloudops.cloud_assistant.plugins."
Unit = tuple[str, str]


class Sources:
    """The parsed files below ``plugins``; ``opaque`` are dotted prefixes of files whose words do not count."""

    def __init__(self, plugins: Path, words: frozenset[str], opaque: tuple[str, ...]) -> None:
        self._words = words
        self._opaque = opaque
        self._nodes: dict[Unit, ast.AST] = {}
        self._names: dict[str, dict[str, Unit]] = {}
        self._methods: dict[str, set[Unit]] = defaultdict(set)
        # (file, name in it) -> the file that it imports under this name
        self._modules: dict[Unit, str] = {}
        trees = {
            ".".join(path.relative_to(plugins).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
            for path in plugins.rglob("*.py")
        }
        for module, tree in trees.items():
            self._define(module, tree)
        for module, tree in trees.items():
            self._import(module, tree)

    def _define(self, module: str, tree: ast.Module) -> None:
        names = self._names[module] = {}
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names[node.name] = (module, node.name)
                self._nodes[module, node.name] = node
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        names[target.id] = (module, target.id)
                        self._nodes[module, target.id] = node
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        unit = (module, f"{node.name}.{method.name}")
                        self._nodes[unit] = method
                        self._methods[method.name].add(unit)

    def _import(self, module: str, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom):
                continue
            if node.level:
                source = ".".join([*module.split(".")[: -node.level], *([node.module] if node.module else [])])
            elif node.module and node.module.startswith(PACKAGE):
                source = node.module.removeprefix(PACKAGE)
            else:
                continue
            for name in node.names:
                shown = name.asname or name.name
                target = self._names.get(source, {}).get(name.name)
                if target is not None:
                    self._names[module].setdefault(shown, target)
                elif f"{source}.{name.name}" in self._names:
                    self._modules[module, shown] = f"{source}.{name.name}"

    def reach(self, module: str, function: str) -> set[str]:
        """Return the words that ``function`` of ``module`` can reach."""
        seen: set[Unit] = set()
        attributes: set[str] = set()
        found: set[str] = set()
        waiting = {(module, function)}
        while waiting:
            unit = waiting.pop()
            if unit not in seen and unit in self._nodes:
                seen.add(unit)
                waiting |= self._look(unit, attributes, found) - seen
            if not waiting:
                waiting = {
                    method
                    for name in attributes
                    for method in self._methods.get(name, ())
                    if method not in seen and (method[0], method[1].partition(".")[0]) in seen
                }
        return found

    def _look(self, unit: Unit, attributes: set[str], found: set[str]) -> set[Unit]:
        """Note the words and attributes of one unit; return the units that it names."""
        module, name = unit
        node = self._nodes[unit]
        further: set[Unit] = set()
        parts: Iterator[ast.AST] = ast.walk(node)
        if isinstance(node, ast.ClassDef):
            further = {
                (module, f"{name}.{item.name}")
                for item in node.body
                if isinstance(item, ast.FunctionDef) and item.name.startswith("__")
            }
            own = [item for item in node.body if not isinstance(item, ast.FunctionDef)]
            parts = (part for item in (*node.bases, *own) for part in ast.walk(item))
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                if part.value in self._words and not module.startswith(self._opaque):
                    found.add(part.value)
            elif isinstance(part, ast.Attribute):
                attributes.add(part.attr)
                if isinstance(part.value, ast.Name) and (module, part.value.id) in self._modules:
                    further.add((self._modules[module, part.value.id], part.attr))
            elif isinstance(part, ast.Name):
                target = self._names[module].get(part.id)
                if target is not None:
                    further.add(target)
        return further
