# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Declare and read the options that the clouds have in common: the transport, keys, tokens and passwords."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .checks import check_no_control_characters
from .errors import InputError
from .transport import HttpTransport

MAX_TIMEOUT = 3600.0
"""Seconds of connect_timeout and read_timeout."""

MAX_RETRIES = 50

TRANSPORT_OPTIONS: dict[str, dict[str, Any]] = {
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "connect_timeout": {"type": "float", "default": 10.0},
    "read_timeout": {"type": "float", "default": 30.0},
    "max_retries": {"type": "int", "default": 5},
}


def value_of(params: Mapping[str, Any], name: str, declared: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return the value of an option, its declared default where none is given."""
    value = params.get(name)
    return declared[name].get("default") if value is None else value


def read_transport(params: Mapping[str, Any]) -> HttpTransport:
    """Return the transport that the options describe. Raises InputError."""
    return HttpTransport(
        verify=_read_verify(params),
        connect_timeout=_read_timeout("connect_timeout", params),
        read_timeout=_read_timeout("read_timeout", params),
    )


def read_key(option: str, value: Any) -> str | None:
    """Return a key or token without the white space around it, which files and YAML blocks leave; None for nothing.

    It goes into headers. Raises InputError, without quoting it, for characters that cannot.
    """
    text = "" if value is None else str(value).strip()
    check_no_control_characters(option, text)
    if not text.isascii():
        raise InputError(option, "contains a character that is not ASCII")
    return text or None


def read_password(option: str, value: Any) -> str | None:
    """Return a password without the line end that files and YAML blocks leave; None for nothing.

    Blanks are part of it. Raises InputError, without quoting it, for control characters.
    """
    text = "" if value is None else str(value).rstrip("\r\n")
    check_no_control_characters(option, text)
    return text or None


def _read_timeout(option: str, params: Mapping[str, Any]) -> float:
    try:
        seconds = float(value_of(params, option, TRANSPORT_OPTIONS))
    except (TypeError, ValueError):
        raise InputError(option, "is not a number of seconds") from None
    if not 0 < seconds <= MAX_TIMEOUT:
        raise InputError(option, f"must be more than 0 and at most {MAX_TIMEOUT:.0f} seconds")
    return seconds


def read_retries(params: Mapping[str, Any]) -> int:
    """Return ``max_retries``. Raises InputError."""
    try:
        retries = int(value_of(params, "max_retries", TRANSPORT_OPTIONS))
    except (TypeError, ValueError, OverflowError):
        raise InputError("max_retries", "is not an integer") from None
    if not 0 <= retries <= MAX_RETRIES:
        raise InputError("max_retries", f"must be from 0 to {MAX_RETRIES}")
    return retries


def _read_verify(params: Mapping[str, Any]) -> bool | str:
    """Return what certificates are verified against: nothing, a given bundle, or the usual authorities.

    Raises InputError for a bundle (or directory of authorities) that cannot be read.
    """
    if params.get("validate_certs") is False:
        return False
    path = params.get("ca_path")
    if not path:
        return True
    if not os.access(path, os.R_OK):
        raise InputError("ca_path", f"{path} does not exist or cannot be read")
    return str(path)
