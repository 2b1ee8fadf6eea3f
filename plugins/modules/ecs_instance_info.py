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
  - Returns the ECS instances of a region that match every filter; without a filter, all instances.
  - Optionally adds the state of their Cloud Assistant agents.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
  - cloudops.cloud_assistant.attributes.info
options:
  instance_ids:
    description:
      - Return only the instances with these IDs. Unknown IDs are ignored.
    type: list
    elements: str
    aliases: [instance_id]
  name:
    description:
      - Return only instances with exactly this name; wildcards are not supported. Several instances may have the same
        name.
    type: str
    aliases: [instance_name]
  tags:
    description:
      - Return only instances that have all of these tags, at most 20. Values are compared exactly.
    type: dict
    aliases: [resource_tags]
  vpc_id:
    description:
      - Return only instances in the VPC with this ID.
    type: str
  status:
    description:
      - Return only instances with this status.
    type: str
    choices: [Pending, Running, Starting, Stopping, Stopped]
  agents:
    description:
      - Whether to add the state of the agent to each instance as RV(instances[].cloud_assistant).
    type: bool
    default: false
notes:
  - The permission C(ecs:DescribeInstances) is required; with O(agents=true), also C(ecs:DescribeCloudAssistantStatus).
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

- name: Run a script on the web servers whose agents are online
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    instance_ids: >-
      {{ web.instances | selectattr('cloud_assistant.online') | map(attribute='instance_id') | list }}
    content: uptime
"""

RETURN = r"""
---
instances:
  description: The instances, in the order of O(instance_ids), otherwise in the order of the service.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the instance.
      type: str
      returned: always
      sample: i-bp1aaaaaaaaaaaaaaaaa
    name:
      description: The name of the instance.
      type: str
      returned: always
      sample: web-01
    host_name:
      description: The host name of the operating system.
      type: str
      returned: always
      sample: web-01
    description:
      description: The description of the instance.
      type: str
      returned: always
      sample: ""
    region:
      description: The region of the instance.
      type: str
      returned: always
      sample: cn-hangzhou
    zone_id:
      description: The zone of the instance.
      type: str
      returned: always
      sample: cn-hangzhou-h
    status:
      description: The status of the instance, V(Pending), V(Running), V(Starting), V(Stopping) or V(Stopped).
      type: str
      returned: always
      sample: Running
    os_type:
      description: The operating system, V(linux) or V(windows).
      type: str
      returned: always
      sample: linux
    os_name:
      description: The name and version of the operating system.
      type: str
      returned: always
      sample: Debian 12.6 64bit
    instance_type:
      description: The instance type.
      type: str
      returned: always
      sample: ecs.g7.large
    cpu:
      description: The number of virtual CPUs.
      type: int
      returned: always
      sample: 2
    memory:
      description: The memory size in MiB.
      type: int
      returned: always
      sample: 8192
    image_id:
      description: The ID of the image that the instance was created from.
      type: str
      returned: always
      sample: debian_12_6_x64_20G_alibase_20240711.vhd
    network_type:
      description: The network type, V(vpc) or V(classic).
      type: str
      returned: always
      sample: vpc
    vpc_id:
      description: The ID of the VPC of the instance.
      type: str
      returned: always
      sample: vpc-bp1aaaaaaaaaaaaaaaaa
    vswitch_id:
      description: The ID of the vSwitch that the instance is connected to.
      type: str
      returned: always
      sample: vsw-bp1aaaaaaaaaaaaaaaaa
    private_ips:
      description: The private IP addresses.
      type: list
      elements: str
      returned: always
      sample: [172.16.0.10]
    public_ips:
      description: The public IP addresses, including elastic IP addresses.
      type: list
      elements: str
      returned: always
      sample: []
    security_group_ids:
      description: The IDs of the security groups of the instance.
      type: list
      elements: str
      returned: always
      sample: [sg-bp1aaaaaaaaaaaaaaaaa]
    resource_group_id:
      description: The ID of the resource group of the instance.
      type: str
      returned: always
      sample: rg-aaaaaaaaaaaaaaa
    charge_type:
      description: The billing method, V(PostPaid) (pay-as-you-go) or V(PrePaid) (subscription).
      type: str
      returned: always
      sample: PostPaid
    creation_time:
      description: The time at which the instance was created.
      type: str
      returned: always
      sample: 2026-01-31T08:00Z
    expired_time:
      description: The time at which the subscription expires.
      type: str
      returned: always
      sample: 2099-12-31T15:59Z
    deletion_protection:
      description: Whether the instance is protected against deletion.
      type: bool
      returned: always
      sample: false
    tags:
      description: The tags of the instance.
      type: dict
      returned: always
      sample: {role: web}
    cloud_assistant:
      description: >-
        The state of the agent, with the keys of RV(cloudops.cloud_assistant.ecs_agent_info#module:agents).
        Null if no agent on the instance has ever contacted the service.
      type: dict
      returned: when O(agents=true)
      sample: {online: true, version: 2.2.3.857, last_heartbeat: "2026-01-31T08:00:00Z"}
error:
  description: The service's error, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service rejected a call
  type: dict
  sample:
    operation: DescribeInstances
    code: Forbidden.RAM
    message: User not authorized to operate on the specified resource.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Allow the action ecs:DescribeInstances on these resources in the RAM policy of the user or role.
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
