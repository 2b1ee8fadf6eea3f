# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the state of a file on an instance is told."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.results import FileResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"sha256": "abc", "size": "12", "mode": "40"}, {"checksum": "abc", "size": 12, "mode": "0040"}),
        # what one instance prints cannot spoil the results of the others
        ({"size": "many", "mode": ""}, {}),
    ],
)
def test_known_facts_are_returned(facts, told):
    record = FileResult(InstanceResult("i-1", "Success"), facts=facts).as_dict()
    assert {key: record[key] for key in ("checksum", "size", "mode", "owner") if key in record} == told
