# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content that looks wrong is sent as it is, with a warning, by every module that takes content."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import run_in_process
from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_command, ecs_run_command, ecs_send_file
from support.any_values import RequestSent, cut_off

ACCOUNT = {"region": "cn-hangzhou", "access_key_id": "LTAIexample", "access_key_secret": "secret-of-the-key"}
TASKS: list[tuple[ModuleType, dict[str, Any]]] = [
    (ecs_run_command, {"instance_ids": ["i-1"]}),
    (ecs_command, {"name": "c"}),
    (ecs_send_file, {"instance_ids": ["i-1"], "dest": "/opt/a.sh"}),
]
LINUX = pytest.mark.parametrize(
    ("module", "task"), TASKS, ids=lambda value: getattr(value, "__name__", "").split(".")[-1]
)


@pytest.fixture(autouse=True)
def no_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let nothing be sent, and nothing of this machine be known."""
    cut_off(monkeypatch, tmp_path)


def warnings_of(module: ModuleType, task: dict[str, Any]) -> str:
    """Return what the module warns of before it sends the first request."""
    found: list[str] = []
    with contextlib.suppress(RequestSent):
        result = run_in_process(
            module.SPEC,
            module.ensure,
            {**ACCOUNT, **task},
            check_mode=False,
            diff_mode=False,
            warn=found.append,
            progress=lambda text: None,
        )
        pytest.fail(str(result))
    return "\n".join(found)


@LINUX
@pytest.mark.parametrize(
    ("content", "warning"),
    [
        ("ZWNobyBoZWxsbw==", "content looks like Base64"),
        ("\ufeff#!/bin/sh\necho a\n", "byte order mark"),
        ("#!/bin/sh\r\necho a\r\n", "end in CRLF"),
        ("#!/bin/sh\necho a\n", ""),
        ("aGVsbG8gaGVsbG8=" + "=", ""),
        ("deadbeef", ""),
    ],
)
def test_content_that_looks_wrong(module: ModuleType, task: dict[str, Any], content: str, warning: str):
    found = warnings_of(module, {**task, "content": content})
    assert warning in found if warning else not found


@LINUX
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_script_in_utf_16(module: ModuleType, task: dict[str, Any], encoding: str, tmp_path: Path):
    script = tmp_path / "a.sh"
    script.write_bytes("\ufeff#!/bin/sh\necho a\n".encode(encoding))
    assert "encoded in UTF-16" in warnings_of(module, {**task, "src": str(script)})


@pytest.mark.parametrize(
    ("dest", "content"),
    [("/srv/data.csv", "a;b\r\n1;2\r\n"), ("/srv/data.csv", "\ufeffa;b\n"), ("C:\\a\\a.sh", "#!/bin/sh\r\n")],
)
def test_a_file_that_is_not_a_script_for_linux_may_look_like_that(dest: str, content: str):
    assert not warnings_of(ecs_send_file, {"instance_ids": ["i-1"], "dest": dest, "content": content})
