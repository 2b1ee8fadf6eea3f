# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of results and invocations, of both generations."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.grouping import Summary
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import (
    InstanceResult,
    Invocation,
    parse_time,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.states import LIVE, SKIPPED
from hypothesis import given
from hypothesis import strategies as st

STATES = ["Success", "Failed", "Timeout", "Error", "Aborted", "Invalid", "Cancelled", "Terminated", SKIPPED, *LIVE]


def row(**fields: Any) -> dict[str, Any]:
    return {"InstanceId": "i-1", "InvokeId": "t-1", "InvocationStatus": "Success", "ExitCode": 0, **fields}


@pytest.mark.parametrize(
    ("fields", "rc"),
    [
        ({}, 0),
        ({"InvocationStatus": "Failed", "ExitCode": 3}, 3),
        ({"InvocationStatus": "Timeout", "ExitCode": 1}, None),
        ({"InvocationStatus": "Aborted", "ExitCode": 0}, None),
        ({"InvocationStatus": "Running", "ExitCode": 0}, None),
        ({"InvocationStatus": "Success", "ExitCode": None}, None),
        ({"InvocationStatus": "Scheduled", "ExitCode": 4, "Repeats": 2}, 4),
        ({"InvocationStatus": "Scheduled", "ExitCode": 0, "Repeats": 0}, None),
    ],
)
def test_the_exit_code_is_known_only_if_the_script_exited(fields: dict[str, Any], rc: int | None):
    result = InstanceResult.from_row(row(**fields))
    assert result.rc == rc
    assert ("rc" in result.as_dict()) is (rc is not None)


def test_output_is_left_out_where_it_was_not_read_and_kept_where_it_is_empty():
    assert "stdout" not in InstanceResult.from_row(row()).as_dict()
    empty = InstanceResult.from_row(row(Output="")).as_dict()
    assert (empty["stdout"], empty["stdout_lines"]) == ("", [])


@given(st.binary(max_size=60))
def test_output_of_any_bytes_becomes_text(data: bytes):
    result = InstanceResult.from_row(row(Output=base64.b64encode(data).decode()))
    assert result.output == data
    assert result.as_dict()["stdout"] == data.decode("utf-8", "replace").rstrip("\r\n")


def test_no_value_of_a_result_is_null():
    assert None not in InstanceResult.from_row({"InstanceId": "i-1"}).as_dict().values()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"ExitCode": 0, "FinishedTime": "2018-01-05 15:45:02"}, "Success"),
        ({"ExitCode": 2}, "Failed"),
        ({"InvokeRecordStatus": "Finished", "ExitCode": 0}, "Success"),
        ({"InvokeRecordStatus": "Running"}, "Running"),
        ({"InstanceInvokeStatus": "Stopped"}, "Terminated"),
        ({"InvokeRecordStatus": "Failed"}, "Failed"),
    ],
)
def test_older_words_are_put_into_the_current_ones(fields: dict[str, Any], status: str):
    assert InstanceResult.from_row({"InstanceId": "i-1", **fields}).status == status


@given(st.lists(st.tuples(st.sampled_from(STATES), st.booleans())))
def test_the_total_is_the_sum_of_its_parts(rows: list[tuple[str, bool]]):
    results = [InstanceResult(f"i-{number}", status, previous=old) for number, (status, old) in enumerate(rows)]
    summary = Summary.of(results)
    assert summary.total == len(rows)
    assert summary.total == summary.success + summary.failed + summary.skipped + summary.running
    assert summary.failed == sum(result.failed for result in results)
    assert summary.previous <= summary.success + summary.running + summary.skipped


def test_an_invocation_shows_its_parameters_names_only():
    invocation = Invocation.from_row(
        {
            "InvokeId": "t-1",
            "InvocationStatus": "Running",
            "Parameters": '{"password":"hidden"}',
            "CommandContent": base64.b64encode(b"echo {{password}}").decode(),
            "InvokeInstances": {"InvokeInstance": [{"InstanceId": "i-1", "InvocationStatus": "Running"}]},
            "Tags": {"Tag": [{"TagKey": "team", "TagValue": "ops"}]},
        }
    )
    shown = invocation.as_dict()
    assert shown["parameter_names"] == ["password"]
    assert "hidden" not in repr(shown) + repr(invocation)
    assert (shown["content"], shown["instance_ids"], shown["tags"]) == ("echo {{password}}", ["i-1"], {"team": "ops"})
    assert invocation.instances[0].invoke_id == "t-1"
    assert invocation.live


def test_times_of_both_generations_are_utc():
    assert parse_time("2018-01-05 15:45:02") == parse_time("2018-01-05T15:45:02Z")
    assert parse_time("") is None
