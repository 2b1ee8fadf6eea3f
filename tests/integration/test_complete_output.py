# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The complete output of a run on an emulated fleet: both streams, of any size, and nothing left on the instances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations import waiting
from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_run_command
from support.module_runs import Cloud

LARGE = "yes $(head -c 40000 /dev/urandom | base64 | tr -d '\\n') | head -c 200000; echo $0 >&2"
"""It names its own file, which lies in the directory that keeps the output."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_LOOK", 0.02)
    monkeypatch.setattr(waiting, "proportional_interval", lambda elapsed: 0.05)


@pytest.fixture
def cloud(emulator: Any) -> Cloud:
    return Cloud(emulator)


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
        assert not Path(err.read_text().strip()).parent.exists()
        assert out.stat().st_mode & 0o777 == 0o600
    assert cloud.warnings == []


def test_what_a_script_printed_before_its_timeout_is_not_lost(cloud: Cloud):
    ids = list(cloud.emulator.reset(instances=1))
    result = complete(cloud, ids, "echo $0; echo problem >&2; sleep 30", timeout=1)
    assert result["failed"]
    assert ".cloudops-output." in result["stdout"]
    assert not Path(result["stdout"]).parent.exists()
    # some shells add that their child was killed
    assert result["stderr"].splitlines()[0] == "problem"
    assert "ended after 1 s (timeout)" in result["msg"]


def test_more_than_max_output_is_said(cloud: Cloud):
    ids = list(cloud.emulator.reset(instances=1))
    result = complete(cloud, ids, "seq 1 100000", max_output=100)
    assert len(result["stdout"]) <= 100
    assert result["results"][0]["dropped"] > 500000
    assert "output: the output is longer than max_output on instance" in cloud.warnings[0]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"type": "RunBatScript"}, "of a RunBatScript"),
        ({"container_name": "web"}, "in a container"),
        ({"frequency": "rate(1h)"}, "of scheduled runs"),
        ({"wait": False}, "with wait: false"),
        ({"output_dir": "/nowhere/at/all"}, "does not exist"),
        ({"content": "#" * 16000}, "output: complete adds"),
    ],
)
def test_what_cannot_be_complete_is_refused_with_the_reason(cloud: Cloud, options: dict[str, Any], reason: str):
    result = complete(cloud, ["i-1"], **{"content": "x", **options})
    assert result["failed"]
    assert reason in result["msg"]
