# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a file goes: a directory and a name, or one path."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.send_request import (
    split_dest,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError


@pytest.mark.parametrize(
    ("dest", "directory", "name"),
    [
        ("/etc/app/a.conf", "/etc/app", "a.conf"),
        ("/etc/app/", "/etc/app", None),
        ("/a.conf", "/", "a.conf"),
        ("/", "/", None),
        ("C:\\app\\a.txt", "C:\\app", "a.txt"),
        ("C:/app/", "C:/app", None),
        ("d:\\a.txt", "d:\\", "a.txt"),
        ("/etc/back\\slash", "/etc", "back\\slash"),
    ],
)
def test_a_path_is_split_as_its_system_does(dest: str, directory: str, name: str | None):
    assert split_dest(dest) == (directory, name)


@pytest.mark.parametrize("dest", ["", "a.conf", "app/a.conf", "C:a.txt", "~/a.conf"])
def test_a_path_that_is_not_absolute_is_refused(dest: str):
    with pytest.raises(InputError, match="dest: .* is not an absolute path"):
        split_dest(dest)
