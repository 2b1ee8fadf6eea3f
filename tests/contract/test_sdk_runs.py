# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official SDK runs scripts on the emulator and reads what became of them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models
from contract.sdk import REGION, Sdk
from emulator.errors import OPERATIONS
from support.patience import until


@pytest.fixture(params=[None, "v2"], ids=["acs3", "v1"])
def sdk(request: pytest.FixtureRequest, emulator: Any) -> Sdk:
    return Sdk(emulator, request.param)


@pytest.fixture
def acs3(emulator: Any) -> Sdk:
    return Sdk(emulator)


def test_run_command_on_all(sdk: Sdk, emulator: Any):
    ids = sdk.instance_ids()
    assert len(ids) == 12
    invoke_id = sdk.run("echo out; echo err >&2; exit 3", ids, name="all", timeout=30)
    done = sdk.finished(invoke_id)
    assert (done.invocation_status, done.invoke_status) == ("Failed", "Finished")
    results = sdk.results(invoke_id)
    assert list(results) == ids
    for row in results.values():
        assert (row.invocation_status, row.invoke_record_status) == ("Failed", "Finished")
        assert (row.exit_code, row.output, row.dropped) == (3, "out\nerr\n", 0)
        assert (row.error_code, row.error_info) == ("ExitCodeNonzero", "the command execution exit code is not zero.")
        assert row.start_time.endswith("Z") and row.finished_time >= row.start_time
    executions = emulator.executions()
    assert {identity: [run["rc"] for run in runs] for identity, runs in executions.items()} == dict.fromkeys(ids, [3])


def test_every_field_of_the_answers_is_documented(acs3: Sdk):
    ids = acs3.instance_ids()[:2]
    invoke_id = acs3.run("true", ids, tag=[models.RunCommandRequestTag(key="k", value="v")])
    acs3.finished(invoke_id)
    for action in (
        "DescribeInvocations",
        "DescribeInvocationResults",
        "DescribeInstances",
        "DescribeCloudAssistantStatus",
        "DescribeInstanceStatus",
        "DescribeRegions",
    ):
        answer = acs3.call(action, {"InvokeId": invoke_id, "IncludeOutput": "true"} if "Invocation" in action else {})
        _check_tree(OPERATIONS[action]["response"], answer, action)


def _check_tree(described: dict[str, Any], answer: dict[str, Any], where: str) -> None:
    types = {"string": str, "integer": int, "boolean": bool, "number": (int, float)}
    assert set(answer) <= set(described), f"{where}: {set(answer) - set(described)}"
    for name, value in answer.items():
        wanted = described[name]
        if isinstance(wanted, str):
            assert isinstance(value, types[wanted]), f"{where}.{name} is {value!r}"
        elif isinstance(wanted, dict):
            _check_tree(wanted, value, f"{where}.{name}")
        else:
            assert isinstance(value, list)
            for row in value:
                if isinstance(wanted[0], dict):
                    _check_tree(wanted[0], row, f"{where}.{name}")
                else:
                    assert isinstance(row, types[wanted[0]])


def test_all_result_fields_are_there(acs3: Sdk):
    ids = acs3.instance_ids()[:1]
    invoke_id = acs3.run("exit 0", ids)
    acs3.finished(invoke_id)
    answer = acs3.call("DescribeInvocationResults", {"InvokeId": invoke_id})
    row = answer["Invocation"]["InvocationResults"]["InvocationResult"][0]
    described = OPERATIONS["DescribeInvocationResults"]["response"]["Invocation"]["InvocationResults"]
    assert set(row) == set(described["InvocationResult"][0])
    answer = acs3.call("DescribeInvocations", {"InvokeId": invoke_id, "IncludeOutput": "true"})
    invocation = answer["Invocations"]["Invocation"][0]
    described = OPERATIONS["DescribeInvocations"]["response"]["Invocations"]["Invocation"][0]
    assert set(invocation) == set(described)
    assert set(invocation["InvokeInstances"]["InvokeInstance"][0]) == set(
        described["InvokeInstances"]["InvokeInstance"][0]
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_xml_says_what_json_says(acs3: Sdk, method: str):
    ids = acs3.instance_ids()[:2]
    invoke_id = acs3.run("printf '<a>&\"'", ids)
    acs3.finished(invoke_id)
    query = {"InvokeId": invoke_id, "ContentEncoding": "PlainText"}
    as_json = acs3.call("DescribeInvocationResults", query, method=method)
    as_xml = acs3.call("DescribeInvocationResults", query, xml=True, method=method)
    rows = as_xml["Invocation"]["InvocationResults"]["InvocationResult"]
    assert [row["Output"] for row in rows] == ['<a>&"', '<a>&"']
    expected = as_json["Invocation"]["InvocationResults"]["InvocationResult"]
    assert [{k: str(v) for k, v in row.items() if v not in ("", {"Tag": []})} for row in expected] == [
        {k: v for k, v in row.items() if v} for row in rows
    ]


def test_every_operation_answers_in_both_forms(acs3: Sdk):
    """What XML cannot say, types and empty lists, apart: each answer is the same in JSON and in XML."""
    ids = acs3.instance_ids()[:2]
    run = {"Type": "RunShellScript", "CommandContent": "echo '<&>'", "KeepCommand": "true", "Name": "both"}
    # a token gives both forms one and the same run
    answers = _in_both_forms(acs3, "RunCommand", {**run, **_numbered("InstanceId", ids), "ClientToken": "t"})
    acs3.finished(answers["InvokeId"])
    one = {"InvokeId": answers["InvokeId"]}
    for action, query in (
        ("DescribeRegions", {}),
        ("DescribeInstances", {}),
        ("DescribeInstanceStatus", {"PageSize": "50"}),
        ("DescribeCloudAssistantStatus", {}),
        ("DescribeCommands", {}),
        ("DescribeInvocations", {**one, "IncludeOutput": "true"}),
        ("DescribeInvocationResults", one),
        ("StopInvocation", one),
    ):
        _in_both_forms(acs3, action, query)
    acs3.call("DeleteCommand", {"CommandId": answers["CommandId"]}, xml=True)
    assert acs3.call("DescribeCommands")["Commands"]["Command"] == []


def _numbered(name: str, values: list[str]) -> dict[str, str]:
    return {f"{name}.{number}": value for number, value in enumerate(values, start=1)}


def _in_both_forms(sdk: Sdk, action: str, query: dict[str, str]) -> dict[str, Any]:
    """Return the answer in JSON, after it was compared with that in XML."""
    as_json, as_xml = sdk.call(action, query), sdk.call(action, query, xml=True)
    assert _plain(as_json) == _plain(as_xml), action
    return as_json


def _plain(value: Any) -> Any:
    """Return texts for numbers and flags; without what is empty, the id of the request, and lists around one value."""
    if isinstance(value, dict):
        plain = {name: _plain(part) for name, part in value.items() if name not in ("RequestId", "xmlns")}
        return {name: part for name, part in plain.items() if part not in ("", None, {}, [])}
    if isinstance(value, list):
        return _plain(value[0]) if len(value) == 1 else [_plain(part) for part in value]
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def test_parameters_in_a_form_body(acs3: Sdk):
    ids = acs3.instance_ids()[:1]
    answer = acs3.call(
        "RunCommand",
        {},
        body={"Type": "RunShellScript", "CommandContent": "echo from the body", "InstanceId.1": ids[0]},
    )
    acs3.finished(answer["InvokeId"])
    assert acs3.results(answer["InvokeId"])[ids[0]].output == "from the body\n"


def test_parameters_and_built_ins(sdk: Sdk):
    ids = sdk.instance_ids()[:2]
    script = (
        "echo {{ACS::InstanceId}} {{ ACS::RegionId }} {{ACS::AccountId}} {{ACS::InvokeId}} {{ACS::CommandId}} "
        "{{ACS::InstanceName}} [{{ Name }}] [{{other}}]"
    )
    reply = sdk.client.run_command(
        models.RunCommandRequest(
            region_id=REGION,
            type="RunShellScript",
            command_content=script,
            instance_id=ids,
            enable_parameter=True,
            parameters={"name": "Ja ck"},
        )
    ).body
    sdk.finished(reply.invoke_id)
    for number, (identity, row) in enumerate(sdk.results(reply.invoke_id).items(), start=1):
        assert row.output == (
            f"{identity} {REGION} 1234567890123456 {reply.invoke_id} {reply.command_id} node-{number:04d} [Ja ck] []\n"
        )
    assert json.loads(sdk.invocation(reply.invoke_id).parameters) == {"name": "Ja ck"}


def test_placeholders_stay_without_enable_parameter(sdk: Sdk):
    ids = sdk.instance_ids()[:1]
    invoke_id = sdk.run("echo '{{x}} {{ACS::InstanceId}}'", ids)
    sdk.finished(invoke_id)
    assert sdk.results(invoke_id)[ids[0]].output == "{{x}} {{ACS::InstanceId}}\n"


def test_working_dir_user_and_invalid_ones(sdk: Sdk):
    ids = sdk.instance_ids()[:1]
    invoke_id = sdk.run("pwd", ids, working_dir="/var")
    sdk.finished(invoke_id)
    assert sdk.results(invoke_id)[ids[0]].output == "/var\n"
    invoke_id = sdk.run("pwd", ids, working_dir="/no/such/place")
    assert sdk.finished(invoke_id).invocation_status == "Failed"
    row = sdk.results(invoke_id)[ids[0]]
    assert (row.invocation_status, row.error_code, row.exit_code) == ("Invalid", "DirectoryNotExists", None)
    assert row.invoke_record_status == "Failed"
    invoke_id = sdk.run("id", ids, username="nobody-of-that-name")
    sdk.finished(invoke_id)
    assert sdk.results(invoke_id)[ids[0]].error_code == "AccountNotExists"


def test_timeout_and_its_finish_time(acs3: Sdk, emulator: Any):
    ids = acs3.instance_ids()[:1]
    invoke_id = acs3.run("echo begun; exec sleep 60", ids, timeout=1, termination_mode="ProcessTree")
    done = acs3.finished(invoke_id)
    assert (done.invocation_status, done.invoke_status, done.termination_mode) == ("Failed", "Failed", "ProcessTree")
    row = acs3.results(invoke_id)[ids[0]]
    assert (row.invocation_status, row.error_code, row.output) == ("Timeout", "ExecutionTimeout", "begun\n")


def test_container_on_an_instance_without_one(acs3: Sdk):
    ids = acs3.instance_ids()[:1]
    invoke_id = acs3.run("true", ids, container_name="web")
    acs3.finished(invoke_id)
    row = acs3.results(invoke_id)[ids[0]]
    assert row.invocation_status == "Invalid" and row.error_code.startswith("Container")
    assert row.container_name == "web" and row.exit_code is None


def test_launcher(acs3: Sdk):
    ids = acs3.instance_ids()[:1]
    invoke_id = acs3.run(
        "import sys; print(sys.argv[0][-3:])", ids, launcher='python3 -u {{ACS::ScriptFileName|Ext(".py")}}'
    )
    acs3.finished(invoke_id)
    row = acs3.results(invoke_id)[ids[0]]
    assert (row.output, row.exit_code) == (".py\n", 0), row.error_info


def test_targets_by_tag_and_resource_group(acs3: Sdk, emulator: Any):
    emulator.reset(
        fleet=[
            {"tags": {"role": "web", "env": "a"}, "resource_group_id": "rg-one"},
            {"tags": {"role": "web", "env": "b"}},
            {"tags": {"role": "db"}},
        ]
    )
    ids = acs3.instance_ids()
    tag = models.RunCommandRequestResourceTag
    reply = acs3.client.run_command(
        models.RunCommandRequest(
            region_id=REGION,
            type="RunShellScript",
            command_content="true",
            resource_tag=[tag(key="role", value="web")],
            tag=[models.RunCommandRequestTag(key="job", value="j1")],
            resource_group_id="rg-one",
        )
    ).body
    acs3.finished(reply.invoke_id)
    assert list(acs3.results(reply.invoke_id)) == ids[:2]
    by_tag = acs3.client.describe_invocations(
        models.DescribeInvocationsRequest(
            region_id=REGION, tag=[models.DescribeInvocationsRequestTag(key="job", value="j1")]
        )
    ).body
    assert [row.invoke_id for row in by_tag.invocations.invocation] == [reply.invoke_id]
    assert by_tag.invocations.invocation[0].tags.tag[0].tag_key == "job"
    for group, found in (("rg-one", 1), ("rg-two", 0)):
        rows = acs3.client.describe_invocations(
            models.DescribeInvocationsRequest(region_id=REGION, resource_group_id=group)
        ).body.invocations.invocation
        assert len(rows or []) == found


def test_dry_run_runs_nothing(acs3: Sdk, emulator: Any):
    ids = acs3.instance_ids()
    invoke_id = acs3.run("touch /root/ran", ids, repeat_mode="DryRun")
    row = acs3.invocation(invoke_id)
    assert (row.repeat_mode, row.invocation_status) == ("DryRun", "Success")
    assert emulator.executions() == {}


def test_kept_and_unkept_commands(acs3: Sdk):
    ids = acs3.instance_ids()[:1]
    request = {"region_id": REGION, "type": "RunShellScript", "command_content": "true", "instance_id": ids}
    dropped = acs3.client.run_command(models.RunCommandRequest(**request)).body
    kept = acs3.client.run_command(models.RunCommandRequest(**request, keep_command=True, name="kept")).body
    listed = acs3.client.describe_commands(models.DescribeCommandsRequest(region_id=REGION)).body.commands.command
    assert [row.command_id for row in listed] == [kept.command_id]
    assert dropped.command_id not in (None, "", kept.command_id)
    acs3.finished(kept.invoke_id)
    again = acs3.client.invoke_command(
        models.InvokeCommandRequest(region_id=REGION, command_id=kept.command_id, instance_id=ids)
    ).body.invoke_id
    assert acs3.finished(again).command_name == "kept"


def test_stop_some_and_all(acs3: Sdk):
    ids = acs3.instance_ids()[:3]
    invoke_id = acs3.run("exec sleep 60", ids)
    until(lambda: acs3.results(invoke_id).values(), lambda rows: all(r.invocation_status == "Running" for r in rows))
    acs3.client.stop_invocation(
        models.StopInvocationRequest(region_id=REGION, invoke_id=invoke_id, instance_id=ids[:1])
    )
    until(lambda: acs3.results(invoke_id), lambda rows: rows[ids[0]].invocation_status == "Terminated")
    assert acs3.results(invoke_id)[ids[1]].invocation_status == "Running"
    acs3.client.stop_invocation(models.StopInvocationRequest(region_id=REGION, invoke_id=invoke_id))
    done = acs3.finished(invoke_id)
    assert (done.invocation_status, done.invoke_status) == ("Stopped", "Stopped")
    for row in acs3.results(invoke_id).values():
        assert (row.invocation_status, row.invoke_record_status) == ("Terminated", "Stopped")
        assert row.stop_time and row.exit_code is None


def test_pages_by_token_are_complete_and_stable(acs3: Sdk, emulator: Any):
    ids = emulator.reset(instances=70)
    invoke_id = acs3.run("true", ids)
    acs3.finished(invoke_id)
    seen: list[str] = []
    token = None
    pages = 0
    while token != "":
        reply = acs3.client.describe_invocation_results(
            models.DescribeInvocationResultsRequest(
                region_id=REGION, invoke_id=invoke_id, max_results=30, next_token=token
            )
        ).body.invocation
        seen += [row.instance_id for row in reply.invocation_results.invocation_result]
        token, pages = reply.next_token, pages + 1
    assert (seen, pages) == (ids, 3)
    numbers: list[str] = []
    for page in (1, 2, 3):
        reply = acs3.client.describe_invocation_results(
            models.DescribeInvocationResultsRequest(
                region_id=REGION, invoke_id=invoke_id, page_number=page, page_size=30
            )
        ).body.invocation
        assert (reply.total_count, reply.page_number, reply.page_size) == (70, page, 30)
        numbers += [row.instance_id for row in reply.invocation_results.invocation_result]
    assert numbers == ids


def test_invocations_newest_first_while_new_ones_appear(acs3: Sdk):
    ids = acs3.instance_ids()[:1]
    old = [acs3.run("true", ids) for _turn in range(5)]
    first = acs3.call("DescribeInvocations", {"MaxResults": "2"})
    acs3.run("true", ids)
    second = acs3.call("DescribeInvocations", {"MaxResults": "2", "NextToken": first["NextToken"]})
    seen = [row["InvokeId"] for page in (first, second) for row in page["Invocations"]["Invocation"]]
    assert seen == old[:0:-1]


def test_filters_of_describe_invocations(acs3: Sdk):
    ids = acs3.instance_ids()[:2]
    good = acs3.run("true", ids, name="good")
    bad = acs3.run("false", ids[:1], name="bad")
    for invoke_id in (good, bad):
        acs3.finished(invoke_id)

    def found(**query: str) -> list[str]:
        return [row["InvokeId"] for row in acs3.call("DescribeInvocations", query)["Invocations"]["Invocation"]]

    assert found() == [bad, good]
    assert found(CommandName="good") == [good]
    assert found(InvokeStatus="Success") == [good]
    assert found(InvokeStatus="Failed") == [bad]
    assert found(InvokeStatus="Finished") == [bad, good]
    assert found(InstanceId=ids[1]) == [good]
    assert found(Timed="true") == []
    assert found(RepeatMode="Period") == []
    assert found(CommandType="RunBatScript") == []
    command_id = acs3.invocation(bad).command_id
    assert found(CommandId=command_id) == [bad]
    single = acs3.call("DescribeInvocations", {"InstanceId": ids[1]})["Invocations"]["Invocation"][0]
    assert [row["InstanceId"] for row in single["InvokeInstances"]["InvokeInstance"]] == [ids[1]]


def test_content_comes_back_as_sent(acs3: Sdk):
    script = "echo a\r\necho ü\n"
    ids = acs3.instance_ids()[:1]
    invoke_id = acs3.run(script, ids)
    row = acs3.call("DescribeInvocations", {"InvokeId": invoke_id})["Invocations"]["Invocation"][0]
    assert base64.b64decode(row["CommandContent"]).decode() == script
