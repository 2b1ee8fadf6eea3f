# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The complete output of a run on an emulated fleet: both streams, of any size, and nothing left on the instances."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations import waiting
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import completing
from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_invocation_info, ecs_run_command
from support.module_runs import Cloud

LARGE = "yes $(head -c 40000 /dev/urandom | base64 | tr -d '\\n') | head -c 200000; echo $0 >&2"
"""It names its own file, which lies in the directory that keeps the output."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_LOOK", 0.02)
    monkeypatch.setattr(waiting, "pause_after", lambda elapsed, invocations: 0.05)


@pytest.fixture
def cloud(emulator: Any) -> Cloud:
    return Cloud(emulator)


def on_instance(cloud: Cloud, ids: list[str], script: str) -> str:
    """Return what a script prints on the first of the instances, whose files nobody else may see."""
    return str(Cloud(cloud.emulator).run(ecs_run_command, instance_ids=ids[:1], content=script)["stdout"])


def is_there(cloud: Cloud, ids: list[str], path: str) -> bool:
    return on_instance(cloud, ids, f"if [ -e '{path.strip()}' ]; then echo there; fi") == "there"


def complete(cloud: Cloud, ids: list[str], content: str, **options: Any) -> dict[str, Any]:
    return cloud.run(ecs_run_command, instance_ids=ids, content=content, output="complete", **options)


def runs(cloud: Cloud) -> int:
    return sum(row["action"] == "RunCommand" for row in cloud.emulator.requests())


def test_output_that_fits_costs_no_further_call(cloud: Cloud):
    ids = list(cloud.emulator.reset(instances=2))
    result = complete(cloud, ids, "echo out {{word}}; echo err >&2; exit 4", parameters={"word": "x"}, success_rcs=[4])
    assert "failed" not in result, result
    assert [(one["stdout"], one["stderr"], one["rc"]) for one in result["results"]] == [("out x", "err", 4)] * 2
    assert runs(cloud) == 1
    assert "_co_" not in result["diff"]["after"]


def test_output_that_does_not_fit_is_fetched_and_removed(cloud: Cloud, tmp_path: Path):
    ids = list(cloud.emulator.reset(instances=2))
    result = complete(cloud, ids, LARGE, output_dir=str(tmp_path))
    assert "failed" not in result, result
    for one in result["results"]:
        assert "stdout" not in one
        out, err = (Path(path) for path in one["output_files"])
        assert len(out.read_text()) == 200000
        assert not is_there(cloud, [one["instance_id"]], err.read_text())
        assert out.stat().st_mode & 0o777 == 0o600
    assert cloud.warnings == []


def test_files_have_the_bytes_of_this_run_alone(cloud: Cloud, tmp_path: Path):
    ids = list(cloud.emulator.reset(instances=1))
    complete(cloud, ids, "echo old; echo old >&2", output_dir=str(tmp_path))
    script = "printf 'a\\377{{word}}\\0\\r\\n'"
    complete(cloud, ids, script, secret_parameters={"word": "hunter2"}, output_dir=str(tmp_path))
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert files == {f"{ids[0]}.stdout": b"a\xff********\0\r\n"}


def test_what_a_script_printed_before_its_timeout_is_not_lost(cloud: Cloud):
    ids = list(cloud.emulator.reset(instances=1))
    result = complete(cloud, ids, "echo $0; echo problem >&2; sleep 30", timeout=1)
    assert result["failed"]
    assert ".cloudops-output." in result["stdout"]
    assert not is_there(cloud, ids, result["stdout"])
    # some shells add that their child was killed
    assert result["stderr"].splitlines()[0] == "problem"
    assert "killed after 1 s (timeout)" in result["msg"]


def test_output_beyond_max_output_is_reported(cloud: Cloud):
    ids = list(cloud.emulator.reset(instances=1))
    result = complete(cloud, ids, "seq 1 100000", max_output=100)
    assert len(result["stdout"]) <= 100
    assert result["results"][0]["dropped"] > 500000
    assert "output: the output has more than 100 bytes (max_output) on instance" in cloud.warnings[0]


def test_a_script_that_was_not_started_has_lost_no_output(cloud: Cloud):
    ids = list(cloud.emulator.reset(instances=1))
    assert complete(cloud, ids, "echo a", working_dir="/no/such/directory")["results"][0]["status"] == "Invalid"
    assert cloud.warnings == []


def test_agents_that_go_offline_leave_what_is_known(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(completing, "RUNS_AT_ONCE", 2)
    ids = list(cloud.emulator.reset(instances=2))
    moments = {"2/2 finished": ids[0], "fetched 2": ids[1]}

    def progress(text: str) -> None:
        for moment in [moment for moment in moments if text.startswith(moment)]:
            cloud.emulator.instance(moments.pop(moment), "agent-offline")

    cloud.progress = progress
    result = complete(cloud, ids, "seq 1 200000 | shuf; exit 4", success_rcs=[4])
    assert not result.get("failed"), result
    none, part = result["results"]
    assert (none["rc"], none["stdout"], none["dropped"]) == (4, "", 1288895)
    assert (part["rc"], len(part["stdout"]) > 1000) == (4, True)
    assert 1288895 - len(part["stdout"]) - part["dropped"] in (0, 1)  # a line end at the end is taken off
    for gap, one in (("could not be fetched from", none), ("could be fetched only in part from", part)):
        assert any(gap in text and one["instance_id"] in text for text in cloud.warnings), cloud.warnings


def test_a_reboot_leaves_what_is_known(cloud: Cloud):
    ids = list(cloud.emulator.reset(instances=1))

    def progress(text: str) -> None:
        if text.startswith("started"):
            on_instance(cloud, ids, "until [ -s /var/tmp/.cloudops-output.*/out ]; do sleep 0.1; done")
            cloud.emulator.instance(ids[0], "reboot")
            cloud.progress = lambda text: None

    cloud.progress = progress
    result = complete(cloud, ids, "echo $0; sleep 60")
    assert result["failed"]
    assert result["results"][0]["status"] not in ("Success", "Running")
    assert f"output: the output was lost on instance {ids[0]}" in cloud.warnings


def test_earlier_output_is_fetched_while_it_is_there(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    ids = list(cloud.emulator.reset(instances=1))
    with monkeypatch.context() as patched:
        # the controller is killed between the run and the fetch
        patched.setattr(completing, "complete_output", lambda *arguments: None)
        complete(cloud, ids, LARGE, idempotency_key="k")
    second = complete(cloud, ids, LARGE, idempotency_key="k")
    assert not second["changed"]
    assert second["results"][0]["previous"]
    assert len(second["stdout"]) == 200000
    assert not is_there(cloud, ids, second["stderr"])
    assert cloud.warnings == []
    third = complete(cloud, ids, LARGE, idempotency_key="k")
    assert third["results"][0]["dropped"] > 200000
    assert "output: the output could not be fetched from" in cloud.warnings[0]
    small = complete(cloud, ids, "echo small", idempotency_key="s")
    assert (complete(cloud, ids, "echo small", idempotency_key="s")["stdout"], small["stdout"]) == ("small", "small")


def test_other_tasks_show_what_the_script_printed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    ids = list(cloud.emulator.reset(instances=1))
    script = "echo out; echo err >&2"
    invoke_id = complete(cloud, ids, script, idempotency_key="k")["invoke_id"]
    seen = cloud.run(ecs_invocation_info, invoke_id=invoke_id)
    assert seen["invocations"][0]["content"] == script
    kept = cloud.run(ecs_run_command, instance_ids=ids, content=script, idempotency_key="k")
    assert [(one["stdout"], one["stderr"]) for one in (*seen["results"], *kept["results"])] == [("out", "err")] * 2
    assert kept["results"][0]["previous"] and cloud.warnings == []
    monkeypatch.setattr(completing, "complete_output", lambda *arguments: None)
    invoke_id = complete(cloud, ids, LARGE)["invoke_id"]
    seen = cloud.run(ecs_invocation_info, invoke_id=invoke_id)["results"][0]
    assert seen["stdout"] == "" and seen["dropped"] > 200000
    assert "output: the service does not have the complete output of instance" in cloud.warnings[0]


def test_what_a_killed_controller_left_is_removed_later_with_its_secrets(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    ids = list(cloud.emulator.reset(instances=1))
    with monkeypatch.context() as patched:
        patched.setattr(completing, "complete_output", lambda *arguments: None)
        left = complete(cloud, ids, LARGE + "; : {{word}}", secret_parameters={"word": "hunter2"})
    folder = left["stdout"].splitlines()[0].split()[1]
    assert "hunter2" not in on_instance(
        cloud, ids, f"cat {folder}/*.total {folder}/script* {folder}/data | tr -d '\\0'"
    )
    complete(cloud, ids, "true")
    assert is_there(cloud, ids, folder)
    on_instance(cloud, ids, f"touch -d '3 days ago' {folder}")
    complete(cloud, ids, "true")
    assert not is_there(cloud, ids, folder)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"type": "RunBatScript"}, "for RunBatScript"),
        ({"type": "RunPowerShellScript"}, "for RunPowerShellScript"),
        ({"container_name": "web"}, "in a container"),
        ({"container_id": "containerd://" + "a" * 64}, "in a container"),
        ({"frequency": "rate(1h)"}, "for scheduled runs"),
        ({"repeat_mode": "every_reboot"}, "for scheduled runs"),
        ({"launcher": "@plugin"}, "with a launcher that is a plugin"),
        ({"oss_output_delivery": "oss://logs/x"}, "oss2"),
        ({"wait": False}, "with wait: false"),
        ({"output_dir": "/nowhere/at/all"}, "does not exist"),
        ({"output_dir": __file__}, "test_complete_output.py is not a directory"),
        ({"output_dir": ""}, "output_dir: must not be empty"),
        ({"max_output": True}, "max_output: must be a number, and is a boolean"),
        ({"content": "#" * 16000}, "output: complete adds"),
    ],
)
def test_what_cannot_be_complete_is_refused_with_the_reason(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], reason: str
):
    monkeypatch.setitem(sys.modules, "oss2", None)
    asked = len(cloud.emulator.requests())
    result = complete(cloud, ["i-1"], **{"content": "x", **options})
    assert result["failed"]
    assert reason in result["msg"]
    assert len(cloud.emulator.requests()) == asked


class Bucket:
    """What is used of the vendor's library: one object, whatever its name."""

    Auth = StsAuth = staticmethod(lambda *key: key)

    def __init__(self, auth: object, endpoint: str, name: str) -> None:
        pass

    def get_object(self, key: str) -> io.BytesIO:
        return io.BytesIO(b"all of it\n")


@pytest.mark.parametrize("delivered", [True, False])
def test_an_output_in_a_bucket_is_read_there(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, delivered: bool):
    monkeypatch.setitem(sys.modules, "oss2", SimpleNamespace(Bucket=Bucket, Auth=Bucket.Auth, StsAuth=Bucket.StsAuth))
    ids = list(cloud.emulator.reset(instances=1))
    rows = {
        "DescribeInvocationResults": "Invocation.InvocationResults.InvocationResult.*",
        "DescribeInvocations": "Invocations.Invocation.*.InvokeInstances.InvokeInstance.*",
    }
    if delivered:
        # the emulator has no buckets; the address may have any form
        fields = {action: [f"{row}.OssOutputStatus", f"{row}.OssOutputUri"] for action, row in rows.items()}
        cloud.emulator.faults(
            [{"action": action, "kind": "edit", "path": path, "value": "Finished"} for action, path in fields.items()]
        )
    result = complete(cloud, ids, "seq 1 20000", oss_output_delivery="oss://logs/x")
    assert "failed" not in result, result
    assert (result["stdout"] == "all of it") is delivered
    assert bool(result["results"][0]["dropped"]) is not delivered
    words = [] if delivered else ["lost 84318 bytes", "NoSuchBucket"]
    assert [word in text for word, text in zip(words, cloud.warnings, strict=True)] == [True] * len(words)
