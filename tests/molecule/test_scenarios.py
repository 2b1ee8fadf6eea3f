# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios of the roles run with molecule, side by side, and leave no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from playbook_runner import ansible_environment
from support.patience import HANG_GUARD

REPOSITORY = Path(__file__).parents[2]
SCENARIOS = REPOSITORY / "extensions" / "molecule"
CLOUD = SCENARIOS / "shared" / "cloud.py"
NAMES = sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))

# A scenario is seven or eight runs of ansible-playbook, half a minute of two cores that all tests share. The shortest
# shows here how scenarios work; the others' roles are exercised in tests/integration, and `make molecule` runs all.
RUN_HERE = ["report"]


def test_every_role_has_a_scenario():
    """So has the connection plugin, over which roles of any collection run."""
    roles = {path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir()}
    assert {*roles, "connection"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_disturbed_scenario_converges_again(name):
    """Where there is something to disturb, it is: a role that cannot repair it would not be noticed otherwise."""
    own = yaml.safe_load((SCENARIOS / name / "molecule.yml").read_text(encoding="utf-8")) or {}
    shared = yaml.safe_load((SCENARIOS / "config.yml").read_text(encoding="utf-8"))
    sequence = own.get("scenario", shared["scenario"])["test_sequence"]
    needed = {step for step in sequence if step not in ("create", "destroy", "idempotence")}
    assert {"converge", "idempotence", "verify"} <= set(sequence)
    # molecule passes over a step without a playbook
    assert not [step for step in needed if not (SCENARIOS / name / f"{step}.yml").exists()]
    if "side_effect" in sequence:
        assert "converge" in sequence[sequence.index("side_effect") :]
        assert "verify" in sequence[sequence.index("side_effect") :]


@pytest.mark.parametrize("name", RUN_HERE)
def test_scenario(name, tmp_path):
    ephemeral = tmp_path / "molecule"
    env = ansible_environment(tmp_path, {"MOLECULE_EPHEMERAL_DIRECTORY": str(ephemeral), "NO_COLOR": "1"})
    # the plays of a scenario are molecule's own affair
    for name_of_ours in ("ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_ROLES_PATH"):
        del env[name_of_ours]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "molecule"), "test", "--scenario-name", name],
        cwd=REPOSITORY,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_GUARD,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no hosts matched" not in done.stdout + done.stderr
    assert not (ephemeral / "emulator").exists()


def answers(ready: dict[str, str]) -> bool:
    """Return whether the emulator of that ready file is there."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{ready['control']}/clock", timeout=10):
            return True
    except OSError:
        return False


def wait_until_gone(ready: dict[str, str]) -> bool:
    """Return whether the emulator ends in a time that is far longer than it needs."""
    deadline = time.monotonic() + HANG_GUARD
    while answers(ready):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def cloud(tmp_path):
    """Return the folder of an emulated cloud, which is stopped at the end."""
    fleet = tmp_path / "fleet.json"
    fleet.write_text('[{"id": "i-1"}]', encoding="utf-8")
    folder = tmp_path / "emulator"
    yield folder
    subprocess.run([sys.executable, str(CLOUD), "stop", str(folder)], check=True, capture_output=True)


def start_command(folder: Path) -> list[str]:
    """Return the command that starts an emulated cloud in `folder`."""
    return [sys.executable, str(CLOUD), "start", str(folder), f"--fleet={folder.parent / 'fleet.json'}"]


def test_a_cloud_outlives_the_command_that_starts_it_and_ends_with_the_one_that_stops_it(cloud):
    for _again in range(2):
        subprocess.run(start_command(cloud), check=True, capture_output=True)
    ready = json.loads((cloud / "ready.json").read_text(encoding="utf-8"))
    assert answers(ready)
    subprocess.run([sys.executable, str(CLOUD), "stop", str(cloud)], check=True, capture_output=True)
    assert not answers(ready)


def test_a_cloud_does_not_outlive_a_molecule_test_that_is_killed(cloud):
    script = "import subprocess, sys; subprocess.run(eval(sys.argv[3]), check=True); print('up', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "molecule", "test", repr(start_command(cloud))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line == "up\n":
            break
    ready = json.loads((cloud / "ready.json").read_text(encoding="utf-8"))
    assert answers(ready)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert wait_until_gone(ready)


def test_a_cloud_does_not_outlive_its_guard(cloud):
    subprocess.run(start_command(cloud), check=True, capture_output=True)
    ready = json.loads((cloud / "ready.json").read_text(encoding="utf-8"))
    os.kill(int((cloud / "guard.pid").read_text()), signal.SIGKILL)
    assert wait_until_gone(ready)


def test_a_cloud_that_cannot_start_says_why(cloud):
    (cloud.parent / "fleet.json").write_text('[{"id": "i-1", "os_type": "plan9"}]', encoding="utf-8")
    done = subprocess.run(start_command(cloud), check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "os_type must be linux or windows" in done.stderr
    assert not cloud.exists()
