# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the instances of a run by status."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: by_status
short_description: List the instances of a run by status
version_added: "0.1.0"
description:
  - Returns a dictionary that maps each status in the results to the IDs of the instances with that status.
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
seealso:
  - plugin: cloudops.cloud_assistant.fleet_table
    plugin_type: filter
  - plugin: cloudops.cloud_assistant.group_failures
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Run a script on the running web servers
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    resource_tags:
      role: web
    content: uptime
    unready: skip
  register: uptime

- name: List the instances that were skipped
  ansible.builtin.debug:
    msg: "{{ (uptime | cloudops.cloud_assistant.by_status).Skipped | default([]) }}"
"""

RETURN = r"""
---
_value:
  description: The IDs of the instances by status, in the order of the results.
  type: dict
  sample:
    Success: [i-bp185dy2o3o6neg01234]
    Failed: [i-bp185dy2o3o6neg05678]
"""

from collections.abc import Callable
from typing import Any

from ..plugin_utils.filter_input import rows_of


def by_status(value: Any) -> dict[str, list[str]]:
    """Return the instance ids in ``value`` by status. Raises AnsibleFilterError for a bad input."""
    found: dict[str, list[str]] = {}
    for row in rows_of(value, "by_status"):
        found.setdefault(str(row["status"]), []).append(str(row["instance_id"]))
    return found


class FilterModule:
    """The filter ``by_status``."""

    def filters(self) -> dict[str, Callable[..., dict[str, list[str]]]]:
        """Return the filter by its name."""
        return {"by_status": by_status}
