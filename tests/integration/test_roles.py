# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles do when something fails."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.commands.listing import (
    find_commands,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from playbook_runner import PlayResult
from support.roles import FAILS_WHERE_BROKEN, WEB, Roles


def run_script(roles: Roles, **variables: Any) -> PlayResult:
    """Run the playbook run_script with a script that fails on broken instances."""
    given = {"run_script_content": FAILS_WHERE_BROKEN, "run_script_report_dest": str(roles.folder), **variables}
    return roles.run("run_script", **given)


def test_a_failing_canary_starts_nothing_else(roles: Roles):
    run = run_script(roles, target_tags="role=web, environment=test", run_script_canary="30%", run_script_wave_size="2")
    assert run.rc == 2, run.output
    assert roles.states("run_script") == {
        "i-web-1": ("Success", "canary"),
        "i-web-2": ("Failed", "canary"),
        **dict.fromkeys(WEB[2:], ("Skipped", "waves")),
        "i-stopped": ("Skipped", "not running"),
    }
    assert [row.get("error_info") for row in roles.report("run_script")["results"][2:]] == [
        *["not started, because the canary failed"] * 4,
        "the instance is Stopped",
    ]
    assert {id: len(runs) for id, runs in roles.emulator.executions().items()} == {
        "i-web-1": 1,
        "i-web-2": 2,
        "i-web-5": 1,
    }


@pytest.mark.parametrize(
    ("allowed", "not_started"), [("0", {"i-web-3", "i-web-4", "i-web-5", "i-web-6"}), ("1", set())]
)
def test_waves_stop_past_the_failures_that_are_allowed(roles: Roles, allowed: str, not_started: set[str]):
    run = run_script(roles, target_instances="\n".join(WEB), run_script_wave_size="2", run_script_max_failures=allowed)
    assert run.rc == 2, run.output
    states = roles.states("run_script")
    assert {id for id, (status, _phase) in states.items() if status == "Skipped"} == not_started
    assert set(states) == set(WEB)


def test_a_key_runs_the_script_only_where_it_has_not_succeeded(roles: Roles):
    variables = {"target_instances": WEB, "run_script_max_failures": 9, "run_script_idempotency_key": "k"}
    assert run_script(roles, **variables).rc == 2
    roles.on_instances("rm /srv/broken", "i-web-2", "i-web-5")
    before = {id: len(runs) for id, runs in roles.emulator.executions().items()}
    again = run_script(roles, **variables)
    assert again.rc == 0, again.output
    after = {id: len(runs) for id, runs in roles.emulator.executions().items()}
    assert {id for id in after if after[id] != before[id]} == {"i-web-2", "i-web-5"}
    assert [row["instance_id"] for row in roles.report("run_script")["results"] if not row["previous"]] == [
        "i-web-2",
        "i-web-5",
    ]


def test_a_canary_is_an_instance_that_can_run_the_script(roles: Roles):
    run = run_script(
        roles,
        target_instances="i-stopped i-web-2 i-web-1",
        run_script_canary="1",
        run_script_unready="skip",
    )
    assert run.rc == 2, run.output
    assert roles.states("run_script") == {
        "i-web-2": ("Failed", "canary"),
        "i-stopped": ("Skipped", "waves"),
        "i-web-1": ("Skipped", "waves"),
    }
    # the report says why
    [note] = roles.report("run_script")["notes"]
    assert "i-web-2: exit code 1" in note


def test_a_handler_that_failed_runs_again_where_it_failed(roles: Roles):
    (roles.folder / "app.conf").write_text("a=1\n", encoding="utf-8")
    given = {
        "target_instances": "i-web-1, i-web-2",
        "deliver_src": str(roles.folder / "app.conf"),
        "deliver_dest": "/srv/c",
        "deliver_files_handler": f"echo handled >> /srv/handled; {FAILS_WHERE_BROKEN}",
    }
    assert roles.run("deliver_files", **given).rc == 2
    roles.on_instances("rm /srv/broken", "i-web-2")
    again = roles.run("deliver_files", **given)
    assert again.rc == 0, again.output
    assert roles.on_instances("wc -l < /srv/handled", "i-web-1", "i-web-2") == {"i-web-1": "1", "i-web-2": "2"}
    last = roles.run("deliver_files", **given)
    assert not [row for row in last.results if row["result"].get("changed")]


def test_a_library_does_not_take_over_the_command_of_another_user(roles: Roles):
    folder = roles.folder / "scripts"
    folder.mkdir()
    (folder / "manifest.yml").write_text("scripts: [{name: theirs, file: a.sh}]", encoding="utf-8")
    (folder / "a.sh").write_text("echo ours\n", encoding="utf-8")
    roles.client.call(
        "CreateCommand",
        {
            "Name": "theirs",
            "Type": "RunShellScript",
            "ContentEncoding": "Base64",
            "CommandContent": ScriptContent(b"echo theirs").base64,
        },
    )

    def contents() -> list[bytes]:
        return [command.content for command in find_commands(roles.client, name="theirs")]

    refused = roles.run("script_library", script_library_folder=str(folder))
    assert refused.rc == 2, refused.output
    assert (
        "The commands theirs exist and do not belong to the library"
        in refused.result("Check that no other command has one of the names")["msg"]
    )
    assert contents() == [b"echo theirs"]
    # a survey gives an empty text for the name of the library, which is then that of the directory
    given = {"script_library_folder": str(folder), "script_library_name": ""}
    adopted = roles.run("script_library", script_library_adopt="true", **given)
    assert adopted.rc == 0, adopted.output
    assert contents() == [b"echo ours\n"]
    removed = roles.run("script_library", script_library_folder=str(folder), script_library_state="absent")
    assert removed.rc == 0, removed.output
    assert contents() == []


def test_a_changed_script_takes_over_the_schedule(roles: Roles):
    given = {
        "target_tags": "role=web",
        "scheduled_script_name": "tick",
        "scheduled_script_frequency": "rate(1h)",
    }
    for text in ("echo 1 >> /srv/ticks", "echo 2 >> /srv/ticks"):
        done = roles.run("scheduled_script", scheduled_script_content=text, **given)
        assert done.rc == 0, done.output
    roles.emulator.advance(3600)
    assert set(roles.on_instances("tail -n 1 /srv/ticks", *WEB).values()) == {"2"}
    again = roles.run("scheduled_script", scheduled_script_content="echo 2 >> /srv/ticks", **given)
    assert not [row for row in again.results if row["result"].get("changed")]
    gone = roles.run("scheduled_script", scheduled_script_state="absent", **given)
    assert gone.rc == 0, gone.output
    before = roles.on_instances("wc -l < /srv/ticks", *WEB)
    roles.emulator.advance(7200)
    assert roles.on_instances("wc -l < /srv/ticks", *WEB) == before


def test_check_mode_knows_a_schedule_whose_script_changes(roles: Roles):
    given = {"target_instances": "i-web-1", "scheduled_script_name": "tick", "scheduled_script_frequency": "rate(1h)"}
    assert roles.run("scheduled_script", scheduled_script_content="echo 1", **given).rc == 0
    given |= {
        "scheduled_script_content": "echo {% raw %}{{a}}{% endraw %}",
        "scheduled_script_parameters": {"a": "1"},
    }
    for check in (True, False):
        run = roles.run("scheduled_script", check=check, **given)
        assert run.rc == 0, run.output
        assert [row["task"].partition(" : ")[2] for row in run.results if row["result"].get("changed")] == [
            "Store the script as a command",
            "Keep the schedule on the instances",
            *(["Remove the replaced script"] * (not check)),
        ]
        assert "check mode" not in run.output


def test_agents_that_cannot_be_fixed_are_reported(roles: Roles):
    run = roles.run("agent", target_instances="i-web-1 i-stopped i-nobody")
    assert run.rc == 2, run.output
    reasons = run.result("Show which instances cannot run scripts")["msg"]
    assert set(reasons) == {"i-stopped", "i-nobody"}
    assert "the instance is Stopped" in reasons["i-stopped"]
    quiet = roles.run(
        "agent", target_instances="i-web-1 i-stopped i-nobody", agent_strict="false", agent_resource_tags="{}"
    )
    assert quiet.rc == 0, quiet.output
