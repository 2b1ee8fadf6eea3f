# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the failures of a run, one entry per reason."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: group_failures
short_description: Group the failures of a run by reason
version_added: "0.1.0"
description:
  - >-
    Returns one entry per group of instances that failed with the same status, exit code and last line of output, the
    largest group first. If that line contains the ID of the instance, the ID is ignored in the comparison.
  - Instances that succeeded, were skipped or have not ended are left out.
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
  - plugin: cloudops.cloud_assistant.by_status
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Patch the web servers
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    resource_tags:
      role: web
    content: dnf -y update
    timeout: 1800
  register: patched
  ignore_errors: true

- name: Show each reason once
  ansible.builtin.debug:
    msg: "{{ item.count }} x {{ item.reason }}"
  loop: "{{ patched | cloudops.cloud_assistant.group_failures }}"
  loop_control:
    label: "{{ item.reason }}"
"""

RETURN = r"""
---
_value:
  description: The groups, the largest first.
  type: list
  elements: dict
  contains:
    count:
      description: Number of instances in the group.
      returned: always
      type: int
      sample: 17
    status:
      description: The status of the instances.
      returned: always
      type: str
      sample: Failed
    rc:
      description: The exit code; null if the script did not exit by itself.
      returned: always
      type: int
      sample: 3
    reason:
      description: >-
        Exit code and last line of output, or status and the service's explanation, on one line. Control characters
        are in escaped form. If the line names the instance itself, C(<instance id>) stands for it.
      returned: always
      type: str
      sample: "exit code 3: disk is full"
    instance_ids:
      description: The IDs of the instances.
      returned: always
      type: list
      elements: str
      sample: [i-bp185dy2o3o6neg01234]
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.cloud_assistant.grouping import (
    FAILED,
    group_rows,
)
from ..plugin_utils.filter_input import rows_of


def group_failures(value: Any) -> list[dict[str, Any]]:
    """Return the groups of the failed results in ``value``. Raises AnsibleFilterError for a bad input."""
    groups = group_rows(rows_of(value, "group_failures"))
    return [one.as_dict() for one in groups if one.class_name == FAILED]


class FilterModule:
    """The filter ``group_failures``."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Return the filter by its name."""
        return {"group_failures": group_failures}
