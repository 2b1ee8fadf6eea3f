# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing one sent file as the agent does: its order of checks, its modes, its rule for owners."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from typing import Any

from .accounts import Book

SUCCESS, CREATE_FAILED, CHOWN_FAILED, CHMOD_FAILED, MKDIR_FAILED = range(5)
_DEFAULT_DIR = "/root"
_DEFAULT_MODE = 0o644


def failed(code: int, error: OSError) -> dict[str, Any]:
    """Return the report of a delivery that the system refused."""
    return {"status": "Failed", "code": code, "param": "", "value": "", "errno": error.errno or 0}


def _invalid(param: str, value: str) -> dict[str, Any]:
    return {"status": "Invalid", "code": 0, "param": param, "value": value, "errno": 0}


def _mode(text: str) -> int | None:
    """Return permission bits of a mode of 3 or 4 characters; a leading plus passes, as Go's number parser lets it."""
    if not text:
        return _DEFAULT_MODE
    if len(text) not in (3, 4) or not re.fullmatch(r"\+?[0-7]+", text):
        return None
    return int(text, 8) & 0o777


def write(task: Mapping[str, Any], content: bytes | None, inside: Callable[[str], str], book: Book) -> dict[str, Any]:
    """Write the file of ``task`` (name, target_dir, owner, group, mode, overwrite, refusal) and report.

    ``refusal`` is what the content's own checks found ({"param", "value"}), reported in its place of the order.
    ``inside`` turns an absolute path of the instance into the one to open.
    """
    if not task["name"]:
        return _invalid("FileNameInvalid", "")
    refusal = task["refusal"]
    if refusal and refusal["param"] == "EmptyFile":
        return _invalid("EmptyFile", refusal["value"])
    directory = inside(task["target_dir"] or _DEFAULT_DIR)
    try:
        os.makedirs(directory, mode=0o777, exist_ok=True)
    except OSError as error:
        return failed(MKDIR_FAILED, error)
    if refusal:
        return _invalid(refusal["param"], refusal["value"])
    mode = _mode(task["mode"])
    if mode is None:
        return _invalid("InvalidFileMode", task["mode"])
    path = os.path.normpath(f"{directory}/{task['name']}")
    # if the file cannot be examined, for example because its name is too long, it counts as existing
    if not task["overwrite"] and not _absent(path):
        return _invalid("FileExist", task["name"])
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(content or b"")
    except OSError as error:
        return failed(CREATE_FAILED, error)
    try:
        os.chmod(path, mode)
    except OSError as error:
        return failed(CHMOD_FAILED, error)
    return _give(path, task["owner"], task["group"], book)


def _absent(path: str) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return True
    except OSError:
        return False
    return False


def _give(path: str, owner: str, group: str, book: Book) -> dict[str, Any]:
    done = {"status": "Success", "code": SUCCESS, "param": "", "value": "", "errno": 0}
    # no name given, or root for both: an overwritten file keeps its owner
    if owner in ("", "root") and group in ("", "root") and (owner == group):
        return done
    uid = book.uid(owner or "root")
    if uid is None:
        return _invalid("FileOwnerNotExist", owner)
    gid = book.gid(group or "root")
    if gid is None:
        return _invalid("FileGroupNotExist", group)
    before = os.stat(path)
    try:
        os.chown(path, uid, gid)
        # a change of owner may clear bits
        os.chmod(path, stat.S_IMODE(before.st_mode))
    except OSError as error:
        return failed(CHOWN_FAILED, error)
    return done
