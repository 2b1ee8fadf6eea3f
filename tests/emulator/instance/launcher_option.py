# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Launchers: the program that is started with the script's path instead of ``sh -c``."""

from __future__ import annotations

import re

from .agent_placeholders import InvalidParameter
from .process import SCRIPT_MARK

_PLACEHOLDER = re.compile(
    r"\{\{\s*ACS\s*::\s*ScriptFileName\s*(?:\|\s*ext\(\s*[\"']?([^\"')]*)[\"']?\s*\)\s*)?\}\}", re.IGNORECASE
)
_ANY_PLACEHOLDER = re.compile(r"\{\{.*?\}\}")
# quotes stay part of their word: no shell takes them off
_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|\S+")


def parse(text: str) -> tuple[list[str], str | None]:
    """Return arguments with SCRIPT_MARK for the script's path, and the file's extension (None: the type's own).

    Raises InvalidParameter for another placeholder or a second one. An empty launcher has no arguments.
    """
    if not text.strip():
        return [], None
    found = _PLACEHOLDER.findall(text)
    rest = _PLACEHOLDER.sub(SCRIPT_MARK, text)
    strange = _ANY_PLACEHOLDER.search(rest)
    if strange or len(found) > 1:
        what = strange.group() if strange else "{{ACS::ScriptFileName}} twice"
        raise InvalidParameter("InvalidEnvironmentParameter", f"The launcher's environment parameter {what} is invalid")
    words = _WORD.findall(rest)
    if words[0].startswith("@@"):
        words[0] = words[0][1:]
    return (words, found[0]) if found else ([*words, SCRIPT_MARK], None)
