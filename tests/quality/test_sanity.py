# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity is clean, with no ignore file, on the oldest and the newest supported ansible-core."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from support.environments import CACHE, RELEASES, REPOSITORY, clean_env, environment
from support.share import WHOLE, share

# The share of `make test`: on the newest release, all but what takes longest and what other tests see as well.
# `make sanity` runs everything on both releases.
_LEFT_OUT = () if WHOLE else ("pylint", "import", "ansible-doc", "pep8", "yamllint", "compile")


def test_there_is_no_ignore_file():
    assert not list(REPOSITORY.glob("tests/sanity/ignore-*"))


@pytest.mark.parametrize("release", share([RELEASES[0], RELEASES[-1]], -1), ids=str)
def test_sanity(release, checkout, passes):
    try:
        place = environment(release)
    except LookupError as absent:
        pytest.skip(str(absent))
    home = CACHE / "ansible-test-home"
    _stand_in_for_get_pip(place, home)
    left_out = [argument for name in _LEFT_OUT for argument in ("--skip-test", name)]
    passes(
        [str(place / "bin/ansible-test"), "sanity", "--color", "no", "--python", release.python, *left_out],
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
