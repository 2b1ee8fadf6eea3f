#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change and delete stored commands of Cloud Assistant."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_command
short_description: Manage stored commands of Alibaba Cloud Cloud Assistant
version_added: "0.1.0"
description:
  - Manages a script as a stored command of a region, which can be invoked on instances any number of times.
  - A command is identified by its exact name or by its ID. If several commands have the same name, the task fails and
    returns their IDs, unless O(command_id) selects one of them.
  - >-
    The service can change the name, description, working directory, timeout and launcher of a command in place, but not
    the script, the type, O(enable_parameter) or the resource group. If one of these differs, the module creates a new
    command as C(<name>~replacing), deletes the old one, and renames the new one. The command gets a new ID. If such a
    replacement is interrupted, the next run of the task completes it.
  - >-
    The service does not delete a command that is still in use. A replaced command that is still in use is kept as
    C(<name>~replaced), with a warning, until the command is deleted by its name.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the decoded script and the other fields.
  idempotent:
    support: full
    details:
      - A command that was replaced has a new ID. Identify a command by O(name) if its script may change.
options:
  state:
    description:
      - The desired state of the command. V(present) creates or changes it, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the command, up to 128 characters, compared exactly.
      - With O(command_id), the new name of the command.
    type: str
  command_id:
    description:
      - The ID of the command. With O(state=present), the command must exist.
    type: str
  type:
    description:
      - The interpreter for the script. V(RunShellScript) is for Linux, the others are for Windows.
      - The default for a new command is V(RunShellScript).
    type: str
    choices: [RunShellScript, RunPowerShellScript, RunBatScript]
  content:
    description:
      - The script. It is stored and compared byte for byte, including line endings.
      - The service accepts at most 24 KB after Base64 encoding, which is 18 KB of script; some accounts have a lower
        limit.
      - O(content) or O(src) is required to create a command.
    type: str
  src:
    description:
      - A file with the script on the controller, searched for in C(files/) of the role and the playbook.
      - Files encrypted with Ansible Vault are decrypted.
    type: path
  template:
    description:
      - Whether to render O(src) as a template, which is then searched for in C(templates/). Requires O(src).
    type: bool
    default: false
  description:
    description:
      - The description of the command, up to 512 characters.
    type: str
  working_dir:
    description:
      - >-
        The absolute path of the directory in which the script runs, up to 200 characters. It must exist on the
        instances.
      - The default for a new command is C(/root) on Linux, and the directory of the agent on Windows.
    type: str
  timeout:
    description:
      - Timeout in seconds. A script that runs longer is killed.
      - The default for a new command is 60. With O(api_generation=classic), the minimum is 60 and the default 3600.
    type: int
  enable_parameter:
    description:
      - Whether placeholders such as C({{name}}) in the script are parameters, whose values are given when the command
        is invoked.
      - By default, a new command has no parameters.
    type: bool
  launcher:
    description:
      - The program that starts the script, up to 1 KB, for example V(python3 -u {{ACS::ScriptFileName|Ext(".py"\)}}).
    type: str
  resource_group_id:
    description:
      - The ID of the resource group of the command.
    type: str
  tags:
    description:
      - The tags of the command, at most 20. An empty dictionary with O(purge_tags=true) removes all tags.
    type: dict
  purge_tags:
    description:
      - Whether to remove tags that are not listed in O(tags). Has no effect if O(tags) is not given.
    type: bool
    default: true
  all_matching:
    description:
      - With O(state=absent), whether to delete all commands that have this O(name). If V(false), the task fails if
        there is more than one.
    type: bool
    default: false
  stop_invocations:
    description:
      - >-
        With O(state=absent), whether to stop the scheduled and running invocations of a command before it is deleted.
        If V(false), a command that has such invocations is not deleted, and the error names them.
      - >-
        If a command is replaced, whether to stop its scheduled invocations. If V(false), they continue with the old
        script, and a warning names them. Runs in progress are never stopped.
    type: bool
    default: false
  wait_timeout:
    description:
      - Maximum time that O(stop_invocations) waits for invocations to stop, in seconds.
    type: int
    default: 120
  client_token:
    description:
      - >-
        Idempotency token of the creation: the service creates the command only once per token.
      - Up to 64 ASCII characters.
      - By default, the module generates a token.
    type: str
notes:
  - >-
    The permissions C(ecs:DescribeCommands), C(ecs:CreateCommand), C(ecs:ModifyCommand) and C(ecs:DeleteCommand) are
    required; C(ecs:DescribeInvocations) to delete or replace, C(ecs:StopInvocation) for O(stop_invocations),
    C(ecs:TagResources) and C(ecs:UntagResources) for O(tags).
  - Public commands cannot be changed or deleted.
  - >-
    In a play on many hosts, use C(run_once) for this task. Otherwise, each host creates the command, and all commands
    but the first are deleted again.
  - >-
    The service may list a new command with a delay. If a task is killed and started again at once, it may therefore
    create the command a second time. When both commands are listed, the task deletes the second one and returns the
    first.
seealso:
  - module: cloudops.cloud_assistant.ecs_command_info
  - module: cloudops.cloud_assistant.ecs_invoke_command
  - module: cloudops.cloud_assistant.ecs_invocation
  - plugin: cloudops.cloud_assistant.ecs_command_id
    plugin_type: lookup
"""

EXAMPLES = r"""
---
- name: Store a script
  cloudops.cloud_assistant.ecs_command:
    region: cn-hangzhou
    name: rotate-logs
    src: rotate-logs.sh
    working_dir: /var/log
    timeout: 300
    tags:
      team: ops

- name: Store a script with a parameter
  cloudops.cloud_assistant.ecs_command:
    region: cn-hangzhou
    name: restart-service
    src: restart-service.sh
    enable_parameter: true

- name: Rename a command
  cloudops.cloud_assistant.ecs_command:
    region: cn-hangzhou
    command_id: c-7d2a745b412b4601b2d47f6a768d3a14
    name: restart-unit

- name: Delete a command with its schedules
  cloudops.cloud_assistant.ecs_command:
    region: cn-hangzhou
    name: rotate-logs
    state: absent
    stop_invocations: true
"""

RETURN = r"""
---
unknown_ids:
  description: O(command_id), if it does not exist in the region. It counts as deleted, and a warning names it.
  returned: O(state=absent)
  type: list
  elements: str
  sample: []
command_id:
  description: >-
    The ID of the command. For a command that would be created or replaced, check mode returns the placeholder
    V(c-created-outside-check-mode), which dependent tasks accept in check mode.
  returned: O(state=present)
  type: str
  sample: c-7d2a745b412b4601b2d47f6a768d3a14
replaced_command_id:
  description:
    - The ID of the old command if it was replaced because it could not be changed in place.
    - If the old command was still in use, it is kept under another name, which a warning shows.
  returned: when the command was replaced
  type: str
  sample: c-0123456789abcdef0123456789abcdef
command:
  description: The command after the task or, in check mode, the predicted command.
  returned: O(state=present)
  type: dict
  contains:
    command_id:
      description: The ID of the command.
      returned: when known
      type: str
      sample: c-7d2a745b412b4601b2d47f6a768d3a14
    name:
      description: The name of the command.
      returned: always
      type: str
      sample: rotate-logs
    type:
      description: The interpreter of the script.
      returned: always
      type: str
      sample: RunShellScript
    content:
      description: The script.
      returned: when it is text
      type: str
      sample: "logrotate -f /etc/logrotate.conf\n"
    content_base64:
      description: The script in Base64.
      returned: when it is not UTF-8 text
      type: str
      sample: //4K
    description:
      description: The description of the command.
      returned: always
      type: str
      sample: Rotates all logs now.
    working_dir:
      description: The directory in which the script runs.
      returned: always
      type: str
      sample: /var/log
    timeout:
      description: The timeout of a run, in seconds.
      returned: always
      type: int
      sample: 300
    enable_parameter:
      description: Whether the command has parameters.
      returned: always
      type: bool
      sample: false
    parameter_names:
      description: The names of the parameters.
      returned: always
      type: list
      elements: str
      sample: []
    launcher:
      description: The program that starts the script.
      returned: always
      type: str
      sample: ""
    resource_group_id:
      description: The ID of the resource group of the command.
      returned: always
      type: str
      sample: rg-bp67acfmxazb4ph
    tags:
      description: The tags of the command.
      returned: always
      type: dict
      sample: {team: ops}
    invoke_times:
      description: The number of times that the command was invoked.
      returned: always
      type: int
      sample: 3
    created_at:
      description: The time at which the command was created.
      returned: always
      type: str
      sample: "2026-04-27T08:00:00Z"
    provider:
      description: The provider of a public command; empty for other commands.
      returned: always
      type: str
      sample: ""
    category:
      description: The category of a public command; empty for other commands.
      returned: always
      type: str
      sample: ""
command_ids:
  description:
    - The IDs of the commands that were deleted or, in check mode, would be deleted.
    - If the task fails because several commands have the same name, the IDs of these commands.
  returned: with O(state=absent), and when more than one command has O(name)
  type: list
  elements: str
  sample: [c-7d2a745b412b4601b2d47f6a768d3a14]
stopped_invoke_ids:
  description: The IDs of the invocations that were stopped or, in check mode, would be stopped.
  returned: success
  type: list
  elements: str
  sample: [t-7d2a745b412b4601b2d47f6a768d5c11]
invoke_ids:
  description: The IDs of the invocations that prevent the deletion.
  returned: when the command is still scheduled or running, and O(stop_invocations=false)
  type: list
  elements: str
  sample: [t-7d2a745b412b4601b2d47f6a768d5c11]
error:
  description: The service's error, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service rejected a call
  type: dict
  sample:
    operation: CreateCommand
    code: CmdCount.ExceedQuota
    message: The total number of commands in the current region exceeds the quota.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Delete commands that are no longer used, or request a higher quota in this region.
"""

from typing import Any

from ..module_utils.alibaba.generations import refuse_missing
from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.commands.keeper import CommandChanges, CommandKeeper
from ..module_utils.cloud_assistant.commands.listing import PREDICTED_COMMAND_ID
from ..module_utils.cloud_assistant.commands.plan import DesiredCommand, command_diff
from ..module_utils.cloud_assistant.scripts import (
    SCRIPT_TYPES,
    encoding_warning,
    given_script,
    name_warning,
    shell_warnings,
)
from ..module_utils.cloud_assistant.tags import check_tags
from ..module_utils.common.checks import check_wait_timeout
from ..module_utils.common.idempotency import check_client_token
from ..module_utils.common.task import TaskContext, TaskSpec, run_module
from ..module_utils.common.wait import Deadline

SPEC = TaskSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str"},
        "command_id": {"type": "str"},
        "type": {"type": "str", "choices": list(SCRIPT_TYPES)},
        "content": {"type": "str"},
        "src": {"type": "path"},
        "template": {"type": "bool", "default": False},
        "description": {"type": "str"},
        "working_dir": {"type": "str"},
        "timeout": {"type": "int"},
        "enable_parameter": {"type": "bool"},
        "launcher": {"type": "str"},
        "resource_group_id": {"type": "str"},
        "tags": {"type": "dict"},
        "purge_tags": {"type": "bool", "default": True},
        "all_matching": {"type": "bool", "default": False},
        "stop_invocations": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 120},
        "client_token": {"type": "str", "no_log": False},
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("content", "src")],
    required_one_of=[("name", "command_id")],
    required_if=[("template", True, ["src"])],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Bring the command into the wanted state."""
    params = task.params
    check_wait_timeout(params["wait_timeout"])
    check_client_token(params["client_token"])
    refuse_missing(params["api_generation"], {"client_token": params["client_token"]})
    desired = _desired(params)
    for text in _warnings(desired):
        task.warn(text)
    keeper = CommandKeeper(
        connect(params),
        check=task.check_mode,
        stop_invocations=params["stop_invocations"],
        deadline=Deadline(params["wait_timeout"]),
        warn=task.warn,
    )
    if params["state"] == "absent":
        changes = keeper.absent(
            command_id=params["command_id"], name=params["name"], all_matching=params["all_matching"]
        )
        result = _absent_result(changes)
        result["unknown_ids"] = [params["command_id"]] if params["command_id"] and not changes.deleted else []
    else:
        changes = keeper.present(desired, command_id=params["command_id"], client_token=params["client_token"])
        result = _present_result(changes)
    if task.diff_mode:
        result["diff"] = _diff(changes)
    return result


def _warnings(desired: DesiredCommand) -> list[str]:
    """Return what looks wrong about the script, although the service accepts it."""
    if desired.content is None:
        return []
    texts = [encoding_warning(desired.content), name_warning(desired.name or "", desired.type or "RunShellScript")]
    if (desired.type or "RunShellScript") == "RunShellScript" and desired.launcher is None:
        texts += shell_warnings(desired.content)
    return [text for text in texts if text]


def _desired(params: dict[str, Any]) -> DesiredCommand:
    script = given_script(params["content"], params["src"])
    tags = params["tags"]
    return DesiredCommand(
        content=script.data if script else None,
        tags=None if tags is None else check_tags(tags),
        **{
            name: params[name]
            for name in (
                "name",
                "type",
                "description",
                "working_dir",
                "timeout",
                "enable_parameter",
                "launcher",
                "resource_group_id",
                "purge_tags",
            )
        },
    )


def _present_result(changes: CommandChanges) -> dict[str, Any]:
    result: dict[str, Any] = {"changed": changes.changed, "stopped_invoke_ids": changes.stopped_invoke_ids}
    if changes.after:
        command = changes.after.as_dict()
        command["command_id"] = command["command_id"] or PREDICTED_COMMAND_ID
        result.update(command_id=command["command_id"], command=command)
    if changes.replaced_command_id:
        result["replaced_command_id"] = changes.replaced_command_id
    return result


def _absent_result(changes: CommandChanges) -> dict[str, Any]:
    return {
        "changed": changes.changed,
        "command_ids": [command.command_id for command in changes.deleted],
        "stopped_invoke_ids": changes.stopped_invoke_ids,
    }


def _diff(changes: CommandChanges) -> list[dict[str, Any]]:
    if changes.after is None:
        return [part for command in changes.deleted for part in command_diff(command, None)]
    return command_diff(changes.before, changes.after)


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
