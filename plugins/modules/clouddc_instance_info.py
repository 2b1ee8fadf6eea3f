#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read CloudDC instances of Huawei Cloud."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: clouddc_instance_info
short_description: Read Huawei Cloud CloudDC instances
version_added: "0.1.0"
description:
  - Returns the instances (iMetal bare-metal instances) of Huawei Cloud's Cloud Data Center that match every filter;
    without a filter, all instances.
  - The module returns all matching instances or fails; it never returns a partial list. User data and all entries that
    are named like a password are omitted.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.huawei
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.huawei_group
  - cloudops.cloud_assistant.attributes.info
options:
  ids:
    description:
      - Return only the instances with these IDs, case-insensitive. Unknown IDs are ignored.
      - An entry can hold several IDs separated by white space, for example one per line.
    type: list
    elements: str
    aliases: [instance_ids, id]
  server_ids:
    description:
      - Return only the instances on the physical servers with these IDs.
    type: list
    elements: str
  instance_state:
    description:
      - Return only the instances in this state.
    type: str
    choices: [pending, running, stopped, shutting-down, terminated, error]
notes:
  - The permission C(clouddc:instance:list) is required.
seealso:
  - module: cloudops.cloud_assistant.clouddc_instance
"""

EXAMPLES = r"""
---
- name: Read all instances
  cloudops.cloud_assistant.clouddc_instance_info:
    region: cn-east-3
  register: all_instances

- name: Read the instances that are in an error state
  cloudops.cloud_assistant.clouddc_instance_info:
    region: cn-east-3
    instance_state: error

- name: Find out which instance runs on a physical server
  cloudops.cloud_assistant.clouddc_instance_info:
    region: cn-east-3
    server_ids:
      - 66666666-7777-8888-9999-000000000000
"""

RETURN = r"""
---
instances:
  description: The instances, in the order in which the service lists them.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The ID of the instance.
      type: str
      returned: always
      sample: 11111111-2222-3333-4444-555555555555
    name:
      description: The name of the instance.
      type: str
      returned: always
      sample: db-07
    state:
      description: >-
        The state of the instance: V(pending), V(running), V(stopped), V(shutting-down), V(terminated) or V(error).
      type: str
      returned: always
      sample: running
    operation_state:
      description: The current or most recent operation of the service on the instance.
      type: str
      returned: when the service reports it
      sample: install-succeed
    server_id:
      description: The ID of the physical server of the instance.
      type: str
      returned: when the service reports it
      sample: 66666666-7777-8888-9999-000000000000
    description:
      description: The description of the instance.
      type: str
      returned: when the service reports it
      sample: database of the second plant
    vpc_id:
      description: The VPC of the network interfaces.
      type: str
      returned: when the service reports it
      sample: 22222222-3333-4444-5555-666666666666
    network_interfaces:
      description: The network interfaces, the primary one first, each with C(subnet_id) and C(ipv4_address).
      type: list
      elements: dict
      returned: when the service reports it
      sample: [{subnet_id: 33333333-4444-5555-6666-777777777777, ipv4_address: 192.168.0.7}]
    image:
      description: The image of the instance, with C(id), C(name) and C(os_type).
      type: dict
      returned: when the service reports it
      sample: {id: 44444444-5555-6666-7777-888888888888, name: EulerOS 2.0, os_type: Linux}
    tags:
      description: The tags of the instance, each with C(key) and C(value).
      type: list
      elements: dict
      returned: when the service reports it
      sample: [{key: plant, value: "2"}]
    metadata:
      description: The metadata of the instance, without entries that are named like a password.
      type: dict
      returned: when the service reports it
      sample: {owner: dba}
    error:
      description: Why the instance is in an error state, with C(error_code), C(error_msg) and C(error_type).
      type: dict
      returned: when the service reports it
      sample: {error_code: iMetal.0099, error_msg: internal error, error_type: create_instance_error}
    created_at:
      description: The time at which the instance was created.
      type: str
      returned: when the service reports it
      sample: "2026-01-31T12:00:00Z"
    updated_at:
      description: The time at which the instance was last changed.
      type: str
      returned: when the service reports it
      sample: "2026-02-01T08:30:00Z"
    launched_at:
      description: The time at which the instance was started.
      type: str
      returned: when the service reports it
      sample: "2026-01-31T12:20:00Z"
error:
  description: The service's error, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service rejected a call
  type: dict
  sample:
    operation: ListInstances
    code: APIGW.0301
    message: Incorrect IAM authentication information
    request_id: 5f0e4a1c2b3d4e5f60718293a4b5c6d7
    http_status: 401
    host: clouddc.cn-east-3.myhuaweicloud.com
    hint: >-
      IAM rejected the request: wrong key or signature, a token that has expired, a clock more than 15 minutes off,
      or an address that is not allowed. Five wrong signatures lock the key for five minutes.
"""

from typing import Any

from ..module_utils.clouddc.instances import STATES, list_instances, read_ids
from ..module_utils.common.task import TaskContext, TaskSpec, run_module
from ..module_utils.huawei.options import HUAWEI_OPTIONS, connect

SPEC = TaskSpec(
    argument_spec={
        "ids": {"type": "list", "elements": "str", "aliases": ["instance_ids", "id"]},
        "server_ids": {"type": "list", "elements": "str"},
        "instance_state": {"type": "str", "choices": list(STATES)},
        **HUAWEI_OPTIONS,
    },
    # ListInstances, server_id: not together with instance_id
    mutually_exclusive=[("ids", "server_ids")],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Return the instances that match."""
    params = task.params
    # an empty list is a filter that matches nothing by mistake, not "everything"
    ids = [] if params["ids"] is None else read_ids(params["ids"], "ids")
    server_ids = [] if params["server_ids"] is None else read_ids(params["server_ids"], "server_ids")
    instances = list_instances(connect(params), ids=ids, server_ids=server_ids, state=params["instance_state"])
    return {"changed": False, "instances": instances}


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
