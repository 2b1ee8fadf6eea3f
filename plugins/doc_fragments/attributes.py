# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes that every module declares: what they mean, and those that are the same everywhere."""

from __future__ import annotations


class ModuleDocFragment:
    """DOCUMENTATION for every module, INFO for one that only reads, and the action group of its cloud.

    A variant must not have the name of another fragment (``alibaba``): Ansible would take that file for it.
    """

    DOCUMENTATION = r"""
---
options: {}
attributes:
  check_mode:
    description: Can run in check mode and predict what would change, without changing anything.
  diff_mode:
    description: Returns details on what has changed, or would change in check mode, when in diff mode.
  idempotent:
    description: >-
      When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
  action:
    description:
      - Has an action plugin that reads files on the controller.
      - >-
        If the task runs on the controller itself (local connection, no C(become), no C(async), no C(environment)), the
        action plugin runs the module in the process of the controller, with the same result.
    support: full
  async:
    description: Supports C(async). The module then runs on the target of the task.
    support: full
"""

    INFO = r"""
---
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module only reads.
  idempotent:
    support: full
    details:
      - This module only reads.
"""

    ALIBABA_GROUP = r"""
---
options: {}
attributes:
  action_group:
    description: Use C(group/cloudops.cloud_assistant.alibaba) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - cloudops.cloud_assistant.alibaba
"""

    HUAWEI_GROUP = r"""
---
options: {}
attributes:
  action_group:
    description: Use C(group/cloudops.cloud_assistant.huawei) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - cloudops.cloud_assistant.huawei
"""
