# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build what a release consists of into the folder dist: the collection, and its part of the changelog.

usage: release.py VERSION   (in the root of a checkout; ``ansible-galaxy`` has to be on PATH)
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml


def problems(root: Path, version: str) -> list[str]:
    """Return what keeps the checkout from being released as this version."""
    galaxy = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))
    changelog = yaml.safe_load((root / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))
    fragments = sorted(path.name for path in (root / "changelogs" / "fragments").glob("*.y*ml"))
    found = []
    if galaxy["version"] != version:
        found.append(f"galaxy.yml has the version {galaxy['version']}, not {version}")
    if version not in changelog["releases"]:
        found.append(f"the changelog does not have {version}: run antsibull-changelog release")
    if fragments:
        found.append(f"changelog fragments are not released: {', '.join(fragments)}")
    return found


def notes(changelog: str, version: str) -> str:
    """Return the part of the changelog, in Markdown, that is about this version, without its heading."""
    heading = re.escape("v" + version.replace(".", "\\."))
    match = re.search(
        rf"^## {heading}\n(.*?)(?=^<a id=\"v\d+-\d+-\d+\"></a>\n|\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if match is None:
        raise SystemExit(f"release: CHANGELOG.md has no part for {version}")
    return match[1].strip() + "\n"


def main() -> None:
    """Check the checkout, and build the release."""
    root, version = Path.cwd(), sys.argv[1]
    found = problems(root, version)
    if found:
        raise SystemExit("release: " + "\nrelease: ".join(found))
    dist = root / "dist"
    dist.mkdir(exist_ok=True)
    subprocess.run(["ansible-galaxy", "collection", "build", "--force", "--output-path", str(dist)], check=True)
    text = notes((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    (dist / "release-notes.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
