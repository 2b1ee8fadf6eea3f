# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration runs from anywhere, shows what it promises, and leaves nothing behind."""

from __future__ import annotations

import html
import os
import re
import subprocess
from pathlib import Path

from playbook_runner import ansible_environment
from support.patience import HANG_GUARD

DEMO = Path(__file__).resolve().parents[1] / "emulator" / "demo.sh"


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    home = folder / "home"
    home.mkdir()
    environment = ansible_environment(home, {"TMPDIR": str(folder)})
    return subprocess.run(
        [str(DEMO), *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANG_GUARD,
        check=False,
    )


def processes_in(folder: Path) -> list[str]:
    """Return the command lines of processes that still use the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if entry.name != str(os.getpid()) and f"{folder}/demo." in line:
            found.append(line)
    return found


def test_it_says_what_it_does_while_it_installs(tmp_path: Path):
    """A minute without a word looks like a command that hangs."""
    (tmp_path / "bin").mkdir()
    # an environment that installs nothing
    (tmp_path / "python").write_text(f"#!/bin/sh\nmkdir -p {tmp_path}/bin\n", encoding="utf-8")
    installers = [tmp_path / "bin" / name for name in ("pip", "uv")]
    for program in installers:
        program.write_text("#!/bin/sh\n", encoding="utf-8")
    for program in (tmp_path / "python", *installers):
        program.chmod(0o755)
    variables = [f"VENV={tmp_path}", f"PYTHON={tmp_path}/python"]
    made = subprocess.run(
        ["make", "--no-print-directory", *variables, f"{tmp_path}/.run"],
        cwd=DEMO.parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr
    first, second, third = made.stdout.splitlines()
    assert first == f"First time: making a Python environment in {tmp_path}"
    assert second.startswith("Installing ") and " pinned packages into it" in second
    assert third == "Ready; the next time this is skipped"


def test_the_demonstration(tmp_path: Path):
    run = demo(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "exit code 3; output ends: this instance was never prepared" in run.stdout
    assert "1 of 12 instances ran the script, 10 had already succeeded" in run.stdout
    assert "Nothing ran twice." in run.stdout
    assert "11 of 12 deployed, 1 skipped, changed=false" in run.stdout
    assert run.stdout.count("Success      0  release 1 says hello from i-demo") == 11
    assert run.stdout.count(", on port 8080") == 3
    assert processes_in(tmp_path) == []
    assert list(tmp_path.glob("demo.*")) == []
    assert not (tmp_path / "home" / ".ansible" / "ecs_assistant").exists()
    assert_as_in_the_readme(run.stdout)
    assert_as_in_the_recording(run.stdout)


def assert_as_in_the_readme(output: str) -> None:
    """Fail unless the output has each line of the README's picture, in this order."""
    printed = [without_times(line.rstrip()) for line in output.splitlines()]
    for line in readme_picture():
        assert line in printed, f"the README shows a line that the demonstration does not print (any more): {line}"
        del printed[: printed.index(line) + 1]


def assert_as_in_the_recording(output: str) -> None:
    """Fail unless the recording that docs/site/record.sh makes shows the tasks of the demonstration and its end."""
    recording = html.unescape((DEMO.parents[2] / "docs/site/images/terminal.svg").read_text(encoding="utf-8"))
    titles = re.findall(r"^TASK \[([^\]]+)\] \*", output, re.MULTILINE)
    assert titles
    # the terminal is 100 characters wide
    assert [title for title in titles if f"TASK [{title}"[:90] not in recording] == []
    assert "11 of 12 deployed, 1 skipped, changed=false" in recording


def readme_picture() -> list[str]:
    """Return the lines of the README's picture of the demonstration, without the command and omitted lines."""
    text = (DEMO.parents[2] / "README.md").read_text(encoding="utf-8")
    _before, found, rest = text.partition("```console\n$ make demo\n")
    assert found
    lines = rest.partition("```")[0].splitlines()
    return [without_times(line) for line in lines if line.strip() not in ("", "…")]


def without_times(line: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", line)


def test_a_failing_playbook_sets_the_exit_code(tmp_path: Path):
    playbook = tmp_path / "fails.yml"
    playbook.write_text("---\n- hosts: localhost\n  gather_facts: false\n  tasks:\n    - ansible.builtin.fail:\n")
    run = demo(tmp_path, str(playbook))
    assert run.returncode == 2, run.stdout + run.stderr
    assert processes_in(tmp_path) == []
    assert list(tmp_path.glob("demo.*")) == []
