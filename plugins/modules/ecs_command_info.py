#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read stored commands of Cloud Assistant."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_command_info
short_description: Read stored commands of Alibaba Cloud Cloud Assistant
version_added: "0.1.0"
description:
  - Returns the stored commands of a region that match every filter; without one, all commands of the account.
  - The module returns all matching commands or fails; it never returns a partial list.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
  - cloudops.cloud_assistant.attributes.info
options:
  command_ids:
    description:
      - Return only the commands with these IDs. Unknown IDs are ignored.
    type: list
    elements: str
    aliases: [command_id]
  name:
    description:
      - Return only commands with exactly this name.
    type: str
  name_pattern:
    description:
      - Return only commands whose name matches by the rules of the service. V(*) at either end matches any text.
    type: str
  type:
    description:
      - Return only commands of this type.
    type: str
    choices: [RunShellScript, RunPowerShellScript, RunBatScript]
  provider:
    description:
      - Return public commands of this provider instead of the commands of the account, for example V(AlibabaCloud).
    type: str
  latest:
    description:
      - Whether to return only the latest version of each public command. Requires O(provider).
    type: bool
    default: false
  resource_group_id:
    description:
      - Return only commands of this resource group.
    type: str
  tags:
    description:
      - Return only commands that have all of these tags. Values are compared exactly.
    type: dict
notes:
  - The permission C(ecs:DescribeCommands) is required.
seealso:
  - module: cloudops.cloud_assistant.ecs_command
  - plugin: cloudops.cloud_assistant.ecs_command_id
    plugin_type: lookup
"""

EXAMPLES = r"""
---
- name: Read a command
  cloudops.cloud_assistant.ecs_command_info:
    region: cn-hangzhou
    name: rotate-logs
  register: found

- name: Read all commands of a team
  cloudops.cloud_assistant.ecs_command_info:
    region: cn-hangzhou
    tags:
      team: ops

- name: Find public commands
  cloudops.cloud_assistant.ecs_command_info:
    region: cn-hangzhou
    provider: AlibabaCloud
    name_pattern: ACS-ECS-*
    latest: true
"""

RETURN = r"""
---
commands:
  description: The commands, in the order in which the service lists them.
  returned: success
  type: list
  elements: dict
  contains:
    command_id:
      description: The ID of the command.
      returned: always
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
    parameters:
      description: The definitions of the parameters of a public command.
      returned: for public commands
      type: list
      elements: dict
      contains:
        name:
          description: The name of the parameter.
          returned: always
          type: str
          sample: action
        description:
          description: The provider's description of the parameter.
          returned: always
          type: str
          sample: What to do.
        required:
          description: Whether a value is required.
          returned: always
          type: bool
          sample: true
        default:
          description: The default value; empty if there is no default.
          returned: always
          type: str
          sample: ""
        allowed_values:
          description: The allowed values; empty if any value is allowed.
          returned: always
          type: list
          elements: str
          sample: [install, uninstall]
        pattern:
          description: The regular expression that values must match; empty if there is none.
          returned: always
          type: str
          sample: ""
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
    version:
      description: The version of a public command.
      returned: when the service reports it
      type: int
      sample: 2
    latest:
      description: Whether this is the latest version of a public command.
      returned: when the service reports it
      type: bool
      sample: true
error:
  description: The service's error, with C(operation), C(code), C(message), C(request_id), C(http_status) and C(hint).
  returned: when the service rejected a call
  type: dict
  sample:
    operation: DescribeCommands
    code: Forbidden.RAM
    message: User not authorized to operate on the specified resource.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Allow the action ecs:DescribeCommands on these resources in the RAM policy of the user or role.
"""

from typing import Any

from ..module_utils.alibaba.generations import refuse_missing
from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.commands.listing import find_commands
from ..module_utils.cloud_assistant.scripts import SCRIPT_TYPES
from ..module_utils.cloud_assistant.tags import check_tags
from ..module_utils.common.errors import InputError
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

SPEC = TaskSpec(
    argument_spec={
        "command_ids": {"type": "list", "elements": "str", "aliases": ["command_id"]},
        "name": {"type": "str"},
        "name_pattern": {"type": "str"},
        "type": {"type": "str", "choices": list(SCRIPT_TYPES)},
        "provider": {"type": "str"},
        "latest": {"type": "bool", "default": False},
        "resource_group_id": {"type": "str"},
        "tags": {"type": "dict"},
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("name", "name_pattern")],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Return the commands that match."""
    params = task.params
    tags = check_tags(params["tags"] or {})
    later = ("tags", "resource_group_id", "provider")
    refuse_missing(params["api_generation"], {option: params[option] for option in later})
    if params["latest"] and not params["provider"]:
        raise InputError("latest", "only public commands have versions; give provider")
    # an empty list is a filter that matches nothing, not "everything"
    commands = find_commands(
        connect(params),
        name=params["name"] if params["name"] is not None else params["name_pattern"],
        command_ids=params["command_ids"],
        type=params["type"],
        provider=params["provider"],
        tags=tags,
        resource_group_id=params["resource_group_id"],
        fuzzy=params["name_pattern"] is not None,
    )
    shown = [command for command in commands if command.latest is not False or not params["latest"]]
    return {"changed": False, "commands": [command.as_dict() for command in shown]}


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
