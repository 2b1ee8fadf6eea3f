# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Load the connection plugin before Ansible starts its workers.

Ansible runs each task of each host in a process of its own, which inherits what the process that starts it has loaded.
"""

from __future__ import annotations

import contextlib

from ansible.plugins.loader import connection_loader

from ..module_utils.common.errors import MissingLibrary
from ..module_utils.common.transport import HttpTransport

CONNECTION = "cloudops.cloud_assistant.ecs_assistant"


def preload_connection() -> None:
    """Load the connection plugin into this process, and what its first request needs."""
    connection_loader.get(CONNECTION, class_only=True)
    # what is missing is reported by the task that needs it
    with contextlib.suppress(MissingLibrary, OSError):
        HttpTransport().preload()
