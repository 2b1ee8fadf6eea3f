# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance side and the schedules answer as the recorded agent does."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant import frequency
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.cron import CronError
from emulator import golden, golden_schedules
from emulator.instance import replay, schedules

_TESTS = Path(__file__).resolve().parents[2]
_RECORDINGS = _TESTS / "emulator" / "recordings"
_SHARDS = 3
# the only reasons for which a recording may be left out; a new one is to be looked at
_KNOWN_REASONS = (
    "the recorded agent",
    "speaks of the agent's own requests",
    "probes of the recording machine",
    "there is no ",
    "needs root",
    "needs a mount namespace",
    "the recording holds only the digest",
)


def _check(rows: list[dict]) -> None:
    tally = golden.replay(rows)
    assert not tally.failures
    assert tally.passed
    assert [reason for _name, reason in tally.skips if not reason.startswith(_KNOWN_REASONS)] == []


@pytest.mark.parametrize("shard", range(_SHARDS))
def test_script_runs(shard: int) -> None:
    # neighbours in the file take alike long
    _check(list(golden.read([_RECORDINGS / "agent_runs.jsonl"]))[shard::_SHARDS])


def test_file_deliveries() -> None:
    _check(list(golden.read([_RECORDINGS / "agent_sendfile.jsonl"])))


def test_next_runs() -> None:
    _check(list(golden.read([_RECORDINGS / "schedule_next.jsonl"])))


def _collection_reads(kind: str, text: str) -> Any:
    """Return what the collection makes of an expression; moments have another form for it than for the agent."""
    if kind == "At":
        raise replay.Skip("another form")
    try:
        return frequency.read_rate(text) if kind == "Rate" else frequency.read_cron(text, strict=False)
    except CronError as error:
        raise schedules.BadSchedule(error.code) from error


def test_the_collection_predicts_the_recorded_runs() -> None:
    """The emulator reads expressions by itself, so nothing else binds the collection's reading to the agent's."""
    found: dict[str, list[str]] = {}
    for row in golden.read([_RECORDINGS / "schedule_next.jsonl"]):
        with contextlib.suppress(replay.Skip):
            found[golden_schedules.name(row)] = golden_schedules.replay(row, _collection_reads)
    assert len(found) > 200
    assert {name: differences for name, differences in found.items() if differences} == {}


def _replayed(tmp_path: Path, *rows: dict) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "recordings.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return subprocess.run(
        [sys.executable, "-m", "emulator.golden", str(file)], cwd=_TESTS, capture_output=True, text=True, check=False
    )


def _recording(name: str) -> dict:
    return next(row for row in golden.read([_RECORDINGS / "agent_runs.jsonl"]) if row["id"] == name)


def test_a_difference_is_shown_with_both_sides_and_fails(tmp_path: Path) -> None:
    row = _recording("exit/126")
    row["expected"]["exitCode"] = "125"
    done = _replayed(tmp_path, row)
    assert done.returncode == 1
    assert "exitCode: expected '125', got '126'" in done.stdout
    assert done.stdout.endswith("0 passed, 1 failed, 0 skipped\n")


def test_a_skip_names_its_reason(tmp_path: Path) -> None:
    done = _replayed(tmp_path, _recording("exit/126"), _recording("stop/trap-dash-as-sh"))
    assert done.returncode == 0
    assert "skipped stop/trap-dash-as-sh (sh is dash): the recorded agent reports before it kills" in done.stdout
    assert done.stdout.endswith("1 passed, 0 failed, 1 skipped\n")


def test_a_wrong_next_run_fails(tmp_path: Path) -> None:
    row = next(golden.read([_RECORDINGS / "schedule_next.jsonl"]))
    row["next"][0] = "2026-11-22T04:00:00Z"
    done = _replayed(tmp_path, row)
    assert done.returncode == 1
    assert "2026-11-22T04:00:00+00:00" in done.stdout
    assert "2026-11-22T03:00:00+00:00" in done.stdout
