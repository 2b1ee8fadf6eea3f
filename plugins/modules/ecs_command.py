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
  - Keeps a script as a stored command in a region, from where it can be invoked on instances any number of times.
  - A command is found by its exact name or by its id. Two commands may have the same name; they are refused with their
    ids unless O(command_id) says which one is meant.
  - >-
    The service changes name, description, working directory, timeout and launcher of a command in place. It cannot
    change the script, the type, O(enable_parameter) or the resource group: then a new command is created as
    C(<name>~replacing), the old one is deleted, and the new one gets the name. The command gets a new ID. When such a
    replacement is interrupted, the next run of the task finishes it.
  - >-
    The service does not delete a command that is still in use. A replaced command in that state stays as
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
      - A command that was replaced has a new id. Name a command by O(name) where its script may change.
options:
  state:
    description:
      - The desired state of the command. V(present) creates or changes it, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The command's name, up to 128 characters, compared exactly.
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
      - The script. It is stored and compared byte for byte, line ends included.
      - The service takes at most 24 KB after Base64, which is 18 KB of script; some accounts have a lower limit.
      - O(content) or O(src) is required to create a command.
    type: str
  src:
    description:
      - A file with the script on the controller, looked for in C(files/) of the role and the playbook.
      - Files encrypted with Ansible Vault are decrypted.
    type: path
  template:
    description:
      - Whether to render O(src), which is required then, as a template. Templates are looked for in C(templates/).
    type: bool
    default: false
  description:
    description:
      - The command's description, up to 512 characters.
    type: str
  working_dir:
    description:
      - The directory in which the script runs, up to 200 characters. It must exist on the instances.
      - The default for a new command is C(/root), on Windows the directory of the agent.
    type: str
  timeout:
    description:
      - Timeout in seconds. A script that runs longer is killed.
      - The default for a new command is 60. With O(api_generation=classic), the minimum is 60 and the default 3600.
    type: int
  enable_parameter:
    description:
      - Whether C({{name}}) in the script is a parameter, whose value is given when the command is invoked.
      - By default, a new command has no parameters.
    type: bool
  launcher:
    description:
      - The program that starts the script, up to 1 KB, for example V(python3 -u {{ACS::ScriptFileName|Ext(".py"\)}}).
    type: str
  resource_group_id:
    description:
      - The resource group that the command belongs to.
    type: str
  tags:
    description:
      - The command's tags, at most 20. An empty dictionary with O(purge_tags=true) removes all.
    type: dict
  purge_tags:
    description:
      - Whether to remove tags that are not listed in O(tags). Has no effect if O(tags) is not given.
    type: bool
    default: true
  all_matching:
    description:
      - With O(state=absent), whether to delete every command of that O(name). Otherwise, several are an error.
    type: bool
    default: false
  stop_invocations:
    description:
      - >-
        Whether to stop invocations first. With O(state=absent), stops the scheduled and running invocations of a
        command before it is deleted. Without it, a command that has some is not deleted, and the error names them.
      - >-
        When a command is replaced, stops its scheduled invocations. Without it, they continue with the old script, and
        a warning names them. Runs in progress are never stopped.
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
    needed; C(ecs:DescribeInvocations) to delete or replace, C(ecs:StopInvocation) for O(stop_invocations),
    C(ecs:TagResources) and C(ecs:UntagResources) for O(tags).
  - Public commands cannot be changed or deleted.
  - >-
    A play on many hosts runs its tasks side by side. Give this one C(run_once), or each host creates the command.
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
  description: O(command_id), if the region has no command of this id. It counts as deleted, and a warning names it.
  returned: O(state=absent)
  type: list
  elements: str
  sample: []
command_id:
  description: >-
    The id of the command. Check mode does not know the id of a command that it would create or replace, and returns
    V(c-created-outside-check-mode), which dependent tasks accept in check mode.
  returned: O(state=present)
  type: str
  sample: c-7d2a745b412b4601b2d47f6a768d3a14
replaced_command_id:
  description:
    - The id of the command that was deleted because it could not be changed.
    - A command that was still in use is kept under another name, which a warning gives.
  returned: when the command was replaced
  type: str
  sample: c-0123456789abcdef0123456789abcdef
command:
  description: The command as it is now, or in check mode as it would be.
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
      description: The resource group of the command.
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
      description: Who provides a public command.
      returned: always
      type: str
      sample: ""
    category:
      description: The category of a public command.
      returned: always
      type: str
      sample: ""
command_ids:
  description:
    - The ids of the commands that were deleted, or would be.
    - If the task fails because several commands have O(name), the IDs of these commands.
  returned: O(state=absent), and when O(name) fits more than one command
  type: list
  elements: str
  sample: [c-7d2a745b412b4601b2d47f6a768d3a14]
stopped_invoke_ids:
  description: The invocations that were stopped, or would be.
  returned: success
  type: list
  elements: str
  sample: [t-7d2a745b412b4601b2d47f6a768d5c11]
invoke_ids:
  description: The invocations that prevent O(state=absent).
  returned: when the command is still scheduled and O(stop_invocations=false)
  type: list
  elements: str
  sample: [t-7d2a745b412b4601b2d47f6a768d5c11]
error:
  description: The service's answer, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service refused a call
  type: dict
  sample:
    operation: CreateCommand
    code: CmdCount.ExceedQuota
    message: The total number of commands in the current region exceeds the quota.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Delete commands that are no longer needed, or ask for a higher quota.
"""

from typing import Any

from ..module_utils.alibaba.generations import refuse_missing
from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.commands.keeper import Changes, CommandKeeper
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
    if params["client_token"] is not None:
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


def _present_result(changes: Changes) -> dict[str, Any]:
    result: dict[str, Any] = {"changed": changes.changed, "stopped_invoke_ids": changes.stopped_invoke_ids}
    if changes.after:
        command = changes.after.as_dict()
        command["command_id"] = command["command_id"] or PREDICTED_COMMAND_ID
        result.update(command_id=command["command_id"], command=command)
    if changes.replaced_command_id:
        result["replaced_command_id"] = changes.replaced_command_id
    return result


def _absent_result(changes: Changes) -> dict[str, Any]:
    return {
        "changed": changes.changed,
        "command_ids": [command.command_id for command in changes.deleted],
        "stopped_invoke_ids": changes.stopped_invoke_ids,
    }


def _diff(changes: Changes) -> list[dict[str, Any]]:
    if changes.after is None:
        return [part for command in changes.deleted for part in command_diff(command, None)]
    return command_diff(changes.before, changes.after)


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
