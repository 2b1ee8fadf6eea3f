# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet's row makes of an instance: the age of its agent, its programs, its /tmp."""

from __future__ import annotations

from typing import Any

import pytest
from contract.sdk import Sdk, until


def _rows(sdk: Sdk, invoke_id: str) -> dict[str, Any]:
    return {row.instance_id: row for row in sdk.finished(invoke_id).invoke_instances.invoke_instance}


def test_an_agent_that_is_too_old_says_which_one_is_needed(emulator: Any):
    versions = {"i-188": 188, "i-300": 300, "i-343": 343, "i-new": 964}
    fleet = [{"id": name, "agent": {"version": f"2.2.3.{number}"}} for name, number in versions.items()]
    ids = emulator.reset(fleet=fleet)
    sdk = Sdk(emulator)

    def refused(script: str, instance_ids: list[str] = ids, **options: Any) -> dict[str, str]:
        rows = _rows(sdk, sdk.run(script, instance_ids, **options))
        assert {row.error_code for row in rows.values() if row.invocation_status == "Aborted"} <= {"ClientNeedUpgrade"}
        return {name: row.error_info for name, row in rows.items() if row.invocation_status == "Aborted"}

    found = refused("echo {{ACS::InstanceName}} {{ACS::InvokeId}}", enable_parameter=True)
    assert list(found) == ["i-188", "i-300", "i-343"]
    assert set(found.values()) == {"{{ACS::InstanceName}} needs version 2.2.3.344 of the Cloud Assistant agent."}
    assert list(refused("echo {{ ACS::InstanceId }}", enable_parameter=True)) == ["i-188", "i-300"]
    assert list(refused("echo {{ACS::InstanceId}}", ["i-188"], enable_parameter=True)) == [], "known for one alone"
    assert list(refused("echo {{ACS::CommandId}}", ["i-188"], enable_parameter=True)) == ["i-188"]
    assert list(refused("echo {{ACS::InstanceName}}")) == [], "no parameter at all"
    assert list(refused("true", container_name="web")) == ["i-188", "i-300", "i-343"]
    assert emulator.executions().keys() == {"i-188", "i-300", "i-343", "i-new"}, "by the runs that fitted"
    agents = sdk.call("DescribeCloudAssistantStatus")["InstanceCloudAssistantStatusSet"]
    rows = agents["InstanceCloudAssistantStatus"]
    assert [row["SupportSessionManager"] for row in rows] == [False, True, True, True]


def test_an_older_agent_overlooks_launcher_and_termination_mode(emulator: Any):
    emulator.reset(fleet=[{"id": "i-old", "agent": {"version": "2.2.3.578"}}, {"id": "i-new"}])
    sdk = Sdk(emulator)
    rows = _rows(sdk, sdk.run("echo ran", ["i-old", "i-new"], launcher="/bin/echo launched"))
    assert (rows["i-old"].output, rows["i-new"].output[:9]) == ("ran\n", "launched ")
    # the shell is dash, which waits for a script with an interpreter of its own
    script = "#!/bin/bash\nsleep 2.5\ntouch /root/survived"
    ended = sdk.run(script, ["i-old", "i-new"], timeout=1, termination_mode="ProcessTree")
    assert {row.invocation_status for row in _rows(sdk, ended).values()} == {"Timeout"}

    def survived() -> dict[str, str]:
        return {name: row.output for name, row in _rows(sdk, sdk.run("ls /root", ["i-old", "i-new"])).items()}

    until(lambda: survived()["i-old"], bool)
    assert survived() == {"i-old": "survived\n", "i-new": ""}


@pytest.mark.parametrize(("mode", "output"), [("Process", "survived\n"), ("ProcessTree", "")])
def test_what_a_stop_ends(emulator: Any, mode: str, output: str):
    sdk = Sdk(emulator)
    target = sdk.instance_ids()[0]

    def printed(script: str) -> str:
        row = sdk.finished(sdk.run(script, [target])).invoke_instances.invoke_instance[0]
        return str(row.output)

    wait = "touch /root/began; while ! test -e /root/go; do sleep 0.05; done"
    running = sdk.run(f"#!/bin/bash\n{wait}\ntouch /root/survived", [target], termination_mode=mode)
    until(lambda: printed("ls /root"), bool)
    sdk.call("StopInvocation", {"InvokeId": running})
    assert sdk.finished(running).invoke_instances.invoke_instance[0].invocation_status == "Terminated"
    printed("touch /root/go")
    if output:
        until(lambda: printed("ls /root/survived"), lambda text: "No such file" not in text)
    # what has been ended has a second in which it could show that it has not
    assert printed("sleep 1; ls /root | grep survived") == output


def test_names_of_commands_reach_a_shell_if_the_fleet_is_configured_so(emulator: Any):
    emulator.reset(fleet=[{"id": "i-1"}, {"id": "i-2", "agent": {"names_in_shell": True}}])
    sdk = Sdk(emulator)
    for name, output, exit_code in (
        ("plain", "ran\n", 0),
        ("two words", "sh: 1: /usr/local/share/aliyun-assist/work/script/two: not found\n", 127),
        ("it's", "sh: 1: Syntax error: Unterminated quoted string\n", 2),
        ("x;echo oops;#", "oops\n", 0),
    ):
        rows = _rows(sdk, sdk.run("echo ran", ["i-1", "i-2"], name=name))
        assert (rows["i-1"].output, rows["i-1"].exit_code) == ("ran\n", 0)
        assert rows["i-2"].output.endswith(output) and rows["i-2"].exit_code == exit_code


@pytest.mark.isolation("user-namespace")
def test_programs_that_are_not_there_and_a_tmp_from_which_nothing_runs(emulator: Any):
    emulator.reset(fleet=[{"id": "i-1", "without": ["base64", "python3"], "noexec_tmp": True}, {"id": "i-2"}])
    sdk = Sdk(emulator)
    look = "for name in base64 python3 sed; do command -v $name >/dev/null && echo $name; done"
    script = f"{look}; cp /bin/true /tmp/x; /tmp/x && echo runs"
    rows = _rows(sdk, sdk.run(script, ["i-1", "i-2"]))
    assert rows["i-1"].output.splitlines()[:1] == ["sed"] and "Permission denied" in rows["i-1"].output
    assert rows["i-2"].output == "base64\npython3\nsed\nruns\n"
    rows = _rows(sdk, sdk.run("echo as a user", ["i-1", "i-2"], username="root"))
    assert (rows["i-1"].exit_code, rows["i-2"].output) == (126, "as a user\n")


def test_parameters_that_are_left_out(emulator: Any):
    """RunCommand takes some of a script's parameters, the rest is empty; InvokeCommand takes all or is refused."""
    sdk = Sdk(emulator)
    target = sdk.instance_ids()[:1]
    script = "echo [{{a}}][{{b}}]"
    row = sdk.finished(sdk.run(script, target, enable_parameter=True, parameters={"a": "1"}))
    assert row.invoke_instances.invoke_instance[0].output == "[1][]\n"
    command = sdk.call(
        "CreateCommand",
        {"Name": "c", "Type": "RunShellScript", "CommandContent": script, "ContentEncoding": "PlainText",
         "EnableParameter": "true"},
    )["CommandId"]  # fmt: skip
    for parameters in ('{"a": "1"}', "{}", ""):
        query = {"CommandId": command, "InstanceId.1": target[0], "Parameters": parameters}
        with pytest.raises(Exception, match=r"Parameter\.MissingValue"):
            sdk.call("InvokeCommand", query)
    query = {"CommandId": command, "InstanceId.1": target[0], "Parameters": '{"a": "1", "B": ""}'}
    row = sdk.finished(sdk.call("InvokeCommand", query)["InvokeId"])
    assert row.invoke_instances.invoke_instance[0].output == "[1][]\n"
