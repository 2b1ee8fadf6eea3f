# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that a module was given: as text, or as a file on the host where the module runs."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.content import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError


def given_script(content: str | None, src: str | None) -> ScriptContent | None:
    """Return the script of the options ``content`` and ``src``, None when neither is given.

    Files of the controller arrive as ``content``; a path that is still there is one of the module's own host.
    Raises InputError when the file cannot be read.
    """
    if content is not None:
        return ScriptContent.from_text(content)
    if src is None:
        return None
    try:
        return ScriptContent(Path(src).read_bytes())
    except OSError as error:
        raise InputError("src", f"{src} cannot be read: {error.strerror}") from error
