# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of the collection as a package share."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Mapping, Sequence

import pytest
from support.environments import copy_checkout


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a copy of the collection under a real ansible_collections tree, as ansible-test and galaxy need it."""
    return copy_checkout(tmp_path)


@pytest.fixture(scope="session")
def passes():
    """Return a function that runs a command and fails the test with its whole output when it fails."""

    def run(command: Sequence[str], *, cwd: pathlib.Path, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env=env,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0:
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}", pytrace=False)
        return done.stdout

    return run
