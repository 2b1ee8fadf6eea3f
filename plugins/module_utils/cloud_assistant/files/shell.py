# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The common beginning of the scripts that send and fetch files, and how values get into a script."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

PRELUDE = r"""
LC_ALL=C
export LC_ALL
say() { printf '%s\n' "$*"; }
tidy() { :; }
fail() { tidy; say "error $*"; exit 0; }
need() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || fail ToolMissing "$tool is not installed on the instance"
  done
}
"""
"""``say`` prints a line of the report; ``fail``, with a code and a text, ends the script once ``tidy`` has cleaned."""


INVALID_OUTPUT = "ScriptOutputInvalid"
"""Our own error code of an instance on which a script printed something else than its report."""


def invalid_output(text: str) -> tuple[str, str]:
    """Return the error code and the explanation for an output that is not a whole report."""
    beginning = text.strip()[:200]
    problem = f"the script's output is not complete: {beginning}" if beginning else "the script printed nothing"
    return INVALID_OUTPUT, problem


def script_with(values: Mapping[str, str | int | bool], body: str) -> str:
    """Return the body with its variables before it, quoted, so that no value is ever taken for code."""
    lines = [
        f"{name}={shlex.quote(str(int(value) if isinstance(value, bool) else value))}" for name, value in values.items()
    ]
    return "\n".join(lines) + "\n" + body.lstrip("\n")
