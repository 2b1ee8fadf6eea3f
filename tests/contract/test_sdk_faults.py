# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures, client tokens and injected faults, as the official SDK meets them."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.parse
from typing import Any

import pytest
from contract.sdk import REGION, OldSdk, Sdk
from emulator import signatures
from support.patience import until

GOOD = {"Type": "RunShellScript", "CommandContent": "true"}


@pytest.fixture
def sdk(emulator: Any) -> Sdk:
    return Sdk(emulator)


def _error(action: Any) -> Any:
    with pytest.raises(Exception) as caught:
        action()
    return caught.value


def _run(sdk: Sdk, **query: str) -> str:
    return sdk.call("RunCommand", {**GOOD, "InstanceId.1": sdk.instance_ids()[0], **query})["InvokeId"]


def _counts(emulator: Any) -> dict[str, int]:
    return {identity: len(runs) for identity, runs in emulator.executions().items()}


# --- signatures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_wrong_secret_and_wrong_key(emulator: Any, algorithm: str | None):
    wrong = Sdk(emulator, algorithm, access_key_secret="wrong")
    assert _error(lambda: wrong.call("DescribeInstances")).code == "SignatureDoesNotMatch"
    wrong = Sdk(emulator, algorithm, access_key_id="nobody")
    assert _error(lambda: wrong.call("DescribeInstances")).code == "InvalidAccessKeyId.NotFound"
    wrong = Sdk(emulator, algorithm, security_token="sts")
    assert _error(lambda: wrong.call("DescribeInstances")).code == "InvalidSecurityToken.MismatchWithAccessKey"


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_security_token(emulator_factory: Any, algorithm: str | None):
    emulator = emulator_factory(instances=1, security_token="sts-token")
    assert len(Sdk(emulator, algorithm, security_token="sts-token").instance_ids()) == 1
    assert _error(lambda: Sdk(emulator, algorithm).instance_ids()).code == "MissingSecurityToken"


def _v1_query(emulator: Any, **changes: str) -> str:
    params = {
        "Action": "DescribeRegions",
        "Version": "2014-05-26",
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "once",
        "AccessKeyId": emulator.ready["access_key_id"],
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **changes,
    }
    params["Signature"] = signatures.v1_signature("GET", params, emulator.ready["access_key_secret"])
    return urllib.parse.urlencode(params)


def _get(emulator: Any, query: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(emulator.endpoint.removeprefix("http://"), timeout=60)
    connection.request("GET", f"/?{query}")
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def test_nonce_and_time_stamp(emulator: Any):
    query = _v1_query(emulator, SignatureNonce="one-and-only")
    assert _get(emulator, query)[0] == 200
    assert "SignatureNonceUsed" in _get(emulator, query)[1]
    old = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 16 * 60))
    assert "InvalidTimeStamp.Expired" in _get(emulator, _v1_query(emulator, SignatureNonce="n2", Timestamp=old))[1]
    assert "InvalidTimeStamp.Format" in _get(emulator, _v1_query(emulator, SignatureNonce="n3", Timestamp="now"))[1]
    assert "InvalidVersion" in _get(emulator, _v1_query(emulator, SignatureNonce="n4", Version="2015-01-01"))[1]
    status, text = _get(emulator, _v1_query(emulator, SignatureNonce="n5", Format=""))
    assert (status, text[:5]) == (200, "<?xml"), "XML is the default of version 1"
    assert _get(emulator, "Action=DescribeRegions")[0] == 400


def test_requests_are_written_down_without_secrets(emulator: Any):
    sdk = Sdk(emulator)
    _run(sdk, EnableParameter="true", CommandContent="true {{p}}", Parameters='{"p":"hush"}', Surprise="x")
    row = emulator.requests()[-1]
    assert (row["action"], row["status"], row["generation"], row["unknown"]) == (
        "RunCommand",
        200,
        "current",
        ["Surprise"],
    )
    assert "hush" not in str(emulator.requests())


# --- client tokens ---------------------------------------------------------------------------------------------


def test_same_token_same_request_runs_once(sdk: Sdk, emulator: Any):
    ids = [_run(sdk, ClientToken="t") for _turn in range(3)]
    assert len(set(ids)) == 1
    sdk.finished(ids[0])
    assert list(_counts(emulator).values()) == [1]
    # the answer is remembered even when the target would be refused by now
    emulator.instance(sdk.instance_ids()[0], "stop")
    assert _run(sdk, ClientToken="t") == ids[0]
    error = _error(lambda: _run(sdk, ClientToken="t", Timeout="61"))
    assert (error.code, error.status_code) == ("IdempotentParameterMismatch", 403)
    assert _error(lambda: _run(sdk, ClientToken="T")).code == "InvalidInstanceStatus", "tokens are case-sensitive"


def test_refused_request_frees_its_token(sdk: Sdk, emulator: Any):
    target = sdk.instance_ids()[0]
    emulator.instance(target, "stop")
    assert _error(lambda: _run(sdk, ClientToken="t")).code == "InvalidInstanceStatus"
    emulator.instance(target, "start")
    sdk.finished(_run(sdk, ClientToken="t"))
    assert _counts(emulator) == {target: 1}


def test_second_request_while_the_first_is_processed(sdk: Sdk, emulator: Any):
    emulator.faults([{"action": "RunCommand", "kind": "delay", "delay_ms": 1500, "count": 1}])
    first: list[str] = []
    thread = threading.Thread(target=lambda: first.append(_run(Sdk(emulator), ClientToken="t")))
    thread.start()
    until(emulator.requests, lambda rows: any(row["action"] == "RunCommand" for row in rows))
    error = _error(lambda: _run(sdk, ClientToken="t"))
    thread.join()
    assert (error.code, error.status_code) == ("IdempotentProcessing", 403)
    assert _run(sdk, ClientToken="t") == first[0]


# --- faults ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "effects"), [("drop_before", 0), ("reset", 0), ("drop_after", 1), ("truncate", 1)])
def test_lost_answers(sdk: Sdk, emulator: Any, kind: str, effects: int):
    emulator.faults([{"action": "RunCommand", "kind": kind, "nth": [1]}])
    _error(lambda: _run(sdk, ClientToken="t"))
    rows = sdk.call("DescribeInvocations")["Invocations"]["Invocation"]
    assert len(rows) == effects
    again = _run(sdk, ClientToken="t")
    assert effects == 0 or again == rows[0]["InvokeId"]
    sdk.finished(again)
    assert list(_counts(emulator).values()) == [1]


def test_duplicate_delivery(sdk: Sdk, emulator: Any):
    emulator.faults([{"action": "RunCommand", "kind": "duplicate"}])
    with_token = _run(sdk, ClientToken="t")
    sdk.finished(with_token)
    assert list(_counts(emulator).values()) == [1]
    sdk.finished(_run(sdk))
    until(lambda: _counts(emulator), lambda counts: list(counts.values()) == [3])


def test_status_and_throttle(sdk: Sdk, emulator: Any):
    emulator.faults(
        [
            {"action": "DescribeRegions", "kind": "status", "nth": [1], "status": 503},
            {"action": "DescribeRegions", "kind": "throttle", "nth": [2], "retry_after_ms": 1500},
            {
                "action": "DescribeRegions",
                "kind": "status",
                "nth": [3],
                "status": 500,
                "code": "Odd",
                "message": "strange",
            },
        ]
    )
    error = _error(lambda: sdk.call("DescribeRegions"))
    assert (error.code, error.status_code) == ("ServiceUnavailable", 503)
    error = _error(lambda: sdk.call("DescribeRegions"))
    assert (error.code, error.status_code, error.retry_after) == ("Throttling.User", 400, 1500)
    error = _error(lambda: sdk.call("DescribeRegions", xml=True))
    assert (error.code, error.data["Message"]) == ("Odd", "strange")
    sdk.call("DescribeRegions")


def test_probability_is_repeatable(sdk: Sdk, emulator: Any):
    def outcomes() -> list[str]:
        emulator.clear_faults()
        emulator.faults([{"action": "*", "kind": "status", "probability": 0.5, "seed": 7}])
        found = []
        for _turn in range(12):
            try:
                sdk.call("DescribeRegions")
                found.append("ok")
            except Exception as error:
                found.append(error.code)  # type: ignore[attr-defined]
        return found

    first = outcomes()
    assert set(first) == {"ok", "ServiceUnavailable"} and outcomes() == first


def test_agent_offline_and_reboot_after_acceptance(sdk: Sdk, emulator: Any):
    ids = sdk.instance_ids()
    emulator.faults(
        [
            {"action": "RunCommand", "kind": "agent_offline", "nth": [1], "instance_id": ids[5]},
            {"action": "RunCommand", "kind": "reboot", "nth": [2], "delay_ms": 300},
        ]
    )
    sdk.finished(_run(sdk))
    until(
        lambda: sdk.call("DescribeCloudAssistantStatus", {"InstanceId.1": ids[5]}),
        lambda answer: (
            answer["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"][0]["CloudAssistantStatus"]
            == "false"
        ),
    )
    invoke_id = _run(sdk, CommandContent="exec sleep 60")
    row = until(lambda: sdk.results(invoke_id)[ids[0]], lambda row: row.invocation_status == "Error")
    assert row.error_code == "InstanceRestarted"


@pytest.mark.parametrize("way", ["ids", "tags", "2018"])
def test_the_first_target_is_hit_however_a_call_names_its_targets(emulator: Any, way: str):
    ids = emulator.reset(fleet=[{"tags": {"role": "web"}} for _number in range(2)])
    old, sdk = OldSdk(emulator), Sdk(emulator)
    command = old.call("CreateCommand", Name="c", Type=GOOD["Type"], CommandContent="dHJ1ZQ==")
    emulator.faults([{"action": "*", "kind": "agent_offline", "nth": 1}])
    if way == "2018":
        old.call("InvokeCommand", CommandId=command["CommandId"], InstanceIds=json.dumps(ids), Timed="False")
    else:
        targets = {"InstanceId.1": ids[0]} if way == "ids" else {"ResourceTag.1.Key": "role"}
        sdk.call("RunCommand", {**GOOD, **targets})
    until(
        lambda: sdk.call("DescribeCloudAssistantStatus")["InstanceCloudAssistantStatusSet"],
        lambda rows: [row["CloudAssistantStatus"] for row in rows["InstanceCloudAssistantStatus"]] == ["false", "true"],
    )


def test_wrong_rules_are_refused(emulator: Any):
    for rule, problem in (
        ({"kind": "x"}, "kind"),
        ({"kind": "delay", "nth": [0]}, "nth"),
        ({"kind": "delay", "oops": 1}, "oops"),
        ({"kind": "delay", "probability": 2}, "probability"),
        ({"kind": "delay", "action": "RunComand"}, "there is no operation RunComand"),
        ({"action": "RunCommand"}, "kind is missing"),
    ):
        with pytest.raises(ValueError, match=f"400.*rule 1: .*{problem}"):
            emulator.faults([rule])
    assert emulator.control("GET", "faults") == []


def test_visibility_lag(emulator_factory: Any):
    emulator = emulator_factory(instances=1, visibility_lag_ms=1500)
    sdk = Sdk(emulator)
    invoke_id = sdk.run("true", sdk.instance_ids())
    answer = sdk.call("DescribeInvocations", {"InvokeId": invoke_id})
    assert answer["Invocations"]["Invocation"] == []
    until(lambda: sdk.call("DescribeInvocations", {"InvokeId": invoke_id})["Invocations"]["Invocation"], bool)


def test_retention(sdk: Sdk, emulator: Any):
    invoke_id = _run(sdk)
    sdk.finished(invoke_id)
    emulator.advance(29 * 86400)
    assert sdk.invocation(invoke_id).invoke_id == invoke_id
    emulator.advance(2 * 86400)
    assert sdk.call("DescribeInvocations", {"InvokeId": invoke_id})["Invocations"]["Invocation"] == []
    assert sdk.call("DescribeInvocationResults", {"RegionId": REGION})["Invocation"]["InvocationResults"] == {
        "InvocationResult": []
    }


def test_dates_follow_the_emulated_clock(sdk: Sdk, emulator: Any):
    from email.utils import parsedate_to_datetime

    emulator.advance(7 * 86400)
    connection = http.client.HTTPConnection(emulator.endpoint.removeprefix("http://"), timeout=60)
    connection.request("GET", f"/?{_v1_query(emulator, SignatureNonce='date')}")
    shown = parsedate_to_datetime(connection.getresponse().headers["Date"]).timestamp()
    connection.close()
    assert abs(shown - emulator.now()) < 60
