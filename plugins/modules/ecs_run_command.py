#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a script on ECS instances."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_run_command
short_description: Run a script on Alibaba Cloud ECS instances through Cloud Assistant
version_added: "0.1.0"
description:
  - >-
    Runs a shell, PowerShell or Bat script on any number of ECS instances of a region at once, through the agent on the
    instances, and returns the exit code and output of each. The instances need no public address, no SSH and no Python.
  - >-
    A lost reply never makes a script run twice on an instance: every call carries an idempotency token and is safe to
    repeat.
  - More than 100 instances are split into batches, and their results are merged.
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
        The script runs on every execution of the task unless O(idempotency_key) or O(client_token) identifies the run
        as a repetition.
options:
  content:
    description:
      - >-
        The script, as plain text, never as Base64. It is sent byte for byte, including line endings.
      - >-
        A shell script without a C(#!) line is run by C(sh). It has no profile, no terminal and an empty standard input;
        C(HOME) is set, C(USER) is not, and C(PATH) is that of the agent. It starts in O(working_dir).
      - >-
        Ansible itself renders double braces in a playbook. For a script with braces of its own, such as C(${#list[@]})
        or Go templates, use O(src), the C(!unsafe) tag or the C(raw) block of Jinja.
      - >-
        The service accepts at most 24 KB after Base64 encoding, including O(parameters), which is 18 KB of script. With
        O(keep_command=true), some accounts have a limit of 18 KB after Base64 encoding.
      - One of O(content) and O(src) is required.
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
  type:
    description:
      - >-
        The interpreter for the script. V(RunShellScript) is for Linux, V(RunPowerShellScript) and V(RunBatScript) are
        for Windows.
    type: str
    choices: [RunShellScript, RunPowerShellScript, RunBatScript]
    default: RunShellScript
  enable_parameter:
    description:
      - Whether the service replaces placeholders such as C({{name}}) in the script.
      - >-
        By default, it does if O(parameters) or O(secret_parameters) is given, or if the script uses built-in parameters
        such as C({{ACS::InstanceId}}); otherwise a script with double braces is sent unchanged. Placeholders without a
        value are replaced by nothing, with a warning.
      - >-
        Built-in parameters require agent 2.2.3.309 or later on Linux, 2.1.3.309 on Windows, and C(ACS::InstanceName)
        2.2.3.344 and 2.1.3.344.
    type: bool
  name:
    description:
      - >-
        A name for the command, up to 128 characters. Some agents use it unquoted in the path of the script, so that
        spaces, slashes, quotes and other shell characters break a shell script. A warning is issued for such a name.
    type: str
  description:
    description:
      - A description of the command, up to 512 characters.
    type: str
  keep_command:
    description:
      - >-
        Whether to keep the script as a stored command, which M(cloudops.cloud_assistant.ecs_invoke_command) can run
        again. It counts towards the account's quota of commands.
    type: bool
    default: false
  output:
    description:
      - >-
        How much of the output to return. V(kept) returns what the service keeps: 24 KB of both streams together.
      - >-
        V(complete) returns all of it, up to O(max_output), with standard output and standard error separated
        (RV(results[].stdout) and RV(results[].stderr)). The script runs in a small wrapper, with the same interpreter,
        user, directory, exit code and launcher. The wrapper keeps both streams in a directory on the instance that only
        the user of the script can read. Output that fits into the 24 KB requires no further API call; the rest is
        fetched in compressed parts, verified by SHA-256, and removed from the instance. If the task is killed before
        that, the next run with O(output=complete) removes the directory once it is two days old.
      - >-
        With O(oss_output_delivery), the complete output is read from the bucket instead, which requires the Python
        library C(oss2) where the module runs. The streams are not separated there.
      - >-
        V(complete) is for shell scripts on Linux that run now, on the instance itself, with O(wait=true). The wrapper
        adds about 4 KB to the script.
      - >-
        A warning names the instances whose output is not complete, for example because the disk was full or the agent
        went offline; the part that is known is returned. Where the disk has no room for the script itself, it is not
        started, and RV(results[].rc) is V(125).
    type: str
    choices: [kept, complete]
    default: kept
    version_added: "0.1.0"
  max_output:
    description:
      - >-
        With O(output=complete), the maximum number of bytes to keep of each of the two streams. A script that prints
        more is not stopped; RV(results[].dropped) counts the rest.
    type: int
    default: 16777216
    version_added: "0.1.0"
  output_dir:
    description:
      - >-
        With O(output=complete), the directory to write the output to, instead of returning it: one file per instance,
        named after the instance ID with the extension C(.stdout). Standard error, if there is any, is written to a
        second file with the extension C(.stderr).
      - >-
        The directory must exist on the host where the module runs, usually the controller. Only the owner can read the
        files, which replace those of an earlier run and have the bytes that the script has written. Values of secret
        options are masked.
    type: path
    version_added: "0.1.0"
notes:
  - >-
    The permissions C(ecs:RunCommand), C(ecs:DescribeInvocations) and C(ecs:DescribeInvocationResults) are required;
    C(ecs:DescribeInstances) and C(ecs:DescribeCloudAssistantStatus) for O(instance_names) and O(resource_tags), and to
    report which instances cannot run a script.
  - >-
    With O(api_generation=classic), the API of 2018, the script is stored as a command, which is invoked and deleted
    again. Options that this API does not support are rejected.
seealso:
  - module: cloudops.cloud_assistant.ecs_invoke_command
  - module: cloudops.cloud_assistant.ecs_invocation_info
  - module: cloudops.cloud_assistant.ecs_instance_info
"""

EXAMPLES = r"""
---
- name: Ask two instances for their uptime
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    instance_ids:
      - i-bp185dy2o3o6neg01234
      - i-bp185dy2o3o6neg05678
    content: uptime
  register: uptime

- name: Show the output of each instance
  ansible.builtin.debug:
    msg: "{{ item.instance_id }}: {{ item.stdout }}"
  loop: "{{ uptime.results }}"
  loop_control:
    label: "{{ item.instance_id }}"

- name: Run a script of the role on all web servers, 20 at a time, and stop at the first failure
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    resource_tags:
      role: web
    src: restart-nginx.sh
    timeout: 120
    batch_size: 20
    max_failures: 0

- name: Migrate the database exactly once, even if this playbook runs again
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    instance_ids: ["{{ database_instance }}"]
    content: /srv/app/migrate --to {{ '{{version}}' }} --password {{ '{{password}}' }}
    parameters:
      version: "42"
    secret_parameters:
      password: "{{ vault_database_password }}"
    idempotency_key: schema-42

- name: Run a Python script as another user, and skip instances that are not running
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    resource_tags:
      environment: staging
    src: report.py
    launcher: python3 -u {{ '{{ACS::ScriptFileName|Ext(".py")}}' }}
    username: reporter
    unready: skip

- name: Collect a long report, with standard error separated
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    instance_ids: ["{{ database_instance }}"]
    content: journalctl --since today --no-pager
    output: complete

- name: Start a long run without waiting
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    instance_ids: "{{ build_instances }}"
    src: build.sh
    timeout: 7200
    wait: false
  register: build

- name: Wait until the run has ended
  cloudops.cloud_assistant.ecs_invocation_info:
    region: cn-hangzhou
    invoke_id: "{{ item }}"
    wait: true
    wait_timeout: 7200
  loop: "{{ build.invoke_ids }}"
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
  description: The ID of the command. Without O(keep_command=true), the command no longer exists after the run.
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
    stderr:
      description: Standard error, with trailing newlines removed. RV(results[].stdout) then has only standard output.
      returned: with O(output=complete), without O(output_dir)
      type: str
      sample: ""
    stderr_lines:
      description: RV(results[].stderr) split into lines.
      returned: with O(output=complete), without O(output_dir)
      type: list
      elements: str
      sample: []
    output_files:
      description: The files that hold the output, first standard output, then standard error if there is any.
      returned: with O(output_dir)
      type: list
      elements: str
      sample: [/var/log/report/i-bp185dy2o3o6neg01234.stdout]
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
stderr:
  description: Standard error of the script.
  returned: with O(output=complete), when there is only one instance
  type: str
  sample: ""
stderr_lines:
  description: RV(stderr) split into lines.
  returned: with O(output=complete), when there is only one instance
  type: list
  elements: str
  sample: []
output_files:
  description: The files to which the output of the only instance was written.
  returned: with O(output_dir), when there is only one instance
  type: list
  elements: str
  sample: [/var/log/report/i-bp185dy2o3o6neg01234.stdout]
error:
  description: >-
    The error of the service for a failed call, with C(operation), C(code), C(message), C(request_id), C(http_status),
    C(host) and C(hint). If the service did not return a usable reply, there is no code, and C(may_have_arrived) reports
    whether the request may have taken effect.
  returned: when a call failed
  type: dict
  sample:
    operation: RunCommand
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
from ..module_utils.cloud_assistant.runs.options import OUTPUT_OPTIONS, RUN_OPTIONS, perform, request_from
from ..module_utils.cloud_assistant.scripts import SCRIPT_TYPES, given_script
from ..module_utils.common.errors import InputError
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

SPEC = TaskSpec(
    argument_spec={
        "content": {"type": "str"},
        "src": {"type": "path"},
        "template": {"type": "bool", "default": False},
        "type": {"type": "str", "choices": list(SCRIPT_TYPES), "default": "RunShellScript"},
        "enable_parameter": {"type": "bool"},
        "name": {"type": "str"},
        "description": {"type": "str"},
        "keep_command": {"type": "bool", "default": False},
        **RUN_OPTIONS,
        **OUTPUT_OPTIONS,
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("content", "src")],
    required_one_of=[("content", "src")],
    required_if=[("template", True, ["src"])],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Run the script."""
    params = task.params
    script = given_script(params["content"], params["src"])
    if script is None:
        raise InputError("content", "is required unless src is given")
    request = request_from(
        params,
        check_mode=task.check_mode,
        warn=task.warn,
        script=script,
        type=params["type"],
        enable_parameter=params["enable_parameter"],
        name=params["name"],
        description=params["description"],
        keep_command=params["keep_command"],
    )
    return perform(connect(params), request, task)


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
