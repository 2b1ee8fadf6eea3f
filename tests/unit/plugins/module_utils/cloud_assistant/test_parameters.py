# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and values of parameters: what is refused, and what the definitions of public commands allow."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.parameters import (
    ParameterDefinition,
    check_values,
    match_parameters,
    merge_parameters,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError

ROWS = [
    {"ParameterName": "action", "PossibleValues": {"PossibleValue": ["install", "remove"]}, "Required": True},
    {"ParameterName": "path", "PatternRegex": "^/", "DefaultValue": "/", "Description": "A path."},
    {"ParameterName": "odd", "PatternRegex": "(?<name", "Required": False},
    {"ParameterName": "plain"},
]
DEFINITIONS = [ParameterDefinition.from_row(row) for row in ROWS]


@pytest.mark.parametrize(
    ("parameters", "secret", "problem"),
    [
        ({"": "x"}, {}, "^parameters: the name '' is empty"),
        ({"n" * 65: "x"}, {}, "longer than 64 bytes"),
        ({"a b": "x"}, {}, "letters, digits"),
        ({"ü": "x"}, {}, "letters, digits"),
        ({"ACS::InstanceId": "x"}, {}, "reserved for the service"),
        ({}, {"acs::x": "x"}, "^secret_parameters: .*reserved for the service"),
        ({"name": "x", "NAME": "y"}, {}, "given twice"),
        ({"name": "x"}, {"name": "hidden"}, "given twice"),
        ({f"n{number}": "x" for number in range(11)}, {}, "11 values; at most 10"),
        ({f"n{number}": "x" for number in range(6)}, {f"s{number}": "x" for number in range(5)}, "11 values"),
        ({"name": ["x"]}, {}, "not a string"),
        ({"name": True}, {}, "not a string"),
        ({"name": None}, {}, "not a string"),
        ({"release": 1.10}, {}, "'release' is a decimal number.*; write it in quotes"),
    ],
)
def test_values_that_are_refused(parameters: dict, secret: dict, problem: str):
    with pytest.raises(InputError, match=problem) as caught:
        merge_parameters(parameters, secret)
    assert "hidden" not in str(caught.value)


def test_numbers_become_text():
    assert merge_parameters({"count": 3, "share": "0.5"}, {"pin": "0042"}) == {
        "count": "3",
        "share": "0.5",
        "pin": "0042",
    }


def test_values_and_placeholders_have_to_match():
    match_parameters({"NAME": ""}, ["name"])
    match_parameters({}, ["name"], optional=["Name"])
    with pytest.raises(InputError, match="requires a value for 'other'"):
        match_parameters({"name": "x"}, ["name", "other"])
    with pytest.raises(InputError, match="'nome': command 'c' does not have this parameter; its parameters are name"):
        match_parameters({"nome": "x"}, ["name"], of="command 'c'")
    with pytest.raises(InputError, match="it has none"):
        match_parameters({"name": "x"}, [])


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
