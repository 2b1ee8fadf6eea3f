# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release is built from a checkout that is ready for it, and refused from any other."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import yaml
from support.environments import clean_env

BIN = pathlib.Path(sys.executable).parent


def release(checkout: pathlib.Path, version: str) -> subprocess.CompletedProcess[str]:
    program = checkout / ".ci" / "release.py"
    return subprocess.run(
        [sys.executable, str(program), version],
        cwd=checkout,
        env=clean_env(BIN),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release(checkout: pathlib.Path):
    version = yaml.safe_load((checkout / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    shutil.rmtree(checkout / "changelogs" / "fragments")
    done = release(checkout, version)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (checkout / "dist").iterdir()) == [
        f"cloudops-cloud_assistant-{version}.tar.gz",
        "release-notes.md",
    ]
    notes = (checkout / "dist" / "release-notes.md").read_text(encoding="utf-8")
    assert notes.startswith('<a id="release-summary"></a>')
    assert f"## v{version.replace('.', chr(92) + '.')}" not in notes


def test_a_checkout_that_is_not_ready(checkout: pathlib.Path):
    fragment = checkout / "changelogs" / "fragments" / "left.yml"
    fragment.parent.mkdir(exist_ok=True)
    fragment.write_text("bugfixes: [something]\n", encoding="utf-8")
    done = release(checkout, "99.0.0")
    assert done.returncode == 1
    assert "not 99.0.0" in done.stderr
    assert "the changelog does not have 99.0.0" in done.stderr
    assert "left.yml" in done.stderr
    assert not (checkout / "dist").exists()
