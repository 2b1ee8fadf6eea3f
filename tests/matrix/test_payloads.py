# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The payload of a module has, in each release of ansible-core, the layout that the connection plugin knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.payload import (
    take_apart,
)
from support.environments import RELEASES, Release, clean_env, environment
from support.payloads import layout_of, lines_of, recorded
from support.share import share


@pytest.mark.parametrize("release", share(RELEASES, 0, -1), ids=str)
def test_a_real_payload_has_the_recorded_layout(release: Release, tmp_path: Path) -> None:
    try:
        place = environment(release)
    except LookupError as absent:
        pytest.skip(str(absent))
    env = clean_env(
        place / "bin",
        HOME=str(tmp_path),
        ANSIBLE_KEEP_REMOTE_FILES="1",
        ANSIBLE_REMOTE_TMP=str(tmp_path / "remote"),
        ANSIBLE_LOCAL_TMP=str(tmp_path / "local"),
    )
    command = [place / "bin/ansible", "localhost", "-c", "local", "-m", "ping"]
    done = subprocess.run(command, env=env, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = (tmp_path / "remote").glob("*/AnsiballZ_ping.py")
    known = recorded()[release.core.rpartition(".")[0]]
    assert lines_of(layout_of(file.read_text())) == lines_of(known)
    assert take_apart(file.read_bytes()) is not None
