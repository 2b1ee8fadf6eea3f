# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each job template runs in ansible-runner with its credentials and survey, keeps no secret, and can be sliced."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from emulator.testing import HUAWEI_REGION

from awx import rules
from awx.jobs import Finished, credentials_of, hosts_of, start_job, template_named, update_inventory

METAL = "11111111-2222-3333-4444-555555555555"
SECRET = "pw-of-the-survey-5521"
WEB = [f"i-web-{number}" for number in range(1, 4)]
FLEET = {
    "instances": [{"id": name, "tags": {"role": "web"}} for name in WEB] + [{"id": "i-db-1", "tags": {"role": "db"}}],
    "clouddc": [{"id": METAL, "name": "metal-1", "state": "running"}],
}


@dataclass(frozen=True)
class Case:
    """How a template is launched, and what must have happened: the status, and who ran how many scripts."""

    template: str
    answers: Mapping[str, Any]
    executions: Mapping[str, int]
    files: Mapping[str, str] = field(default_factory=dict)
    status: str = "successful"
    stdout: str = ""


CASES = [
    Case("Quickstart", {}, {"i-web-1": 3, "i-web-2": 3, "i-web-3": 5}),
    Case(
        "Run script",
        # the second and third answer are empty, as the web interface sends them
        {
            "target_tags": "role=web",
            "target_instances": "",
            "run_script_content": "echo {{name}} {{token}}; sleep 4",
            "script_parameters": "name=shop",
            "script_secret_parameters": f'{{"token": "{SECRET}"}}',
            "run_script_canary": "1",
        },
        dict.fromkeys(WEB, 1),
        stdout="finished, 0 failed",
    ),
    Case(
        "Run script",
        {
            "target_instances": "i-web-1, i-db-1",
            "run_script_content": "exit 3",
            "run_script_idempotency_key": "change 7",
        },
        {"i-web-1": 1, "i-db-1": 1},
        status="failed",
        stdout="exit code 3",
    ),
    Case(
        "Scheduled script",
        {"scheduled_script_name": "nightly", "target_tags": "role=web", "scheduled_script_content": "uptime"},
        {},
    ),
    Case(
        "Script library",
        {"script_library_folder": "scripts"},
        {},
        files={
            "playbooks/scripts/manifest.yml": "scripts:\n  - name: hello\n    file: hello.sh\n",
            "playbooks/scripts/hello.sh": "echo hello\n",
        },
    ),
    Case(
        "Deliver files",
        {
            "target_instances": "i-web-1",
            "deliver_src": "motd",
            "deliver_dest": "/etc",
            "deliver_files_handler": "cat /etc/motd",
        },
        # what is there already is looked at before the delivery
        {"i-web-1": 2},
        files={"playbooks/files/motd": "welcome\n"},
    ),
    Case("Agents", {"target_tags": "role=web"}, {}),
    Case(
        "Rolling deployment",
        {
            "target_tags": "role=db",
            "rolling_deploy_name": "shop",
            "rolling_deploy_release": "v1.0",
            "rolling_deploy_artifact": "shop.txt",
        },
        {"i-db-1": 5},
        files={"playbooks/files/shop.txt": "the shop\n"},
    ),
    Case("Command library", {"library_instance_ids": "i-web-1,i-web-2"}, {"i-web-1": 1, "i-web-2": 1}),
    Case(
        "Decommission",
        {"target_tags": "role=db", "target_clouddc_instances": METAL, "decommission_confirm": "delete"},
        {"i-db-1": 1},
    ),
    Case("Decommission", {"target_instances": "i-web-1"}, {}, status="failed", stdout="Set decommission_confirm"),
]


def inputs_of(emulator: Any) -> dict[str, dict[str, str]]:
    """Return what a user would enter into credentials of both types; what is optional stays empty."""
    env = emulator.env()
    return {
        "Alibaba Cloud": {
            "access_key_id": env["ALIBABA_CLOUD_ACCESS_KEY_ID"],
            "access_key_secret": env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            "security_token": "",
            "region": env["ALIBABA_CLOUD_REGION_ID"],
            "endpoint": env["ALIBABA_CLOUD_ECS_ENDPOINT"],
        },
        "Huawei Cloud": {
            "access_key": env["HUAWEICLOUD_SDK_AK"],
            "secret_key": env["HUAWEICLOUD_SDK_SK"],
            "region": HUAWEI_REGION,
            "iam_endpoint": env["HUAWEICLOUD_SDK_IAM_ENDPOINT"],
        },
    }


def task_environment(emulator: Any) -> dict[str, str]:
    """Return what the setting "extra environment variables" adds to every job: here, where the emulated CloudDC is."""
    return {name: value for name, value in emulator.env().items() if name.startswith("HUAWEICLOUD_SDK_REGION_")}


def counted(emulator: Any) -> dict[str, int]:
    """Return how many scripts each instance ran, those that ran none left out."""
    return {name: len(runs) for name, runs in emulator.executions().items() if runs}


def check_nothing_leaks(job: Finished, emulator: Any, shown: Mapping[str, str]) -> None:
    """Fail when a secret is in anything that is kept of the job."""
    secrets = [emulator.env()["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], emulator.env()["HUAWEICLOUD_SDK_SK"], SECRET]
    kept, recorded = job.everything(), job.recorded(shown)
    assert [secret for secret in secrets if secret in kept] == []
    assert [secret for secret in secrets if secret in recorded] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.template}, {case.status}")
def test_a_job_template_runs(case: Case, emulator: Any, tmp_path: Path):
    emulator.reset(FLEET)
    template = template_named(case.template)
    environment, shown = credentials_of(template, inputs_of(emulator))
    job = start_job(
        tmp_path,
        template,
        answers=case.answers,
        environment={**environment, **task_environment(emulator)},
        files=case.files,
    ).finish()
    assert job.status == case.status, job.stdout
    assert job.rc == (0 if case.status == "successful" else 2)
    assert bool(job.stats["failures"]) == (case.status == "failed")
    assert case.stdout in re.sub(r"\s+", " ", job.stdout)
    assert counted(emulator) == case.executions, job.stdout
    assert [event["counter"] for event in job.events] == list(range(1, len(job.events) + 1))
    check_nothing_leaks(job, emulator, shown)


def test_every_job_template_is_run_here():
    on_hosts = {"Configure", "Run script, sliced"}
    assert {case.template for case in CASES} | on_hosts == {
        item["name"] for item in rules.load_definitions()["job_templates"]
    }


def test_check_mode_and_a_second_launch_under_one_key(emulator: Any, tmp_path: Path):
    """The launch of type "check" writes nothing; two others under one key run the script once."""
    emulator.reset(FLEET)
    template = template_named("Run script")
    environment, _shown = credentials_of(template, inputs_of(emulator))
    answers = {"target_tags": "role=web", "run_script_content": "echo once", "run_script_idempotency_key": "change 8"}

    def launch(name: str, check: bool = False) -> Finished:
        (tmp_path / name).mkdir()
        return start_job(tmp_path / name, template, answers=answers, environment=environment, check=check).finish()

    assert launch("check", check=True).rc == 0
    assert counted(emulator) == {}
    first, second = launch("first"), launch("second")
    assert (first.rc, second.rc) == (0, 0)
    assert first.stats["changed"] == {"localhost": 1}
    assert second.stats["changed"] == {}
    assert counted(emulator) == dict.fromkeys(WEB, 1)
    assert second.stats["artifact_data"]["report_totals"] == {"total": 3, "Success": 3}


def test_modules_reach_the_hosts_of_the_inventory_without_ssh(emulator: Any, tmp_path: Path):
    emulator.reset(FLEET)
    template = template_named("Configure")
    environment, shown = credentials_of(template, inputs_of(emulator))
    inventory = update_inventory(tmp_path, environment)
    job = start_job(
        tmp_path,
        template,
        answers={"target_hosts": "i-web-1:i-db-1", "quickstart_site_greeting": "good morning"},
        environment=environment,
        inventory=inventory,
    ).finish()
    assert (job.rc, job.status) == (0, "successful"), job.stdout
    assert job.stats["changed"] == {"i-web-1": 5, "i-db-1": 5}
    assert set(counted(emulator)) == {"i-web-1", "i-db-1"}
    for host in ("i-web-1", "i-db-1"):
        assert f"good morning from {host}, on port 8080" in job.stdout
    check_nothing_leaks(job, emulator, shown)


# --- a sliced job: the inventory is divided, the slices run side by side

SLICES = 4
BAD = "i-n-07"
NODES = [f"i-n-{number:02d}" for number in range(1, 15)]
NODE_FLEET = [
    {"id": name, "agent": {"online": name != "i-n-03"}, "status": "Stopped" if name == "i-n-05" else "Running"}
    for name in NODES
]


@pytest.fixture
def sliced(emulator: Any, tmp_path: Path) -> Callable[..., list[Finished]]:
    """Launch the sliced template on 14 instances; return the job of each slice."""
    emulator.reset(NODE_FLEET)
    template = template_named("Run script, sliced")
    environment, shown = credentials_of(template, inputs_of(emulator))
    inventory = update_inventory(tmp_path, environment)

    def launch(name: str, answers: Mapping[str, Any], limit: set[str] | None = None) -> list[Finished]:
        hosts = [host for host in hosts_of(inventory) if limit is None or host in limit]
        jobs = []
        for number in range(1, SLICES + 1):
            folder = tmp_path / f"{name}-{number}"
            folder.mkdir()
            part = rules.slice_hosts(hosts, number, SLICES)
            if part:
                jobs.append(
                    start_job(
                        folder,
                        template,
                        answers=answers,
                        environment=environment,
                        inventory=rules.slice_inventory(inventory, part),
                    )
                )
        done = [job.finish() for job in jobs]
        for job in done:
            check_nothing_leaks(job, emulator, shown)
        return done

    return launch


def test_four_slices_run_each_script_exactly_once_on_each_instance(sliced: Any, emulator: Any):
    answers = {
        "run_script_content": '[ "{{ACS::InstanceId}}" != {{bad}} ] && echo "{{token}} on {{ACS::InstanceId}}"',
        "script_parameters": f"bad={BAD}",
        "script_secret_parameters": f"token={SECRET}",
        "run_script_idempotency_key": "change 9",
    }
    jobs = sliced("first", answers)
    assert len(jobs) == SLICES
    running = [name for name in NODES if name != "i-n-05"]  # the stopped one is a disabled host
    reached = [name for name in running if name != "i-n-03"]  # and one has no agent online
    assert counted(emulator) == dict.fromkeys(reached, 1)
    # every host is in one slice, with a result of its own
    assert sorted(host for job in jobs for host in job.results("Show the outcome")) == running
    assert [list(job.stats["failures"]) for job in jobs if job.status == "failed"] == [[BAD]]
    assert sum(job.stats["artifact_data"]["run_script_total"] for job in jobs) == len(running)
    assert sum(job.stats["artifact_data"]["run_script_succeeded"] for job in jobs) == len(reached) - 1
    assert [name for job in jobs for name in job.stats["artifact_data"]["run_script_failed_instances"]] == [BAD]
    # launched again under its key on two of them, the script runs on the one that failed, and there alone
    again = sliced("second", answers, limit={NODES[0], BAD})
    assert len(again) == 2
    assert counted(emulator) == {name: 2 if name == BAD else 1 for name in reached}
    assert [job.status for job in again].count("failed") == 1
