# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of a task to a request: what people are told although it is no error."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.options import (
    RUN_OPTIONS,
    request_from,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent

DEFAULTS: dict[str, Any] = {name: option.get("default") for name, option in RUN_OPTIONS.items()}


def warnings(script: bytes, **options: Any) -> list[str]:
    told: list[str] = []
    params = {**DEFAULTS, "api_generation": "current", "instance_ids": ["i-1"], **options}
    what = {"type": params.pop("type", "RunShellScript"), "enable_parameter": params.pop("enable_parameter", None)}
    request_from(params, check_mode=False, warn=told.append, script=ScriptContent(script), **what)
    return told


@pytest.mark.parametrize(
    ("script", "options", "told"),
    [
        (b"#!/bin/sh\r\necho hi\r\n", {}, True),
        (b"echo hi\r\n", {"container_name": "web"}, True),
        (b"#!/bin/sh\necho hi\n", {}, False),
        (b"print('hi')\r\n", {"launcher": "python3"}, False),
        (b"echo hi\r\n", {"type": "RunBatScript"}, False),
    ],
)
def test_windows_line_ends_in_a_linux_script_cause_a_warning(script: bytes, options: dict[str, Any], told: bool):
    assert [("CRLF" in text) for text in warnings(script, **options)] == [True] * told


@pytest.mark.parametrize("options", [{"username": "web"}, {"working_dir": "/srv"}])
def test_what_has_no_effect_in_a_container_causes_a_warning(options: dict[str, Any]):
    assert warnings(b"id", **options) == []
    assert warnings(b"id", container_name="web", **options) == [
        "username and working_dir have no effect in a container"
    ]


@pytest.mark.parametrize(
    ("script", "options", "told"),
    [
        (b"echo [{{a}}][{{b}}]", {"parameters": {"a": "1"}}, "no values are given for b;"),
        (b"echo {{a}} {{ACS::InstanceId}}", {}, "no values are given for a;"),
        (b"echo {{a}}", {}, None),
        (b"echo {{a}}", {"enable_parameter": True}, "no values are given for a;"),
        (b"ZWNobyBoZWxsbw==", {}, "looks like Base64"),
        (b"\xef\xbb\xbfecho hi", {}, "byte order mark"),
    ],
)
def test_suspicious_values_are_sent_with_a_warning(script: bytes, options: dict[str, Any], told: str | None):
    found = warnings(script, **options)
    assert len(found) == (told is not None)
    assert told is None or told in found[0]
