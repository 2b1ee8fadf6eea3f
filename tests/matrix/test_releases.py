# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection works on every supported ansible-core and Python that this machine offers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from support.environments import RELEASES, Release, clean_env, copy_checkout, environment
from support.share import WHOLE, share


class Installed(NamedTuple):
    """A release that is installed, and the collection as that release finds it."""

    version: Release
    checkout: Path
    env: dict[str, str]

    def run(self, *command: str) -> str:
        """Run a command of that release in the checkout and return what it printed; it must succeed."""
        done = subprocess.run(
            [shutil.which(command[0], path=self.env["PATH"]) or command[0], *command[1:]],
            cwd=self.checkout,
            env=self.env,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture
def release(request, tmp_path) -> Installed:
    """Return a supported release, where the machine has a Python for it."""
    try:
        place = environment(request.param)
    except LookupError as absent:
        pytest.skip(str(absent))
    checkout = copy_checkout(tmp_path)
    tree = str(checkout.parents[2])
    env = clean_env(
        place / "bin", ANSIBLE_COLLECTIONS_PATH=tree, PYTHONPATH=tree, HOME=str(tmp_path), HYPOTHESIS_PROFILE="few"
    )
    return Installed(request.param, checkout, env)


# what speaks with Ansible differs by release; the rest knows no Ansible and differs by Python alone
ANSIBLE_FACING = [
    f"tests/unit/plugins/{room}"
    for room in ("action", "doc_fragments", "inventory", "modules", "plugin_utils", "module_utils/common/test_task.py")
]


@pytest.mark.parametrize("release", share(RELEASES, 0), ids=str, indirect=True)
def test_unit_tests_pass(release):
    """What speaks with Ansible; `make releases` runs all on the oldest Python, but the long lists of wrong values."""
    whole = WHOLE and release.version is RELEASES[0]
    paths = ["tests/unit/plugins"] if whole else ANSIBLE_FACING
    without = [f"--ignore=tests/unit/plugins/{name}.py" for name in ("modules/test_any_input", "test_any_plugin_input")]
    output = release.run("python", "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *paths, *without)
    assert " passed" in output


# `make test` plays the targets on the newest release, the demonstration on the oldest
@pytest.mark.parametrize("release", share(RELEASES, -1), ids=str, indirect=True)
def test_modules_run(release):
    """Two targets, which are playbooks of a module each."""
    targets = ("tests/integration/test_targets.py", "-k", "ecs_run_command or ecs_instance_info")
    release.run("python", "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *targets)


# a user without root rights whose machine allows no user namespaces has instances without root directories of their own
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


@pytest.mark.parametrize("release", share(RELEASES, 0), ids=str, indirect=True)
def test_the_demonstration_runs(release):
    """Scripts, then the connection plugin."""
    humble = release.version is RELEASES[0] and os.geteuid() == 0 and shutil.which("setpriv")
    shown = release.run(*(WITHOUT_RIGHTS if humble else ()), "bash", "tests/emulator/demo.sh")
    assert "Nothing ran twice." in shown
    assert shown.count(", on port 8080") == 3
