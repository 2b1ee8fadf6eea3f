# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Check single values, each with one wording: InputError names the option, the problem and the limit."""

from __future__ import annotations

import re
from collections.abc import Collection

from .errors import InputError

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")

MAX_SECONDS = 2**31 - 1
"""Seconds: the service's timeouts are 32-bit integers."""

MAX_IDENTIFIER = 128
"""Characters of an id or a name; the longest are names (CreateCommand, Name; RunInstances, InstanceName)."""

MAX_QUOTED = 64
"""Characters of a refused value in a message."""

_OCTAL_MODE = re.compile(r"[0-7]{3,4}")


def is_text(value: str) -> bool:
    """Return whether a value can be sent: Ansible passes undecodable bytes on as characters without a UTF-8 form."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def is_control(char: str) -> bool:
    """Return whether a character is a control character (C0, DEL or C1)."""
    return char < " " or "\x7f" <= char <= "\x9f"


def check_utf8(option: str, value: str, what: str = "") -> None:
    """Raise InputError unless the text can be encoded in UTF-8; ``what`` names a part of the option's value."""
    if not is_text(value):
        raise InputError(option, _of(what, "is not valid UTF-8 text"))


def check_no_control_characters(option: str, value: str, what: str = "", *, allowed: str = "") -> None:
    """Raise InputError for a control character that is not one of ``allowed``, or text that is not UTF-8."""
    check_utf8(option, value, what)
    found = next((char for char in value if is_control(char) and char not in allowed), None)
    if found is not None:
        raise InputError(option, _of(what, f"contains a control character (U+{ord(found):04X})"))


def check_text(option: str, value: str | None, limit: int, *, multiline: bool = False) -> None:
    """Raise InputError for text of more than ``limit`` characters, control characters, or text that is not UTF-8.

    ``multiline`` allows line ends and tabs. None is an option that was not given.
    """
    if value is None:
        return
    check_length(option, value, limit)
    check_no_control_characters(option, value, allowed="\n\r\t" if multiline else "")


def check_length(option: str, value: str, limit: int, what: str = "") -> None:
    """Raise InputError for text of more than ``limit`` characters."""
    if len(value) > limit:
        raise InputError(option, _of(what, f"has {len(value)} characters; at most {limit} are allowed"))


def check_identifiers(**values: str | None) -> None:
    """Raise InputError for ids and names that are empty or cannot exist; None is an option that was not given.

    The service treats an empty filter as none, so that it would select everything.
    """
    for option, value in values.items():
        if value is not None:
            refuse_empty(option, value)
            check_text(option, value, MAX_IDENTIFIER)


def check_ids(**values: str | None) -> None:
    """Raise InputError for ids that are empty or cannot exist, such as text with blanks; None means not given."""
    check_identifiers(**values)
    for option, value in values.items():
        if value is not None and any(char.isspace() for char in value):
            raise InputError(option, f"{value!r} is not a valid ID: it contains white space")


def refuse_empty(option: str, value: str | None) -> None:
    """Raise InputError for text that is given and blank."""
    if value is not None and not value.strip():
        raise InputError(option, "must not be empty")


def check_choice(option: str, value: str | None, choices: Collection[str]) -> None:
    """Raise InputError unless the value is one of the choices; None is an option that was not given."""
    if value is not None and value not in choices:
        raise InputError(option, f"{value!r} is not one of {', '.join(choices)}")


def check_range(option: str, value: float, least: float, most: float | None = None, unit: str = "") -> None:
    """Raise InputError unless ``least`` <= ``value`` <= ``most``; ``unit`` is for the message, in the plural."""
    if value >= least and (most is None or value <= most):
        return
    limit = f"at least {least}" if most is None else f"between {least} and {most}"
    raise InputError(option, f"is {_shown(value)}; it must be {limit} {unit}".rstrip())


def check_seconds(option: str, value: float | None, least: float = 1, most: float = MAX_SECONDS) -> None:
    """Raise InputError for a number of seconds out of the limits; None is an option that was not given."""
    if value is not None:
        check_range(option, value, least, most, "seconds")


def check_wait_timeout(value: float | None) -> None:
    """Raise InputError unless ``wait_timeout`` is a positive number of seconds; None means that it was not given."""
    if value is not None and not 0 < value <= MAX_SECONDS:
        check_seconds("wait_timeout", value)


def is_windows_path(path: str) -> bool:
    """Return whether a path starts with a drive letter, so that it can only be one on Windows."""
    return bool(_DRIVE.match(path))


def check_octal_mode(option: str, value: object) -> None:
    """Raise InputError for file permissions that are not octal text; None is an option that was not given.

    A number is refused, because YAML reads 0644 without quotes as 420.
    """
    if value is not None and not (isinstance(value, str) and _OCTAL_MODE.fullmatch(value)):
        raise InputError(option, f"{value!r} is not a valid mode; give three or four octal digits in quotes, as '0644'")


def quoted(value: str) -> str:
    """Return a value in quotes for a message; only the beginning of one that is longer than MAX_QUOTED."""
    return repr(value if len(value) <= MAX_QUOTED else f"{value[:MAX_QUOTED]}...")


def _of(what: str, problem: str) -> str:
    return f"{what} {problem}" if what else problem


def _shown(value: float) -> str:
    """Return a number for a message; Python itself refuses to print integers of thousands of digits."""
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    return str(value)
