# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions of a public command's parameters, and checking values against them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InputError

MAX_SHOWN_VALUES = 20
"""Allowed values that a message lists."""


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
