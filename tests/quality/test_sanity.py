# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity is clean, with no ignore file, on the oldest and the newest supported ansible-core."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from collections.abc import Sequence

import pytest
from support.environments import CACHE, RELEASES, REPOSITORY, clean_env, environment
from support.share import WHOLE

# The share of `make test`: all but pylint, which takes longest, and pep8, whose rules ruff has as well; imports only on
# the oldest Python. `make sanity` runs everything on both releases.
_SHARE_OF_NEWEST = (("--skip-test", "pylint", "--skip-test", "pep8", "--skip-test", "import"),)
_SHARE_OF_OLDEST = (("--test", "import"),)


def _runs(newest: bool) -> Sequence[tuple[str, ...]]:
    """Return the options of each run of ansible-test sanity."""
    if WHOLE:
        return [()]
    return _SHARE_OF_NEWEST if newest else _SHARE_OF_OLDEST


def test_there_is_no_ignore_file():
    assert not list(REPOSITORY.glob("tests/sanity/ignore-*"))


@pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]], ids=str)
def test_sanity(release, checkout, passes):
    try:
        place = environment(release)
    except LookupError as absent:
        pytest.skip(str(absent))
    home = CACHE / "ansible-test-home"
    _stand_in_for_get_pip(place, home)
    for arguments in _runs(release == RELEASES[-1]):
        passes(
            [str(place / "bin/ansible-test"), "sanity", "--color", "no", "--python", release.python, *arguments],
            cwd=checkout,
            env=clean_env(place / "bin", HOME=str(home)),
        )


def _stand_in_for_get_pip(place: pathlib.Path, home: pathlib.Path) -> None:
    """Put our get-pip where ansible-test keeps its download, so that nothing outside a package index is needed."""
    question = (
        "import ansible_test._internal.python_requirements as r;"
        "print(r.get_venv_packages(type('P', (), {'version': '3.12'}))['pip'])"
    )
    version = subprocess.run(
        [str(place / "bin/python"), "-c", question],
        capture_output=True,
        text=True,
        check=True,
        cwd=place,
        env=clean_env(place / "bin"),
    ).stdout.strip()
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    stand_in = pathlib.Path(__file__).with_name("get_pip_stand_in.py")
    shutil.copy(stand_in, cache / f"get_pip_{version.replace('.', '_')}.py")
