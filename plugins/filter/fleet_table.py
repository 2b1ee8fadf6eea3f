# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the outcome of a run as text of at most a screen."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: fleet_table
short_description: Summarize the results of a run in a table of at most one screen
version_added: "0.1.0"
description:
  - Returns text with the totals, followed by one line per group of instances with the same outcome, failures first.
  - >-
    The outcome is the status, the exit code and the last line of output. If that line contains the ID of the instance,
    the ID is ignored in the comparison. Control characters in the output are shown in escaped form.
author: cloudops.cloud_assistant contributors (@cloudops)
positional: _input
options:
  _input:
    description:
      - >-
        The RV(cloudops.cloud_assistant.ecs_run_command#module:results) of a run or an invocation, or the whole
        registered result.
    type: raw
    required: true
  width:
    description: Maximum width of a line, in columns.
    type: int
    default: 120
  height:
    description: Maximum number of lines. The last line counts the groups that do not fit.
    type: int
    default: 20
  instances:
    description:
      - Maximum number of instances that a line names. Further instances are counted.
      - A line names fewer instances if they would leave no room for the reason.
    type: int
    default: 3
seealso:
  - plugin: cloudops.cloud_assistant.group_failures
    plugin_type: filter
  - plugin: cloudops.cloud_assistant.by_status
    plugin_type: filter
  - plugin: cloudops.cloud_assistant.fleet
    plugin_type: callback
"""

EXAMPLES = r"""
---
- name: Check the disks
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    resource_tags:
      role: web
    content: df --output=pcent / | tail -n 1
  register: disks

- name: Show the outcome on one screen
  ansible.builtin.debug:
    msg: "{{ disks | cloudops.cloud_assistant.fleet_table }}"

- name: Show a narrower table that names five instances per group
  ansible.builtin.debug:
    msg: "{{ disks.results | cloudops.cloud_assistant.fleet_table(width=80, instances=5) }}"
"""

RETURN = r"""
---
_value:
  description: The table, lines separated by line feeds.
  type: str
  sample: |-
    20 instances: 3 succeeded, 17 failed
      17 x exit code 3: disk is full: i-bp185dy2o3o6neg01234, i-bp185dy2o3o6neg05678, i-bp185dy2o3o6neg07654, +14
       3 x exit code 0: i-bp185dy2o3o6neg00001, i-bp185dy2o3o6neg00002, i-bp185dy2o3o6neg00003
"""

from collections.abc import Callable
from typing import Any

from ..plugin_utils.filter_input import positive, rows_of
from ..plugin_utils.fleet_table import fleet_table


def as_text(value: Any, width: int = 120, height: int = 20, instances: int = 3) -> str:
    """Return the table of the results in ``value``. Raises AnsibleFilterError for a bad input or option."""
    options = {"width": width, "height": height, "instances": instances}
    numbers = {name: positive(number, name, "fleet_table") for name, number in options.items()}
    shown = numbers.pop("instances")
    return "\n".join(fleet_table(rows_of(value, "fleet_table"), shown_ids=shown, **numbers))


class FilterModule:
    """The filter ``fleet_table``."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filter by its name."""
        return {"fleet_table": as_text}
