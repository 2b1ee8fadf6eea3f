# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Hide what ``no_log`` and encrypted files keep secret and a result would show all the same."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.module_utils.common.parameters import remove_values

from .paging import batches

REDACTED = "(not shown)"
"""Placeholder in a result or a message for a value that is not repeated there."""

SOURCE_HIDDEN = "(not shown: the source file is encrypted)"
"""Placeholder for the text of a file that is encrypted on the controller."""

_SOURCE_LINE = f"{SOURCE_HIDDEN}\n"

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")

_WORD = 4
"""Characters of a value from which on it is also hidden inside a longer word."""

_IDENTIFIERS = re.compile(r"(?:.*_)?(?:ids?|region)")
"""Options that name what a task works on, without which messages about its outcome would be unreadable."""


_SLICE = 100
"""Entries of a list that are looked at together."""

_CONSTANTS = ("True", "False", "None")
"""How Ansible spells what JSON spells otherwise, where it looks for secrets."""

_to_json = json.JSONEncoder(ensure_ascii=False).encode


def as_printed(secrets: Iterable[str]) -> set[str]:
    """Return the secrets, and those with quotes also as the traces of shells (``set -x``) print them.

    White space alone is not a secret: without it, no message could be read.
    """
    texts = {text for text in secrets if text.strip()}
    quotes = ("'\\''", "'\"'\"'")
    return texts | {text.replace("'", quote) for text in texts if "'" in text for quote in quotes}


def without_values(value: Any, secrets: Iterable[str]) -> Any:
    """Return the plain value without the secrets in it, as ``remove_values`` of ansible-core does.

    That looks at each line of an output separately, which takes seconds for a fleet: here what has a JSON form without
    any secret is returned unchanged.
    """
    secrets = frozenset(secrets)
    if isinstance(value, Mapping):
        return {name: without_values(inner, secrets) for name, inner in value.items()}
    if isinstance(value, list):
        return [item for part in batches(value, _SLICE) for item in _part_without(part, secrets)]
    return value if json_without(value, secrets) is not None else remove_values(value, secrets)


def _part_without(part: Sequence[Any], secrets: frozenset[str]) -> Sequence[Any]:
    return part if json_without(part, secrets) is not None else [without_values(item, secrets) for item in part]


def json_without(value: Any, secrets: Iterable[str]) -> str | None:
    """Return the JSON text of a value, None where the value may hold one of the secrets or has no such text."""
    try:
        text = _to_json(value)
    except (TypeError, ValueError):
        return None
    return None if any(spelling in text for spelling in _spellings(frozenset(secrets))) else text


@functools.lru_cache(maxsize=8)
def _spellings(secrets: frozenset[str]) -> frozenset[str]:
    """Return how a JSON text may spell the secrets; the empty text, which every text holds, if that is unclear."""
    if any(secret in constant for secret in secrets for constant in _CONSTANTS):
        return frozenset({""})
    return frozenset(spelling for secret in secrets for spelling in (secret, _to_json(secret)[1:-1]))


def hide_rows(result: dict[str, Any]) -> None:
    """Let ``no_log`` apply to the list ``results``.

    ansible-core takes a list of that name for the results of a loop, and shows each item that does not say itself that
    it is hidden.
    """
    rows = result.get("results")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            row["_ansible_no_log"] = True


def hide_source(result: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Take the text of a file that is encrypted on the controller out of a result and of its arguments."""
    if arguments.get("content") is not None:
        arguments["content"] = _SOURCE_LINE
    stored = result.get("command")
    if isinstance(stored, dict):
        stored.update({name: _SOURCE_LINE for name in ("content", "content_base64") if name in stored})
    diffs = result.get("diff") or []
    for diff in diffs if isinstance(diffs, list) else [diffs]:
        diff.update({side: _SOURCE_LINE for side in ("before", "after", "prepared") if diff.get(side)})


def hide_lines(message: str, content: str | None) -> str:
    """Return the message without lines of the text of an encrypted file."""
    lines = {line.strip() for line in (content or "").splitlines()}
    return _without(message, {line for line in lines if len(line) >= _WORD})


def hide_refused(message: str, argument_spec: Mapping[str, Mapping[str, Any]], arguments: Mapping[str, Any]) -> str:
    """Return the message about a bad option without any value or part of one; names and choices of options stay.

    ansible-core 2.19 and later show the message of a failed task that has ``no_log``.
    """
    known = {str(choice) for option in argument_spec.values() for choice in option.get("choices") or ()}
    known |= {*argument_spec, *(alias for option in argument_spec.values() for alias in option.get("aliases") or ())}
    message = _without(message, {text for text in _texts(arguments) if text not in known})
    return _QUOTED.sub(lambda match: match[0] if match[0][1:-1] in known else REDACTED, message)


def hide_values(message: str, argument_spec: Mapping[str, Mapping[str, Any]], arguments: Mapping[str, Any]) -> str:
    """Return the message about the outcome of a task without the texts that its options hold.

    What identifies the objects that the task works on stays, and so does what is chosen out of a list.
    """
    texts = {
        text
        for name, value in arguments.items()
        if not argument_spec.get(name, {}).get("choices") and not _IDENTIFIERS.fullmatch(name)
        for text in _texts(value, numbers=False)
    }
    return _without(message, texts)


def _texts(value: Any, *, numbers: bool = True) -> Iterator[str]:
    """Yield every text and, with ``numbers``, every number in a value, but no keys of the outermost dictionary."""
    for item in value.values() if isinstance(value, Mapping) else [value]:
        if isinstance(item, Mapping):
            yield from map(str, item)
            yield from _texts(item, numbers=numbers)
        elif isinstance(item, (list, tuple)):
            for part in item:
                yield from _texts(part, numbers=numbers)
        elif isinstance(item, str) or (numbers and isinstance(item, (int, float)) and not isinstance(item, bool)):
            yield str(item)


def _without(message: str, texts: Iterable[str]) -> str:
    """Return the message with each of the texts replaced, plain or as Python or JSON would quote it."""
    spellings = {
        spelled for text in texts for spelled in (text, text.strip(), repr(text)[1:-1], json.dumps(text)[1:-1])
    }
    patterns = [
        # short ones as whole words only, and no lone punctuation: the rest of the message has to stay readable
        re.escape(text) if len(text) >= _WORD else rf"(?<!\w){re.escape(text)}(?!\w)"
        for text in sorted(spellings, key=len, reverse=True)
        if len(text) <= len(message) and any(char.isalnum() for char in text)
    ]
    return re.sub("|".join(patterns), REDACTED, message) if patterns else message
