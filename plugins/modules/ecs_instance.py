#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete, start, stop and reboot Alibaba Cloud ECS instances."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_instance
short_description: Delete, start, stop or reboot Alibaba Cloud ECS instances
version_added: "0.1.0"
description:
  - Deletes, starts, stops or reboots ECS instances, and waits until they have reached the desired state.
  - >-
    The module acts on the instances that match all of O(instance_ids), O(name), O(tags), O(vpc_id) and O(status). If no
    criterion is given, or if more than O(max_instances) instances match, the task fails before anything is changed.
  - >-
    Before anything is deleted, the module reports all instances that are protected against deletion, are subscriptions
    or are running, unless O(terminate_subscription) or O(force) allows their deletion.
  - >-
    A deletion whose reply was lost is repeated with the same client token. If the instance is then gone, the module
    reports a change, because its own request has deleted the instance.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
attributes:
  check_mode:
    support: full
    details:
      - Makes a dry run with the service, and reports for each instance what would happen.
      - With O(api_generation=classic), which has no dry run, the prediction is based on the state of the instances.
  diff_mode:
    support: full
    details:
      - Lists the instances with their status before and after.
  idempotent:
    support: partial
    details:
      - Full support with O(state=absent), O(state=running) and O(state=stopped).
      - O(state=rebooted) reboots the instances on every run. Use it in a handler or with a condition.
options:
  state:
    description:
      - The desired state of the instances.
      - V(absent) deletes them. Instances that do not exist count as deleted; a warning names unknown IDs.
      - V(running) starts stopped instances, V(stopped) stops running ones.
      - V(rebooted) reboots running instances.
    type: str
    choices: [absent, running, stopped, rebooted]
    required: true
  instance_ids:
    description:
      - The IDs of the instances. Duplicate IDs are removed, with a warning.
    type: list
    elements: str
    aliases: [instance_id]
  name:
    description:
      - The name of the instances, compared exactly; wildcards are not supported. Several instances may have the same
        name.
    type: str
    aliases: [instance_name]
  tags:
    description:
      - Tags that the instances must have, at most 20. Values are compared exactly.
    type: dict
    aliases: [resource_tags]
  vpc_id:
    description:
      - The ID of the VPC of the instances.
    type: str
  status:
    description:
      - The current status of the instances. Narrows the selection; cannot be the only criterion.
    type: str
    choices: [Pending, Running, Starting, Stopping, Stopped]
  max_instances:
    description:
      - Maximum number of existing instances that can be selected. If more instances match, the task fails before
        anything is changed.
    type: int
    default: 10
  force:
    description:
      - With O(state=absent), whether to delete running instances as well.
      - >-
        With O(state=stopped) and O(state=rebooted), whether to cut the power instead of shutting down the operating
        system. Unwritten data may be lost.
    type: bool
    default: false
  terminate_subscription:
    description:
      - With O(state=absent), whether to delete subscription instances as well.
    type: bool
    default: false
  stopped_mode:
    description:
      - With O(state=stopped), whether you keep paying for compute resources while the instance is stopped.
      - Defaults to the setting of the account.
    type: str
    choices: [KeepCharging, StopCharging]
  client_token:
    description:
      - >-
        With O(state=absent), the idempotency token of the deletion, up to 64 ASCII characters. For more than 100
        instances, the token of each group is derived from it. A token that was already used for another deletion
        deletes nothing. By default, the module generates a token.
      - >-
        Not available with O(api_generation=classic), where each instance is deleted by a separate call, which is safe
        to repeat.
    type: str
  wait:
    description:
      - Whether to wait until the instances are gone, running or stopped.
    type: bool
    default: true
  wait_timeout:
    description:
      - Maximum time for the whole task, in seconds.
    type: int
    default: 600
notes:
  - The permissions C(ecs:DescribeInstances) and, depending on O(state), C(ecs:DeleteInstances), C(ecs:StartInstances),
    C(ecs:StopInstances) or C(ecs:RebootInstances) are required.
  - Scripts that are running on an instance are killed when the instance is deleted, stopped or rebooted.
seealso:
  - module: cloudops.cloud_assistant.ecs_instance_info
  - module: cloudops.cloud_assistant.ecs_run_command
"""

EXAMPLES = r"""
---
- name: Delete two instances
  cloudops.cloud_assistant.ecs_instance:
    region: cn-hangzhou
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa, i-bp1bbbbbbbbbbbbbbbbb]
    state: absent
    force: true

- name: Preview which instances of a test run would be deleted
  cloudops.cloud_assistant.ecs_instance:
    region: cn-hangzhou
    tags:
      purpose: test
      run: "4711"
    state: absent
    force: true
    max_instances: 50
  check_mode: true
  diff: true

- name: Start the stopped web servers, because scripts require a running instance
  cloudops.cloud_assistant.ecs_instance:
    region: cn-hangzhou
    tags:
      role: web
    status: Stopped
    state: running

- name: Reboot an instance
  cloudops.cloud_assistant.ecs_instance:
    region: cn-hangzhou
    name: web-01
    state: rebooted
"""

RETURN = r"""
---
unknown_ids:
  description: >-
    The IDs from O(instance_ids) that do not exist in the region. With O(state=absent) they count as deleted, and a
    warning names them; with the other states the task fails.
  returned: success, and on failure because of such IDs
  type: list
  elements: str
  sample: []
results:
  description:
    - The status of each instance before and after the task, and the action taken.
    - Also returned when the task fails after the status of the instances was read.
  returned: success, and on failure after the status of the instances was read
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the instance.
      type: str
      returned: always
      sample: i-bp1aaaaaaaaaaaaaaaaa
    name:
      description: The name of the instance; empty if the instance does not exist.
      type: str
      returned: always
      sample: web-01
    status_before:
      description: The status of the instance before the task; V(absent) if the instance did not exist.
      type: str
      returned: always
      sample: Running
    status:
      description: >-
        The status of the instance after the task; V(absent) if the instance does not exist. With O(wait=false),
        V(deleting), V(Starting) or V(Stopping) after the service has accepted the change.
      type: str
      returned: always
      sample: absent
    action:
      description: >-
        The action that was required: V(delete), V(start), V(stop), V(reboot), V(wait) for a change that was already in
        progress, or V(none).
      type: str
      returned: always
      sample: delete
    changed:
      description: Whether this task changed the instance.
      type: bool
      returned: always
      sample: true
    msg:
      description: Why the instance could not be changed or, in check mode, what would happen to it.
      type: str
      returned: when the instance failed, and in check mode
      sample: it is protected against deletion; disable the protection first
    error:
      description: The service's error for this instance, or the reason under C(message).
      type: dict
      returned: when the instance could not be changed
      sample:
        message: it is protected against deletion; disable the protection first
error:
  description: >-
    The first error of the service, with C(operation), C(code), C(message), C(request_id), C(http_status), C(host) and
    C(hint).
  returned: when the service returned an error
  type: dict
  sample:
    operation: DeleteInstances
    code: InvalidOperation.DeletionProtection
    message: The operation is not allowed due to deletion protection.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Disable the deletion protection of the instance first.
"""

from typing import Any

from ..module_utils.alibaba.client import Client
from ..module_utils.alibaba.generations import refuse_missing
from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.instances.deletion import Deletion
from ..module_utils.cloud_assistant.instances.power import PowerChange
from ..module_utils.cloud_assistant.instances.selection import (
    STATUSES,
    Row,
    Selector,
    describe_unknown,
    find_instances,
    states_of,
)
from ..module_utils.common.checks import check_range, check_wait_timeout
from ..module_utils.common.errors import InputError, TaskFailure
from ..module_utils.common.idempotency import check_client_token
from ..module_utils.common.printable import some_of
from ..module_utils.common.task import TaskContext, TaskSpec, run_module
from ..module_utils.common.wait import Deadline

SPEC = TaskSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["absent", "running", "stopped", "rebooted"], "required": True},
        "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
        "name": {"type": "str", "aliases": ["instance_name"]},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "vpc_id": {"type": "str"},
        "status": {"type": "str", "choices": list(STATUSES)},
        "max_instances": {"type": "int", "default": 10},
        "force": {"type": "bool", "default": False},
        "terminate_subscription": {"type": "bool", "default": False},
        "stopped_mode": {"type": "str", "choices": ["KeepCharging", "StopCharging"]},
        "client_token": {"type": "str", "no_log": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 600},
        **ALIBABA_OPTIONS,
    },
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Bring the selected instances to the state; return changed, results and the diff."""
    selector = _selector(task)
    change, unknown = _change(task, connect(task.params), selector)
    change.check()
    if task.check_mode:
        change.predict()
    else:
        change.carry_out()
    result = {**change.changes.as_result(), "unknown_ids": unknown}
    if task.diff_mode:
        result["diff"] = {
            "before": {"instances": _statuses(result["results"], "status_before")},
            "after": {"instances": _statuses(result["results"], "status")},
        }
    return result


def _change(task: TaskContext, client: Client, selector: Selector) -> tuple[Deletion | PowerChange, list[str]]:
    """Return the change of the selected instances, and the given IDs that do not exist.

    Raises TaskFailure for too wide a selection, and for instances to start, stop or reboot that were not found.
    """
    params = task.params
    deadline = Deadline(params["wait_timeout"])
    rows = find_instances(client, selector, deadline)
    found = {row["InstanceId"] for row in rows}
    missing = [instance_id for instance_id in selector.instance_ids if instance_id not in found]
    _refuse_too_many(rows, params["max_instances"])
    common = {"wait": params["wait"], "deadline": deadline, "progress": task.progress, "force": params["force"]}
    if params["state"] != "absent":
        _refuse_absent(client, selector, rows, missing, deadline)
        return PowerChange(client, rows, params["state"], stopped_mode=params["stopped_mode"], **common), []
    left_out, unknown = _explain_missing(task, client, selector, missing, deadline)
    deletion = Deletion(
        client,
        rows,
        unknown,
        left_out=left_out,
        terminate_subscription=params["terminate_subscription"],
        client_token=params["client_token"],
        **common,
    )
    return deletion, unknown


def _selector(task: TaskContext) -> Selector:
    """Return the selection of the options. Raises InputError for options that are not valid."""
    params = task.params
    selector = Selector.of(
        instance_ids=params["instance_ids"],
        name=params["name"],
        tags=params["tags"],
        vpc_id=params["vpc_id"],
        status=params["status"],
        warn=task.warn,
    )
    selector.require()
    check_range("max_instances", params["max_instances"], 1)
    check_wait_timeout(params["wait_timeout"])
    check_client_token(params["client_token"])
    refuse_missing(params["api_generation"], {"client_token": params["client_token"]})
    for option, states in (("terminate_subscription", ("absent",)), ("stopped_mode", ("stopped",))):
        if params[option] and params["state"] not in states:
            raise InputError(option, f"has no effect with state: {params['state']}")
    return selector


def _refuse_too_many(rows: list[Row], most: int) -> None:
    """Raise TaskFailure when the selection is wider than its writer expected."""
    if len(rows) > most:
        some = some_of((f"{row['InstanceId']} ({row.get('InstanceName')})" for row in rows), 20)
        raise TaskFailure(
            f"max_instances: {len(rows)} instances are selected; at most {most} are allowed; nothing was changed. "
            f"The instances are {some}"
        )


def _explain_missing(
    task: TaskContext, client: Client, selector: Selector, missing: list[str], deadline: Deadline
) -> tuple[list[Row], list[str]]:
    """Return the instances that the rest of the selection leaves out, and the ids that do not exist, with a warning."""
    left_out = states_of(client, missing, deadline) if missing and selector.narrows else {}
    unknown = [item for item in missing if item not in left_out]
    if unknown:
        task.warn(f"instance_ids: {describe_unknown(client, unknown, deadline)}. They count as deleted.")
    return list(left_out.values()), unknown


def _refuse_absent(client: Client, selector: Selector, rows: list[Row], missing: list[str], deadline: Deadline) -> None:
    """Raise TaskFailure when there is nothing that could be started, stopped or rebooted."""
    if missing and selector.narrows:
        raise TaskFailure(f"instance_ids: not found, or excluded by the other criteria: {some_of(missing)}")
    if missing:
        raise TaskFailure(f"instance_ids: {describe_unknown(client, missing, deadline)}", unknown_ids=missing)
    if not rows:
        raise TaskFailure(f"no instance matches the selection ({selector})")


def _statuses(results: list[dict[str, Any]], key: str) -> dict[str, str]:
    """Return the status of each instance by ID and name."""
    return {f"{row['instance_id']} {row['name']}".rstrip(): row[key] for row in results}


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
