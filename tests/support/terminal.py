# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command on a terminal of its own."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_on_a_terminal(command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> tuple[int, str]:
    """Run the command with its three streams on a terminal; return its exit code and what it showed."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, cwd=cwd, env=env, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # how Linux tells that the last writer has gone
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    return process.wait(), shown.decode()
