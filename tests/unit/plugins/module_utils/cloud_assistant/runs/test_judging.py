# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the result of one instance counts as, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.hints import result_hints
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.judging import Judge
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.request import RunRequest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets


def result(status: str, **options: Any) -> InstanceResult:
    return InstanceResult("i-1", status, **options)


@pytest.mark.parametrize(
    ("status", "rc", "accepted", "expected"),
    [
        ("Failed", 3, (0, 3), "Success"),
        ("Failed", 4, (0, 3), "Failed"),
        ("Success", 0, (0, 3), "Success"),
        ("Success", 0, (3,), "Failed"),
        ("Failed", 0, (0,), "Failed"),
        ("Timeout", None, (0, 1), "Timeout"),
        ("Scheduled", 3, (0, 3), "Scheduled"),
    ],
)
def test_an_exit_code_counts_as_success_if_it_is_in_the_list(
    status: str, rc: int | None, accepted: tuple[int, ...], expected: str
):
    judged = Judge(success_rcs=accepted)(result(status, rc=rc, error_code="ExitCodeNonzero" if rc else ""))
    assert judged.status == expected
    if expected == "Success":
        assert judged.error_code == ""


@pytest.mark.parametrize(
    ("script_type", "rc", "action"),
    [
        ("RunShellScript", 193, "power_off"),
        ("RunShellScript", 194, "reboot"),
        ("RunShellScript", 3010, ""),
        ("RunPowerShellScript", 3009, "power_off"),
        ("RunBatScript", 3010, "reboot"),
        ("RunBatScript", 193, ""),
    ],
)
def test_exit_codes_that_stop_or_restart_the_instance_are_reported(script_type: str, rc: int, action: str):
    judged = Judge(script_type=script_type)(result("Failed", rc=rc))
    assert judged.power_action == action
    assert judged.as_dict().get("power_action", "") == action


def test_a_timeout_names_its_seconds_and_its_option():
    assert Judge(timeout=60)(result("Timeout")).error_info == "killed after 60 s (timeout)"
    assert "may still be running" in Judge(timeout=60, tree=False)(result("Timeout")).error_info


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ({"error_code": "DirectoryNotExists"}, "working_dir: /srv/app does not exist there"),
        ({"error_code": "AccountNotExists"}, "username: the user web does not exist there"),
        ({"error_info": "UserInvalid_web: exit status 1"}, "username: the user web does not exist there"),
        ({"error_code": "ExecutionTimeout"}, "timeout: the script was killed after 90 s"),
        ({"error_code": "InvalidSystemBuiltInParameter"}, "({{ACS::...}})"),
        ({"error_code": "SomethingNew"}, None),
    ],
)
def test_codes_of_instances_get_one_hint_with_the_options_value(row: dict[str, Any], hint: str | None):
    request = RunRequest.of(Targets.of(["i-1"]), working_dir="/srv/app", username="web", timeout=90)
    found = result_hints([result("Invalid", **row), result("Invalid", **row), result("Success")], request)
    assert len(found) == (hint is not None)
    assert hint is None or hint in found[0]


@pytest.mark.parametrize(
    ("started_at", "unready", "advised"),
    [("", "fail", True), ("", "skip", False), ("2026-04-27T08:00:00Z", "fail", False)],
)
def test_skipping_is_advised_only_where_it_would_have_helped(started_at: str, unready: str, advised: bool):
    row = result("Error", error_code="InstanceNotRunning", started_at=started_at)
    [hint] = result_hints(
        [row, result("Failed", rc=1, started_at="x")], RunRequest.of(Targets.of(["i-1"]), unready=unready)
    )
    assert hint.startswith("Start the instance") and ("unready: skip" in hint) is advised


def test_a_line_marks_the_bytes_that_the_service_cut_out():
    cut = result("Success", rc=0, output=b"a" * 6000 + b"z" * 18576, dropped=73314)
    lines = cut.as_dict()["stdout_lines"]
    assert lines == ["a" * 6000, "[... 73314 bytes not kept by the service ...]", "z" * 18576]
