#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read Alibaba Cloud ECS instances."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_instance_info
short_description: Read Alibaba Cloud ECS instances
version_added: "0.1.0"
description:
  - >-
    Reads the ECS instances of a region: all of them, or those that match all of the given options.
  - Can add the state of their Cloud Assistant agents.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
  - cloudops.cloud_assistant.attributes.info
options:
  instance_ids:
    description:
      - The ids of the instances. Those that do not exist are left out of the result.
    type: list
    elements: str
    aliases: [instance_id]
  name:
    description:
      - The exact name of the instances. There are no wildcards. Several instances may have the same name.
    type: str
    aliases: [instance_name]
  tags:
    description:
      - Tags that the instances must have, each with exactly this value. At most 20.
    type: dict
    aliases: [resource_tags]
  vpc_id:
    description:
      - The VPC that the instances are in.
    type: str
  status:
    description:
      - The status of the instances.
    type: str
    choices: [Pending, Running, Starting, Stopping, Stopped]
  agents:
    description:
      - Whether to add the state of each agent as RV(instances[].cloud_assistant).
    type: bool
    default: false
notes:
  - The permission C(ecs:DescribeInstances) is needed, for O(agents) also C(ecs:DescribeCloudAssistantStatus).
seealso:
  - module: cloudops.cloud_assistant.ecs_instance
  - module: cloudops.cloud_assistant.ecs_agent_info
"""

EXAMPLES = r"""
---
- name: Read the running web servers with their agents
  cloudops.cloud_assistant.ecs_instance_info:
    region: cn-hangzhou
    tags:
      role: web
    status: Running
    agents: true
  register: web

- name: Run a script on those that can run one
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    instance_ids: >-
      {{ web.instances | selectattr('cloud_assistant.online') | map(attribute='instance_id') | list }}
    content: uptime
"""

RETURN = r"""
---
instances:
  description: The instances, in the order of O(instance_ids), else as the service lists them.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: The instance's id.
      type: str
      returned: always
      sample: i-bp1aaaaaaaaaaaaaaaaa
    name:
      description: The instance's name.
      type: str
      returned: always
      sample: web-01
    host_name:
      description: The host name of its system.
      type: str
      returned: always
      sample: web-01
    description:
      description: Its description.
      type: str
      returned: always
      sample: ""
    region:
      description: The region that it is in.
      type: str
      returned: always
      sample: cn-hangzhou
    zone_id:
      description: The zone that it is in.
      type: str
      returned: always
      sample: cn-hangzhou-h
    status:
      description: Its status, V(Pending), V(Running), V(Starting), V(Stopping) or V(Stopped).
      type: str
      returned: always
      sample: Running
    os_type:
      description: V(linux) or V(windows).
      type: str
      returned: always
      sample: linux
    os_name:
      description: The name of its system.
      type: str
      returned: always
      sample: Debian 12.6 64bit
    instance_type:
      description: Its type.
      type: str
      returned: always
      sample: ecs.g7.large
    cpu:
      description: Its number of virtual processors.
      type: int
      returned: always
      sample: 2
    memory:
      description: Its memory in MiB.
      type: int
      returned: always
      sample: 8192
    image_id:
      description: The image that it was made from.
      type: str
      returned: always
      sample: debian_12_6_x64_20G_alibase_20240711.vhd
    network_type:
      description: V(vpc) or V(classic).
      type: str
      returned: always
      sample: vpc
    vpc_id:
      description: The VPC that it is in.
      type: str
      returned: always
      sample: vpc-bp1aaaaaaaaaaaaaaaaa
    vswitch_id:
      description: The vSwitch that it is connected to.
      type: str
      returned: always
      sample: vsw-bp1aaaaaaaaaaaaaaaaa
    private_ips:
      description: Its private addresses.
      type: list
      elements: str
      returned: always
      sample: [172.16.0.10]
    public_ips:
      description: Its public addresses, elastic ones included.
      type: list
      elements: str
      returned: always
      sample: []
    security_group_ids:
      description: Its security groups.
      type: list
      elements: str
      returned: always
      sample: [sg-bp1aaaaaaaaaaaaaaaaa]
    resource_group_id:
      description: Its resource group.
      type: str
      returned: always
      sample: rg-aaaaaaaaaaaaaaa
    charge_type:
      description: V(PostPaid), or V(PrePaid) for a subscription.
      type: str
      returned: always
      sample: PostPaid
    creation_time:
      description: When it was created.
      type: str
      returned: always
      sample: 2026-01-31T08:00Z
    expired_time:
      description: When its subscription ends.
      type: str
      returned: always
      sample: 2099-12-31T15:59Z
    deletion_protection:
      description: Whether it is protected against deletion.
      type: bool
      returned: always
      sample: false
    tags:
      description: Its tags.
      type: dict
      returned: always
      sample: {role: web}
    cloud_assistant:
      description: >-
        The state of its agent, with the keys of RV(cloudops.cloud_assistant.ecs_agent_info#module:agents).
        Null if the service does not know an agent.
      type: dict
      returned: when O(agents=true)
      sample: {online: true, version: 2.2.3.857, last_heartbeat: "2026-01-31T08:00:00Z"}
error:
  description: The service's answer, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service refused a call
  type: dict
  sample:
    operation: DescribeInstances
    code: Forbidden.RAM
    message: User not authorized to operate on the specified resource.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Allow the action ecs:<operation> on these resources in the RAM policy of the user or role.
"""

from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.instances.agents import agent_states
from ..module_utils.cloud_assistant.instances.selection import STATUSES, Selector, find_instances, instance_record
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

SPEC = TaskSpec(
    argument_spec={
        "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
        "name": {"type": "str", "aliases": ["instance_name"]},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "vpc_id": {"type": "str"},
        "status": {"type": "str", "choices": list(STATUSES)},
        "agents": {"type": "bool", "default": False},
        **ALIBABA_OPTIONS,
    },
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Read the selected instances; return them."""
    params = task.params
    selector = Selector.of(
        instance_ids=params["instance_ids"],
        name=params["name"],
        tags=params["tags"],
        vpc_id=params["vpc_id"],
        status=params["status"],
        warn=task.warn,
    )
    client = connect(params)
    instances = [instance_record(row, client.region) for row in find_instances(client, selector)]
    if params["agents"]:
        ids = [instance["instance_id"] for instance in instances]
        agents = {agent["instance_id"]: agent for agent in agent_states(client, ids)}
        for instance in instances:
            instance["cloud_assistant"] = agents.get(instance["instance_id"])
    return {"changed": False, "instances": instances}


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
