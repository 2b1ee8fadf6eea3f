# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load once, in the process that reads the playbook, what every task would otherwise load for itself.

ansible-core runs each task in a fork of that process, and imports this package there while it looks for the action
plugin of a task of this collection. So the client, its HTTP library, the action plugin, and the module that most
playbooks use cost their time once, not in every task.
"""

from __future__ import annotations

import contextlib
import importlib

from ..plugin_utils.quick_imports import quick_imports

_PLUGINS = __name__.rpartition(".")[0]
# the module brings the client
_NAMES = ("requests", f"{_PLUGINS}.action.ecs_run_command", f"{_PLUGINS}.modules.ecs_run_command")

# where a library is missing, each task reports it itself
with quick_imports(), contextlib.suppress(ImportError):
    for _name in _NAMES:
        importlib.import_module(_name)
