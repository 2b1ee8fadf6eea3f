# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The integration targets of ansible-core, from the source distribution of a release on the package index."""

from __future__ import annotations

import fcntl
import subprocess
import tarfile
from pathlib import Path

from support.environments import CACHE, Release, find_python


def targets_of(release: Release) -> Path:
    """Return the folder of that release's targets, fetching and unpacking them the first time.

    Raises LookupError where the machine has no Python that the release runs on, or the index cannot be reached.
    """
    python = find_python(release.python)
    if python is None:
        raise LookupError(f"this machine has no Python {release.python}")
    place = CACHE / "core-targets"
    place.mkdir(parents=True, exist_ok=True)
    inside = f"ansible_core-{release.core}/test/integration/targets"
    targets = place / inside
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not targets.is_dir():
            done = subprocess.run(
                [python, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps", "--retries", "1"]
                + ["--no-binary", "ansible-core", "--dest", str(place), f"ansible-core=={release.core}"],
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                raise LookupError(f"its source cannot be downloaded: {done.stderr.strip()[-300:]}")
            with tarfile.open(place / f"ansible_core-{release.core}.tar.gz") as archive:
                wanted = [member for member in archive if member.name.startswith(f"{inside}/")]
                archive.extractall(place, wanted, filter="data")
    return targets
