# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of many things: what a message names of those that failed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.changes import Change, Changes
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import TaskFailure


@dataclass(kw_only=True)
class Thing(Change):
    """One thing, by its name."""

    name: str

    @property
    def label(self) -> str:
        return self.name

    def facts(self) -> dict[str, str]:
        return {"id": self.name}


def test_a_failure_names_some_of_many_and_returns_all():
    changes = Changes({f"i-{number:03}": Thing(name=f"i-{number:03}") for number in range(1000)})
    for change in changes.values():
        change.fail("is locked")
    with pytest.raises(TaskFailure, match=r"^1000 of 1000 instances .*; i-019: is locked; and 980 more$") as caught:
        changes.raise_failures("could not be deleted")
    assert len(caught.value.result["results"]) == 1000
