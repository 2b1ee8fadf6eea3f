# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rolling deployment stops at the first failing wave, and takes back what it has switched."""

from __future__ import annotations

import sys
from typing import Any

from playbook_runner import PlayResult
from support.roles import FAILS_WHERE_BROKEN, WEB, Roles


def deploy(roles: Roles, release: str | int, **variables: Any) -> PlayResult:
    """Run the playbook rolling_deploy with an artifact whose content is the release's name."""
    artifact = roles.folder / "app.txt"
    artifact.write_text(f"{release}\n", encoding="utf-8")
    given = {
        "target_instances": WEB,
        "rolling_deploy_name": "app",
        "rolling_deploy_release": release,
        "rolling_deploy_artifact": str(artifact),
        "rolling_deploy_wave_size": "3",
        "rolling_deploy_report_dest": str(roles.folder),
        **variables,
    }
    return roles.run("rolling_deploy", **given)


def in_service(roles: Roles) -> dict[str, str]:
    """Return the release that each web server has in service."""
    return roles.on_instances("cat /srv/app/current/app.txt 2>/dev/null || echo none", *WEB)


def test_a_wave_that_fails_its_check_goes_back(roles: Roles):
    roles.on_instances("rm /srv/broken", "i-web-2")
    assert deploy(roles, "1.0").rc == 0
    assert set(in_service(roles).values()) == {"1.0"}

    failed = deploy(roles, "2.0", rolling_deploy_post_check=FAILS_WHERE_BROKEN)
    assert failed.rc == 2, failed.output
    assert in_service(roles) == {
        **dict.fromkeys(WEB[:3], "2.0"),
        **dict.fromkeys(WEB[3:], "1.0"),
    }
    assert roles.states("rolling_deploy") == {
        **dict.fromkeys(WEB[:3], ("Success", "deployed")),
        **dict.fromkeys(WEB[3:], ("RolledBack", "rolled back")),
    }
    [broken] = [row for row in roles.report("rolling_deploy")["results"] if row["instance_id"] == "i-web-5"]
    assert broken["wave"] == 2
    assert [(step["phase"], step["status"]) for step in broken["steps"]] == [
        ("deliver", "Success"),
        ("stage", "Success"),
        ("switch", "Success"),
        ("post-check", "Failed"),
        ("roll back", "Success"),
    ]


def test_a_release_that_yaml_reads_as_a_number_is_deployed_once(roles: Roles):
    for changes in (True, False):
        done = deploy(roles, 20261128, target_instances=["i-web-1"])
        assert done.rc == 0, done.output
        assert any(row["result"].get("changed") for row in done.results) == changes
    assert in_service(roles)["i-web-1"] == "20261128"


def test_a_wave_that_fails_its_check_can_take_the_others_back(roles: Roles):
    roles.on_instances("rm /srv/broken", "i-web-2")
    failed = deploy(roles, "1.0", rolling_deploy_post_check=FAILS_WHERE_BROKEN, rolling_deploy_roll_back_scope="all")
    assert failed.rc == 2, failed.output
    assert set(in_service(roles).values()) == {"none"}
    assert set(roles.states("rolling_deploy").values()) == {("RolledBack", "rolled back")}


# takes the agent of an instance off the net once the script that switches the release was sent
LEAVE = """
import base64, json, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
sent = json.load(opener.open(f"{sys.argv[1]}/requests"))
scripts = [base64.b64decode(row["params"].get("CommandContent", "")) for row in sent if row["action"] == "RunCommand"]
if any(b"is not staged" in script for script in scripts):
    url = f"{sys.argv[1]}/instances/{sys.argv[2]}/agent-offline"
    opener.open(urllib.request.Request(url, data=b"{}", method="POST"))
"""


def test_an_instance_that_the_way_back_does_not_reach_has_failed(roles: Roles):
    """It goes offline between the switch and the check, which the controller renders then."""
    leave = roles.folder / "leave.py"
    leave.write_text(LEAVE, encoding="utf-8")
    command = f"{sys.executable} {leave} {roles.emulator.ready['control']} i-web-2"
    check = f"{{{{ lookup('ansible.builtin.pipe', '{command}') }}}} true"
    failed = deploy(roles, "1.0", rolling_deploy_post_check=check)
    assert failed.rc == 2, failed.output
    assert roles.states("rolling_deploy") == {
        "i-web-1": ("RolledBack", "rolled back"),
        "i-web-2": ("NotRolledBack", "roll back"),
        "i-web-3": ("RolledBack", "rolled back"),
        **dict.fromkeys(WEB[3:], ("Skipped", "not started")),
    }
    report = roles.report("rolling_deploy")
    assert report["summary"]["failed"] == 3
    assert "roll back: not reached: i-web-2" in report["notes"][0]


def test_a_wave_that_fails_before_its_switch_stays_unchanged(roles: Roles):
    given = {"target_instances": "", "target_tags": {"role": "web"}}
    failed = deploy(roles, "1.0", rolling_deploy_pre_check=FAILS_WHERE_BROKEN, **given)
    assert failed.rc == 2, failed.output
    assert set(in_service(roles).values()) == {"none"}
    assert roles.states("rolling_deploy") == {
        "i-web-1": ("Skipped", "not switched"),
        "i-web-2": ("Failed", "pre-check"),
        "i-web-3": ("Skipped", "not switched"),
        **dict.fromkeys(WEB[3:], ("Skipped", "not started")),
        "i-stopped": ("Skipped", "not running"),
    }


def test_a_deployment_in_check_mode_changes_nothing(roles: Roles):
    artifact = roles.folder / "app.txt"
    artifact.write_text("1.0", encoding="utf-8")
    run = roles.run(
        "rolling_deploy",
        check=True,
        target_instances=WEB,
        rolling_deploy_name="app",
        rolling_deploy_release="1.0",
        rolling_deploy_artifact=str(artifact),
        rolling_deploy_report_dest=str(roles.folder / "reports"),
    )
    assert run.rc == 0, run.output
    assert run.result("Switch")["changed"] is True
    assert set(roles.on_instances("ls /srv/app 2>/dev/null || echo none", *WEB).values()) == {"none"}
