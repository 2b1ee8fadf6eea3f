# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that several operations share: statuses, client tokens, faults, custom parameters, generations, fleets."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from emulator.classic import exists, is_classic
from emulator.errors import OPERATIONS, ApiError, api_error
from emulator.faults import FaultRule, Faults
from emulator.fleet import make_fleet
from emulator.placeholders import fill, placeholders
from emulator.state import FAILED, STOPPED
from emulator.statuses import legacy_instance, legacy_overall, overall, overall_file
from emulator.tokens import ClientTokens
from emulator.wire import Params
from hypothesis import given
from hypothesis import strategies as st

WORDS = ["Pending", "Scheduled", "Running", "Stopping", "Success", *sorted(FAILED), *sorted(STOPPED)]


# --- statuses ----------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
def test_overall_follows_the_documented_conditions(statuses: list[str]):
    word = overall(statuses)
    live = [state for state in ("Pending", "Scheduled", "Running", "Stopping") if state in statuses]
    if live:
        assert word == live[0]
    elif all(status == "Success" or status in STOPPED for status in statuses) and "Success" in statuses:
        assert word == "Success"
    elif all(status in STOPPED for status in statuses):
        assert word == "Stopped"
    elif "Success" in statuses:
        assert word == "PartialFailed"
    else:
        assert word == "Failed"


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        (["Success", "Failed"], "Finished"),
        (["Timeout", "Aborted"], "Failed"),
        (["Success", "Timeout"], "PartialFailed"),
        (["Success", "Cancelled"], "Finished"),
        (["Cancelled", "Terminated"], "Stopped"),
        (["Scheduled"], "Running"),
        (["Success", "Stopping"], "Stopping"),
        (["Running", "Stopping"], "Running"),
    ],
)
def test_legacy_overall(statuses: list[str], word: str):
    assert legacy_overall(statuses) == word


def test_legacy_words_of_an_instance():
    assert {word: legacy_instance(word) for word in ("Failed", "Timeout", "Terminated", "Scheduled")} == {
        "Failed": "Finished",
        "Timeout": "Failed",
        "Terminated": "Stopped",
        "Scheduled": "Running",
    }


def test_overall_of_files():
    assert overall_file(["Success", "Invalid"]) == "PartialFailed"
    assert overall_file(["Aborted", "Failed"]) == "Failed"


# --- client tokens -----------------------------------------------------------------------------------------------


def _params(**values: str) -> Params:
    return Params({"RegionId": "r", "SignatureNonce": "ignored", **values}.items())


def _code(call: Any) -> str:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.code


def test_memory_of_tokens():
    tokens = ClientTokens()
    assert tokens.begin("r", "RunCommand", "t", _params(A="1")) is None
    assert _code(lambda: tokens.begin("r", "RunCommand", "t", _params(A="1"))) == "IdempotentProcessing"
    tokens.finish("r", "RunCommand", "t", {"InvokeId": "i"})
    again = Params({"RegionId": "r", "SignatureNonce": "other", "A": "1"}.items())
    assert tokens.begin("r", "RunCommand", "t", again) == {"InvokeId": "i"}
    assert _code(lambda: tokens.begin("r", "RunCommand", "t", _params(A="2"))) == "IdempotentParameterMismatch"
    assert tokens.begin("r", "InvokeCommand", "t", _params(A="1")) is None, "another operation, another memory"
    assert tokens.begin("s", "RunCommand", "t", _params(A="1")) is None, "another region, another memory"
    tokens.forget("r", "InvokeCommand", "t")
    assert tokens.begin("r", "InvokeCommand", "t", _params(A="9")) is None


@given(st.text(max_size=80))
def test_form_of_tokens(token: str):
    good = len(token) <= 64 and all(32 <= ord(char) < 127 for char in token)
    if good:
        ClientTokens.check("RunCommand", token)
    else:
        assert _code(lambda: ClientTokens.check("RunCommand", token)) == "InvalidClientToken.Malformed"


# --- faults ------------------------------------------------------------------------------------------------------


def test_nth_and_count():
    rule = FaultRule.parse({"action": "A", "kind": "delay", "nth": [2, 4]})
    assert [rule.hits(name) for name in ("A", "B", "A", "A", "A")] == [False, False, True, False, True]
    rule = FaultRule.parse({"kind": "delay", "count": 2})
    assert [rule.hits(name) for name in "ABC"] == [True, True, False]


def test_seeded_probability():
    runs = [
        [rule.hits("A") for _turn in range(50)]
        for rule in (FaultRule.parse({"kind": "delay", "probability": 0.3, "seed": seed}) for seed in (7, 7, 8))
    ]
    assert runs[0] == runs[1] != runs[2] and 0 < sum(runs[0]) < 50


def test_first_rule_wins_and_all_count():
    faults = Faults()
    faults.add([{"kind": "delay", "nth": 1}, {"kind": "truncate", "nth": 2}])
    assert [rule.kind if (rule := faults.match("A")) else None for _turn in range(3)] == ["delay", "truncate", None]
    with pytest.raises(ValueError, match="rule 2"):
        faults.add([{"kind": "delay"}, {"kind": "odd"}])
    assert len(faults.rules) == 2, "a wrong list adds nothing"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("action", 1),
        ("kind", ["delay"]),
        ("nth", "1"),
        ("nth", True),
        ("probability", "0.5"),
        ("probability", float("nan")),
        ("seed", [1]),
        ("count", "x"),
        ("delay_ms", -5),
        ("status", 199),
        ("status", "503"),
        ("retry_after_ms", 0.5),
        ("code", 7),
    ],
)
def test_a_rule_with_a_value_that_cannot_be_meant(key: str, value: Any):
    """It would break, or silently not touch, the calls that it was made for."""
    with pytest.raises(ValueError, match=f"^{key} must be "):
        FaultRule.parse({"kind": "delay", key: value})


def test_an_error_of_the_service_has_no_status_of_success():
    with pytest.raises(ValueError, match="status must be an HTTP status from 300"):
        FaultRule.parse({"kind": "status", "status": 200})


# --- custom parameters -------------------------------------------------------------------------------------------

CALL = SimpleNamespace(error=lambda code: api_error("RunCommand", code))


def test_names_in_content():
    content = b"{{a}} {{ B }} {{A}} {{\nc\n}} {{ACS::InstanceId}} {{ acs :: X }} {{oos:p}} {{oos-secret:q}} {single}"
    assert placeholders(CALL, content) == ["a", "B", "c"]


@given(st.dictionaries(st.sampled_from(["a", "b_1", "C-2"]), st.text(max_size=10), max_size=3))
def test_values_are_put_in_once(values: dict[str, str]):
    content = b"x {{a}} y {{ B_1 }}{{c-2}} {{ACS::InvokeId}}"
    low = {key.lower(): value for key, value in values.items()}
    expected = f"x {low.get('a', '')} y {low.get('b_1', '')}{low.get('c-2', '')} {{{{ACS::InvokeId}}}}"
    assert fill(content, values).decode("utf-8", "surrogateescape") == expected


def test_bytes_that_are_not_text_survive():
    assert fill(b"\xff{{a}}\xfe", {"a": "1"}) == b"\xff1\xfe"


# --- generations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "names", "version", "classic"),
    [
        ("InvokeCommand", {"InstanceIds": "[]"}, "v3", True),
        ("InvokeCommand", {"InstanceId.1": "i"}, "v1", False),
        ("CreateCommand", {"TimeOut": "60"}, "v3", True),
        ("CreateCommand", {"Name": "n", "Type": "t"}, "v1", True),
        ("CreateCommand", {"Name": "n", "Type": "t"}, "v3", False),
        ("CreateCommand", {"Name": "n", "Timeout": "60"}, "v1", False),
        ("DescribeInvocationResults", {"InvokeId": "t", "PageSize": "20"}, "v1", True),
        ("DescribeInvocationResults", {"InvokeId": "t", "MaxResults": "20"}, "v1", False),
        ("RunCommand", {"Type": "t"}, "v1", False),
    ],
)
def test_generation_of_a_request(action: str, names: dict[str, str], version: str, classic: bool):
    params = Params({"RegionId": "r", "Action": action, **names}.items())
    assert is_classic(action, params, version, "auto") is classic
    assert is_classic(action, params, version, "classic") is True
    assert is_classic(action, params, version, "current") is False


def test_operations_of_an_old_endpoint():
    assert exists("RunCommand", "auto") and not exists("RunCommand", "classic")
    assert exists("DescribeInstances", "classic") and not exists("Nothing", "auto")


# --- errors and fleets -------------------------------------------------------------------------------------------


def test_every_documented_error_can_be_returned():
    for action, described in OPERATIONS.items():
        for code, (status, _unused) in described["errors"].items():
            error = api_error(action, code, "why")
            assert (error.code, 400 <= error.status < 600) == (code, True), action
            assert error.status == status or "%s" not in error.message
    with pytest.raises(LookupError):
        api_error("RunCommand", "NoSuchCode")
    assert api_error("ModifyInvocationAttribute", "CmdParam.EmptyKey").status == 400, "worded by another operation"


def test_fleet_defaults_and_refusals():
    fleet = make_fleet([{}, {"id": "i-x", "agent": {"online": False}, "tags": {"a": "b"}}], "cn-hangzhou", 1.0)
    assert fleet["i-x"].last_heartbeat == 1.0, "an agent that is installed was there before it went offline"
    first, second = fleet.values()
    assert (first.status, first.reachable, second.reachable, second.tags) == ("Running", True, False, {"a": "b"})
    assert first.private_ip != second.private_ip and json.dumps(list(fleet))
    for row, problem in (
        ({"os_type": "beos"}, "os_type"),
        ({"status": "Odd"}, "status"),
        ({"shell": "fish"}, "shell"),
        ({"colour": "red"}, "colour"),
        ({"id": "../x"}, "id must be letters"),
        ({"id": 7}, "id must be letters"),
        ({"network_type": "clasic"}, "network_type must be one of vpc, classic, not 'clasic'"),
        ({"tags": {"a": 1}}, "tags must be an object of texts"),
        ({"tags": "a"}, "tags"),
        ({"agent": "offline"}, "agent must be"),
        ({"agent": {"onlin": False}}, "fleet row 1, agent: unknown keys onlin"),
        ({"agent": {"online": "false"}}, "online must be true or false"),
        ({"private_ip": "10.0.0"}, "private_ip"),
        ({"deletion_protection": "no"}, "deletion_protection"),
        ({"security_group_ids": "sg-1"}, "security_group_ids"),
        ({"time_zone": "Nowhere/Near"}, "time_zone"),
        ({"host_name": "a\nb"}, "host_name"),
    ):
        with pytest.raises(ValueError, match=problem):
            make_fleet([row], "cn-hangzhou", 1.0)
    with pytest.raises(ValueError, match="twice"):
        make_fleet([{"id": "a"}, {"id": "a"}], "cn-hangzhou", 1.0)
