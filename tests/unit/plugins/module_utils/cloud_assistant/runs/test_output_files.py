# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Output in files: what a folder that takes none costs."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.output_files import (
    write_outputs,
)


def test_one_warning_names_the_instances_whose_output_was_not_written(tmp_path: Path):
    outcome = RunOutcome([InstanceResult(f"i-{n}", "Success", rc=0, output=b"out", stderr=b"") for n in range(1000)])
    told: list[str] = []
    write_outputs(tmp_path / "gone", outcome, lambda texts: texts, told.append)
    assert [result.output for result in outcome.results] == [b"out"] * 1000
    [text] = told
    assert text.startswith("output_dir: the output of 1000 instances (i-0, i-1, i-2, i-3, i-4 and 995 more)")
    assert text.endswith("could not be written, so the task returns it: No such file or directory")
