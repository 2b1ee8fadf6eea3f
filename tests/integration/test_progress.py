# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long run tells how far it is, at normal verbosity, on a terminal and in a log file, and a short one does not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playbook_runner import PlayResult, ansible_environment
from support.terminal import run_on_a_terminal

PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Run it everywhere
      cloudops.cloud_assistant.ecs_run_command:
        instance_ids: [{ids}]
        content: |
          {script}
"""
LINE = re.compile(r"localhost \| Run it everywhere: (\d+)/(\d+) finished, (\d+) failed.* \((\d+) s\)")
# instances end one after the other, the last one after 12 seconds; each third one fails
SLOW = "n=$(echo {{ACS::InstanceId}} | tail -c 3 | sed 's/^0//'); sleep $n; [ $((n % 3)) -ne 0 ]"


def play(emulator: Any, script: str) -> str:
    """Return a playbook that runs a script on all of the fleet."""
    ids = ", ".join(emulator.reset(instances=12))
    return PLAY.format(ids=ids, script="{% raw %}" + script + "{% endraw %}")


def check_lines(text: str) -> None:
    """Fail unless there are some lines of progress but no flood; each says more than the one before."""
    lines = [tuple(map(int, found)) for found in LINE.findall(text)]
    # one is of the time when some had finished and some had not
    assert 1 <= len(lines) <= 6, text
    assert lines[0][0] < 12
    for finished, total, failed, _seconds in lines:
        assert total == 12
        assert failed <= finished <= total
    assert lines == sorted(lines)
    assert len(set(lines)) == len(lines)


def test_a_log_file_gets_progress_of_a_long_run(emulator: Any, playbook: Callable[..., PlayResult], tmp_path: Path):
    log = tmp_path / "log"
    run = playbook(play(emulator, SLOW), env={**emulator.env(), "ANSIBLE_LOG_PATH": str(log)})
    assert run.rc == 2, run.output
    assert run.result("Run it everywhere")["summary"]["failed"] == 4
    check_lines(run.stderr)
    assert not LINE.search(run.stdout)
    assert LINE.search(log.read_text(encoding="utf-8"))


def test_a_terminal_shows_progress_of_a_long_run(emulator: Any, tmp_path: Path):
    (tmp_path / "site.yml").write_text(play(emulator, SLOW), encoding="utf-8")
    env = {**ansible_environment(tmp_path, emulator.env()), "TERM": "dumb", "COLUMNS": "200"}
    rc, text = run_on_a_terminal(shlex.split(f"ansible-playbook {tmp_path}/site.yml"), env, tmp_path)
    assert rc == 2, text
    check_lines(text)
    before, _task, after = text.partition("TASK [Run it everywhere]")
    assert not LINE.search(before)
    assert LINE.search(after.partition("PLAY RECAP")[0])


def test_a_run_that_the_time_limit_of_the_task_ends_names_its_invocation(
    emulator: Any, playbook: Callable[..., PlayResult]
):
    run = playbook(play(emulator, "sleep 600") + "      timeout: 2\n", env=emulator.env())
    assert run.rc == 2, run.output
    [invoke_id] = {row["invoke_id"] for rows in emulator.executions().values() for row in rows}
    assert f"To wait for invocation {invoke_id}, use ecs_invocation_info" in " ".join(run.output.split())


def test_a_short_run_is_silent(emulator: Any, playbook: Callable[..., PlayResult]):
    run = playbook(play(emulator, "echo quick"), env=emulator.env())
    assert run.rc == 0, run.output
    seconds = 3
    assert not [line for line in LINE.findall(run.output) if int(line[3]) < seconds]
