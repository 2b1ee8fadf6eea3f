# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection works on every supported ansible-core and Python that this machine offers."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support.environments import RELEASES, clean_env, copy_checkout, environment


@pytest.fixture(params=RELEASES, ids=str)
def release(request, tmp_path):
    """The collection as that release finds it: the checkout and the environment of a process."""
    try:
        place = environment(request.param)
    except LookupError as absent:
        pytest.skip(str(absent))
    checkout = copy_checkout(tmp_path)
    tree = str(checkout.parents[2])
    env = clean_env(place / "bin", ANSIBLE_COLLECTIONS_PATH=tree, PYTHONPATH=tree, HOME=str(tmp_path))
    return checkout, env


def _run(command, release, *, timeout):
    checkout, env = release
    done = subprocess.run(
        [shutil.which(command[0], path=env["PATH"]), *command[1:]], cwd=checkout, env=env, timeout=timeout,
        text=True, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(600)
def test_unit_tests_pass(release):
    output = _run(["python", "-m", "pytest", "-n", "2", "-q", "-p", "no:cacheprovider", "tests/unit/plugins"],
                  release, timeout=600)
    assert " passed" in output


@pytest.mark.timeout(600)
def test_playbooks_run_in_process_and_as_modules(release):
    """The targets of one module of each kind: a run, a stored command, a lookup; plus the quickstart."""
    _run(["python", "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider",
          "tests/integration/test_targets.py", "-k", "ecs_run_command or ecs_command_id"], release, timeout=600)
    assert "failed=0" in _run(["bash", "tests/emulator/demo.sh"], release, timeout=600)
