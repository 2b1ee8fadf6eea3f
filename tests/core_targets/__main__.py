# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make ansible-targets``: ansible-core's own integration targets over the connection plugin.

A target that fails there is run over OpenSSH to an instance of the same kind. What fails there, too, says nothing of
the connection; the rest is a failure, and so is all that fails where this machine has no OpenSSH to compare with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.testing import Emulator, start_emulator
from support.environments import RELEASES, Release

from . import openssh
from .runs import Outcome, run_target
from .source import targets_of

# those that exercise a connection and need nothing that an emulated instance lacks
TARGETS = (
    "connection",
    "raw",
    "command_shell",
    "copy",
    "template",
    "file",
    "lineinfile",
    "blockinfile",
    "fetch",
    "slurp",
    "stat",
    "find",
    "script",
    "async",
    "unarchive",
    "become",
    "delegate_to",
    "wait_for_connection",
    "environment",
)

CONNECTION = "cloudops.cloud_assistant.ecs_assistant"
PYTHON = "/usr/bin/python3"


def over_assistant(emulator: Emulator) -> list[dict[str, Any]]:
    """Return the variables of the hosts as the connection plugin reaches them."""
    return [
        {"ansible_connection": CONNECTION, "ansible_host": item, "ansible_python_interpreter": PYTHON}
        for item in emulator.reset()[:2]
    ]


def main() -> int:
    """Run the targets, print a table, and return the exit code: 1 when one fails that does not over OpenSSH."""
    parser = argparse.ArgumentParser(prog="python -m core_targets", description=__doc__)
    parser.add_argument("targets", nargs="*", default=TARGETS, help="which are run (default: all)")
    parser.add_argument("--core", nargs="*", default=[RELEASES[0].core, RELEASES[-1].core], help="releases")
    parser.add_argument("--show", action="store_true", help="print the output of what fails")
    options = parser.parse_args()
    broken = 0
    with start_emulator(instances=2) as emulator:
        for release in [each for each in RELEASES if each.core in options.core]:
            try:
                targets = targets_of(release)
            except LookupError as absent:
                print(f"{release}: not run, {absent}")
                continue
            for name in options.targets:
                outcome = _run(name, release, targets, emulator)
                verdict = "passed" if outcome.passed else _compared(name, release, targets, emulator)
                broken += verdict.startswith("FAILED")
                print(f"{release}: {name}: {verdict}", flush=True)
                if not outcome.passed:
                    print(outcome.output if options.show else f"    {outcome.reason}", flush=True)
    return 1 if broken else 0


def _run(name: str, release: Release, targets: Path, emulator: Emulator) -> Outcome:
    hosts = over_assistant(emulator)
    with tempfile.TemporaryDirectory(prefix="target-") as folder:
        return run_target(name, release, targets, hosts, Path(folder), emulator.env())


def _compared(name: str, release: Release, targets: Path, emulator: Emulator) -> str:
    """Return the verdict on a target that failed over the connection plugin."""
    if not openssh.available():
        return "FAILED (this machine has no OpenSSH server to compare with)"
    ids = emulator.reset()[:2]
    with tempfile.TemporaryDirectory(prefix="target-") as folder:
        home, keys = Path(folder, "home"), Path(folder, "keys")
        home.mkdir()
        keys.mkdir()
        with openssh.servers(emulator, ids, keys) as reached:
            hosts: list[Mapping[str, Any]] = [{**reached[item], "ansible_python_interpreter": PYTHON} for item in ids]
            outcome = run_target(name, release, targets, hosts, home, {})
    return "FAILED (it passes over OpenSSH)" if outcome.passed else f"fails over OpenSSH, too: {outcome.reason}"


if __name__ == "__main__":
    sys.exit(main())
