# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a target of ansible-core on hosts that are reached over a connection."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from playbook_runner import collections_path
from support.environments import Release, clean_env, environment

from .outcomes import Outcome

HOSTS = ("testhost", "testhost2")
"""The targets know the first; the second shows that nothing of one host reaches the other."""

# seconds, far beyond what the longest target takes; one that is not over then has failed
LONGEST = 3600

# as ansible-test plays a target that is a role; one host after the other, for targets keep files on the controller
PLAY = """---
- hosts: test_hosts
  serial: 1
  gather_facts: true
  vars:
    output_dir: "{{ lookup('env', 'OUTPUT_DIR') }}"
  roles:
    - role: %s
"""


# Root becomes another user without a password, which the connection plugin refuses to send. The extra variable takes
# away what the targets set; over OpenSSH it is the same.
BECOME = {"ansible_become_method": "su", "ansible_su_flags": "-s /bin/sh"}
NO_PASSWORD = ["-e", '{"ansible_become_password": ""}']


def reason(output: str) -> str:
    """Return the line that says why a target failed that printed this."""
    lines = [line for line in output.splitlines() if line.startswith(("fatal:", "ERROR", "[ERROR]"))]
    return (lines or output.splitlines() or [""])[-1][:300]


# what a target reads on the controller that is not the user's own -> the file of that name in the home of its run
ELSEWHERE = {"~root/.ssh/authorized_keys": "authorized_keys"}

# task files that are left out of a target, since they fail on any emulated instance
LEFT_OUT = {
    "unarchive": {
        "test_missing_binaries.yml": "removes packages, which the instance has from the machine",
        "test_different_language_var.yml": "installs a package that only Ubuntu has",
        "test_download.yml": "downloads from a server of the Ansible project",
    }
}


def output_of(folder: Path) -> Path:
    """Return the folder for what a target keeps, in the home of its run."""
    return folder / "output"


def run_target(
    name: str, release: Release, targets: Path, hosts: Sequence[Mapping[str, Any]], folder: Path, env: Mapping[str, str]
) -> tuple[Outcome, str]:
    """Run the target `name` on HOSTS, which have the variables `hosts`; return how it ended, and what it printed.

    `folder` is empty and becomes the home of the run, which what it printed has as ``~``; `env` adds to a clean
    environment.
    """
    tree = folder / "test" / "integration"
    shutil.copytree(targets, tree / "targets", symlinks=True, ignore=_others(targets, name))
    for file in LEFT_OUT.get(name, ()):
        (tree / "targets" / name / "tasks" / file).write_text("- meta: noop\n", encoding="utf-8")
    replace_files(tree / "targets" / name, folder)
    inventory = tree / "inventory"
    inventory.write_text(yaml.safe_dump(_inventory(hosts)), encoding="utf-8")
    output = output_of(folder)
    output.mkdir(exist_ok=True)
    place = environment(release)
    own = {
        **env,
        # HOME stays the user's, where Ansible finds what it keeps in ~ for tasks that are delegated to the controller
        "ANSIBLE_HOME": str(folder / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": collections_path(),
        "ANSIBLE_ROLES_PATH": str(tree / "targets"),
        "ANSIBLE_CALLBACKS_ENABLED": "cloudops.cloud_assistant.preload",
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "INVENTORY_PATH": str(inventory),
        "INVENTORY": str(inventory),
        "OUTPUT_DIR": str(output),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPATH": str(_jinja(place, folder)),
    }
    command, cwd = _command(name, tree, inventory)
    done = subprocess.run(
        # which ends all that a target has started
        ["timeout", "--kill-after=30", str(LONGEST), *command],
        check=False,
        cwd=cwd,
        env={**clean_env(place / "bin"), **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    output = done.stdout.replace(str(folder), "~")
    return Outcome.of(done.returncode == 0, output), output


def replace_files(target: Path, folder: Path) -> None:
    """Have the playbooks of a target read the files of the run in place of the user's own."""
    for playbook in target.rglob("*.yml"):
        text = old = playbook.read_text(encoding="utf-8", errors="surrogateescape")
        for path, name in ELSEWHERE.items():
            (folder / name).touch()
            text = text.replace(path, str(folder / name))
        if text != old:
            playbook.write_text(text, encoding="utf-8", errors="surrogateescape")


def _jinja(place: Path, folder: Path) -> Path:
    """Return a folder with the release's Jinja alone: targets look for it with the instance's Python."""
    found = folder / "jinja"
    found.mkdir()
    (packages,) = place.glob("lib/python*/site-packages")
    for name in ("jinja2", "markupsafe"):
        (found / name).symlink_to(packages / name)
    return found


def _command(name: str, tree: Path, inventory: Path) -> tuple[list[str], Path]:
    """Return the command that runs a target, and the folder for it to run in."""
    target = tree / "targets" / name
    if name == "connection":
        variables = (
            "target_hosts=test_hosts",
            "action_prefix=",
            f"local_tmp={os.fspath(tree)}/local",
            "remote_tmp=/tmp/ansible-remote",
        )
        extra = [part for variable in variables for part in ("-e", variable)]
        return ["bash", "test.sh", *extra], target
    if (target / "runme.sh").exists():
        return ["bash", "runme.sh", *NO_PASSWORD], target
    (tree / "site.yml").write_text(PLAY % name, encoding="utf-8")
    return ["ansible-playbook", "-i", str(inventory), *NO_PASSWORD, "site.yml"], tree


def _inventory(hosts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rows = {name: {**BECOME, **variables} for name, variables in zip(HOSTS, hosts, strict=True)}
    return {"all": {"children": {"test_hosts": {"hosts": rows}}}}


def _others(targets: Path, name: str) -> Any:
    """Return what copytree leaves out: targets that neither are `name` nor stand in for what targets share."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        if Path(folder) != targets:
            return set()
        return {entry for entry in names if entry != name and not entry.startswith(("setup_", "prepare_"))}

    return ignored
