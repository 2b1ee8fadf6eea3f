#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep or stop invocations of stored commands."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_invocation
short_description: Manage scheduled invocations of Alibaba Cloud Cloud Assistant
version_added: "0.1.0"
description:
  - With O(state=present), keeps exactly one live scheduled invocation of a stored command on each of the instances.
  - >-
    With O(state=stopped), stops one invocation, or all live invocations of a command, and waits until none of them is
    running any more. O(tags), O(repeat_mode), O(instance_ids) and O(resource_tags) narrow the selection. Giving
    O(frequency) restricts it to scheduled invocations; its value is ignored, so that a task that keeps a schedule can
    end it by changing only O(state).
  - >-
    An existing live invocation is considered the same schedule if it has the same O(repeat_mode), all of the O(tags)
    and, when no O(tags) are given, at least one instance in common. Two schedules of one command on the same instances
    therefore need different tags; and with tags, a schedule can move to entirely different instances.
  - >-
    The frequency, the parameters and the instances of a schedule are changed in place if the service supports it and
    all agents are newer than 2.2.3.541 (Linux) or 2.1.3.541 (Windows). Otherwise, or if anything else differs, the
    invocation is stopped and a new one is started, after a dry run has shown that the new one can be started.
  - >-
    With O(command_name), the module also takes over the schedules of an older command of that name which
    M(cloudops.cloud_assistant.ecs_command) has replaced.
  - >-
    One invocation covers at most 100 instances. A schedule on more instances consists of several invocations, which the
    tag C(cloudops-schedule) connects.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
attributes:
  check_mode:
    support: full
    details:
      - Lets the service check what would be started, with C(RepeatMode=DryRun).
  diff_mode:
    support: full
    details:
      - Values of parameters are shown only if they are those of O(parameters).
  idempotent:
    support: full
options:
  state:
    description:
      - The desired state. V(present) keeps a schedule, V(stopped) stops invocations.
    type: str
    choices: [present, stopped]
    default: present
  invoke_id:
    description:
      - The ID of the invocation to stop. Only with O(state=stopped).
      - An invocation that does not exist counts as stopped; a warning names it.
    type: str
  command_id:
    description:
      - The ID of the stored command. With O(state=stopped), all of its live invocations are stopped.
    type: str
  command_name:
    description:
      - The name of the stored command, compared exactly. If several commands have this name, the task fails and returns
        their IDs.
    type: str
  instance_ids:
    description:
      - The IDs of the instances of the schedule.
      - With O(state=stopped), invocations are stopped only on these instances. If neither O(instance_ids) nor
        O(resource_tags) is given, they are stopped on all instances.
    type: list
    elements: str
    aliases: [instance_id]
  resource_tags:
    description:
      - Tags that select the instances of the schedule. The schedule covers the instances that have all of these tags
        when the task runs.
      - With O(state=stopped), invocations are stopped only on these instances.
    type: dict
  resource_group_id:
    description:
      - The ID of the resource group of the instances. With O(state=stopped), it narrows O(resource_tags).
    type: str
  frequency:
    description:
      - When the command runs, as C(rate(<number><s|m|h|d>\)), C(at(yyyy-MM-dd HH:mm:ss <time zone>\)), or a cron
        expression of six fields, seconds first, and an optional year and time zone.
      - Intervals, V(at(\)), a year and a time zone require agent 2.2.3.282 or later, on Windows 2.1.3.282.
    type: str
  repeat_mode:
    description:
      - When the command runs. V(period), the default if O(frequency) is given, runs by O(frequency). V(every_reboot)
        runs after each reboot of an instance, V(next_reboot_only) only after the next one.
      - With O(state=stopped), only invocations of this mode are stopped.
    type: str
    choices: [period, next_reboot_only, every_reboot]
  timed:
    description:
      - Alias of O(repeat_mode=period) from the API of 2018. V(true) requires O(frequency).
    type: bool
  parameters:
    description:
      - Values for the parameters of the command. Parameters that are not listed get an empty value.
    type: dict
  secret_parameters:
    description:
      - Like O(parameters), for values that must not be shown in results, diffs or logs.
    type: dict
  username:
    description:
      - The user that runs the command on the instances.
    type: str
  windows_password_name:
    description:
      - On Windows, the name of the entry of the parameter store that holds the password of O(username). It is not
        compared with that of an existing schedule.
    type: str
  working_dir:
    description:
      - The directory in which the command runs, instead of that of the command.
    type: str
  timeout:
    description:
      - Timeout of each run in seconds, instead of that of the command. A script that runs longer is killed.
    type: int
  launcher:
    description:
      - The program that starts the script, instead of that of the command.
    type: str
  termination_mode:
    description:
      - >-
        What to kill when a run is stopped or times out: only the V(process) that started the script, or the whole
        V(process_tree).
    type: str
    choices: [process, process_tree]
  container_id:
    description:
      - The ID of the container in which the command runs. Requires agent 2.2.3.344 or later on Linux.
    type: str
  container_name:
    description:
      - The name of the container in which the command runs. Requires agent 2.2.3.344 or later on Linux.
    type: str
  oss_output_delivery:
    description:
      - The location in OSS to which the complete output is delivered, as C(oss://bucket/prefix).
    type: str
  tags:
    description:
      - Tags of the invocation, at most 20, by which an existing schedule is also recognized.
      - With O(state=stopped), only invocations that have all of these tags are stopped.
    type: dict
  wait_timeout:
    description:
      - Maximum time to wait for stopped invocations to end, in seconds.
    type: int
    default: 120
notes:
  - >-
    The permissions C(ecs:DescribeCommands), C(ecs:DescribeInvocations), C(ecs:DescribeCloudAssistantStatus),
    C(ecs:InvokeCommand), C(ecs:ModifyInvocationAttribute) and C(ecs:StopInvocation) are required;
    C(ecs:DescribeInstances) for O(resource_tags), and to report which instances cannot run a command.
  - >-
    To start an invocation, all of its instances must be running and their agents online. To skip other instances, pass
    the O(instance_ids) that M(cloudops.cloud_assistant.ecs_instance_info) returns for C(status=Running).
  - >-
    In a play on many hosts, use C(run_once) for this task. Otherwise, each host starts the schedule.
  - O(username), O(working_dir), O(timeout), O(launcher), O(termination_mode), O(container_id), O(container_name) and
    O(oss_output_delivery) are compared with those of a live invocation only if they are given.
seealso:
  - module: cloudops.cloud_assistant.ecs_invoke_command
  - module: cloudops.cloud_assistant.ecs_invocation_info
  - module: cloudops.cloud_assistant.ecs_command
"""

EXAMPLES = r"""
---
- name: Rotate the logs of two instances every night
  cloudops.cloud_assistant.ecs_invocation:
    region: cn-hangzhou
    command_name: rotate-logs
    instance_ids:
      - i-bp185dy2o3o6neg1x8h2
      - i-bp185dy2o3o6neg1x8h3
    frequency: "0 30 3 * * ? Asia/Shanghai"

- name: Back up two databases on the same instances, with one tag per schedule
  cloudops.cloud_assistant.ecs_invocation:
    region: cn-hangzhou
    command_name: backup
    resource_tags:
      role: database
    frequency: rate(6h)
    parameters:
      database: "{{ item }}"
    tags:
      schedule: "backup-{{ item }}"
  loop: [orders, stock]

- name: Run a check after each reboot
  cloudops.cloud_assistant.ecs_invocation:
    region: cn-hangzhou
    command_name: check-disks
    instance_ids: [i-bp185dy2o3o6neg1x8h2]
    repeat_mode: every_reboot

- name: Stop all invocations of a command
  cloudops.cloud_assistant.ecs_invocation:
    region: cn-hangzhou
    state: stopped
    command_name: rotate-logs
"""

RETURN = r"""
---
unknown_ids:
  description: >-
    The given IDs of invocations, commands and instances that do not exist in the region. Nothing was stopped for them,
    and a warning names them.
  returned: O(state=stopped)
  type: list
  elements: str
  sample: []
command_id:
  description: The ID of the command.
  returned: O(state=present)
  type: str
  sample: c-7d2a745b412b4601b2d47f6a768d3a14
invoke_ids:
  description:
    - The IDs of the invocations that make up the schedule after the task; in check mode without those that would be
      started.
    - With O(state=stopped), the IDs of the live invocations that matched.
  returned: success
  type: list
  elements: str
  sample: [t-7d2a745b412b4601b2d47f6a768d5c11]
invoke_id:
  description: >-
    The first of RV(invoke_ids). For an invocation that would be started, check mode returns the placeholder
    V(t-started-outside-check-mode), which dependent tasks accept in check mode. Empty if there is none.
  returned: success
  type: str
  sample: t-7d2a745b412b4601b2d47f6a768d5c11
schedule:
  description: O(frequency) in words.
  returned: O(state=present) with O(frequency)
  type: str
  sample: every day at 03:30, Asia/Shanghai
instance_ids:
  description: The IDs of the instances of the schedule.
  returned: O(state=present)
  type: list
  elements: str
  sample: [i-bp185dy2o3o6neg1x8h2, i-bp185dy2o3o6neg1x8h3]
started_invoke_ids:
  description: The IDs of the invocations that were started.
  returned: O(state=present)
  type: list
  elements: str
  sample: []
modified_invoke_ids:
  description: The IDs of the invocations that were changed in place or, in check mode, would be changed.
  returned: O(state=present)
  type: list
  elements: str
  sample: [t-7d2a745b412b4601b2d47f6a768d5c11]
stopped_invoke_ids:
  description: >-
    The IDs of the invocations that were stopped on some or all instances or, in check mode, would be stopped.
  returned: success
  type: list
  elements: str
  sample: []
stopped_instances:
  description: >-
    For each invocation ID, the IDs of the instances on which it was stopped or, in check mode, would be stopped.
  returned: O(state=stopped)
  type: dict
  sample: {t-7d2a745b412b4601b2d47f6a768d5c11: [i-bp185dy2o3o6neg1x8h2]}
running_instances:
  description: The IDs of the instances on which an invocation is still running.
  returned: when O(wait_timeout) expired
  type: list
  elements: str
  sample: [i-bp185dy2o3o6neg1x8h2]
results:
  description:
    - The outcome of the start for each instance, with the keys of
      RV(cloudops.cloud_assistant.ecs_invoke_command#module:results).
  returned: when a schedule could not be started on an instance
  type: list
  elements: dict
  sample:
    - instance_id: i-bp185dy2o3o6neg1x8h2
      invoke_id: ""
      status: Failed
      error_code: InvalidInstance.NotFound
      error_info: The specified instance does not exist.
      dropped: 0
      started_at: ""
      finished_at: ""
      repeats: 0
      previous: false
summary:
  description: The number of instances by outcome.
  returned: when a schedule could not be started on an instance
  type: dict
  sample: {total: 2, success: 0, failed: 1, skipped: 1, previous: 0, running: 0}
failed_instances:
  description: The IDs of the instances on which the schedule could not be started.
  returned: when a schedule could not be started on an instance
  type: list
  elements: str
  sample: [i-bp185dy2o3o6neg1x8h2]
command_ids:
  description: The IDs of the commands that have the same name.
  returned: when more than one command has O(command_name)
  type: list
  elements: str
  sample: [c-7d2a745b412b4601b2d47f6a768d3a14, c-7d2a745b412b4601b2d47f6a768d3a15]
error:
  description: The service's error, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service rejected a call
  type: dict
  sample:
    operation: InvokeCommand
    code: InvalidInstance.NotFound
    message: The specified instance does not exist.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 404
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Check the instance IDs and the option region; an ID exists only in its own region.
"""

from collections.abc import Sequence
from typing import Any

from ..module_utils.alibaba.client import Client
from ..module_utils.alibaba.generations import refuse_missing
from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.instances.readiness import find_targets
from ..module_utils.cloud_assistant.invocations.listing import first_invoke_id
from ..module_utils.cloud_assistant.invocations.stopping import plan_stop, stop
from ..module_utils.cloud_assistant.models import REPEAT_MODES, Invocation
from ..module_utils.cloud_assistant.runs.options import RUN_OPTIONS
from ..module_utils.cloud_assistant.runs.request import RunRequest
from ..module_utils.cloud_assistant.schedules.keeper import ScheduleKeeper
from ..module_utils.cloud_assistant.schedules.stoppable import stoppable_invocations, unknown_to_stop
from ..module_utils.cloud_assistant.tags import check_tags
from ..module_utils.cloud_assistant.targets import Targets, read_instance_ids
from ..module_utils.common.checks import check_wait_timeout
from ..module_utils.common.errors import InputError
from ..module_utils.common.task import TaskContext, TaskSpec, run_module
from ..module_utils.common.wait import Deadline

# what a schedule has in common with every other run, besides its targets
PASSED_THROUGH = (
    "parameters",
    "secret_parameters",
    "username",
    "windows_password_name",
    "working_dir",
    "timeout",
    "launcher",
    "termination_mode",
    "container_id",
    "container_name",
    "oss_output_delivery",
    "frequency",
    "timed",
    "tags",
)

SPEC = TaskSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["present", "stopped"], "default": "present"},
        "invoke_id": {"type": "str"},
        "command_id": {"type": "str"},
        "command_name": {"type": "str"},
        "repeat_mode": {"type": "str", "choices": ["period", "next_reboot_only", "every_reboot"]},
        "wait_timeout": {"type": "int", "default": 120},
        "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
        **{name: RUN_OPTIONS[name] for name in (*PASSED_THROUGH, "resource_tags", "resource_group_id")},
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("invoke_id", "command_id", "command_name"), ("instance_ids", "resource_tags")],
    required_one_of=[("invoke_id", "command_id", "command_name")],
    required_if=[("state", "present", ("command_id", "command_name"), True)],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Bring the command's invocations into the wanted state."""
    params = task.params
    check_wait_timeout(params["wait_timeout"])
    return _present(task) if params["state"] == "present" else _stopped(task)


def _present(task: TaskContext) -> dict[str, Any]:
    params = task.params
    targets = Targets.of_options(params, warn=task.warn)
    given = {name: params[name] for name in (*PASSED_THROUGH, "repeat_mode") if params[name] is not None}
    request = RunRequest.of(targets, command_id=params["command_id"], command_name=params["command_name"], **given)
    request.check(params["api_generation"])
    scheduler = ScheduleKeeper(
        connect(params), check=task.check_mode, deadline=Deadline(params["wait_timeout"]), warn=task.warn
    )
    changes = scheduler.present(request)
    invoke_ids = [*changes.kept, *changes.started]
    result: dict[str, Any] = {
        "changed": changes.changed,
        "command_id": changes.command_id,
        "instance_ids": list(changes.instance_ids),
        "invoke_ids": invoke_ids,
        "invoke_id": first_invoke_id(invoke_ids, would_start=task.check_mode),
        "started_invoke_ids": changes.started,
        "modified_invoke_ids": changes.modified,
        "stopped_invoke_ids": changes.stopped,
    }
    if changes.schedule:
        result["schedule"] = changes.schedule
    if task.diff_mode:
        result["diff"] = {"before": changes.before, "after": changes.after}
    return result


def _stopped(task: TaskContext) -> dict[str, Any]:
    """Stop the invocations that the options select, wholly or on some instances, and return what was stopped."""
    params = task.params
    tags = check_tags(params["tags"] or {})
    targets = _stop_targets(params)
    given = None if params["instance_ids"] is None else read_instance_ids(params["instance_ids"], warn=task.warn)
    refuse_missing(
        params["api_generation"],
        {"tags": tags, **{name: params[name] for name in ("resource_tags", "resource_group_id")}},
    )
    client = connect(params)
    deadline = Deadline(params["wait_timeout"])
    instance_ids = find_targets(client, targets, deadline)[0] if targets else given
    live = _stoppable(client, params, tags)
    unknown = unknown_to_stop(
        client,
        live,
        invoke_id=params["invoke_id"],
        command_id=params["command_id"],
        instance_ids=given,
        deadline=deadline,
    )
    for text in unknown.warnings:
        task.warn(text)
    stops = [plan_stop(invocation, instance_ids) for invocation in live]
    if not task.check_mode:
        stop(client, stops, deadline)
    wanted = {each.invoke_id: list(each.instance_ids) for each in stops if each}
    return {**_stop_result(live, wanted, diff_mode=task.diff_mode), "unknown_ids": list(unknown.ids)}


def _stoppable(client: Client, params: dict[str, Any], tags: dict[str, str]) -> list[Invocation]:
    """Return the invocations that the options select, as long as something of them is live."""
    mode = params["repeat_mode"] or ("period" if params["frequency"] or params["timed"] else None)
    return stoppable_invocations(
        client,
        invoke_id=params["invoke_id"],
        command_id=params["command_id"],
        command_name=params["command_name"],
        tags=tags,
        repeat_mode=REPEAT_MODES[mode] if mode else None,
    )


def _stop_result(live: Sequence[Invocation], wanted: dict[str, list[str]], *, diff_mode: bool) -> dict[str, Any]:
    """Return the result of a stop; ``wanted`` has the instances to stop by invocation."""
    invoke_ids = [invocation.invoke_id for invocation in live]
    result: dict[str, Any] = {
        "changed": bool(wanted),
        "invoke_ids": invoke_ids,
        "invoke_id": first_invoke_id(invoke_ids),
        "stopped_invoke_ids": list(wanted),
        "stopped_instances": wanted,
    }
    if diff_mode:
        result["diff"] = {"before": {"live": wanted}, "after": {"live": {}}} if wanted else {"before": {}, "after": {}}
    return result


def _stop_targets(params: dict[str, Any]) -> Targets | None:
    """Return the instances that are selected by tags, None if they are selected by id or not at all."""
    if params["resource_tags"] is not None:
        return Targets.of(None, params["resource_tags"], params["resource_group_id"])
    if params["resource_group_id"] is not None and params["instance_ids"] is None:
        raise InputError("resource_group_id", "narrows resource_tags; also give resource_tags or instance_ids")
    return None


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
