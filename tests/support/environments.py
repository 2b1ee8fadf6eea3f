# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments of other ansible-core releases, made once and kept in the cache folder."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".cache"
UV = str(pathlib.Path(sys.executable).parent / "uv")

# what the tests of another release need beside ansible-core; the versions are those of the development environment
COMPANIONS = (
    "requests",
    "croniter",
    "tzdata",
    "alibabacloud-credentials",
    "aiohttp",
    "junitparser",
    "pytest",
    "pytest-xdist",
    "pytest-timeout",
    "hypothesis",
)


class Release(NamedTuple):
    """One ansible-core release that is supported, and a Python that it runs on."""

    core: str
    python: str

    def __str__(self) -> str:
        return f"ansible-core {self.core} on Python {self.python}"


# the newest patch level of each supported release, each on a Python that it supports; together they cover 3.10 to 3.13
RELEASES = (
    Release("2.16.19", "3.10"),
    Release("2.17.14", "3.10"),
    Release("2.18.19", "3.11"),
    Release("2.19.14", "3.12"),
    Release("2.20.10", "3.12"),
    Release("2.21.5", "3.13"),
)


@functools.cache
def find_python(version: str) -> str | None:
    """Return the path of a Python of this minor version that really runs and has venv, or None."""
    candidates = [f"python{version}"]
    candidates += sorted(map(str, pathlib.Path.home().glob(f".pyenv/versions/{version}.*/bin/python")), reverse=True)
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        candidates.insert(0, sys.executable)
    probe = "import ensurepip, sys, venv; print(sys.executable, '%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        with contextlib.suppress(OSError):
            found = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
            if found.returncode == 0 and found.stdout.split()[-1] == version:
                return found.stdout.split()[0]
    return None


def environment(release: Release) -> pathlib.Path:
    """Return the folder of a virtual environment with this release, making it the first time.

    Raises LookupError when the machine has no such Python.
    """
    python = find_python(release.python)
    if python is None:
        raise LookupError(f"this machine has no Python {release.python}")
    # each release of ansible-core asks for its own resolvelib
    other = ("ansible-core==", "resolvelib==")
    pins = (REPOSITORY / "requirements" / "dev.txt").read_text().splitlines()
    return _made(
        f"core-{release.core}-python-{release.python}",
        python,
        [f"ansible-core=={release.core}", *COMPANIONS],
        [pin for pin in pins if not pin.startswith(other)],
    )


def tool_environment(requirement: str) -> pathlib.Path:
    """Return the folder of a virtual environment with one tool that does not fit into the development environment."""
    return _made(requirement.replace("==", "-"), sys.executable, [requirement], [])


def _made(name: str, python: str, requirements: Sequence[str], constraints: Sequence[str]) -> pathlib.Path:
    """Make the environment `name` unless an earlier session has; sessions side by side wait for each other."""
    place = CACHE / "environments" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            pins = place.parent / f"{name}.constraints"
            pins.write_text("\n".join(constraints) + "\n")
            wanted = ["--constraint", str(pins), *requirements]
            its_python = str(place / "bin/python")
            fast = [
                [UV, "venv", "--quiet", "--python", python, str(place)],
                [UV, "pip", "install", "--quiet", "--python", its_python, *wanted],
            ]
            slow = [
                [python, "-m", "venv", str(place)],
                [its_python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *wanted],
            ]
            # uv is several times faster; pip knows the machine's own index settings, which uv does not read
            if not _all_succeed(fast, place) and not _all_succeed(slow, place):
                raise RuntimeError(f"the environment {name} cannot be made, see above")
            (place / "complete").touch()
    return place


def _all_succeed(commands: Sequence[Sequence[str]], place: pathlib.Path) -> bool:
    """Run the commands that make an environment in an empty `place`, up to the first that fails."""
    shutil.rmtree(place, ignore_errors=True)
    return all(subprocess.run(command, check=False).returncode == 0 for command in commands)


def copy_checkout(destination: pathlib.Path) -> pathlib.Path:
    """Copy what git tracks or would track into a real collection path below `destination`; return that path."""
    collection = destination / "ansible_collections" / "cloudops" / "cloud_assistant"
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        source = REPOSITORY / name
        if source.is_file():
            target = collection / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return collection


def clean_env(bin_folder: pathlib.Path, **extra: str) -> dict[str, str]:
    """Return an environment with `bin_folder` first in PATH and without what belongs to the running test session."""
    path = os.pathsep.join(
        entry for entry in os.environ["PATH"].split(os.pathsep) if "shims" not in entry and "/.venv/" not in entry
    )
    dropped = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "ANSIBLE_COLLECTIONS_PATH", "VIRTUAL_ENV")
    env = {name: value for name, value in os.environ.items() if name not in dropped and not name.startswith("PYTEST")}
    return {**env, "PATH": f"{bin_folder}{os.pathsep}{path}", "NO_COLOR": "1", **extra}
