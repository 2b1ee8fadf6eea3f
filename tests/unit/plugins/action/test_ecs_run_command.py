# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a template gives as the content of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from playbook_runner import run_playbook

PLAY = """
- name: Send
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Send
      cloudops.cloud_assistant.ecs_send_file:
        instance_ids: [i-1]
        region: cn-hangzhou
        access_key_id: LTAIexample
        access_key_secret: secret-of-the-key
        endpoint: http://127.0.0.1:1
        dest: /srv/a.json
        content: "{{ item }}"
      check_mode: true
      ignore_errors: true
      loop:
        - "{{ lookup('ansible.builtin.file', 'a.json') }}"
        - {"on": true, "name": "ö"}
        - {"on": 99999999999999999999}
"""


TEXT = '{"on": true, "name": "ö"}'


def test_data_as_the_content_of_a_file_are_json_in_every_release(tmp_path: Path) -> None:
    """A template that reads JSON gives data before ansible-core 2.19."""
    (tmp_path / "a.json").write_text(TEXT, encoding="utf-8")
    done = run_playbook(PLAY, tmp_path)
    template, data, refused = done.result("Send")["results"]
    for result in (template, data):
        assert result.get("checksum") == hashlib.sha256(TEXT.encode()).hexdigest(), done.output
    assert refused["msg"] == "content: is too large a number; the limit is 9223372036854775807"
