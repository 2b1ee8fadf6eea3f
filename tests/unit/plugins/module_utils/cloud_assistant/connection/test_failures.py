# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each row of the error funnel."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection import failures
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.failures import (
    Refused,
    Unreachable,
    from_call,
    from_status,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    InputError,
    TransportError,
    WaitTimeout,
)


@pytest.mark.parametrize("code", failures.UNREACHABLE)
def test_codes_of_an_instance_that_cannot_be_reached(code: str) -> None:
    advice = failures.UNREACHABLE[code]
    refused = from_call(ApiError("RunCommand", code, "m", "r", 400), "i")
    for error in (refused, from_status("i", "Failed", code, "", 1, "")):
        assert isinstance(error, Unreachable)
        assert code in str(error)
        assert str(error).endswith(advice)


@pytest.mark.parametrize("code", failures.FAILED)
def test_codes_that_fail_the_task(code: str) -> None:
    advice = failures.FAILED[code]
    refused = from_call(ApiError("RunCommand", code, "m", "r", 403), "i")
    for error in (refused, from_status("i", "Failed", code, "", 1, "")):
        assert isinstance(error, Refused)
        assert str(error).endswith(advice)


def test_everything_else() -> None:
    for error, kind in (
        (ApiError("RunCommand", "Forbidden.RAM", "m", "r", 403), Refused),
        (ApiError("RunCommand", "Throttling", "m", "r", 400), Refused),
        (ApiError("RunCommand", "Anything", "m", "r", 502), Unreachable),
        (TransportError("RunCommand", "host", "reset", may_have_arrived=True), Unreachable),
        (WaitTimeout("late"), Unreachable),
        (InputError("region", "is required"), Refused),
    ):
        found = from_call(error, "i-1")
        assert found.__class__ is kind
        assert str(found).startswith("i-1: ")
        assert found.result == error.result
        assert from_call(found, "i-1") is found
    assert isinstance(from_status("i", "Aborted", "", "", None, ""), Unreachable)
    assert isinstance(from_status("i", "Success", "", "", 0, ""), Refused)
