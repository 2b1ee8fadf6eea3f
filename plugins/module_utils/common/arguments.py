# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Look at the arguments before Ansible converts them: refuse what no option can take, split lists given as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.common.validation import check_type_dict

from .errors import InputError

CONTENT = "content"
"""The option for the text of a file: it may hold any bytes, and the module that takes it checks what it can use."""

MAX_NUMBER = 2**63 - 1
"""The largest number that the APIs can represent (a signed integer of 64 bits)."""

MAX_DEPTH = 32
"""Levels of lists and dictionaries within each other; no option has a use for more than three."""


def refuse_unusable(argument_spec: Mapping[str, Mapping[str, Any]], arguments: Mapping[str, Any]) -> None:
    """Raise InputError for the first value that no option can take; the message never quotes the value.

    These are texts with a NUL or with characters that have no UTF-8 form, lists and dictionaries for texts, booleans
    for scripts and for numbers, numbers that are not finite or have more than 64 bits, values nested too deeply,
    anything but a dictionary for an option with suboptions, and texts for a dictionary on which Ansible breaks down.
    """
    names = {alias: name for name, option in argument_spec.items() for alias in option.get("aliases") or ()}
    for given, value in arguments.items():
        if given.startswith("_ansible_"):
            continue
        name = names.get(given, given)
        option = argument_spec.get(name, {})
        problem = (
            _nested_problem(value, is_content=name == CONTENT)
            or _text_problem(option, value, is_content=name == CONTENT)
            or _number_problem(option, value)
            or _suboptions_problem(option, value)
            or _dictionary_problem(option, value)
        )
        if problem:
            raise InputError(given, problem)


def split_lists(argument_spec: Mapping[str, Mapping[str, Any]], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments, each list that is given as text split at its commas, without the blanks around entries.

    Ansible splits such a text as well, as a survey or the command line gives it, but keeps the blanks in the entries.
    """
    lists = {
        spelling
        for name, option in argument_spec.items()
        if option.get("type") == "list"
        for spelling in (name, *(option.get("aliases") or ()))
    }
    return {
        name: [entry.strip() for entry in value.split(",")] if name in lists and isinstance(value, str) else value
        for name, value in arguments.items()
    }


def _nested_problem(value: Any, *, is_content: bool) -> str | None:
    """Return what is wrong with the value or a part of it, None for nothing."""
    level: list[Any] = [value]
    for _depth in range(MAX_DEPTH):
        problem = next(filter(None, (_problem(item, is_content=is_content) for item in level)), None)
        if problem:
            return problem
        level = [part for item in level for part in _parts(item)]
        if not level:
            return None
    return f"is nested too deeply; at most {MAX_DEPTH} levels are allowed"


def _parts(value: Any) -> Sequence[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, (list, tuple)) else ()


def _problem(value: Any, *, is_content: bool) -> str | None:
    if isinstance(value, str) and not is_content:
        if "\0" in value:
            return "must not contain a NUL character"
        if not _has_utf8_form(value):
            return "is not valid UTF-8 text"
    if isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        return f"is too large a number; the limit is {MAX_NUMBER}"
    return None


def _has_utf8_form(text: str) -> bool:
    """Return whether the text has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text_problem(option: Mapping[str, Any], value: Any, *, is_content: bool) -> str | None:
    """Return why a value is not text: Ansible writes lists and dictionaries as Python does, which no user wants."""
    kind = option.get("type", "str") if option else None
    if kind == "list" and option.get("elements") == "str":
        found = next(filter(None, map(_not_text, value if isinstance(value, (list, tuple)) else ())), None)
        return f"an entry must be text, and is {found}" if found else None
    found = _not_text(value) if kind in ("str", "path") else None
    if found:
        advice = "; for JSON, use the filter to_json" if is_content else ""
        return f"must be text, and is {found}{advice}"
    if is_content and isinstance(value, bool):
        return "must be text, and is a boolean; put quotes around it"
    return None


def _not_text(value: Any) -> str | None:
    """Return what a value is that has parts; None for any other."""
    if isinstance(value, Mapping):
        return "a dictionary"
    return "a list" if isinstance(value, (list, tuple)) else None


def _number_problem(option: Mapping[str, Any], value: Any) -> str | None:
    """Return why a number cannot be used: a boolean, without an integer value, or too long for Python to print."""
    kind = option.get("elements") if option.get("type") == "list" else option.get("type")
    if kind not in ("int", "float"):
        return None
    if any(isinstance(item, bool) for item in (value, *_parts(value))):
        # Ansible accepts it, because Python counts it among the integers
        return "must be a number, and is a boolean"
    items = value.split(",") if isinstance(value, str) else _parts(value)
    for text in items:
        try:
            number = float(text) if isinstance(text, str) else 0.0
            problem = _problem(number, is_content=False) or _problem(int(number), is_content=False)
        except ValueError:
            continue  # Ansible reports it, naming the type
        if problem:
            return problem
    return None


def _suboptions_problem(option: Mapping[str, Any], value: Any) -> str | None:
    """Return why a value cannot hold suboptions: Ansible looks for them even in a value of another type."""
    if not option.get("options") or value is None:
        return None
    if option.get("type") == "dict" and not isinstance(value, (Mapping, str)):
        return "must be a dictionary"
    if option.get("type") == "list" and not all(isinstance(item, (Mapping, str)) for item in _parts(value)):
        return "must be a list of dictionaries"
    return None


def _dictionary_problem(option: Mapping[str, Any], value: Any) -> str | None:
    """Return why a text is not a dictionary: the oldest supported releases of Ansible fail on some such texts."""
    if option.get("type") != "dict" or not isinstance(value, str):
        return None
    try:
        check_type_dict(value)
    except TypeError:
        return None  # Ansible reports it
    except ValueError:
        return "is not a valid dictionary; give JSON, or pairs such as key=value separated by commas"
    return None
