#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete CloudDC instances of Huawei Cloud."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: clouddc_instance
short_description: Delete Huawei Cloud CloudDC instances
version_added: "0.1.0"
description:
  - Deletes instances (iMetal bare-metal instances) of Huawei Cloud's Cloud Data Center, and waits until they are gone.
  - >-
    A single instance is deleted with C(DeleteInstance), several with C(DeleteInstances) in groups of 50. When the
    service refuses a group because of some of its instances, the others are deleted one by one.
  - >-
    An instance that does not exist or is already terminated is skipped. If an instance is already being deleted, the
    module only waits for the deletion. Neither counts as a change.
  - >-
    A request whose reply was lost is repeated. If the instance is then gone or being deleted, the module reports a
    change, because its own request has deleted the instance.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.huawei
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.huawei_group
attributes:
  check_mode:
    support: full
    details:
      - Reads the state of the instances. The service has no dry run, so it may still reject a predicted change.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - The desired state of the instances. Only V(absent) is supported.
    type: str
    choices: [absent]
    required: true
  id:
    description:
      - The ID of one instance, case-insensitive. Exactly one of O(id) and O(ids) is required.
    type: str
    aliases: [instance_id]
  ids:
    description:
      - The IDs of the instances, case-insensitive. Duplicate IDs are removed, with a warning.
      - An entry can hold several IDs separated by white space, for example one per line.
    type: list
    elements: str
    aliases: [instance_ids]
  power_off_first:
    description:
      - Whether to power off the physical server of a running instance before the deletion, and to wait until it is off.
      - If V(false), the task fails if the service refuses to delete a running instance.
      - >-
        This is a hard power-off: stop services on the instance first.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the instances are terminated or gone.
      - If V(false), the task ends as soon as the service has accepted the deletion, which may still fail afterwards.
    type: bool
    default: true
  wait_timeout:
    description:
      - Maximum time for the whole task, including the power-off, in seconds.
    type: int
    default: 1800
notes:
  - The permissions C(clouddc:instance:list), C(clouddc:instance:get) and C(clouddc:instance:delete) are required, for
    several instances also C(clouddc:instance:deleteBatch), and for O(power_off_first) C(clouddc:imetal:get) and
    C(clouddc:imetal:updatePowerStatus).
seealso:
  - module: cloudops.cloud_assistant.clouddc_instance_info
  - module: cloudops.cloud_assistant.ecs_instance
"""

EXAMPLES = r"""
---
- name: Delete an instance and wait until it is gone
  cloudops.cloud_assistant.clouddc_instance:
    region: cn-east-3
    id: 11111111-2222-3333-4444-555555555555
    state: absent

- name: Power off and delete the instances of a decommissioned rack
  cloudops.cloud_assistant.clouddc_instance:
    region: cn-east-3
    ids: "{{ rack_instances }}"
    state: absent
    power_off_first: true
    wait_timeout: 3600

- name: Preview what would be deleted
  cloudops.cloud_assistant.clouddc_instance:
    region: cn-east-3
    ids: "{{ rack_instances }}"
    state: absent
  check_mode: true
  diff: true
"""

RETURN = r"""
---
unknown_ids:
  description: The given IDs that do not exist in the region. They count as deleted, and a warning names them.
  returned: success
  type: list
  elements: str
  sample: []
results:
  description:
    - The state of each instance before and after the task, and the action taken, in the order of the IDs.
    - Also returned when the task fails.
  returned: success, and on failure after the state of the instances was read
  type: list
  elements: dict
  contains:
    id:
      description: The ID of the instance.
      type: str
      returned: always
      sample: 11111111-2222-3333-4444-555555555555
    name:
      description: The name of the instance; null if the instance does not exist.
      type: str
      returned: always
      sample: db-07
    server_id:
      description: The ID of the physical server of the instance; null if the instance does not exist.
      type: str
      returned: always
      sample: 66666666-7777-8888-9999-000000000000
    state_before:
      description: The state of the instance before the task; V(absent) if the instance did not exist.
      type: str
      returned: always
      sample: stopped
    state:
      description: The state of the instance after the task; V(absent) if the instance no longer exists.
      type: str
      returned: always
      sample: terminated
    action:
      description: >-
        The action that was required: V(delete), V(wait) for a deletion that was already in progress, or V(none).
      type: str
      returned: always
      sample: delete
    power_off:
      description: Whether the physical server had to be powered off first.
      type: bool
      returned: always
      sample: false
    changed:
      description: Whether this task changed the instance.
      type: bool
      returned: always
      sample: true
    msg:
      description: Why the instance could not be deleted or, in check mode, why the deletion may fail.
      type: str
      returned: when the deletion failed or, in check mode, may fail
      sample: "the deletion failed: iMetal.0099: internal error"
    error:
      description: The error that the service reported for the instance.
      type: dict
      returned: when the instance could not be deleted
      sample: {error_code: iMetal.0099, error_msg: internal error, error_type: delete_instance_error}
error:
  description:
    - The first error of the service, with C(operation), C(code), C(message), C(request_id), C(http_status), C(host) and
      C(hint).
    - >-
      If the service accepted a deletion or a power-off that failed afterwards, the error of the instance, with
      C(error_code), C(error_msg) and C(error_type).
  returned: when the service returned an error
  type: dict
  sample:
    operation: DeleteInstance
    code: iMetal.0201
    message: the instance is in state running
    request_id: 5f0e4a1c2b3d4e5f60718293a4b5c6d7
    http_status: 400
    host: clouddc.cn-east-3.myhuaweicloud.com
    hint: "The state of the instance does not allow this: a running instance may have to be powered off first."
"""

from typing import Any

from ..module_utils.clouddc.deletion import Deletion
from ..module_utils.clouddc.instances import GONE, read_ids
from ..module_utils.common.changes import ABSENT
from ..module_utils.common.checks import check_wait_timeout
from ..module_utils.common.printable import some_of
from ..module_utils.common.task import TaskContext, TaskSpec, run_module
from ..module_utils.common.wait import Deadline
from ..module_utils.huawei.options import HUAWEI_OPTIONS, connect

SPEC = TaskSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["absent"], "required": True},
        "id": {"type": "str", "aliases": ["instance_id"]},
        "ids": {"type": "list", "elements": "str", "aliases": ["instance_ids"]},
        "power_off_first": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 1800},
        **HUAWEI_OPTIONS,
    },
    mutually_exclusive=[("id", "ids")],
    required_one_of=[("id", "ids")],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Make sure that the instances are gone; return changed, results and the diff."""
    deletion, unknown = _deletion(task)
    if task.check_mode:
        deletion.predict()
    else:
        deletion.carry_out()
    result: dict[str, Any] = {**deletion.changes.as_result(), "unknown_ids": unknown}
    if task.diff_mode:
        result["diff"] = {
            "before": {"instances": _states(result["results"], "state_before")},
            "after": {"instances": _states(result["results"], "state")},
        }
    return result


def _deletion(task: TaskContext) -> tuple[Deletion, list[str]]:
    """Return the planned deletion, and the given IDs that do not exist, with a warning about them."""
    params = task.params
    option = "id" if params["id"] is not None else "ids"
    ids = read_ids([params["id"]] if option == "id" else params["ids"], option, warn=task.warn)
    check_wait_timeout(params["wait_timeout"])
    deletion = Deletion(
        connect(params),
        ids,
        power_off_first=params["power_off_first"],
        wait=params["wait"],
        deadline=Deadline(params["wait_timeout"]),
        progress=task.progress,
    )
    deletion.plan()
    unknown = [id for id, change in deletion.changes.items() if change.state_before == ABSENT]
    if unknown:
        task.warn(
            f"{option}: not found in {params['region'] or 'the region'}: {some_of(unknown)}. They count as deleted."
        )
    return deletion, unknown


def _states(results: list[dict[str, Any]], key: str) -> dict[str, str]:
    """Return the state of each instance by its id; a deleted instance is ``absent`` in whichever way it is gone."""
    return {row["id"]: "absent" if row[key] in GONE else row[key] for row in results}


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
