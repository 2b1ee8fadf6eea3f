# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load once, in the process that reads the playbook, what every task would otherwise load for itself.

ansible-core runs each task in a fork of that process, and imports this package there while it looks for the action
plugin of a task of this collection. So the client and its HTTP library cost their time once, not in every task.
"""

from __future__ import annotations

import contextlib
import importlib

_SHARED = "ansible_collections.cloudops.cloud_assistant.plugins.module_utils"

# where a library is missing, each task reports it itself
with contextlib.suppress(ImportError):
    for _name in ("requests", f"{_SHARED}.alibaba.options", f"{_SHARED}.cloud_assistant.models"):
        importlib.import_module(_name)
