# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action run_report as a play uses it: what it refuses, what it hides, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from playbook_runner import PlayResult

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Write in check mode
      cloudops.cloud_assistant.run_report: {results: "{{ rows }}", dest: "{{ dest }}"}
      check_mode: true
    - name: Encrypted script
      cloudops.cloud_assistant.run_report:
        results: "{{ rows }}"
        dest: "{{ dest }}"
        formats: [html]
        notes: ["said hush-hush to 4711"]
        run: {script_file: "{{ playbook_dir }}/vaulted.sh", secret_parameters: "pin=4711"}
        secrets: [hush-hush, null, ""]
    - name: No list
      cloudops.cloud_assistant.run_report: {results: text, dest: "{{ dest }}"}
      ignore_errors: true
    - name: No status
      cloudops.cloud_assistant.run_report: {results: [{instance_id: i-1}], dest: "{{ dest }}"}
      ignore_errors: true
    - name: Name of a folder
      cloudops.cloud_assistant.run_report: {results: [], dest: "{{ dest }}", name: ../up}
      ignore_errors: true
    - name: Unknown option
      cloudops.cloud_assistant.run_report: {results: [], dest: "{{ dest }}", colour: red}
      ignore_errors: true
    - name: No folder
      cloudops.cloud_assistant.run_report: {results: [], dest: /dev/null/reports}
      ignore_errors: true
"""


def test_arguments_secrets_and_check_mode(playbook: Callable[..., PlayResult], tmp_path: Path):
    (tmp_path / "vaulted.sh").write_text("$ANSIBLE_VAULT;1.1;AES256\n3132\n", encoding="utf-8")
    rows = [{"instance_id": "i-1", "status": "Success"}, {"instance_id": "i-2", "status": "Pending"}]
    run = playbook(PLAY, extra_vars={"rows": rows, "dest": str(tmp_path / "reports")})
    assert run.rc == 0, run.output
    predicted = run.result("Write in check mode")
    assert (predicted["paths"], predicted["summary"]) == ({}, "2 instances: 1 succeeded, 1 not finished")
    assert (predicted["by_status"], predicted["not_successful"]) == (
        {"total": 2, "Success": 1, "Pending": 1},
        ["i-2"],
    )
    written = run.result("Encrypted script")
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == sorted(
        ["index.html", Path(written["paths"]["html"]).name]
    )
    page = Path(written["paths"]["html"]).read_text(encoding="utf-8")
    assert "the source file is encrypted" in page
    assert "said ******** to ********" in page
    assert "pin = ********" in page
    assert "hush-hush" not in page + json.dumps(written)
    for task, message in {
        "No list": "results: must be a list of dictionaries",
        "No status": "results: entry 0 must have instance_id and status",
        "Name of a folder": "name: must have up to",
        "Unknown option": "colour",
        "No folder": "dest: /dev/null/reports cannot be written to",
    }.items():
        assert run.result(task)["msg"].count(message) == 1, task
