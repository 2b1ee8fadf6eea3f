# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as skipped among the results of a run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.gathering import Gathering
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.judging import Judge
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline


@pytest.mark.parametrize(
    ("row", "skip", "status"),
    [
        ({"status": "Aborted", "error_code": "InstanceNotRunning"}, True, "Skipped"),
        ({"status": "Aborted", "error_code": "InstanceNotRunning"}, False, "Aborted"),
        (
            {"status": "Aborted", "error_code": "ClientNotResponse", "started_at": "2026-01-01T00:00:00Z"},
            True,
            "Skipped",
        ),
        ({"status": "Failed", "error_code": "ClientNotOnline"}, True, "Skipped"),
        ({"status": "Aborted", "error_code": "DeliveryTimeout"}, True, "Aborted"),
        # half of the script may have run there
        ({"status": "Error", "error_code": "InstanceNotRunning", "started_at": "2026-01-01T00:00:00Z"}, True, "Error"),
        ({"status": "Error", "error_code": "ClientNotResponse", "started_at": "2026-01-01T00:00:00Z"}, True, "Error"),
    ],
)
def test_only_what_has_not_begun_is_skipped(row: dict[str, Any], skip: bool, status: str):
    gathering = Gathering(None, Deadline(1), Judge(skip=skip))  # type: ignore[arg-type]
    gathering.keep([InstanceResult("i-1", **row)])
    assert gathering.in_order(["i-1"])[0].status == status
    assert gathering.failed == (status != "Skipped")
