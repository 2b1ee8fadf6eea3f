# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which invocations a query finds."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.invocations.query import (
    InvocationQuery,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import Invocation


@pytest.mark.parametrize(
    ("wanted", "tags", "found"),
    [
        ({"team": ""}, {"team": "ops"}, False),
        ({"team": ""}, {"team": "", "stage": "test"}, True),
        ({"team": ""}, {}, False),
        ({"team": "ops", "run": 7}, {"team": "ops", "run": "7"}, True),
    ],
)
def test_tags_are_compared_exactly(wanted: dict[str, object], tags: dict[str, str], found: bool) -> None:
    """For the service, an empty value stands for every value."""
    assert InvocationQuery(tags=wanted).matches(Invocation("t-1", "Finished", tags=tags)) is found
