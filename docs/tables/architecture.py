# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw which room of ``plugins`` imports which, from the imports of its files."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PACKAGE = ("ansible_collections", "cloudops", "cloud_assistant", "plugins")

WIDTH, HEIGHT = 680, 430
BOX_HEIGHT = 38
CHARACTER, BOX_PADDING = 8.4, 20
# where the middle of each room's box is, from the top of the house to its ground
PLACES = {
    "action": (44, 30),
    "callback": (136, 30),
    "connection": (244, 30),
    "filter": (345, 30),
    "inventory": (440, 30),
    "lookup": (536, 30),
    "modules": (628, 30),
    "plugin_utils": (244, 120),
    "cloud_assistant": (244, 210),
    "clouddc": (550, 210),
    "alibaba": (244, 300),
    "huawei": (550, 300),
    "common": (397, 390),
}


def room(parts: tuple[str, ...]) -> str:
    """Return the room of a path or an imported name below ``plugins``, given in parts."""
    return parts[1] if parts[0] == "module_utils" else parts[0]


def imports(path: Path, plugins: Path = PLUGINS) -> Iterator[tuple[str, ...]]:
    """Yield the names below ``plugins`` that a file imports, in parts; relative and lazy imports included."""
    here = (*PACKAGE, *path.relative_to(plugins).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[tuple[str, ...]] = []
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            # a name may be a module, as in "from . import instances": it stands below the package that it comes from
            names = [(*module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        yield from (name[len(PACKAGE) :] for name in names if name[: len(PACKAGE)] == PACKAGE)


def arrows() -> set[tuple[str, str]]:
    """Return who imports whom: pairs of rooms."""
    found = set()
    for path in PLUGINS.rglob("*.py"):
        source = room(path.relative_to(PLUGINS).parts)
        found |= {(source, room(name)) for name in imports(path)} - {(source, source)}
    return found


def shortest(all_arrows: Set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the arrows without those that a path through other rooms stands for."""

    def reached(source: str, target: str) -> bool:
        return any(
            step[0] == source and step[1] != target and ((step[1], target) in all_arrows or reached(step[1], target))
            for step in all_arrows
        )

    return sorted(arrow for arrow in all_arrows if not reached(*arrow))


def drawing() -> str:
    """Return the rooms and the arrows between them as an SVG element."""
    half = BOX_HEIGHT // 2
    every = arrows()
    lines = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="The rooms and who imports whom"',
        '     style="max-width: 680px; width: 100%; font: 14px monospace">',
        '  <defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '    <path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
    ]
    for source, target in shortest(every):
        (x1, y1), (x2, y2) = PLACES[source], PLACES[target]
        lines.append(
            f'  <path d="M{x1} {y1 + half}L{x2} {y2 - half}" stroke="#555" stroke-width="1.5" marker-end="url(#head)">'
            f"<title>{source} imports {target}</title></path>"
        )
    for box in sorted({box for arrow in every for box in arrow}, key=list(PLACES).index):
        x, y = PLACES[box]
        width = round(len(box) * CHARACTER + BOX_PADDING)
        lines += [
            f'  <rect x="{x - width // 2}" y="{y - half}" width="{width}" height="{BOX_HEIGHT}" rx="5"'
            ' fill="#e7f2fa" stroke="#2980b9"/>',
            f'  <text x="{x}" y="{y + 5}" text-anchor="middle" fill="#222">{box}</text>',
        ]
    return "\n".join([*lines, "</svg>"])


def diagram() -> str:
    """Return the drawing, and all arrows as text for those who read the guide's source."""
    order = list(PLACES)
    listed = sorted(arrows(), key=lambda arrow: (order.index(arrow[0]), order.index(arrow[1])))
    indented = "\n".join(f"   {line}" for line in drawing().splitlines())
    text = "\n".join(f"   {source} --> {target}" for source, target in listed)
    return (
        f".. raw:: html\n\n{indented}\n\n"
        "The drawing omits an arrow where a path through other rooms leads to the same room. These are all imports\n"
        "between rooms:\n\n"
        f".. code-block:: text\n\n{text}"
    )
