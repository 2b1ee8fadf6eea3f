# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters take a registered result or its list of results, and refuse everything else by name."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.cloudops.cloud_assistant.plugins.filter import by_status, fleet_table, group_failures

FILTERS = {
    name: function
    for module in (by_status, fleet_table, group_failures)
    for name, function in module.FilterModule().filters().items()
}
ROWS = [
    {"instance_id": "i-1", "status": "Success", "rc": 0, "stdout": "ok"},
    {"instance_id": "i-2", "status": "Failed", "rc": 3, "stdout": "full"},
    {"instance_id": "i-3", "status": "Failed", "rc": 3, "stdout": "full"},
    {"instance_id": "i-4", "status": "Skipped", "error_info": "offline"},
]
VALUES = {
    "by_status": {"Success": ["i-1"], "Failed": ["i-2", "i-3"], "Skipped": ["i-4"]},
    "group_failures": [
        {"count": 2, "status": "Failed", "rc": 3, "reason": "exit code 3: full", "instance_ids": ["i-2", "i-3"]}
    ],
    "fleet_table": "4 instances: 1 succeeded, 2 failed, 1 skipped\n  2 x exit code 3: full: i-2, i-3\n"
    "  1 x Skipped: offline: i-4\n  1 x exit code 0: ok: i-1",
}


@pytest.mark.parametrize("name", FILTERS)
def test_results_and_a_registered_result_give_the_same(name):
    assert FILTERS[name](ROWS) == FILTERS[name]({"changed": True, "results": ROWS}) == VALUES[name]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("value", [None, "text", 5, {}, {"results": None}, ["text"], [{"stdout": "x"}]])
def test_another_input_is_refused(name, value):
    with pytest.raises(AnsibleFilterError, match=f"^{name}: (the input|entry 0)"):
        FILTERS[name](value)


@pytest.mark.parametrize("name", FILTERS)
def test_nothing_has_no_failures(name):
    assert FILTERS[name]([]) in ({}, [], "0 instances")


@pytest.mark.parametrize("option", ["width", "height", "instances"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, None, "wide"])
def test_a_bad_number_is_refused_with_its_name(option, value):
    with pytest.raises(AnsibleFilterError, match=f"^fleet_table: {option} must be an integer"):
        FILTERS["fleet_table"](ROWS, **{option: value})
