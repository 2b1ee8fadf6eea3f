# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file says whose it is and under which licence, in its header or, where it has none, in REUSE.toml."""

from __future__ import annotations

import fnmatch
import re
import subprocess

from ansible.module_utils.common.text.converters import to_text
from support.environments import REPOSITORY

# in two parts, so that no tool takes it for this file's own
LICENCE = "-".join(("SPDX", "License", "Identifier: GPL", "3.0", "or", "later"))
COPYRIGHT = "Copyright (c) 2026, cloudops.cloud_assistant contributors"
# these have a header of their own wherever a person wrote them
WITH_HEADER = (".py", ".sh", ".yml", ".yaml", ".rst", ".toml", "Makefile", "README.md", "CONTRIBUTING.md")


PRIVATE = (
    "# Private to the collection: other collections and plugins must not import it, and any release may change it."
)
"""The line after the header of everything that the collection imports and nobody else may."""


def annotated() -> list[str]:
    """Return the patterns of REUSE.toml, as fnmatch knows them."""
    text = (REPOSITORY / "REUSE.toml").read_text(encoding="utf-8")
    block = re.search(r"^path = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert block
    return re.findall(r'^\s+"([^"]+)",$', block[1], re.MULTILINE)


def tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listing.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


def head(name: str) -> str:
    with (REPOSITORY / name).open("rb") as file:
        return to_text(file.read(2000), errors="replace")


def test_every_file_has_a_licence():
    patterns = annotated()
    without = [
        name
        for name in tracked()
        if not name.startswith("LICENSES/")
        and (REPOSITORY / name).stat().st_size > 0
        and not (LICENCE in head(name) and COPYRIGHT in head(name))
        and not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
    ]
    assert without == []


def test_what_people_write_has_its_header():
    """A pattern that is too wide must not hide a missing header."""
    excepted = ("changelogs/", "CHANGELOG.rst", "roles/", "extensions/", "tests/integration/targets/")
    without = [
        name
        for name in tracked()
        if name.endswith(WITH_HEADER)
        and (REPOSITORY / name).stat().st_size > 0
        and LICENCE not in head(name)
        and not (name.startswith(excepted) and any(fnmatch.fnmatch(name, pattern) for pattern in annotated()))
    ]
    assert without == []


def test_every_pattern_is_of_use():
    names = tracked()
    assert [pattern for pattern in annotated() if not fnmatch.filter(names, pattern)] == []


def test_the_text_of_the_licence_is_there():
    licence = (REPOSITORY / "LICENSE").read_bytes()
    assert (REPOSITORY / "LICENSES" / "GPL-3.0-or-later.txt").read_bytes() == licence


def test_utilities_are_marked_private():
    folders = ("plugins/module_utils/", "plugins/plugin_utils/")
    utilities = [name for name in tracked() if name.startswith(folders) and name.endswith(".py")]
    assert [name for name in utilities if head(name) and PRIVATE not in head(name).splitlines()[4:5]] == []
