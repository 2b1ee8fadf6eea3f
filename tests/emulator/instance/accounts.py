# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users and groups of an instance, read from its own passwd and group files as the agent reads them."""

from __future__ import annotations

import os
import re
from typing import NamedTuple


class Account(NamedTuple):
    """What a process becomes: user id, group id, all group ids."""

    uid: int
    gid: int
    groups: tuple[int, ...]


class Book:
    """The accounts of one instance; ``passwd`` and ``group`` are the paths of its files."""

    def __init__(self, passwd: str, group: str) -> None:
        self._users = _rows(passwd, 7)
        self._groups = _rows(group, 4)

    def home(self, name: str) -> str:
        """Home directory of the user of exactly this name, "" when there is none."""
        return next((row[5] for row in self._users if row[0] == name), "")

    def uid(self, name: str) -> int | None:
        """User id by name; numbers are not names."""
        return next((int(row[2]) for row in self._users if row[0] == name), None)

    def gid(self, name: str) -> int | None:
        """Group id by name; numbers are not names."""
        return next((int(row[2]) for row in self._groups if row[0] == name), None)

    def find_as_id_does(self, text: str) -> Account | None:
        """Return the account that ``id TEXT`` answers for, None where it fails.

        The agent gives the name to a shell without quotes; so blanks around it vanish, and only what stands before
        ``;``, ``&`` or ``|`` counts. No shell sees the text here.
        """
        words = re.split(r"[;&|]", text)[0].split()
        rows = [next((row for row in self._users if word in (row[0], row[2])), None) for word in words]
        if not rows or None in rows:
            return None
        name, _password, uid, gid = rows[0][:4]  # type: ignore[index]
        further = {int(row[2]) for row in self._groups if name in row[3].split(",")}
        return Account(int(uid), int(gid), (int(gid), *sorted(further - {int(gid)})))


def become(account: Account) -> None:
    """Turn the calling process into the account's: groups, group, user. Raises OSError where that is not allowed."""
    try:
        os.setgroups(account.groups)
    except PermissionError:
        # an unprivileged user namespace has one user and one group, which cannot be changed
        if (account.uid, account.gid) != (os.getuid(), os.getgid()):
            raise
    os.setgid(account.gid)
    os.setuid(account.uid)


def _rows(path: str, columns: int) -> list[list[str]]:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        rows = [line.rstrip("\n").split(":") for line in file]
    return [row for row in rows if len(row) >= columns and row[2].isdigit()]
