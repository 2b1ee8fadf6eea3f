# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read answers, and check once that they have the shape of their operation.

Something on the way (a proxy, a portal, a gateway) may answer in the place of a service, with any status and any JSON.
What is missing there is not "nothing" or "ended": an answer without the list of its operation, or with a field of
another type, is not an answer of that operation. Callers may rely on every field that a Shape declares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 32
"""Levels of nesting in an answer; the deepest genuine one has 10 (DescribeInstances, NetworkInterfaces)."""

_CONTAINERS = frozenset({dict, list})
"""What ``json`` makes of objects and arrays; nothing else in a document holds values."""
_DIGITS = re.compile(r"-?[0-9]{1,20}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.{0,24}")


class NotAnAnswer(Exception):
    """Something that was received is not an answer of the operation; the text has the reason, without quoting it."""


@dataclass(frozen=True)
class Kind:
    """A kind of value: how to recognise it, and its name in messages."""

    name: str
    fits: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value != "" and value.isprintable()


def _is_whole(value: Any) -> bool:
    """Return whether it is a whole number, or one in the form of text, as endpoints that convert from XML write it."""
    if isinstance(value, str):
        return _DIGITS.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20


def _is_count(value: Any) -> bool:
    return _is_whole(value) and int(value) >= 0


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and abs(value) < 10**20)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_mapping(value: Any) -> bool:
    """Return whether it is an object, or one in the form of JSON text."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return False
    return value == "" or isinstance(value, dict)


ID = Kind("an ID", _is_id)
WORD = Kind("a word", _is_id)
TEXT = Kind("text", _is_text)
TIME = Kind("a time", lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None)
WHOLE = Kind("a whole number", _is_whole)
COUNT = Kind("a count", _is_count)
NUMBER = Kind("a number", _is_number)
FLAG = Kind("true or false", _is_flag)
TEXTS = Kind("a list of texts", _is_texts)
ADDRESSES = Kind("an address or a list of addresses", lambda value: _is_text(value) or _is_texts(value))
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
MAPPING = Kind("an object or its JSON text", _is_mapping)


@dataclass(frozen=True)
class Shape:
    """The fields of an object in a genuine answer.

    ``required`` must be there and fit. ``optional`` may be missing or null, and fit otherwise. ``objects`` and
    ``lists`` are inner objects and lists of objects; a name that ends with ``?`` may be missing or null. ``also`` is a
    further check, which returns what is wrong, or None.
    """

    required: Mapping[str, Kind] = field(default_factory=dict)
    optional: Mapping[str, Kind] = field(default_factory=dict)
    objects: Mapping[str, Shape] = field(default_factory=dict)
    lists: Mapping[str, Shape] = field(default_factory=dict)
    also: Callable[[Mapping[str, Any]], str | None] | None = None

    def check(self, value: Any, place: str = "the answer") -> None:
        """Raise NotAnAnswer unless ``value`` has this shape; ``place`` names it in the message."""
        if not isinstance(value, dict):
            raise NotAnAnswer(f"{place} is not an object")
        for name, kind in self.required.items():
            if name not in value:
                raise NotAnAnswer(f"{place} has no {name}")
            if not kind.fits(value[name]):
                raise NotAnAnswer(f"{name} in {place} is not {kind.name}")
        for name, kind in self.optional.items():
            inner = value.get(name)
            if inner is not None and not kind.fits(inner):
                raise NotAnAnswer(f"{name} in {place} is not {kind.name}")
        for name, shape in self.objects.items():
            inner = _inner(value, name, place)
            if inner is not None:
                shape.check(inner, name.rstrip("?"))
        for name, shape in self.lists.items():
            self._check_list(value, name, shape, place)
        problem = self.also(value) if self.also else None
        if problem:
            raise NotAnAnswer(f"{place} {problem}")

    @staticmethod
    def _check_list(value: Mapping[str, Any], name: str, shape: Shape, place: str) -> None:
        rows = _inner(value, name, place)
        if rows is None:
            return
        name = name.rstrip("?")
        if not isinstance(rows, list):
            raise NotAnAnswer(f"{name} in {place} is not a list")
        for row in rows:
            shape.check(row, f"an entry of {name}")


def _inner(value: Mapping[str, Any], name: str, place: str) -> Any:
    """Return the inner value of that name, None where it may be missing and is."""
    inner = value.get(name.rstrip("?"))
    if inner is None and not name.endswith("?"):
        raise NotAnAnswer(f"{place} has no {name}")
    return inner


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that ``body`` is.

    Raises NotAnAnswer for anything else, and for one that is nested too deeply or holds text that is not Unicode.
    """
    try:
        document = json.loads(body)
        if b"\\u" in body:
            # half of a surrogate pair cannot be written to anything later
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise NotAnAnswer("the reply is not complete JSON") from None
    if not isinstance(document, dict):
        raise NotAnAnswer("the reply is not a JSON object")
    if _too_deep(document):
        raise NotAnAnswer(f"the reply is nested more than {MAX_DEPTH} levels deep")
    return document


def _too_deep(document: Any) -> bool:
    level = [document]
    for _depth in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if type(inner) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def excerpt(body: bytes, length: int = 200) -> str:
    """Return the beginning of a foreign page on one line, without control characters; callers mask secrets in it."""
    text = " ".join(body[: 4 * length].decode("utf-8", "replace").split())
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)[:length]
