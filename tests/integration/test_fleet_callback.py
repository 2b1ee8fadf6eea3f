# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback fleet on real runs: a live line on a terminal, plain lines elsewhere, one screen at the end."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import ansible_environment
from support.terminal import run_on_a_terminal

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Run it everywhere
      cloudops.cloud_assistant.ecs_run_command:
        instance_ids: {ids}
        content: |
          {script}
        batch_size: 6
        max_concurrent_batches: 1
      ignore_errors: true
    - name: Run it in secret
      cloudops.cloud_assistant.ecs_run_command:
        instance_ids: {ids}
        content: echo hidden-words
      no_log: true
    - name: Say something else
      ansible.builtin.debug:
        msg: as ever
"""
# each third instance fails; the last ones of each wave end after some seconds
SLOW = "n=$(echo {{ACS::InstanceId}} | tail -c 3 | sed 's/^0//'); sleep $((n % 6)); [ $((n % 3)) -ne 0 ] || {"
SLOW += " printf 'disk\\033[31m is full\\n'; exit 3; }"
LINE = r"localhost \| Run it everywhere: \d+/12 finished, \d failed, \d+ running, wave [12] of 2, t-\w+"


@pytest.fixture
def fleet(emulator: Any, tmp_path: Path):
    """Return the environment of a run with the callback, and the playbook to run."""
    ids = json.dumps(emulator.reset(instances=12))
    play = PLAY.format(ids=ids, script="{% raw %}" + SLOW + "{% endraw %}")
    (tmp_path / "site.yml").write_text(play, encoding="utf-8")
    extra = {"ANSIBLE_STDOUT_CALLBACK": "cloudops.cloud_assistant.fleet", "COLUMNS": "160"}
    return ansible_environment(tmp_path, {**emulator.env(), **extra}), ["ansible-playbook", str(tmp_path / "site.yml")]


def run(env: dict[str, str], command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240, **options
    )


def table(text: str) -> list[str]:
    """Return the lines from the totals to where the full result is."""
    lines = text.splitlines()
    start = lines.index("12 instances: 8 succeeded, 4 failed")
    return lines[start : start + 4]


def assert_table(text: str) -> None:
    totals, group, invocations, full = table(text)
    assert re.fullmatch(r"  4 x exit code 3: disk\\x1b\[31m is full: (i-\w+, ){3}i-\w+", group)
    assert re.fullmatch(r"Invocations: t-\w+, t-\w+", invocations)
    assert full.startswith("Full result: ")
    assert "stdout_lines" not in text
    assert "hidden-words" not in text
    assert '"msg": "as ever"' in text


def test_a_log_gets_plain_lines_and_the_table(fleet):
    env, command = fleet
    done = run(env, command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_table(done.stdout)
    assert re.search(rf"^{LINE} \(\d+ s\)$", done.stdout, re.M)
    assert "\x1b" not in done.stdout
    assert not re.search("Run it in secret: ", done.stdout)


def test_a_terminal_gets_one_line_that_is_drawn_over_itself(fleet):
    env, command = fleet
    rc, shown = run_on_a_terminal(command, {**env, "TERM": "xterm"})
    assert rc == 0
    text = shown.replace("\r\n", "\n")
    drawn = re.findall(rf"\r\x1b\[K(\d+:\d\d)  {LINE}\r", text)
    assert len(drawn) > 2, text
    assert_table(re.sub(r"\r\x1b\[K[^\r\n]*\r|\r\x1b\[K", "", text))


def test_an_ad_hoc_command_prints_one_screen_and_more_on_demand(emulator, tmp_path):
    ids = emulator.reset(instances=40)
    arguments = json.dumps({"instance_ids": ids, "content": "{% raw %}echo {{ACS::InstanceId}} up $${% endraw %}"})
    extra = {"ANSIBLE_STDOUT_CALLBACK": "cloudops.cloud_assistant.fleet", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true"}
    extra["COLUMNS"] = "160"
    env = ansible_environment(tmp_path, {**emulator.env(), **extra})
    command = ["ansible", "localhost", "-m", "cloudops.cloud_assistant.ecs_run_command", "-a", arguments]
    done = run(env, command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "40 instances: 40 succeeded" in done.stdout
    assert len(done.stdout.splitlines()) <= 24
    assert re.search(rf"^  1 x exit code 0: {ids[0]} up \d+: {ids[0]}$", done.stdout, re.M)
    more = run(env, [*command, "-v"])
    assert all(re.search(rf"1 x exit code 0: {one} up \d+: {one}$", more.stdout, re.M) for one in ids)
    everything = run(env, [*command, "-vv"])
    assert "stdout_lines" in everything.stdout
