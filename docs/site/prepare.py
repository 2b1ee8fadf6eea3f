# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the pages that antsibull-docs wrote a first page, a sidebar in groups with short names, and their pictures.

usage: prepare.py FOLDER   (the folder of the pages; ``d2`` has to be on PATH)
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

SITE = Path(__file__).resolve().parent
DIAGRAMS = SITE.parent / "diagrams"
# guides of the first and the last group; all others are in the group Guides, in the order that the collection gives
START = ("getting_started_guide", "from_ssh_guide", "from_alicloud_guide")
CONTRIBUTORS = ("emulator_guide", "architecture_guide", "proof_guide")
PLUGIN_KINDS = ("connection", "inventory", "lookup", "callback", "filter", "test")
# an entry of a list of pages that antsibull-docs wrote
_ENTRY = re.compile(r"^ {4}docsite/(\w+)$", re.MULTILINE)
_TOCTREE = re.compile(r"^\.\. toctree::\n(?: {4}:.*\n)*\n(?: {4}\S.*\n)*", re.MULTILINE)


def title(page: Path) -> str:
    """Return the title of a guide: the line between or above its first line of asterisks or equals signs."""
    match = re.search(r"^(?:\*{3,}\n)?(?P<title>\S.*)\n[*=]{3,}$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert match, page
    return match["title"]


def entries(pages: Iterable[tuple[str, str]]) -> str:
    """Return the lines of a list of pages, each a short name and the path of its page."""
    return "\n".join(f"   {name} <{path}>" for name, path in pages)


def of_kind(folder: Path, *kinds: str, shown: bool = False) -> list[tuple[str, str]]:
    """Return the pages of plugins of these kinds, each by its short name, with its kind where that is to be shown."""
    return [
        (f"{page.stem.removesuffix(f'_{kind}')} ({kind})" if shown else page.stem.removesuffix(f"_{kind}"), page.stem)
        for kind in kinds
        for page in sorted(folder.glob(f"*_{kind}.rst"), key=lambda page: page.stem.removesuffix(f"_{kind}"))
    ]


def guides(folder: Path, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the guides that exist, each by its title."""
    pages = [(name, folder / "docsite" / f"{name}.rst") for name in names]
    return [(title(page), f"docsite/{name}") for name, page in pages if page.is_file()]


def write_first_page(folder: Path) -> None:
    """Write the first page, and keep the one that antsibull-docs wrote as the page ``reference``."""
    written = folder / "index.rst"
    listing = written.read_text(encoding="utf-8")
    others = [name for name in _ENTRY.findall(listing) if name not in (*START, *CONTRIBUTORS)]
    groups = {
        "guides": guides(folder, others),
        "modules": of_kind(folder, "module"),
        "plugins": of_kind(folder, *PLUGIN_KINDS, shown=True),
        "roles": of_kind(folder, "role"),
        "contributors": guides(folder, CONTRIBUTORS),
    }
    if (folder / "environment_variables.rst").is_file():
        groups["guides"].append(("Environment variables", "environment_variables"))
    text = (SITE / "index.rst").read_text(encoding="utf-8")
    for name, pages in groups.items():
        text = text.replace(f"@{name}@", entries(pages))
    reference = listing.partition(".. _plugin_index_for_")
    head = "All modules, plugins and roles\n******************************\n\n"
    (folder / "reference.rst").write_text(
        f"{reference[1]}{reference[2]}".partition("\n\n")[0] + f"\n\n{head}" + _listing(reference[2]), encoding="utf-8"
    )
    written.write_text(text, encoding="utf-8")


def _listing(text: str) -> str:
    """Return the part with the lists of plugins, without its first heading and its hidden lists of pages."""
    body = text.partition("------------\n")[2]
    return _TOCTREE.sub("", body)


def draw_diagrams(folder: Path) -> None:
    """Draw every diagram from its text. Raises CalledProcessError for one that is not valid."""
    images = folder / "images"
    shutil.copytree(SITE / "images", images)
    for source in sorted(DIAGRAMS.glob("*.d2")):
        picture = images / f"{source.stem}.svg"
        command = ["d2", "--theme", "0", "--pad", "8", str(source), str(picture)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        picture.chmod(0o644)


def main() -> None:
    """Prepare the folder that is given."""
    folder = Path(sys.argv[1])
    draw_diagrams(folder)
    shutil.copytree(SITE / "zh", folder / "zh")
    write_first_page(folder)


if __name__ == "__main__":
    main()
