# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Describe the file that a user wants to send, and check whether it can be sent."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...common.checks import (
    check_no_control_characters,
    check_octal_mode,
    check_seconds,
    check_text,
    check_wait_timeout,
    is_windows_path,
)
from ...common.errors import InputError
from ..tags import check_tags
from ..targets import Targets
from .parts import MAX_FILE_BYTES, PART_BYTES
from .send_scripts import TargetFile

MAX_NAME = 255
"""Characters of a file name, and bytes of it on the instance (SendFile, Name)."""
MAX_DIRECTORY = 255
"""Characters (SendFile, TargetDir)."""
MAX_DESCRIPTION = 512
"""Characters (SendFile, Description)."""
MAX_ACCOUNT = 64
"""Characters (SendFile, FileOwner and FileGroup)."""
MIN_TIMEOUT, MAX_TIMEOUT = 10, 86400
"""Seconds (SendFile, Timeout: less is raised to 10 by the service)."""

_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
_WINDOWS_NAME = re.compile(r'[<>:"|?*\\/]')


def split_dest(dest: str) -> tuple[str, str | None]:
    """Return directory and name of a file's path; the name is None if it ends with a slash (a backslash on Windows).

    Raises InputError if the path is not absolute.
    """
    windows = is_windows_path(dest)
    if not windows and not dest.startswith("/"):
        raise InputError("dest", f"{dest!r} is not an absolute path on Linux or Windows")
    directory, name = (ntpath if windows else posixpath).split(dest)
    return directory, name or None


@dataclass(frozen=True)
class SendRequest:
    """A file to send, and the mode and ownership it should get.

    ``mode`` is octal text; None leaves the permissions of an existing file and gives a new one 0644. ``owner`` and
    ``group`` None leave those of an existing file and give a new one root's. ``timeout`` and ``wait_timeout`` are in
    seconds, the first for each delivery and script, the second for everything.
    """

    targets: Targets
    data: bytes = field(repr=False)
    target_dir: str
    name: str
    mode: Any = None
    owner: str | None = None
    group: str | None = None
    overwrite: bool = True
    description: str | None = None
    timeout: int = 60
    wait_timeout: float | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    compress: bool = True
    checksum: bool = True
    keep_parts: bool = True
    unready: str = "fail"
    write: bool = True
    show: bool = False

    @cached_property
    def windows(self) -> bool:
        """Whether the directory is one of Windows, and so the instances are."""
        return is_windows_path(self.target_dir)

    @cached_property
    def path(self) -> str:
        """The whole path on the instances."""
        if self.windows:
            return self.target_dir.rstrip("\\/") + "\\" + self.name
        return self.target.path

    @cached_property
    def target(self) -> TargetFile:
        """Where the file goes on Linux."""
        return TargetFile(
            directory=self.target_dir,
            name=self.name,
            # as stat prints it
            mode=(str(self.mode).lstrip("0") or "0") if self.mode is not None else "",
            owner=self.owner or "",
            group=self.group or "",
        )

    @cached_property
    def fits_one_delivery(self) -> bool:
        """Whether a single SendFile can make exactly this as a new file on Linux.

        It cannot make an empty file, sets only the plain permission bits, knows accounts by name only, and lets
        any user read the file for a moment before it sets the mode.
        """
        mode = int(str(self.mode), 8) if self.mode is not None else 0o644
        by_name = not any((account or "").isdigit() for account in (self.owner, self.group))
        return 0 < len(self.data) <= PART_BYTES and mode <= 0o777 and mode & 0o444 == 0o444 and by_name

    @property
    def needs_no_look(self) -> bool:
        """Whether a single SendFile can make exactly this over any old file, and no comparison is asked for.

        On Linux it always sets a mode. It sets owner and group together, and neither of them where both are root.
        """
        accounts = {self.owner, self.group}
        as_asked = self.mode is not None and (accounts == {None} or (None not in accounts and accounts != {"root"}))
        return self.windows or (not self.checksum and self.fits_one_delivery and as_asked)

    def check(self, generation: str = "current") -> None:
        """Raise InputError for the first thing that cannot be done."""
        if generation == "classic":
            raise InputError("api_generation", "classic (the API of 2018) cannot send files")
        self._check_name()
        self._check_directory()
        self._check_permissions()
        if len(self.data) > MAX_FILE_BYTES:
            raise InputError("content", f"has {len(self.data)} bytes; at most {MAX_FILE_BYTES} (64 MiB) can be sent")
        if self.windows and not 0 < len(self.data) <= PART_BYTES:
            raise InputError("content", f"has {len(self.data)} bytes; Windows instances accept 1 to {PART_BYTES}")
        check_text("description", self.description, MAX_DESCRIPTION, multiline=True)
        check_seconds("timeout", self.timeout, MIN_TIMEOUT, MAX_TIMEOUT)
        check_wait_timeout(self.wait_timeout)
        check_tags(self.tags)

    def _check_name(self) -> None:
        if self.name in ("", ".", ".."):
            raise InputError("name", f"{self.name!r} is not a valid file name")
        size = len(self.name.encode("utf-8", "surrogateescape"))
        if max(len(self.name), size) > MAX_NAME:
            raise InputError("name", f"has {size} bytes; at most {MAX_NAME} are allowed")
        if "/" in self.name or (self.windows and _WINDOWS_NAME.search(self.name)):
            raise InputError(
                "name", f"{self.name!r} contains a character that is not allowed in a file name; see target_dir"
            )
        check_no_control_characters("name", self.name)

    def _check_directory(self) -> None:
        if not self.windows and not self.target_dir.startswith("/"):
            raise InputError("target_dir", f"{self.target_dir!r} is not an absolute path on Linux or Windows")
        check_text("target_dir", self.target_dir, MAX_DIRECTORY)
        if not self.windows and len(self.target.staging) > MAX_DIRECTORY:
            extra = len(self.target.staging) - len(self.target_dir)
            problem = f"has {len(self.target_dir)} characters; at most {MAX_DIRECTORY - extra} are allowed"
            raise InputError("target_dir", f"{problem}, because the path of the staging directory is longer")

    def _check_permissions(self) -> None:
        for option in ("mode", "owner", "group"):
            if self.windows and getattr(self, option) is not None:
                raise InputError(option, "is for Linux only, but target_dir is a Windows directory")
        check_octal_mode("mode", self.mode)
        for option in ("owner", "group"):
            account = getattr(self, option)
            if account is None:
                continue
            if not 1 <= len(account) <= MAX_ACCOUNT:
                raise InputError(option, f"has {len(account)} characters; it must have 1 to {MAX_ACCOUNT}")
            if not (_ACCOUNT.fullmatch(account) or (account.isascii() and account.isdigit())):
                raise InputError(option, f"{account!r} is not a valid name or number")
