# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands of core wait for the next one, and what is answered for them."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from ansible.plugins.loader import shell_loader
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.shell_steps import ShellSteps

NAME = "ansible-tmp-1.5-2-3"
FOLDER = f"/root/.ansible/tmp/{NAME}"


@pytest.fixture
def shell() -> Any:
    made = shell_loader.get("sh")
    made.set_options(var_options={})
    return made


@pytest.fixture
def steps(shell: Any) -> ShellSteps:
    return ShellSteps(shell, lambda: "root")


def ask(steps: ShellSteps, text: str) -> Any:
    """Return what core is answered for the shell plugin's text, as 2.20 and earlier and as later releases wrap it."""
    old = steps.answer(f"/bin/sh -c {shlex.quote(text + ' && sleep 0')}", lambda: "/root")
    return old if old is not None else steps.answer(f"/bin/sh -c {shlex.quote(text)}", lambda: "/root")


def make(steps: ShellSteps, shell: Any) -> None:
    text = shell.mkdtemp(basefile=NAME, tmpdir="/root/.ansible/tmp")
    assert steps.answer(f"/bin/sh -c {shlex.quote(text)}", lambda: "/root") == (0, f"{NAME}={FOLDER}\n".encode(), b"")


def kinds(steps: ShellSteps) -> list[str]:
    return [step.kind for step in steps.waiting]


def test_the_home_is_known(steps: ShellSteps, shell: Any) -> None:
    assert ask(steps, shell.expand_user("~root")) == (0, b"/root\n", b"")
    for other in ("~", "~worker", "~root/x; id"):
        assert ask(steps, shell.expand_user(other)) is None


def test_a_folder_and_what_is_put_in_it_wait(steps: ShellSteps, shell: Any) -> None:
    make(steps, shell)
    assert steps.put(f"{FOLDER}/source", b"data")
    assert ask(steps, shell.chmod([FOLDER, f"{FOLDER}/source"], "u+rwx")) == (0, b"", b"")
    assert kinds(steps) == ["mkdir", "put", "chmod"]
    taken = steps.take()
    assert steps.waiting == []
    assert taken[0].command.startswith("( umask 77 && mkdir -p")
    assert ask(steps, shell.remove(FOLDER + "/", recurse=True)) == (0, b"", b"")
    assert kinds(steps) == ["remove"]


def test_a_folder_that_nothing_needed_is_never_made(steps: ShellSteps, shell: Any) -> None:
    make(steps, shell)
    steps.put(f"{FOLDER}/source", b"data")
    ask(steps, shell.chmod([FOLDER, f"{FOLDER}/source"], "u+x"))
    assert ask(steps, shell.remove(FOLDER, recurse=True)) == (0, b"", b"")
    assert steps.waiting == []


def test_commands_whose_exit_code_core_evaluates_are_run(steps: ShellSteps, shell: Any) -> None:
    make(steps, shell)
    for text in (
        shell.set_user_facl([FOLDER], "worker", "rx"),
        shell.chown([FOLDER], "worker"),
        shell.chmod([FOLDER], "+a"),
        shell.chmod(["/etc/passwd"], "u+x"),
        shell.remove("/srv/app", recurse=True),
        shell.remove("/srv/a folder's", recurse=True),
        shell.remove(f"{FOLDER}/file"),
        shell.mkdtemp(basefile=NAME, tmpdir="/srv/a folder"),
        shell.mkdtemp(basefile=NAME, tmpdir="$HOME/tmp"),
        "echo ~root && id",
    ):
        assert ask(steps, text) is None, text
    assert not steps.put("/etc/motd", b"")


def test_an_unknown_text_is_run(steps: ShellSteps) -> None:
    for command in ("echo raw", "/bin/sh -c 'unclosed", "/bin/sh -c id more"):
        assert steps.answer(command, lambda: "/root") is None
