# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom parameters ``{{name}}`` in command content, which the service replaces before delivery."""

from __future__ import annotations

import json
import re
from typing import Any

from .call import Call
from .errors import OPERATIONS

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
MOST_PLACEHOLDERS = 20
MOST_VALUES = 10
LONGEST_NAME = 64


def _is_reserved(name: str) -> bool:
    """Built-in parameters and Parameter Store references are resolved on the instance."""
    return bool(re.match(r"(acs\s*::|oos(-secret)?\s*:)", name, re.IGNORECASE))


def placeholders(call: Call, content: bytes) -> list[str]:
    """Return the custom parameter names of a command, each once, in the order of the text."""
    names: dict[str, str] = {}
    for found in _PLACEHOLDER.findall(content.decode("utf-8", "surrogateescape")):
        if _is_reserved(found):
            continue
        if not found:
            raise call.error("CmdParam.EmptyKey")
        if not _NAME.match(found):
            raise call.error("CmdParam.InvalidParamName")
        if len(found.encode()) > LONGEST_NAME:
            raise call.error("CmdParamName.ExceedLimit")
        names.setdefault(found.lower(), found)
    if len(names) > MOST_PLACEHOLDERS:
        raise call.error("CmdParamCount.ExceedLimit")
    return list(names.values())


def is_no_text(value: str) -> bool:
    """Return whether a text holds what no script can: a NUL, or half of a surrogate pair."""
    return any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys as they came, repeated ones included."""


def values(call: Call, enabled: bool, names: list[str]) -> dict[str, str]:
    """Return the ``Parameters`` of a request, by the rules of custom parameters.

    ``enabled`` is the command's EnableParameter, ``names`` are its placeholders.
    """
    text = call.params.text("Parameters")
    table = OPERATIONS[call.action]["errors"]
    if not text:
        return {}
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except ValueError:
        pairs = None
    if not isinstance(pairs, _Pairs):
        raise call.error(
            "InvalidParameter.Parameters" if "InvalidParameter.Parameters" in table else "ParameterType.NotSupported"
        )
    if not pairs:
        return {}
    if not enabled:
        raise call.error("Parameter.Disabled")
    if len(pairs) > MOST_VALUES:
        raise call.error("ParameterCount.ExceedLimit")
    known = {name.lower() for name in names}
    given: dict[str, str] = {}
    for key, value in pairs:
        if not key:
            raise call.error("CmdParam.EmptyKey" if "CmdParam.EmptyKey" in table else "Parameter.NotMatched")
        if len(key) > LONGEST_NAME:
            raise call.error("ParameterKey.ExceedLimit")
        if key.lower() in {seen.lower() for seen in given}:
            raise call.error("ParameterKey.Duplicate")
        if not isinstance(value, str):
            raise call.error("ParameterType.NotSupported")
        if is_no_text(key + value):
            raise call.error("InvalidParameterCharset.Parameters")
        if key.lower() not in known:
            raise call.error("Parameter.NotMatched")
        given[key] = value
    return given


def fill(content: bytes, given: dict[str, str]) -> bytes:
    """Return the content with every custom placeholder replaced; one without a value becomes empty."""
    by_name = {key.lower(): value for key, value in given.items()}

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        return match[0] if _is_reserved(name) or not _NAME.match(name) else by_name.get(name.lower(), "")

    text = content.decode("utf-8", "surrogateescape")
    return _PLACEHOLDER.sub(replace, text).encode("utf-8", "surrogateescape")
