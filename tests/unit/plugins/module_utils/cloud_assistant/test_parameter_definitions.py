# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of public commands' parameters are checked against their definitions."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import (
    ParameterDefinition,
    check_values,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError

ROWS = [
    {"ParameterName": "action", "PossibleValues": {"PossibleValue": ["install", "remove"]}, "Required": True},
    {"ParameterName": "path", "PatternRegex": "^/", "DefaultValue": "/", "Description": "A path."},
    {"ParameterName": "odd", "PatternRegex": "(?<name", "Required": False},
    {"ParameterName": "plain"},
]
DEFINITIONS = [ParameterDefinition.from_row(row) for row in ROWS]


def test_what_may_be_left_out():
    assert [definition.optional for definition in DEFINITIONS] == [False, True, True, False]
    assert DEFINITIONS[1].as_dict() == {
        "name": "path",
        "description": "A path.",
        "required": False,
        "default": "/",
        "allowed_values": [],
        "pattern": "^/",
    }


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"action": "delete"}, "parameters: the value of 'action' is not one of install, remove"),
        ({"ACTION": ""}, "parameters: the value of 'action' is not one of install, remove"),
        ({"path": "tmp-secret"}, "parameters: the value of 'path' does not match the pattern ^/"),
    ],
)
def test_impossible_values_are_refused_without_quoting_them(values: dict[str, str], problem: str):
    with pytest.raises(InputError) as refused:
        check_values(DEFINITIONS, values)
    assert str(refused.value) == problem


def test_possible_values_pass():
    check_values(DEFINITIONS, {"Action": "remove", "path": "", "odd": "whatever", "plain": "x", "unknown": "y"})
    check_values(DEFINITIONS, {})
