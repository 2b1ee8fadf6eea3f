# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read the input of the filters: the ``results`` of a task, or the whole registered result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.common.numbers import whole_number


def rows_of(value: Any, name: str) -> list[Mapping[str, Any]]:
    """Return the results per instance in the input of the filter ``name``.

    Raises AnsibleFilterError if there are none: ``value`` is neither a list of dictionaries nor a registered result.
    """
    rows = value.get("results") if isinstance(value, Mapping) else value
    if not isinstance(rows, (list, tuple)):
        raise AnsibleFilterError(
            f"{name}: the input must be the list of results of a run, or a registered result that contains them"
        )
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping) or not {"instance_id", "status"} <= row.keys():
            raise AnsibleFilterError(f"{name}: entry {number} is not a result with instance_id and status")
    return list(rows)


def positive(value: Any, option: str, name: str) -> int:
    """Return an option of the filter ``name`` that has to be a whole number from 1.

    Raises AnsibleFilterError if it is not.
    """
    number = whole_number(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise AnsibleFilterError(f"{name}: {option} must be an integer of at least 1")
    return number
