# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a target on fresh emulated instances, over the connection plugin or over OpenSSH."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_run_command
from emulator.testing import Emulator
from support.environments import Release
from support.module_runs import Cloud

from . import openssh
from .outcomes import Outcome
from .runs import HOSTS, output_of, run_target

CONNECTION = "cloudops.cloud_assistant.ecs_assistant"
PYTHON = "/usr/bin/python3"
# targets that read on the controller what they have written on a host, and the other way round, by the same path
SAME_FILES = ("template",)
# which instances have from the machine
SHARED = "/dev/shm"


def over_assistant(name: str, release: Release, targets: Path, emulator: Emulator) -> tuple[Outcome, str]:
    """Run the target over the connection plugin."""
    with _instances(name, emulator) as (ids, folder):
        # as over OpenSSH, where the keys are those of root alone
        common = {"ansible_connection": CONNECTION, "ansible_user": "root", "ansible_python_interpreter": PYTHON}
        hosts = [{**common, "ansible_host": item} for item in ids]
        return run_target(name, release, targets, hosts, folder, emulator.env())


def over_openssh(name: str, release: Release, targets: Path, emulator: Emulator) -> tuple[Outcome, str]:
    """Run the target over OpenSSH to servers on the instances."""
    with ExitStack() as stack:
        ids, folder = stack.enter_context(_instances(name, emulator))
        keys = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keys-")))
        reached = stack.enter_context(openssh.servers(emulator, ids, keys))
        (folder / "authorized_keys").write_bytes((keys / "key.pub").read_bytes())
        hosts = [{**reached[item], "ansible_python_interpreter": PYTHON} for item in ids]
        return run_target(name, release, targets, hosts, folder, {})


# what targets take for granted on their host; the keys are those of root for OpenSSH
_PREPARE = """
set -e
umask 022
mkdir -p {output} /etc/sudoers.d /root/.ssh
touch /root/.ssh/authorized_keys
printf '%s\\n' 'root ALL=(ALL:ALL) ALL' '@includedir /etc/sudoers.d' >/etc/sudoers
chmod 440 /etc/sudoers
"""


@contextmanager
def _instances(name: str, emulator: Emulator) -> Iterator[tuple[Sequence[str], Path]]:
    """Yield new instances with what targets take for granted, and an empty folder for the home of the run."""
    ids = emulator.reset(instances=len(HOSTS))
    with tempfile.TemporaryDirectory(prefix="target-", dir=SHARED if name in SAME_FILES else None) as folder:
        content = _PREPARE.format(output=shlex.quote(str(output_of(Path(folder)))))
        result = Cloud(emulator).run(ecs_run_command, instance_ids=ids, content=content)
        assert "failed" not in result, result["msg"]
        yield ids, Path(folder)
