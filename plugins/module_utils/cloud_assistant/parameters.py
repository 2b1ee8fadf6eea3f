# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The parameters of a script: their names, and the values for one run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.checks import check_utf8
from ..common.errors import InputError

MAX_VALUES = 10
"""Values given for one run (RunCommand, Parameters)."""
MAX_PARAMETER_NAME = 64
"""Bytes of a parameter name (RunCommand, CommandContent)."""
MAX_SHOWN_VALUES = 20
"""Allowed values that a message lists."""

NAME = re.compile(r"[A-Za-z0-9_-]+")
"""The names that a parameter can have."""


def merge_parameters(
    parameters: Mapping[str, Any] | None, secret_parameters: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return both sets of values as the one the API takes; numbers become text.

    Raises InputError for a name that no parameter can have, for one given twice (case does not count), for a value
    that is neither text nor a number, and for more values than one run may have. No message shows a value.
    """
    merged: dict[str, str] = {}
    seen: dict[str, str] = {}
    for option, values in (("parameters", parameters), ("secret_parameters", secret_parameters)):
        for name, value in (values or {}).items():
            name = str(name)
            check_name(name, option, f"the name {name!r}")
            other = seen.setdefault(name.lower(), name)
            if other != name or name in merged:
                raise InputError(
                    option, f"{name!r} is given twice (also as {other!r}); parameter names are case-insensitive"
                )
            if isinstance(value, float):
                problem = "is a decimal number, which loses its trailing zeros (1.10 becomes 1.1); write it in quotes"
                raise InputError(option, f"the value of {name!r} {problem}")
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise InputError(option, f"the value of {name!r} is not a string; write it in quotes")
            check_utf8(option, str(value), f"the value of {name!r}")
            merged[name] = str(value)
    if len(merged) > MAX_VALUES:
        option = "parameters" if parameters else "secret_parameters"
        raise InputError(option, f"has {len(merged)} values; at most {MAX_VALUES} are allowed")
    return merged


def refuse_unknown(values: Mapping[str, str], names: Sequence[str], *, of: str = "the script") -> None:
    """Raise InputError for a value that no parameter takes; ``of`` names in the message whose parameters they are."""
    known = {name.lower() for name in names}
    unknown = [name for name in values if name.lower() not in known]
    if unknown:
        has = f"its parameters are {', '.join(names)}" if names else "it has none"
        raise InputError("parameters", f"{_quoted(unknown)}: {of} does not have this parameter; {has}")


def without_value(values: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names that get no value; names are case-insensitive."""
    given = {name.lower() for name in values}
    return tuple(name for name in names if name.lower() not in given)


def match_parameters(
    values: Mapping[str, str], names: Sequence[str], *, optional: Iterable[str] = (), of: str = "the script"
) -> None:
    """Raise InputError unless ``values`` gives each of ``names``, and nothing else; names are case-insensitive.

    ``optional`` are names that may go without a value. ``of`` says in the message whose names they are.
    """
    refuse_unknown(values, names, of=of)
    may_miss = {name.lower() for name in optional}
    missing = [name for name in without_value(values, names) if name.lower() not in may_miss]
    if missing:
        raise InputError("parameters", f"{of} requires a value for {_quoted(missing)} (it may be empty)")


def check_name(name: str, option: str, what: str) -> None:
    """Raise InputError unless a parameter can have this name, which the message calls ``what``."""
    if not name:
        raise InputError(option, f"{what} is empty")
    if name.lower().startswith("acs::"):
        raise InputError(option, f"{what}: names that start with ACS:: are reserved for the service")
    if len(name.encode("utf-8", "surrogatepass")) > MAX_PARAMETER_NAME:
        raise InputError(option, f"{what} is longer than {MAX_PARAMETER_NAME} bytes")
    if not NAME.fullmatch(name):
        raise InputError(option, f"{what} can contain only letters, digits, _ and -")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


@dataclass(frozen=True)
class ParameterDefinition:
    """One parameter of a public command (DescribeCommands, ParameterDefinitions).

    ``allowed`` are the only possible values, empty where any value is possible; ``pattern`` is a regular expression.
    """

    name: str
    description: str = ""
    required: bool = True
    default: str = ""
    allowed: tuple[str, ...] = ()
    pattern: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ParameterDefinition:
        """Build the record from one element of ``ParameterDefinitions.ParameterDefinition``."""
        return cls(
            name=row["ParameterName"],
            description=row.get("Description") or "",
            required=row.get("Required") is not False,
            default=row.get("DefaultValue") or "",
            allowed=tuple((row.get("PossibleValues") or {}).get("PossibleValue") or ()),
            pattern=row.get("PatternRegex") or "",
        )

    @property
    def optional(self) -> bool:
        """Whether a run may leave the parameter out."""
        return not self.required or bool(self.default)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as a task result shows it."""
        return {
            "name": self.name,
            "description": self.description,
            "required": not self.optional,
            "default": self.default,
            "allowed_values": list(self.allowed),
            "pattern": self.pattern,
        }

    def problem(self, value: str) -> str:
        """Return why a value is not possible, without quoting it, as it may be a secret; "" for a possible value."""
        if self.allowed and value not in self.allowed:
            more = ", ..." if len(self.allowed) > MAX_SHOWN_VALUES else ""
            return f"is not one of {', '.join(self.allowed[:MAX_SHOWN_VALUES])}{more}"
        return f"does not match the pattern {self.pattern}" if self.pattern and not self._matches(value) else ""

    def _matches(self, value: str) -> bool:
        try:
            return re.search(self.pattern, value) is not None
        except re.error:
            # written for another dialect of regular expressions: the service decides
            return True


def check_values(definitions: Iterable[ParameterDefinition], values: Mapping[str, str]) -> None:
    """Raise InputError for values that the parameters cannot have. An empty value of an optional parameter passes."""
    given = {name.lower(): value for name, value in values.items()}
    for definition in definitions:
        value = given.get(definition.name.lower())
        if value is None or (value == "" and definition.optional):
            continue
        problem = definition.problem(value)
        if problem:
            raise InputError("parameters", f"the value of {definition.name!r} {problem}")
