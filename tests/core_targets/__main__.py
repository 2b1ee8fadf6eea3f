# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make ansible-targets``: ansible-core's own integration targets over the connection plugin.

A target that fails there is run over OpenSSH to an instance of the same kind. If it ends there at the same task, and
after no more tasks, its failure says nothing of the connection. Everything else is a failure, and so is all that fails
where this machine has no OpenSSH to compare with.

Nothing else should run on the machine. ``copy`` walks up to 40 symbolic links in one path, which is all that Linux
allows, and Linux counts them again where another process mounts a file system meanwhile, as emulated instances do.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from emulator.testing import Emulator, start_emulator
from support.environments import RELEASES, Release

from . import openssh
from .hosts import over_assistant, over_openssh
from .outcomes import Figures, Pair
from .runs import reason
from .source import targets_of

# Those that exercise a connection. Not delegate_to: it has an inventory of its own, and wants SSH on 127.0.0.3.
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
    "wait_for_connection",
    "environment",
)

# programs without which a target ends early, over any connection, and the packages of Debian that have them
PROGRAMS = {"getfacl": "acl", "git": "git", "sudo": "sudo", "unzip": "unzip", "zip": "zip", "zstd": "zstd"}


def main() -> int:
    """Run the targets, print how each ended, and return the exit code: 1 when one fails that does not over OpenSSH."""
    parser = argparse.ArgumentParser(prog="python -m core_targets", description=__doc__)
    parser.add_argument("targets", nargs="*", default=TARGETS, help="which are run (default: all)")
    parser.add_argument("--core", nargs="*", default=[RELEASES[0].core, RELEASES[-1].core], help="releases")
    parser.add_argument("--show", action="store_true", help="print the output of what fails")
    parser.add_argument("--figures", type=Path, help="a file that gets the figures as JSON after each target")
    parser.add_argument(
        "--resume", action="store_true", help="run what the file lacks or shows as broken; OpenSSH once per target"
    )
    options = parser.parse_args()
    _report_missing_programs()
    figures = Figures.read(options.figures) if options.resume else Figures()
    with start_emulator(instances=2) as emulator:
        for release in [each for each in RELEASES if each.core in options.core]:
            _run_release(release, options, figures, emulator)
    return 1 if figures.broken else 0


def _report_missing_programs() -> None:
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if missing:
        print(f"some targets end early on this machine, since it lacks: {', '.join(sorted(missing))}", flush=True)


def _run_release(release: Release, options: argparse.Namespace, figures: Figures, emulator: Emulator) -> None:
    """Run the targets of one release, and write the figures after each."""
    try:
        targets = targets_of(release)
    except LookupError as absent:
        print(f"{release}: not run, {absent}")
        return
    pairs = figures.pairs.setdefault(release.core, {})
    for name in options.targets:
        known = pairs.get(name)
        if known and not known.broken:
            continue
        pairs[name] = _compared(name, release, targets, emulator, known, show=options.show)
        print(f"{release}: {name}: {pairs[name]}", flush=True)
        if options.figures:
            figures.write(options.figures)


def _compared(
    name: str, release: Release, targets: Path, emulator: Emulator, known: Pair | None, *, show: bool
) -> Pair:
    """Return how the target ends over both, OpenSSH's outcome from an earlier run where there is one."""
    found, output = over_assistant(name, release, targets, emulator)
    if found.passed:
        return Pair(found)
    print(output if show else f"    {reason(output)}", flush=True)
    if known and known.openssh:
        return Pair(found, known.openssh)
    return Pair(found, over_openssh(name, release, targets, emulator)[0] if openssh.available() else None)


if __name__ == "__main__":
    sys.exit(main())
