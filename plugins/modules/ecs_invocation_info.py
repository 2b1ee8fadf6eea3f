#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read invocations of Cloud Assistant and their results, and wait for their end."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_invocation_info
short_description: Read invocations of Alibaba Cloud Cloud Assistant and their results
version_added: "0.1.0"
description:
  - Returns the invocations of a region that match every filter, newest first, and their results on each instance.
  - With O(wait=true), the module first waits until the invocations have ended, which resumes the wait of an interrupted
    run.
  - The service keeps invocations for 30 days, at most 10,000 per region. The module returns all matching invocations or
    fails; it never returns a partial list.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
  - cloudops.cloud_assistant.attributes.info
options:
  invoke_id:
    description:
      - Return only the invocation with this ID.
    type: str
  command_id:
    description:
      - Return only invocations of the command with this ID.
    type: str
  command_name:
    description:
      - Return only invocations of commands with exactly this name.
    type: str
  instance_ids:
    description:
      - Return only invocations on at least one of these instances, and only the results of these instances.
    type: list
    elements: str
    aliases: [instance_id]
  status:
    description:
      - Return only invocations whose overall status is one of these.
    type: list
    elements: str
    choices: [Pending, Scheduled, Running, Stopping, Success, PartialFailed, Failed, Stopped]
  tags:
    description:
      - Return only invocations that have all of these tags. Values are compared exactly.
      - The service finds at most 1,000 invocations by tag.
    type: dict
  resource_group_id:
    description:
      - Return only invocations of the resource group with this ID.
    type: str
  repeat_mode:
    description:
      - Return only invocations with this repeat mode.
    type: str
    choices: [once, period, next_reboot_only, every_reboot]
  created_after:
    description:
      - >-
        Return only invocations created at this time or later, for example V(2030-01-31T08:00:00Z). Without an offset,
        the time is in UTC.
    type: str
  created_before:
    description:
      - Return only invocations created at this time or earlier, in the format of O(created_after).
    type: str
  include_output:
    description:
      - Whether to return the output in RV(results). Reading it takes one call per 50 instances of each invocation.
      - The default is V(true) with O(invoke_id) or O(wait=true).
    type: bool
  include_history:
    description:
      - Whether to return every run of a scheduled invocation, with output, instead of only the latest run.
      - Requires O(invoke_id).
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the running invocations have ended. The module does not wait for scheduled invocations.
      - >-
        The task does not fail if a script has failed; see RV(failed_instances). It fails if O(wait_timeout) expires,
        and returns the results so far.
    type: bool
    default: false
  wait_timeout:
    description:
      - Maximum time to wait, in seconds.
    type: int
    default: 600
notes:
  - The permission C(ecs:DescribeInvocations) is required; C(ecs:DescribeInvocationResults) for the output.
  - The values of parameters are not returned, because they may be secret.
seealso:
  - module: cloudops.cloud_assistant.ecs_run_command
  - module: cloudops.cloud_assistant.ecs_invoke_command
  - module: cloudops.cloud_assistant.ecs_invocation
"""

EXAMPLES = r"""
---
- name: Wait for a run that was started without waiting
  cloudops.cloud_assistant.ecs_invocation_info:
    region: cn-hangzhou
    invoke_id: t-7d2a745b412b4601b2d47f6a768d3a14
    wait: true
    wait_timeout: 3600
  register: build
  failed_when: build.failed_instances | default(['timed out']) | length > 0

- name: List the failed invocations of this morning
  cloudops.cloud_assistant.ecs_invocation_info:
    region: cn-hangzhou
    status: [Failed, PartialFailed]
    created_after: "2030-01-31T08:00:00+08:00"

- name: Read the output of every run of a schedule
  cloudops.cloud_assistant.ecs_invocation_info:
    region: cn-hangzhou
    invoke_id: t-7d2a745b412b4601b2d47f6a768d5c11
    include_history: true

- name: Read when the schedules of a command run next
  cloudops.cloud_assistant.ecs_invocation_info:
    region: cn-hangzhou
    command_name: rotate-logs
    status: [Scheduled, Running, Pending]
    repeat_mode: period
"""

RETURN = r"""
---
invocations:
  description: The invocations, newest first.
  returned: success, and when O(wait_timeout) expired
  type: list
  elements: dict
  contains:
    invoke_id:
      description: The ID of the invocation.
      returned: always
      type: str
      sample: t-7d2a745b412b4601b2d47f6a768d3a14
    status:
      description: The overall status of the invocation.
      returned: always
      type: str
      sample: PartialFailed
    command_id:
      description: The ID of the command.
      returned: always
      type: str
      sample: c-7d2a745b412b4601b2d47f6a768d5c11
    command_name:
      description: The name of the command.
      returned: always
      type: str
      sample: rotate-logs
    command_type:
      description: The interpreter of the script.
      returned: always
      type: str
      sample: RunShellScript
    command_description:
      description: The description of the command.
      returned: always
      type: str
      sample: Rotates all logs now.
    content:
      description: The script.
      returned: always
      type: str
      sample: "logrotate -f /etc/logrotate.conf\n"
    repeat_mode:
      description: The repeat mode, as the service spells it.
      returned: always
      type: str
      sample: Period
    frequency:
      description: The schedule of the invocation, as given to the service.
      returned: always
      type: str
      sample: 0 0 3 * * ? Asia/Shanghai
    next_runs:
      description:
        - The next five runs, in UTC; empty for an invocation without a schedule.
        - A cron expression without a time zone follows the time zone of each instance; here it is computed in UTC. With
          O(api_generation=classic), it is in UTC+08:00.
        - Cron expressions require the Python library C(croniter). Without it, the list is empty, and a warning is
          issued.
      returned: always
      type: list
      elements: str
      sample: ["2030-01-31T19:00:00Z"]
    schedule:
      description: RV(invocations[].frequency) in words; empty for an invocation without a schedule.
      returned: always
      type: str
      sample: every day at 03:00, Asia/Shanghai
    created_at:
      description: The time at which the invocation was created.
      returned: always
      type: str
      sample: "2030-01-31T08:00:00Z"
    timeout:
      description: The timeout of a run, in seconds.
      returned: always
      type: int
      sample: 60
    username:
      description: The user that runs the script.
      returned: always
      type: str
      sample: root
    working_dir:
      description: The directory in which the script runs.
      returned: always
      type: str
      sample: /root
    launcher:
      description: The program that starts the script.
      returned: always
      type: str
      sample: ""
    container_id:
      description: The ID of the container in which the script runs.
      returned: always
      type: str
      sample: ""
    container_name:
      description: The name of that container.
      returned: always
      type: str
      sample: ""
    termination_mode:
      description: What is killed when a run is stopped or times out, as the service spells it.
      returned: always
      type: str
      sample: ProcessTree
    oss_output_delivery:
      description: The location in OSS to which the output is delivered.
      returned: always
      type: str
      sample: ""
    parameter_names:
      description: The names of the parameters with values.
      returned: always
      type: list
      elements: str
      sample: [version]
    tags:
      description: The tags of the invocation.
      returned: always
      type: dict
      sample: {team: ops}
    instance_ids:
      description: The IDs of the instances.
      returned: always
      type: list
      elements: str
      sample: [i-bp185dy2o3o6neg01234]
results:
  description:
    - The result of each instance, with the keys of RV(cloudops.cloud_assistant.ecs_run_command#module:results). If the
      output was not read, C(stdout) and C(stdout_lines) are missing. For a script that ran with C(output=complete),
      they are its standard output, and C(stderr) and C(stderr_lines) its standard error.
  returned: success, and when O(wait_timeout) expired
  type: list
  elements: dict
  sample:
    - instance_id: i-bp185dy2o3o6neg01234
      invoke_id: t-7d2a745b412b4601b2d47f6a768d3a14
      status: Success
      rc: 0
      stdout: hello
      stdout_lines: [hello]
      dropped: 0
      error_code: ""
      error_info: ""
      started_at: "2030-01-31T08:00:01Z"
      finished_at: "2030-01-31T08:00:02Z"
      repeats: 1
      previous: false
summary:
  description: The number of instances by outcome.
  returned: success, and when O(wait_timeout) expired
  type: dict
  sample: {total: 1, success: 1, failed: 0, skipped: 0, running: 0, previous: 0}
failed_instances:
  description: The IDs of the instances that failed.
  returned: success, and when O(wait_timeout) expired
  type: list
  elements: str
  sample: []
invoke_ids:
  description: The IDs of the invocations that have not ended.
  returned: when O(wait_timeout) expired
  type: list
  elements: str
  sample: [t-7d2a745b412b4601b2d47f6a768d3a14]
error:
  description: The service's error, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service rejected a call
  type: dict
  sample:
    operation: DescribeInvocations
    code: Forbidden.RAM
    message: User not authorized to operate on the specified resource.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Allow the action ecs:DescribeInvocations on these resources in the RAM policy of the user or role.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..module_utils.alibaba.generations import refuse_missing
from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.invocations.listing import PREDICTED_INVOKE_ID
from ..module_utils.cloud_assistant.invocations.query import (
    Found,
    InvocationQuery,
    find,
    find_ended,
    found_as_dict,
    history_of,
    results_of,
)
from ..module_utils.cloud_assistant.models import REPEAT_MODES, InstanceResult, parse_time
from ..module_utils.cloud_assistant.runs.capture import unwrap
from ..module_utils.cloud_assistant.runs.captured import read_captured
from ..module_utils.cloud_assistant.states import STATES
from ..module_utils.cloud_assistant.targets import read_instance_ids
from ..module_utils.common.checks import check_wait_timeout
from ..module_utils.common.errors import InputError
from ..module_utils.common.task import TaskContext, TaskSpec, run_module
from ..module_utils.common.wait import Deadline

SPEC = TaskSpec(
    argument_spec={
        "invoke_id": {"type": "str"},
        "command_id": {"type": "str"},
        "command_name": {"type": "str"},
        "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
        "status": {"type": "list", "elements": "str", "choices": list(STATES)},
        "tags": {"type": "dict"},
        "resource_group_id": {"type": "str"},
        "repeat_mode": {"type": "str", "choices": list(REPEAT_MODES)},
        "created_after": {"type": "str"},
        "created_before": {"type": "str"},
        "include_output": {"type": "bool"},
        "include_history": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 600},
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("command_id", "command_name")],
    required_if=[("include_history", True, ["invoke_id"])],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Read the invocations, after their end if that is wanted."""
    params = task.params
    query = _query(params)
    check_wait_timeout(params["wait_timeout"])
    client = connect(params)
    if task.check_mode and query.invoke_id == PREDICTED_INVOKE_ID:
        assumed = "check mode assumes that an earlier task starts it"
        task.warn(f"invoke_id: the invocation does not exist in {client.region}; {assumed}")
        return {"changed": False, **found_as_dict(Found.none(), [])}
    deadline = Deadline(params["wait_timeout"] if params["wait"] else None)
    found = find_ended(client, query, deadline) if params["wait"] else find(client, query, must_exist=True)
    if params["include_history"]:
        results = history_of(client, found, deadline)
    elif _with_output(params):
        results = results_of(client, found, deadline, wait=params["wait"])
    else:
        results = found.results
    results, warning = read_captured(results)
    for text in (*found.warnings, *([warning] if warning else [])):
        task.warn(text)
    return {"changed": False, **_shown(found, results)}


def _shown(found: Found, results: Sequence[InstanceResult]) -> dict[str, Any]:
    """Return the task's result; a script that ran in the wrapper that keeps its output is shown without it."""
    shown = found_as_dict(found, results)
    for record, invocation in zip(shown["invocations"], found.invocations, strict=True):
        record["content"] = unwrap(invocation.content).decode("utf-8", "replace")
    return shown


def _query(params: dict[str, Any]) -> InvocationQuery:
    refuse_missing(params["api_generation"], {"include_history": params["include_history"]})
    query = InvocationQuery(
        invoke_id=params["invoke_id"],
        command_id=params["command_id"],
        command_name=params["command_name"],
        instance_ids=() if params["instance_ids"] is None else read_instance_ids(params["instance_ids"]),
        status=params["status"] or (),
        tags=params["tags"] or {},
        resource_group_id=params["resource_group_id"],
        repeat_mode=params["repeat_mode"],
        created_after=_time(params, "created_after"),
        created_before=_time(params, "created_before"),
    )
    query.check(params["api_generation"])
    return query


def _time(params: dict[str, Any], option: str) -> datetime | None:
    text = params[option]
    if text is None:
        return None
    instant = parse_time(text)
    if instant is None:
        raise InputError(option, f"{text!r} is not a valid time such as 2030-01-31T08:00:00Z")
    return instant


def _with_output(params: dict[str, Any]) -> bool:
    if params["include_output"] is not None:
        return bool(params["include_output"])
    return params["wait"] or params["invoke_id"] is not None


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
