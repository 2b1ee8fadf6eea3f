# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make ansible-targets``: ansible-core's own integration targets over the connection plugin.

A target that fails there is run over OpenSSH to an instance of the same kind. What fails there, too, and after no more
tasks, says nothing of the connection; the rest is a failure, and so is all that fails where this machine has no OpenSSH
to compare with.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from emulator.testing import Emulator, start_emulator
from support.environments import RELEASES, Release

from . import openssh
from .hosts import over_assistant, over_openssh
from .runs import Outcome
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


def main() -> int:
    """Run the targets, print a table, and return the exit code: 1 when one fails that does not over OpenSSH."""
    parser = argparse.ArgumentParser(prog="python -m core_targets", description=__doc__)
    parser.add_argument("targets", nargs="*", default=TARGETS, help="which are run (default: all)")
    parser.add_argument("--core", nargs="*", default=[RELEASES[0].core, RELEASES[-1].core], help="releases")
    parser.add_argument("--show", action="store_true", help="print the output of what fails")
    parser.add_argument("--figures", type=Path, help="a file that gets the figures as JSON")
    options = parser.parse_args()
    figures = Counter[str](runs=0, tasks=0, broken=0)
    with start_emulator(instances=2) as emulator:
        for release in [each for each in RELEASES if each.core in options.core]:
            try:
                targets = targets_of(release)
            except LookupError as absent:
                print(f"{release}: not run, {absent}")
                continue
            for name in options.targets:
                outcome = over_assistant(name, release, targets, emulator)
                verdict = "passed" if outcome.passed else _compared(outcome, name, release, targets, emulator)
                figures.update(runs=1, tasks=outcome.tasks, broken=int(verdict.startswith("FAILED")))
                print(f"{release}: {name}: {outcome.tasks} tasks, {verdict}", flush=True)
                if not outcome.passed:
                    print(outcome.output if options.show else f"    {outcome.reason}", flush=True)
    if options.figures:
        options.figures.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 1 if figures["broken"] else 0


def _compared(found: Outcome, name: str, release: Release, targets: Path, emulator: Emulator) -> str:
    """Return the verdict on a target that ended so over the connection plugin."""
    if not openssh.available():
        return "FAILED (this machine has no OpenSSH server to compare with)"
    expected = over_openssh(name, release, targets, emulator)
    if expected.passed:
        return "FAILED (it passes over OpenSSH)"
    if expected.tasks > found.tasks:
        return f"FAILED (over OpenSSH it fails after {expected.tasks} tasks: {expected.reason})"
    return f"fails over OpenSSH, too, after {expected.tasks} tasks: {expected.reason}"


if __name__ == "__main__":
    sys.exit(main())
