#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch a file from instances through Cloud Assistant."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_fetch_file
short_description: Fetch a file from Alibaba Cloud ECS instances through Cloud Assistant
version_added: "0.1.0"
description:
  - >-
    Fetches a file of up to 64 MiB from one or many Linux instances of a region to the host where the task runs,
    normally the controller. The instances need neither a public address nor SSH.
  - >-
    One run on all instances returns the SHA-256 of the file, and its content if it has at most 17 KB. If the local file
    already has the same content, nothing is fetched.
  - >-
    A larger file is first copied and compressed on the instance, so that even a growing log is fetched in a consistent
    state. It is then read in ranges that fit into the output of a run, from all instances at once. The copy is kept in
    the home directory of root during the transfer, and is removed at the end.
  - >-
    The local file is put in place in one step, after its SHA-256 was verified. Ranges of an interrupted transfer are
    kept in a directory next to it, and the next run of the task fetches only the missing ones.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
attributes:
  check_mode:
    support: full
    details:
      - Compares the files by their SHA-256, with a script that only reads.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  instance_ids:
    description:
      - The IDs of the instances. An entry can hold several IDs separated by white space.
      - Exactly one of O(instance_ids), O(instance_names) and O(resource_tags) is required.
    type: list
    elements: str
    aliases: [instance_id]
  instance_names:
    description:
      - The names of the instances, compared as a whole.
      - The task fails unless exactly one instance of the region has each name.
    type: list
    elements: str
    aliases: [instance_name]
  resource_tags:
    description:
      - Fetch from every instance of the region that has all of these tags, at most 20. A value can be empty.
    type: dict
  resource_group_id:
    description:
      - The resource group of the runs. The instances must belong to it.
    type: str
  path:
    description:
      - The absolute path of the file on the instances. Symbolic links are followed.
    type: str
    required: true
    aliases: [src]
  dest:
    description:
      - >-
        The local destination. Missing directories are created. A relative path starts at the working directory, which
        on the controller is that of the C(ansible-playbook) command, not the directory of the playbook as with
        M(ansible.builtin.fetch). Pipes, devices and other special files are rejected.
      - >-
        By default, O(dest) is a directory. Each instance has a subdirectory named by its ID, which holds the full path
        of the file, as with M(ansible.builtin.fetch).
      - >-
        C({instance_id}) in the path stands for the ID of the instance, for example V(logs/{instance_id}). No further
        directory is then added for it.
    type: path
    required: true
  flat:
    description:
      - Whether O(dest) is the path of the file itself or, if it ends with a slash, of its directory.
      - With more than one instance, O(dest) must contain C({instance_id}).
    type: bool
    default: false
  mode:
    description:
      - >-
        The permissions of the local file, as three or four octal digits in quotes, for example V('0644'). Defaults to
        the permissions of the existing file, or 0600.
    type: raw
  fail_on_missing:
    description:
      - Whether to fail if an instance does not have the file. V(false) counts such instances as skipped.
    type: bool
    default: true
  timeout:
    description:
      - Maximum time for each script on an instance, in seconds.
    type: int
    default: 300
  wait_timeout:
    description:
      - Maximum time to wait for the whole transfer, in seconds.
      - Defaults to 300, plus 2 for each range of a large file.
    type: int
  unready:
    description:
      - What to do with instances that are not running, or whose agent is offline.
      - >-
        V(fail) fails and names them; V(skip) skips them with a warning. The service rejects a whole call for up to 100
        instances because of one such instance; with V(fail) nothing is fetched from the other instances of that call.
    type: str
    choices: [fail, skip]
    default: fail
notes:
  - >-
    The instances need a POSIX shell as C(/bin/sh) (tested with dash and bash) and C(sha256sum), C(stat), C(base64) and
    C(dd), from coreutils or BusyBox, and for larger files C(gzip) and room for the compressed copy.
  - >-
    The compressed copy of a larger file is removed at the end of the task. If the task is killed before that, the next
    task that fetches a larger file from the instance removes the copy once it is two days old.
  - >-
    The content passes through the service as the output of runs, which the service keeps for some weeks. Everyone in
    the account who may call C(DescribeInvocationResults) can read it.
  - >-
    Each range takes a run, and the number of runs per day is limited. Use object storage for many megabytes from many
    instances.
  - >-
    The permissions C(ecs:RunCommand), C(ecs:DescribeInvocations) and C(ecs:DescribeInvocationResults) are required;
    C(ecs:DescribeInstances) and C(ecs:DescribeCloudAssistantStatus) for O(instance_names) and O(resource_tags), and to
    report which instances cannot run a script.
seealso:
  - module: cloudops.cloud_assistant.ecs_send_file
  - module: ansible.builtin.fetch
"""

EXAMPLES = r"""
---
- name: Collect a log from all web servers, as logs/<instance ID>/var/log/nginx/error.log
  cloudops.cloud_assistant.ecs_fetch_file:
    region: cn-hangzhou
    resource_tags:
      role: web
    path: /var/log/nginx/error.log
    dest: logs
    fail_on_missing: false

- name: Fetch one file from one instance to a path of your choice
  cloudops.cloud_assistant.ecs_fetch_file:
    region: cn-hangzhou
    instance_ids: [i-bp185dy2o3o6neg01234]
    path: /etc/os-release
    dest: /tmp/os-release
    flat: true
    mode: "0644"

- name: Fetch a file from each instance, named by its ID
  cloudops.cloud_assistant.ecs_fetch_file:
    region: cn-hangzhou
    instance_ids: "{{ database_instances }}"
    path: /var/backups/schema.sql
    dest: backups/{instance_id}.sql
    flat: true
    wait_timeout: 1800
"""

RETURN = r"""
---
path:
  description: Path of the file on the instances.
  returned: always, after the first request
  type: str
  sample: /var/log/nginx/error.log
results:
  description: One result for each instance, in the order of the targets.
  returned: always, after the first request
  type: list
  elements: dict
  contains:
    instance_id:
      description: ID of the instance.
      returned: always
      type: str
      sample: i-bp185dy2o3o6neg01234
    invoke_id:
      description: Always empty. A fetch takes several runs.
      returned: always
      type: str
      sample: ""
    status:
      description:
        - >-
          V(Success) if the file was fetched, V(Skipped) if the instance was skipped or does not have the file,
          V(Running) if the transfer had not finished in time, otherwise the status of the service (V(Failed),
          V(Timeout), V(Error)).
      returned: always
      type: str
      sample: Success
    changed:
      description: Whether the local file or its permissions changed.
      returned: always
      type: bool
      sample: true
    error_code:
      description: >-
        Error code, from the service or from this module, if the instance failed or was skipped; empty otherwise.
      returned: always
      type: str
      sample: FileNotFound
    error_info:
      description: Human-readable explanation of RV(results[].error_code).
      returned: always
      type: str
      sample: /var/log/nginx/error.log does not exist
    dest:
      description: Path of the local file.
      returned: when the file was fetched
      type: str
      sample: logs/i-bp185dy2o3o6neg01234/var/log/nginx/error.log
    checksum:
      description: SHA-256 of the file.
      returned: when the file was fetched
      type: str
      sample: 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
    size:
      description: Size of the file in bytes.
      returned: when the file was fetched
      type: int
      sample: 20480
    mode:
      description: Permissions of the file on the instance.
      returned: when the file was fetched
      type: str
      sample: "0640"
    owner:
      description: Owner of the file on the instance.
      returned: when the file was fetched
      type: str
      sample: www-data
    group:
      description: Group of the file on the instance.
      returned: when the file was fetched
      type: str
      sample: adm
summary:
  description: >-
    Number of instances by result, as C(total), C(success), C(failed), C(skipped), C(running) and C(previous), which is
    always 0 for this module.
  returned: always, after the first request
  type: dict
  sample: {total: 2, success: 2, failed: 0, skipped: 0, running: 0, previous: 0}
failed_instances:
  description: IDs of the instances that failed.
  returned: always, after the first request
  type: list
  elements: str
  sample: [i-bp185dy2o3o6neg05678]
error:
  description: >-
    The error that the service returned for a failed call, with C(operation), C(code), C(message), C(request_id),
    C(http_status), C(host) and C(hint).
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
from ..module_utils.cloud_assistant.files.fetch import FetchRequest, fetch_file
from ..module_utils.cloud_assistant.targets import Targets
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

PASSED_THROUGH = ("path", "dest", "flat", "mode", "fail_on_missing", "timeout", "wait_timeout", "unready")

SPEC = TaskSpec(
    argument_spec={
        "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
        "instance_names": {"type": "list", "elements": "str", "aliases": ["instance_name"]},
        "resource_tags": {"type": "dict"},
        "resource_group_id": {"type": "str"},
        "path": {"type": "str", "required": True, "aliases": ["src"]},
        "dest": {"type": "path", "required": True},
        "flat": {"type": "bool", "default": False},
        "mode": {"type": "raw"},
        "fail_on_missing": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 300},
        "wait_timeout": {"type": "int"},
        "unready": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
        **ALIBABA_OPTIONS,
    },
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Fetch the file and return the result of each instance. Raises CloudError if one of them failed."""
    params = task.params
    targets = Targets.of_options(params, warn=task.warn)
    request = FetchRequest(targets, write=not task.check_mode, **{option: params[option] for option in PASSED_THROUGH})
    request.check()
    outcome = fetch_file(connect(params), request, progress=task.progress, warn=task.warn)
    outcome.raise_for_failure()
    return outcome.as_dict()


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
