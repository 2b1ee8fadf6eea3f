#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invoke a stored command on ECS instances."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_invoke_command
short_description: Invoke a stored Cloud Assistant command on Alibaba Cloud ECS instances
version_added: "0.1.0"
description:
  - >-
    Runs a command that is stored in the region, or a public command, on any number of ECS instances, and returns the
    exit code and output of each.
  - >-
    The command is identified by its ID or by its exact name. If several commands have the same name, the task fails and
    returns their IDs. The parameters are checked against the command before anything is started.
  - Otherwise, the module works like M(cloudops.cloud_assistant.ecs_run_command).
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.run
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
attributes:
  check_mode:
    support: full
    details:
      - >-
        Lets the service check the call and the instances with a dry run, which runs nothing. With
        O(api_generation=classic), which has no dry run, the module checks the state of the instances instead.
      - Also checks whether the run would repeat an earlier one under O(client_token) or O(idempotency_key).
  diff_mode:
    support: full
    details:
      - Shows the instances, the parameters and the decoded script of the run. Secret values are masked.
  idempotent:
    support: partial
    details:
      - >-
        The command runs on every execution of the task unless O(idempotency_key) or O(client_token) identifies the run
        as a repetition.
options:
  command_id:
    description:
      - The ID of the command; for a public command, its name.
      - One of O(command_id) and O(command_name) is required.
    type: str
  command_name:
    description:
      - The name of the command, compared exactly.
    type: str
notes:
  - >-
    The permissions C(ecs:InvokeCommand), C(ecs:DescribeCommands), C(ecs:DescribeInvocations) and
    C(ecs:DescribeInvocationResults) are required; C(ecs:DescribeInstances) and C(ecs:DescribeCloudAssistantStatus) for
    O(instance_names) and O(resource_tags), and to report which instances cannot run a command.
  - >-
    O(timeout) and O(working_dir) apply to this run only; by default, those of the command are used. The minimum of
    O(timeout) is 10.
  - >-
    O(api_generation=classic), the API of 2018, cannot distinguish a repeated call from a new one. A call whose reply
    was lost is therefore not repeated, and the error states that the call may have taken effect.
seealso:
  - module: cloudops.cloud_assistant.ecs_command
  - module: cloudops.cloud_assistant.ecs_run_command
  - module: cloudops.cloud_assistant.ecs_invocation
  - module: cloudops.cloud_assistant.ecs_invocation_info
"""

EXAMPLES = r"""
---
- name: Invoke a command by its name
  cloudops.cloud_assistant.ecs_invoke_command:
    region: cn-hangzhou
    command_name: restart-service
    instance_ids:
      - i-bp185dy2o3o6neg01234
    parameters:
      service: nginx

- name: Invoke a command on the whole fleet, ten instances at a time, and tolerate two failures
  cloudops.cloud_assistant.ecs_invoke_command:
    region: cn-hangzhou
    command_id: c-7d2a745b412b4601b2d47f6a768d3a14
    resource_tags:
      role: web
    parameters:
      service: nginx
    batch_size: 10
    max_failures: 2

- name: Run a command every night at three o'clock in Shanghai
  cloudops.cloud_assistant.ecs_invoke_command:
    region: cn-hangzhou
    command_name: rotate-logs
    resource_tags:
      role: web
    frequency: 0 0 3 * * ? Asia/Shanghai
    idempotency_key: rotate-logs-nightly

- name: Check whether a command could run
  cloudops.cloud_assistant.ecs_invoke_command:
    region: cn-hangzhou
    command_name: rotate-logs
    instance_ids:
      - i-bp185dy2o3o6neg01234
  check_mode: true
"""

RETURN = r"""
---
invoke_ids:
  description: The IDs of the invocations, one per batch, including earlier ones that this run relies on.
  returned: always, after the first request
  type: list
  elements: str
  sample: [t-7d2a745b412b4601b2d47f6a768d3a14]
invoke_id:
  description: >-
    The first of RV(invoke_ids). For an invocation that would be started, check mode returns the placeholder
    V(t-started-outside-check-mode), which dependent tasks accept in check mode. Empty if there is none.
  returned: always, after the first request
  type: str
  sample: t-7d2a745b412b4601b2d47f6a768d3a14
command_id:
  description: The ID of the command that was invoked.
  returned: always, after the first request
  type: str
  sample: c-7d2a745b412b4601b2d47f6a768d5c11
client_token:
  description:
    - The idempotency token of this run. Starting the task again with this token runs nothing twice.
    - With O(idempotency_key) alone, a token is not needed, because the key has the same effect.
  returned: when a run was started, unless only O(idempotency_key) is given
  type: str
  sample: 123e4567-e89b-12d3-a456-426655440000
results:
  description: One result for each instance, in the order of the targets; limited by O(results).
  returned: always, after the first request
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the instance.
      returned: always
      type: str
      sample: i-bp185dy2o3o6neg01234
    invoke_id:
      description: The ID of the invocation on this instance; empty if there was none.
      returned: always
      type: str
      sample: t-7d2a745b412b4601b2d47f6a768d3a14
    status:
      description:
        - >-
          The status that the service reports: V(Success), V(Failed) (the exit code is not in O(success_rcs)),
          V(Timeout), V(Error), V(Aborted) (the script could not be delivered), V(Invalid), V(Cancelled), V(Terminated),
          or, if the script has not finished, V(Pending), V(Running), V(Stopping), V(Scheduled).
        - V(Skipped) if the script was deliberately not started; RV(results[].error_info) gives the reason.
      returned: always
      type: str
      sample: Success
    rc:
      description: The exit code.
      returned: when the script exited by itself; 0 in check mode
      type: int
      sample: 0
    stdout:
      description: >-
        Combined standard output and standard error, with trailing newlines removed. If the service did not keep all of
        it, a line marks the gap.
      returned: when the output was read; empty in check mode
      type: str
      sample: "hello\nworld"
    stdout_lines:
      description: RV(results[].stdout) split into lines.
      returned: when the output was read; empty in check mode
      type: list
      elements: str
      sample: [hello, world]
    dropped:
      description: Number of bytes of the output that the service did not keep.
      returned: always
      type: int
      sample: 0
    error_code:
      description: >-
        Error code, from the service or from this module, if the instance failed or was skipped; empty otherwise.
      returned: always
      type: str
      sample: ExitCodeNonzero
    error_info:
      description: Human-readable explanation of RV(results[].error_code).
      returned: always
      type: str
      sample: the command execution exit code is not zero.
    started_at:
      description: The time at which the script started on the instance.
      returned: always
      type: str
      sample: "2026-04-27T08:00:00Z"
    finished_at:
      description: The time at which the script ended on the instance.
      returned: always
      type: str
      sample: "2026-04-27T08:00:01Z"
    repeats:
      description: How many times the script has run on the instance (more than 1 only for schedules).
      returned: always
      type: int
      sample: 1
    previous:
      description: Whether the result comes from an earlier run under the same O(idempotency_key).
      returned: always
      type: bool
      sample: false
    oss_output_status:
      description: Status of the delivery of the output, V(InProgress), V(Finished) or V(Failed).
      returned: with O(oss_output_delivery)
      type: str
      sample: Finished
    oss_output_uri:
      description: The object to which the output was delivered.
      returned: with O(oss_output_delivery)
      type: str
      sample: oss://bucket/prefix/t-7d2a745b412b4601b2d47f6a768d3a14/i-bp185dy2o3o6neg01234.txt
    oss_output_error:
      description: Error code and explanation if the output could not be delivered; empty otherwise.
      returned: with O(oss_output_delivery)
      type: str
      sample: ""
    power_action:
      description: >-
        What the agent does to the instance after this exit code of the script: V(power_off) (193 on Linux, 3009 on
        Windows) or V(reboot) (194 on Linux, 3010 on Windows).
      returned: when the script ended with one of these exit codes
      type: str
      sample: reboot
command_ids:
  description: The IDs of the commands that have the same name.
  returned: when more than one command has O(command_name)
  type: list
  elements: str
  sample: [c-7d2a745b412b4601b2d47f6a768d5c11, c-7d2a745b412b4601b2d47f6a768d5c12]
summary:
  description: >-
    Number of instances by outcome. RV(summary.total) is the sum of success, failed, skipped and running;
    RV(summary.previous) counts those of success and running whose result comes from an earlier run.
  returned: always, after the first request
  type: dict
  contains:
    total:
      description: All targeted instances.
      returned: always
      type: int
      sample: 12
    success:
      description: Instances on which the script succeeded.
      returned: always
      type: int
      sample: 10
    failed:
      description: Instances on which the script failed or could not be started.
      returned: always
      type: int
      sample: 1
    skipped:
      description: Instances that were deliberately skipped.
      returned: always
      type: int
      sample: 1
    running:
      description: Instances that are still running or scheduled.
      returned: always
      type: int
      sample: 0
    previous:
      description: Instances whose result comes from an earlier run.
      returned: always
      type: int
      sample: 0
results_file:
  description: The file that holds every result, one JSON object per line.
  returned: with O(results_file), outside check mode
  type: str
  sample: /var/log/cloud-assistant/patch.jsonl
failed_instances:
  description: The IDs of the instances that failed.
  returned: always, after the first request
  type: list
  elements: str
  sample: [i-bp185dy2o3o6neg05678]
rc:
  description: The exit code of the script.
  returned: when there is only one instance, and the script exited by itself; 0 in check mode
  type: int
  sample: 0
stdout:
  description: The output of the script.
  returned: when there is only one instance, and its output was read; empty in check mode
  type: str
  sample: "hello\nworld"
stdout_lines:
  description: RV(stdout) split into lines.
  returned: when there is only one instance, and its output was read; empty in check mode
  type: list
  elements: str
  sample: [hello, world]
error:
  description: >-
    The error of the service for a failed call, with C(operation), C(code), C(message), C(request_id), C(http_status),
    C(host) and C(hint). If the service did not return a usable reply, there is no code, and C(may_have_arrived) reports
    whether the request may have taken effect.
  returned: when a call failed
  type: dict
  sample:
    operation: InvokeCommand
    code: InvalidInstanceStatus
    message: The specified instance's status can not execute this operation
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 400
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: >-
      Start the instances and wait until they are running, or skip them (unready=skip, if the module has this option).
"""

from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.runs.options import RUN_OPTIONS, perform, request_from
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

SPEC = TaskSpec(
    argument_spec={
        "command_id": {"type": "str"},
        "command_name": {"type": "str"},
        **RUN_OPTIONS,
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("command_id", "command_name")],
    required_one_of=[("command_id", "command_name")],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Invoke the command."""
    params = task.params
    request = request_from(
        params,
        check_mode=task.check_mode,
        warn=task.warn,
        command_id=params["command_id"],
        command_name=params["command_name"],
    )
    return perform(connect(params), request, task)


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
