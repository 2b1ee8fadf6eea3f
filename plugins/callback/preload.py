# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback: loads the connection plugin once per run, for hosts of an inventory that does not."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: preload
type: aggregate
short_description: Load the connection plugin once per run
version_added: "0.1.0"
description:
  - >-
    Loads the connection plugin P(cloudops.cloud_assistant.ecs_assistant#connection) when a play starts. Prints nothing.
  - >-
    Ansible runs each task of each host in a process of its own. Without this callback, each of these processes loads
    the plugin, which takes about 0.1 seconds of CPU time on the controller per task and host.
notes:
  - >-
    Set C(bin_ansible_callbacks=true) in the configuration, or E(ANSIBLE_LOAD_CALLBACK_PLUGINS) in the environment, to
    use the callback for ad hoc commands.
  - >-
    Not required if the inventory plugin P(cloudops.cloud_assistant.ecs#inventory) is used with
    C(connect_with=instance_id), which loads the connection plugin as well.
requirements:
  - listed in C(callbacks_enabled) in the configuration
author: cloudops.cloud_assistant contributors (@cloudops)
seealso:
  - plugin: cloudops.cloud_assistant.ecs_assistant
    plugin_type: connection
"""

EXAMPLES = r"""
---
# In ansible.cfg:
#   [defaults]
#   callbacks_enabled = cloudops.cloud_assistant.preload
# or in the environment, for one command:
- name: Run an ad hoc command on all web servers with the callback
  ansible.builtin.command: ansible web --module-name=ansible.builtin.raw --args=uptime
  environment:
    ANSIBLE_CALLBACKS_ENABLED: cloudops.cloud_assistant.preload
    ANSIBLE_LOAD_CALLBACK_PLUGINS: "true"
"""

from typing import Any

from ansible.plugins.callback import CallbackBase

from ..plugin_utils.preload import preload_connection


class CallbackModule(CallbackBase):
    """Has the workers of a play inherit the connection plugin."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "cloudops.cloud_assistant.preload"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Load it before the first worker starts; later plays find it loaded."""
        preload_connection()
