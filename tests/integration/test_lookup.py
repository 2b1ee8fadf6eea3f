# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup of commands by name, in whole playbooks: what it returns, and how often it asks the service."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect

LOOKUP = "cloudops.cloud_assistant.ecs_command_id"


def options(emulator: Any) -> dict[str, str]:
    """Return the options that connect to the emulated cloud."""
    return {name: emulator.ready[name] for name in ("region", "access_key_id", "access_key_secret", "endpoint")}


@pytest.fixture
def client(emulator: Any) -> Client:
    """Return a client of the emulated cloud."""
    return connect(options(emulator))


def create(client: Client, name: str, **fields: Any) -> str:
    """Store a command and return its id."""
    params = {"Name": name, "Type": "RunShellScript", "CommandContent": "ZWNobw==", **fields}
    return str(client.call("CreateCommand", params)["CommandId"])


def describes(emulator: Any) -> list[dict[str, Any]]:
    """Return the parameters of the calls that read commands."""
    return [request["params"] for request in emulator.requests() if request["action"] == "DescribeCommands"]


def test_all_lookups_of_a_play_make_one_pass(emulator: Any, client: Client, playbook: Callable[..., Any]) -> None:
    ids = {name: create(client, name) for name in ("one", "two", "three", "twosome")}
    result = playbook(
        f"""
- hosts: all
  gather_facts: false
  vars:
    second: "{{{{ lookup('{LOOKUP}', 'two') }}}}"
  tasks:
    - name: Use one
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'one') }}}} {{{{ second }}}}"
    - name: Use three
      ansible.builtin.debug:
        msg: "{{{{ query('{LOOKUP}', 'three', 'one', second is defined | ternary('two', '')) }}}}"
    - name: Loop
      ansible.builtin.debug:
        msg: "{{{{ item }}}}"
      loop: "{{{{ query('{LOOKUP}', 'one', 'two') }}}}"
""",
        env=emulator.env(),
        arguments=["-i", "a,b,c,d,", "-f", "4", "-c", "local"],
    )
    assert result.rc == 0, result.output
    for host in "abcd":
        assert result.result("Use one", host)["msg"] == f"{ids['one']} {ids['two']}"
        assert result.result("Use three", host)["msg"] == [ids["three"], ids["one"], ids["two"]]
    assert len(describes(emulator)) == 1


def test_a_new_play_sees_what_has_changed(
    emulator: Any, client: Client, playbook: Callable[..., Any], tmp_path: Path
) -> None:
    old = create(client, "job")
    change = tmp_path / "change.py"
    change.write_text(
        "from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect\n"
        f"client = connect({options(emulator)!r})\n"
        f"client.call('DeleteCommand', {{'CommandId': '{old}'}})\n"
        "params = {'Name': 'job', 'Type': 'RunShellScript', 'CommandContent': 'ZWNobyBuZXc='}\n"
        "print(client.call('CreateCommand', params)['CommandId'], end='')\n",
        encoding="utf-8",
    )
    play = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Before
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'job') }}}}"
    - name: Change it behind our back
      ansible.builtin.command: {sys.executable} {change}
      environment:
        PYTHONPATH: "{{{{ lookup('env', 'ANSIBLE_COLLECTIONS_PATH') }}}}"
      when: (play_number | int) == 1
    - name: After
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'job') }}}}"
"""
    plays = [play.replace("gather_facts: false", f"gather_facts: false\n  vars: {{play_number: {n}}}") for n in (1, 2)]
    result = playbook("".join(plays), env=emulator.env())
    assert result.rc == 0, result.output
    new = result.results[1]["result"]["stdout"]
    assert [row["result"].get("msg") for row in result.results if row["task"] != "Change it behind our back"] == [
        old,
        old,
        new,
        new,
    ]
    assert len(describes(emulator)) == 2


def test_a_task_that_changes_commands_is_seen_at_once(
    emulator: Any, client: Client, playbook: Callable[..., Any]
) -> None:
    old = create(client, "job")
    result = playbook(
        f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Before
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'job') }}}}"
    - name: Replace
      cloudops.cloud_assistant.ecs_command:
        name: job
        content: echo another
    - name: After
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'job') }}}}"
""",
        env=emulator.env(),
    )
    assert result.rc == 0, result.output
    replaced = result.result("Replace")
    assert replaced["replaced_command_id"] == old
    assert result.result("Before")["msg"] == old
    assert result.result("After")["msg"] == replaced["command_id"]


def test_missing_and_repeated_names(emulator: Any, client: Client, playbook: Callable[..., Any]) -> None:
    one = create(client, "one", Tag=[{"Key": "team", "Value": "ops"}])
    twins = [create(client, "twin"), create(client, "twin", Type="RunBatScript")]
    result = playbook(
        f"""
- hosts: localhost
  gather_facts: false
  vars:
    names: [one, nobody, twin]
  tasks:
    - name: Skip
      ansible.builtin.debug:
        msg: "{{{{ query('{LOOKUP}', names, on_missing='skip', on_many='skip') }}}}"
    - name: Warn
      ansible.builtin.debug:
        msg: "{{{{ query('{LOOKUP}', *names) }}}}"
      vars:
        ecs_command_id_on_missing: warn
        ecs_command_id_on_many: latest
    - name: Filter by type
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'twin', type='RunShellScript') }}}}"
    - name: Filter by tag
      ansible.builtin.debug:
        msg: "{{{{ query('{LOOKUP}', 'one', 'twin', tags={{'team': 'ops'}}, on_missing='skip') }}}}"
    - name: Record
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'one', return='record') }}}}"
    - name: Missing
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'nobody') }}}}"
      ignore_errors: true
    - name: Missing under a filter
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'twin', tags={{'team': 'ops'}}) }}}}"
      ignore_errors: true
    - name: Many
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'twin') }}}}"
      ignore_errors: true
    - name: Bad credentials
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'one', region='cn-shanghai', access_key_secret='wrong-secret-value') }}}}"
      ignore_errors: true
""",
        env=emulator.env(),
    )
    assert result.rc == 0, result.output
    assert result.result("Skip")["msg"] == [one]
    warned = result.result("Warn")["msg"]
    assert warned[0] == one and warned[1] in twins and len(warned) == 2
    assert "there is no command named 'nobody'" in result.output
    assert result.result("Filter by type")["msg"] == twins[0]
    assert result.result("Filter by tag")["msg"] == [one]
    record = result.result("Record")["msg"]
    assert (record["command_id"], record["content"], record["tags"]) == (one, "echo", {"team": "ops"})
    missing = f"there is no command named 'nobody' in {emulator.ready['region']}"
    assert missing in str(result.result("Missing")) and "filters" not in str(result.result("Missing"))
    assert "named 'twin' in cn-hangzhou, with the filters given" in str(result.result("Missing under a filter"))
    many = str(result.result("Many"))
    assert all(command_id in many for command_id in twins)
    assert "SignatureDoesNotMatch" in str(result.result("Bad credentials"))
    assert "wrong-secret-value" not in str(result.result("Bad credentials"))


def test_a_large_library_is_asked_by_name(emulator: Any, client: Client, playbook: Callable[..., Any]) -> None:
    wanted = create(client, "the one")
    for number in range(499):
        create(client, f"other {number}")
    result = playbook(
        f"""
- hosts: all
  gather_facts: false
  tasks:
    - name: Use it
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'the one') }}}}"
    - name: Use it again
      ansible.builtin.debug:
        msg: "{{{{ lookup('{LOOKUP}', 'the one') }}}}"
""",
        env=emulator.env(),
        arguments=["-i", "a,b,", "-c", "local"],
    )
    assert result.rc == 0, result.output
    assert result.result("Use it again", "b")["msg"] == wanted
    calls = describes(emulator)
    assert [call.get("Name") for call in calls] == [None] * 10 + ["the one"]


def test_options_come_from_the_environment_and_from_ini(
    emulator: Any, client: Client, playbook: Callable[..., Any], tmp_path: Path
) -> None:
    create(client, "twin")
    newest = create(client, "twin", Type="RunBatScript")
    config = tmp_path / "lookup.cfg"
    config.write_text("[ecs_command_id]\non_missing = skip\nreturn = record\n", encoding="utf-8")
    result = playbook(
        f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Look up
      ansible.builtin.debug:
        msg: "{{{{ query('{LOOKUP}', 'nobody', 'twin') }}}}"
""",
        env={**emulator.env(), "ANSIBLE_CONFIG": str(config), "ECS_COMMAND_ID_TYPE": "RunBatScript"},
    )
    assert result.rc == 0, result.output
    assert [record["command_id"] for record in result.result("Look up")["msg"]] == [newest]
