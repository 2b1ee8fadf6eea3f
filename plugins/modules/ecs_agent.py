#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install Cloud Assistant agents."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_agent
short_description: Install the Cloud Assistant agent on ECS instances
version_added: "0.1.0"
description:
  - >-
    Makes sure that the agents of instances are online and, with O(min_version), recent enough. Installs the agent where
    it is missing or too old, with 50 instances per call, and waits until it is online.
  - Instances whose agents are online and recent enough are not changed.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
attributes:
  check_mode:
    support: full
    details:
      - Reads the state of the agents. The service has no dry run for this operation, so it may still reject a predicted
        installation.
  diff_mode:
    support: full
    details:
      - Lists the instances on which the agent is installed, with the state of the agent before and after.
  idempotent:
    support: full
options:
  state:
    description:
      - The desired state of the agents. V(present) means installed and online.
    type: str
    choices: [present]
    default: present
  instance_ids:
    description:
      - The IDs of the instances. Exactly one of O(instance_ids) and O(tags) is required.
    type: list
    elements: str
    aliases: [instance_id]
  tags:
    description:
      - Tags that the instances must have, at most 20. Values are compared exactly.
    type: dict
    aliases: [resource_tags]
  min_version:
    description:
      - The minimum version of the agents, for example V(2.2.3.189). An older agent is reinstalled.
      - >-
        Agents for Linux and for Windows have separate version numbers, so use this only with instances of one operating
        system. Agents normally update themselves. Not available with O(api_generation=classic), which does not report
        versions.
    type: str
  wait:
    description:
      - Whether to wait until the newly installed agents are online.
    type: bool
    default: true
  wait_timeout:
    description:
      - Maximum time for the whole task, in seconds.
    type: int
    default: 300
notes:
  - The instances must be running. Some instances must be rebooted before the new agent starts, for example with
    M(cloudops.cloud_assistant.ecs_instance) and O(cloudops.cloud_assistant.ecs_instance#module:state=rebooted).
  - The permissions C(ecs:DescribeInstances), C(ecs:DescribeCloudAssistantStatus) and C(ecs:InstallCloudAssistant) are
    required.
seealso:
  - module: cloudops.cloud_assistant.ecs_agent_info
"""

EXAMPLES = r"""
---
- name: Make sure that two instances can run scripts
  cloudops.cloud_assistant.ecs_agent:
    region: cn-hangzhou
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa, i-bp1bbbbbbbbbbbbbbbbb]

- name: Make sure that the agents of a group can run scripts in containers
  cloudops.cloud_assistant.ecs_agent:
    region: cn-hangzhou
    tags:
      role: web
    min_version: 2.2.3.344
    wait_timeout: 600
"""

RETURN = r"""
---
results:
  description:
    - The agent of each instance.
    - Also returned when the task fails after the state of the instances was read.
  returned: success, and on failure after the state of the instances was read
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the instance.
      type: str
      returned: always
      sample: i-bp1aaaaaaaaaaaaaaaaa
    online:
      description: Whether the agent is online.
      type: bool
      returned: always
      sample: true
    online_before:
      description: Whether the agent was online before the task.
      type: bool
      returned: always
      sample: false
    version:
      description: The version of the agent.
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
      sample: ""
    invocation_count:
      description: The number of scripts that the agent has received.
      type: int
      returned: always
      sample: 0
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
    changed:
      description: Whether this task installed the agent.
      type: bool
      returned: always
      sample: true
    msg:
      description: Why the agent could not be installed.
      type: str
      returned: when the agent could not be installed
      sample: the instance is Stopped; an agent can only be installed on a running instance
    error:
      description: The error of the service for this instance, or the reason under C(message).
      type: dict
      returned: when the agent could not be installed
      sample:
        operation: InstallCloudAssistant
        code: InvalidInstanceId.OSTypeUnsupported
        message: The OS type of the instance does not support the operation.
        request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
        http_status: 403
        host: ecs.cn-hangzhou.aliyuncs.com
        hint: The type does not match the operating system of an instance.
error:
  description: >-
    The first error of the service, with C(operation), C(code), C(message), C(request_id), C(http_status), C(host) and
    C(hint).
  returned: when the service returned an error
  type: dict
  sample:
    operation: InstallCloudAssistant
    code: Operation.Forbidden
    message: The operation is not permitted.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: >-
      Not allowed in the current state, or for this account: a command that is running or scheduled cannot be deleted;
      otherwise, check the RAM policy and the state of the instances.
"""

from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.instances.agents import Installation, agent_states
from ..module_utils.cloud_assistant.instances.requirements import parse_version
from ..module_utils.cloud_assistant.instances.selection import Selector, find_instances
from ..module_utils.common.checks import check_wait_timeout
from ..module_utils.common.errors import TaskFailure
from ..module_utils.common.printable import some_of
from ..module_utils.common.task import TaskContext, TaskSpec, run_module
from ..module_utils.common.wait import Deadline

SPEC = TaskSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["present"], "default": "present"},
        "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "min_version": {"type": "str"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 300},
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("instance_ids", "tags")],
    required_one_of=[("instance_ids", "tags")],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Make sure that the agents are online; return changed, results and the diff."""
    installation = _installation(task)
    before = _states(installation.changes.results())
    if task.check_mode:
        installation.predict()
        installed = [instance_id for instance_id, change in installation.changes.items() if change.changed]
        after = {**before, **dict.fromkeys(installed, "installed")}
    else:
        installation.carry_out()
        after = _states(installation.changes.results())
    result = installation.changes.as_result()
    if task.diff_mode:
        result["diff"] = {"before": {"agents": before}, "after": {"agents": after}}
    return result


def _installation(task: TaskContext) -> Installation:
    """Return the installation on the selected instances. Raises TaskFailure for instances that were not found."""
    params = task.params
    selector = Selector.of(instance_ids=params["instance_ids"], tags=params["tags"], warn=task.warn)
    check_wait_timeout(params["wait_timeout"])
    if params["min_version"] is not None:
        parse_version(params["min_version"])
    client = connect(params)
    deadline = Deadline(params["wait_timeout"])
    rows = find_instances(client, selector, deadline)
    ids = [row["InstanceId"] for row in rows]
    missing = [instance_id for instance_id in selector.instance_ids if instance_id not in ids]
    if missing:
        raise TaskFailure(f"instance_ids: not found in {client.region}: {some_of(missing)}")
    if not rows:
        raise TaskFailure(f"no instance in {client.region} matches the selection ({selector})")
    return Installation(
        client,
        rows,
        agent_states(client, ids, deadline=deadline),
        min_version=params["min_version"],
        wait=params["wait"],
        deadline=deadline,
        progress=task.progress,
    )


def _states(results: list[dict[str, Any]]) -> dict[str, str]:
    """Return each agent's state in a word or two, by the ID of its instance."""
    return {row["instance_id"]: f"online, {row['version']}" if row["online"] else "offline" for row in results}


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
