# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built collection holds what it should and nothing else, and runs the quickstart where it alone is installed."""

from __future__ import annotations

import pathlib
import shutil
import sys
import tarfile

import pytest
from support.environments import clean_env, copy_checkout, tool_environment
from support.share import WHOLE

BIN = pathlib.Path(sys.executable).parent

SHIPPED = {
    "CHANGELOG.md",
    "CHANGELOG.rst",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "LICENSES",
    "MANIFEST.json",
    "Makefile",
    "README.md",
    "README.zh-CN.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs",
    "docs",
    "examples",
    "execution-environment.yml",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "pyproject.toml",
    "requirements",
    "roles",
    "tests",
}


def files(folder: pathlib.Path) -> set[str]:
    """Return the files below the folder, by their paths relative to it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> pathlib.Path:
    """Return the one copy of the collection that these tests build and look at."""
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def committed(checkout) -> set[str]:
    """Return the files of the checkout, without those that git ignores, which tools leave where people work."""
    known = files(checkout)
    for line in (checkout / ".gitignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        # a pattern that starts with a slash is of the root alone, another one of every folder
        for folder in ("",) if line.startswith("/") else ("", "tests"):
            path = checkout / folder / line.strip("/").replace("*", "left")
            if line.endswith("/"):
                path = path / "left"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("left behind", encoding="utf-8")
    assert len(files(checkout)) > len(known) + 10
    return known


@pytest.fixture(scope="module")
def tarball(checkout, committed, tmp_path_factory, passes) -> pathlib.Path:
    dist = tmp_path_factory.mktemp("dist")
    passes(
        [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(dist)],
        cwd=checkout,
        env=clean_env(BIN),
    )
    [built] = dist.iterdir()
    return built


def test_it_holds_what_it_should_and_nothing_else(tarball, committed):
    with tarfile.open(tarball) as archive:
        names = {member.name for member in archive if member.isfile()}
    assert {name.split("/")[0] for name in names} == SHIPPED
    assert names - committed == {"FILES.json", "MANIFEST.json"}


def test_installed_alone_it_runs_the_quickstart(tarball, tmp_path, passes):
    env = clean_env(BIN, ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "installed"), HOME=str(tmp_path))
    passes(
        [
            str(BIN / "ansible-galaxy"),
            "collection",
            "install",
            str(tarball),
            "--offline",
            "-p",
            str(tmp_path / "installed"),
        ],
        cwd=tmp_path,
        env=env,
    )
    passes(
        [
            str(BIN / "ansible-galaxy"),
            "collection",
            "verify",
            "cloudops.cloud_assistant",
            "--offline",
            "-p",
            str(tmp_path / "installed"),
        ],
        cwd=tmp_path,
        env=env,
    )
    collection = tmp_path / "installed" / "ansible_collections" / "cloudops" / "cloud_assistant"
    demo, quickstart = collection / "tests/emulator/demo.sh", collection / "playbooks/quickstart.yml"
    output = passes([str(shutil.which("bash")), str(demo), str(quickstart)], cwd=tmp_path, env=env)
    assert "failed=0" in output


def test_the_build_leaves_nothing_in_the_checkout(checkout, tarball):
    assert [name for name in files(checkout) if name.endswith(tarball.name)] == []


@pytest.mark.skipif(not WHOLE, reason="make lint imports the collection as Galaxy does")
def test_galaxy_imports_it_without_complaint(tarball, tmp_path, passes):
    place = tool_environment("galaxy-importer==0.4.44")
    config = tmp_path / "galaxy-importer.cfg"
    # ansible-lint, of the same version and stricter, is a test of its own
    options = ["LOG_LEVEL_MAIN = INFO", "CHECK_REQUIRED_TAGS = True", "RUN_ANSIBLE_LINT = False"]
    config.write_text("\n".join(["[galaxy-importer]", *options, ""]))
    output = passes(
        [str(place / "bin/python"), "-m", "galaxy_importer.main", str(tarball)],
        cwd=tmp_path,
        env=clean_env(place / "bin", GALAXY_IMPORTER_CONFIG=str(config), HOME=str(tmp_path)),
    )
    assert "Importer processing completed successfully" in output
    assert [line for line in output.splitlines() if line.startswith(("ERROR", "WARNING"))] == []
