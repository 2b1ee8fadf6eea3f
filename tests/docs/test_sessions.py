# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the terminal sessions in guides and READMEs does what it says, and the guides' scenario passes."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.galaxy.collection import validate_collection_name
from playbook_runner import ansible_environment
from support.doc_blocks import Block, blocks
from support.environments import REPOSITORY
from support.patience import HANG_GUARD

BLOCKS = blocks()
GUIDE = "docs/docsite/rst/emulator_guide.rst"
FLEET = "my-fleet.json"
BIN = Path(sys.executable).parent


def sessions() -> list[tuple[Block, str]]:
    """Return each command of the sessions once, with a block that it is in; what a command prints is left out."""
    found = {
        line.removeprefix("$ "): block
        for block in reversed(BLOCKS)
        if block.kind == "console"
        for line in re.sub(r"\\\n\s*", "", block.text).splitlines()
        if line.startswith("$ ")
    }
    return [(block, command) for command, block in found.items()]


def starts_an_emulator(command: str, folder: Path) -> None:
    """Check that the command starts one that answers and ends with SIGTERM; the port is one that is free."""
    [fleet] = [block.text for block in BLOCKS if block.source == GUIDE and block.kind == "json"]
    (folder / FLEET).write_text(fleet, encoding="utf-8")
    arguments = shlex.split(command.partition("-m emulator")[2])
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    given |= {"--listen": "127.0.0.1:0", "--ready-file": "ready.json"}
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", *(word for pair in given.items() for word in pair)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "tests")},
    )
    try:
        until = time.monotonic() + HANG_GUARD
        while not (folder / "ready.json").is_file() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        assert json.loads((folder / "ready.json").read_text(encoding="utf-8"))["endpoint"].startswith("http://127.")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANG_GUARD) == 0


def is_a_target(command: str, _folder: Path) -> None:
    """Check that the Makefile has the target; other tests run what is behind it."""
    target = command.split()[1]
    assert re.search(rf"^{target}:.*##", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def names_requirements(command: str, _folder: Path) -> None:
    """Check that what pip installs is what the collection says it needs, at run time or to develop."""
    pinned = {
        line.partition("==")[0]
        for name in ("run.in", "dev.in")
        for line in (REPOSITORY / "requirements" / name).read_text(encoding="utf-8").splitlines()
    }
    assert {re.split("[<=>]", word)[0] for word in shlex.split(command)[2:]} <= pinned | {"setuptools"}


def names_the_collection(command: str, _folder: Path) -> None:
    galaxy = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))
    name = shlex.split(command)[-1]
    assert validate_collection_name(name) == f"{galaxy['namespace']}.{galaxy['name']}"


def sets_what_is_read(command: str, _folder: Path) -> None:
    """Check that the variables are ones that Ansible, a module's options or the tools of AWX read."""
    known = "\n".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "plugins").rglob("*.py"))
    for name in re.findall(r"(\w+)=", command):
        # the last one is made of the name of a region
        prefixes = ("ANSIBLE_", "CONTROLLER_", "HUAWEICLOUD_SDK_REGION_CLOUDDC_")
        assert name in known or name.startswith(prefixes), name


def is_run_elsewhere(command: str, _folder: Path) -> None:
    """Accept what needs a registry, a controller or a release; tests/awx and tests/quality check its files."""
    for name in re.findall(r"(?:docs|examples|tests)/[\w./*-]+", command):
        assert list(REPOSITORY.glob(name.rstrip(";"))), name


def is_of_the_shell(_command: str, _folder: Path) -> None:
    """Accept what goes somewhere in the checkout."""


KINDS: dict[str, Callable[[str, Path], None]] = {
    r"(\S*python) -m emulator .*": starts_an_emulator,
    r"make [a-z]+": is_a_target,
    r"pip install .*": names_requirements,
    r"ansible-galaxy collection install \S+": names_the_collection,
    r"export .*": sets_what_is_read,
    r"cd tests|\. \.venv/bin/activate|pre-commit install|pipx install pre-commit": is_of_the_shell,
    r"(podman|ansible-builder|ansible-runner|gh|for file in|PATH=\S+ \S+ tests/emulator/demo\.sh) .*": is_run_elsewhere,
}


@pytest.mark.parametrize(
    ("block", "command"), [pytest.param(*given, id=f"{given[0]}-{given[1][:30]}") for given in sessions()]
)
def test_commands_of_sessions(block: Block, command: str, tmp_path: Path):
    [check] = [check for pattern, check in KINDS.items() if re.fullmatch(pattern, command)] or [None]
    assert check, f"{block}: say in KINDS how to check {command!r}"
    check(command, tmp_path)


@pytest.mark.isolation("user-namespace")
def test_the_scenario_of_the_emulator_guide(emulator: Any, tmp_path: Path):
    """molecule runs the three files as they stand in the guide, against the guide's fleet."""
    guide = [block for block in BLOCKS if block.source == GUIDE]
    [fleet] = [json.loads(block.text) for block in guide if block.kind == "json"]
    emulator.reset({"instances": fleet})
    scenario = tmp_path / "molecule" / "default"
    scenario.mkdir(parents=True)
    [settings] = [block.text for block in guide if block.kind == "data" and block.text.startswith("driver:")]
    settings = settings.replace("http://127.0.0.1:8080", emulator.ready["endpoint"])
    (scenario / "molecule.yml").write_text(settings, encoding="utf-8")
    for name in ("converge", "verify"):
        [play] = [block.text for block in guide if block.kind == "play" and f"- name: {name.title()}\n" in block.text]
        (scenario / f"{name}.yml").write_text(play, encoding="utf-8")
    done = subprocess.run(
        [str(BIN / "molecule"), "test"],
        cwd=tmp_path,
        env={**ansible_environment(tmp_path), "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "ephemeral")},
        capture_output=True,
        text=True,
        timeout=HANG_GUARD,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "UNREACHABLE" not in done.stdout
