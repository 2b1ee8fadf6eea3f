# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What errors tell the user and the task's result."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    InputError,
    MissingLibrary,
    TaskFailure,
    TransportError,
    WaitTimeout,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.version import COLLECTION, VERSION


def test_an_input_error_names_the_option() -> None:
    error = InputError("wait_timeout", "must be more than 0")
    assert str(error) == "wait_timeout: must be more than 0"
    assert error.result == {}


def test_an_api_error_reports_everything_once() -> None:
    error = ApiError("RunCommand", "Code", "message", "R-1", 403, "host", "Do this.")
    assert str(error) == "RunCommand: Code: message (HTTP 403, request ID R-1). Do this."
    assert error.result == {"error": error.as_dict()}
    assert set(error.as_dict()) == {"operation", "code", "message", "request_id", "http_status", "host", "hint"}


def test_a_transport_error_warns_when_the_request_may_have_arrived() -> None:
    lost = TransportError("RunCommand", "host", "the reply was interrupted", True, "Look first.")
    assert str(lost).endswith("The request may have arrived and taken effect. Look first.")
    assert "arrived" not in str(TransportError("RunCommand", "host", "refused", False))


def test_failures_keep_what_was_found() -> None:
    assert TaskFailure("failed", results=[1]).result == {"results": [1]}
    assert WaitTimeout("late", invoke_id="t-1").result == {"invoke_id": "t-1"}
    assert isinstance(MissingLibrary("requests", "It sends."), CloudError)


def test_a_missing_library_is_reported_in_whole_sentences() -> None:
    assert "ansible_python_interpreter. It sends." in str(MissingLibrary("requests", "It sends."))
    assert str(MissingLibrary("junitparser")).endswith("ansible_python_interpreter.")


def test_the_version_is_that_of_the_collection() -> None:
    galaxy = (Path(__file__).parents[5] / "galaxy.yml").read_text(encoding="utf-8")
    assert re.search(r"^version: (\S+)$", galaxy, re.M)[1] == VERSION  # type: ignore[index]
    names = [re.search(rf"^{name}: (\S+)$", galaxy, re.M)[1] for name in ("namespace", "name")]  # type: ignore[index]
    assert ".".join(names) == COLLECTION
