# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error code of the documents of 2018: CreateCommand, InvokeCommand, DeleteCommand, by JSON and by XML."""

from __future__ import annotations

from typing import Any

import pytest
from contract.sdk import OldSdk
from emulator.errors import CLASSIC

FLEET = [
    {"id": "i-ok"},
    {"id": "i-stopped", "status": "Stopped"},
    {"id": "i-bare", "agent": {"installed": False}},
    {"id": "i-classic", "network_type": "classic"},
]
CREATE_2018 = {"Name": "c", "Type": "RunShellScript", "CommandContent": "dHJ1ZQ=="}
# (operation, code) -> parameters; the SDK adds a RegionId where none is given, so an empty one stands for none
CLASSIC_REQUESTS: dict[tuple[str, str], dict[str, Any]] = {
    ("CreateCommand", "Invalid.CommandContent"): {**CREATE_2018, "CommandContent": "A" * 21848},
    ("CreateCommand", "MissingParameter.Name"): {k: v for k, v in CREATE_2018.items() if k != "Name"},
    ("CreateCommand", "MissingParameter.RegionId"): {**CREATE_2018, "RegionId": ""},
    ("CreateCommand", "MissingParameter.Type"): {k: v for k, v in CREATE_2018.items() if k != "Type"},
    ("CreateCommand", "InvalidCmdType.NotFound"): {**CREATE_2018, "Type": "x"},
    ("CreateCommand", "InvalidRegionId.NotFound"): {**CREATE_2018, "RegionId": "x"},
    ("InvokeCommand", "InvalidInstance.NoClient"): {"InstanceIds": '["i-bare"]'},
    ("InvokeCommand", "InvalidInstance.NotVpc"): {"InstanceIds": '["i-classic"]'},
    ("InvokeCommand", "InvalidInstanceStatus"): {"InstanceIds": '["i-ok","i-stopped"]'},
    ("InvokeCommand", "MissingParameter.CommandId"): {"InstanceIds": '["i-ok"]', "CommandId": ""},
    ("InvokeCommand", "MissingParameter.InstanceIds"): {},
    ("InvokeCommand", "MissingParameter.RegionId"): {"InstanceIds": '["i-ok"]', "RegionId": ""},
    ("InvokeCommand", "MissingParameter.Frequency"): {"InstanceIds": '["i-ok"]', "Timed": "True"},
    ("InvokeCommand", "InvalidCmdId.NotFound"): {"InstanceIds": '["i-ok"]', "CommandId": "c-none"},
    ("InvokeCommand", "InvalidInstance.NotFound"): {"InstanceIds": '["i-none"]'},
    ("InvokeCommand", "InvalidRegionId.NotFound"): {"InstanceIds": '["i-ok"]', "RegionId": "x"},
    ("DeleteCommand", "InvalidCmdId.NotFound"): {"CommandId": "c-none"},
    ("DeleteCommand", "InvalidRegionId.NotFound"): {"CommandId": "c-none", "RegionId": "x"},
}


@pytest.fixture
def old(emulator: Any) -> OldSdk:
    emulator.reset(fleet=FLEET)
    return OldSdk(emulator)


def _old_refusal(call: Any) -> tuple[str, int, str]:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value.get_error_code(), caught.value.get_http_status(), caught.value.get_error_msg()


def test_every_code_of_2018_is_accounted_for():
    listed = {(action, code) for action, codes in CLASSIC.items() for code in codes}
    assert set(CLASSIC_REQUESTS) == {row for row in listed if row[1] != "InternalError.Dispatch"}


@pytest.mark.parametrize(("action", "code"), CLASSIC_REQUESTS, ids=lambda part: part)
@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_refusals_of_2018(old: OldSdk, emulator: Any, action: str, code: str, form: str):
    query = CLASSIC_REQUESTS[action, code]
    if action == "InvokeCommand":
        query = {"CommandId": old.call("CreateCommand", **CREATE_2018)["CommandId"], **query}
    status, message = CLASSIC[action][code]
    assert _old_refusal(lambda: old.call(action, form, **query)) == (code, status, message)
    assert emulator.executions() == {}


@pytest.mark.parametrize("action", ["CreateCommand", "InvokeCommand", "DeleteCommand"])
def test_internal_error_of_2018(old: OldSdk, emulator: Any, action: str):
    emulator.faults([{"action": action, "kind": "status", "code": "InternalError.Dispatch"}])
    code, status, _unused = _old_refusal(lambda: old.call(action, CommandId="c"))
    assert (code, status) == ("InternalError.Dispatch", 500)
