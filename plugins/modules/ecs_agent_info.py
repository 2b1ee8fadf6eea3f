#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the state of Cloud Assistant agents."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_agent_info
short_description: Read the state of the Cloud Assistant agents of ECS instances
version_added: "0.1.0"
description:
  - Reads which agents are online, their versions and their last heartbeats, for the given instances or for all
    instances of a region.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
  - cloudops.cloud_assistant.attributes.info
options:
  instance_ids:
    description:
      - The IDs of the instances. IDs that do not exist are returned in RV(missing).
      - By default, the agents of all instances of the region are read.
    type: list
    elements: str
    aliases: [instance_id]
  tags:
    description:
      - Tags that the instances must have. Values are compared exactly. Cannot be combined with O(instance_ids).
    type: dict
    aliases: [resource_tags]
  os_type:
    description:
      - Return only the agents on this operating system. Not available with O(api_generation=classic), which does not
        report the operating system.
    type: str
    choices: [Linux, Windows, FreeBSD]
notes:
  - The permission C(ecs:DescribeCloudAssistantStatus) is required, and C(ecs:DescribeInstances) with O(tags).
seealso:
  - module: cloudops.cloud_assistant.ecs_agent
  - module: cloudops.cloud_assistant.ecs_instance_info
"""

EXAMPLES = r"""
---
- name: Read all agents of a region
  cloudops.cloud_assistant.ecs_agent_info:
    region: cn-hangzhou
  register: fleet

- name: Show which instances cannot run a script
  ansible.builtin.debug:
    var: fleet.offline

- name: Read the agents of the web servers
  cloudops.cloud_assistant.ecs_agent_info:
    region: cn-hangzhou
    tags:
      role: web

- name: Wait until an instance is ready
  cloudops.cloud_assistant.ecs_agent_info:
    region: cn-hangzhou
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa]
  register: agent
  until: not agent.offline
  retries: 20
  delay: 15
"""

RETURN = r"""
---
agents:
  description: The agents, in the order of O(instance_ids), otherwise in the order of the service.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the instance.
      type: str
      returned: always
      sample: i-bp1aaaaaaaaaaaaaaaaa
    online:
      description: >-
        Whether the agent is ready for scripts: the service received a heartbeat within the last two minutes.
      type: bool
      returned: always
      sample: true
    version:
      description: The version of the agent; empty if the agent is not installed or not running.
      type: str
      returned: always
      sample: 2.2.3.857
    last_heartbeat:
      description: The time of the last heartbeat of the agent; empty if there was none.
      type: str
      returned: always
      sample: "2026-01-31T08:00:00Z"
    os_type:
      description: The operating system, V(Linux), V(Windows) or V(FreeBSD).
      type: str
      returned: always
      sample: Linux
    last_invoked:
      description: The time at which the agent last received a script; empty if it never did.
      type: str
      returned: always
      sample: "2026-01-31T07:00:00Z"
    invocation_count:
      description: The number of scripts that the agent has received.
      type: int
      returned: always
      sample: 12
    active_task_count:
      description: The number of scripts that the agent is running.
      type: int
      returned: always
      sample: 0
    supports_sessions:
      description: Whether the agent supports terminal sessions.
      type: bool
      returned: always
      sample: true
offline:
  description: The IDs of the instances in RV(agents) whose agents are not online.
  returned: success
  type: list
  elements: str
  sample: []
missing:
  description: The IDs from O(instance_ids) that do not exist in the region.
  returned: success
  type: list
  elements: str
  sample: []
error:
  description: The service's error, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service rejected a call
  type: dict
  sample:
    operation: DescribeCloudAssistantStatus
    code: Forbidden.RAM
    message: User not authorized to operate on the specified resource.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Allow the action ecs:DescribeCloudAssistantStatus on these resources in the RAM policy of the user or role.
"""

from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.instances.agents import OS_TYPES, agent_states, check_os_type
from ..module_utils.cloud_assistant.instances.selection import Selector, find_instances
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

SPEC = TaskSpec(
    argument_spec={
        "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "os_type": {"type": "str", "choices": list(OS_TYPES)},
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("instance_ids", "tags")],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Read the agents; return them, and which are offline or have no instance."""
    params = task.params
    selector = Selector.of(instance_ids=params["instance_ids"], tags=params["tags"], warn=task.warn)
    client = connect(params)
    if params["os_type"]:
        check_os_type(client)
    ids = selector.instance_ids
    if selector.tags:
        ids = tuple(row["InstanceId"] for row in find_instances(client, selector))
    if ids or selector.tags:
        known = agent_states(client, ids)
        wanted = [agent for agent in known if params["os_type"] in (None, agent["os_type"])]
    else:
        known = wanted = agent_states(client, os_type=params["os_type"])
    existing = {agent["instance_id"] for agent in known}
    return {
        "changed": False,
        "agents": wanted,
        "offline": [agent["instance_id"] for agent in wanted if not agent["online"]],
        "missing": [instance_id for instance_id in selector.instance_ids if instance_id not in existing],
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
