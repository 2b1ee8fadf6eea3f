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
    Brings a file of up to 64 MiB from one or many Linux instances of a region to the host where the task runs, normally
    the controller. The instances need no public address and no SSH.
  - >-
    One run on all instances tells the SHA-256 of the file, and brings it along if it has no more than 17 KB. Where the
    same content is here already, nothing is fetched.
  - >-
    A larger file is copied and compressed on the instance, so that one and the same content is fetched even of a log
    that grows, and read in ranges that fit into a run's output, from all instances at once. The copy lies in the home
    of root while that lasts, and is removed at the end.
  - >-
    The file is put into its place here in one step, after its SHA-256 has been compared. Ranges of a fetch that was
    broken off wait in a folder beside that place, and the next run of the task fetches only the missing ones.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
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
      - The instances. An id that is given twice is used once, with a warning.
      - One of O(instance_ids) and O(resource_tags) is required.
    type: list
    elements: str
  resource_tags:
    description:
      - Fetches from every instance of the region that carries all of these tags, at most 20. A value may be empty.
    type: dict
  resource_group_id:
    description:
      - The resource group of the runs. The instances have to belong to it.
    type: str
  path:
    description:
      - The absolute path of the file on the instances. Symbolic links are followed.
    type: str
    required: true
  dest:
    description:
      - >-
        Where the file goes. Folders are made where they are missing. A relative path begins at the working directory,
        on the controller that of the C(ansible-playbook) command and not the playbook's folder as with
        M(ansible.builtin.fetch).
      - >-
        By default it is a folder in which each instance has one of its own, named by its id, and in it the whole path,
        as with M(ansible.builtin.fetch).
      - >-
        C({instance_id}) in it stands for the instance's id, for example V(logs/{instance_id}). The folder of the id is
        then not added.
    type: path
    required: true
  flat:
    description:
      - Whether O(dest) is the file itself, or with a slash at its end the folder for it.
      - With more than one instance it has to contain C({instance_id}).
    type: bool
    default: false
  mode:
    description:
      - >-
        The permissions of the file here, as three or four octal digits in quotes, for example V('0644'). By default
        those of the file that is there, or 0600.
    type: raw
  fail_on_missing:
    description:
      - Whether an instance that has no such file makes the task fail. V(false) counts it as skipped.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that each script on an instance may take.
    type: int
    default: 300
  wait_timeout:
    description:
      - Seconds to wait for everything together.
      - By default 300, and 2 more for each range of a large file.
    type: int
  unready:
    description:
      - What to do with instances that are not running, or whose agent is offline.
      - >-
        V(fail) fails and names them, V(skip) leaves them out, with a warning. The service refuses a whole call of up to
        100 instances for one such instance; with V(fail) nothing is fetched from the others of its call.
    type: str
    choices: [fail, skip]
    default: fail
notes:
  - >-
    It needs a POSIX shell as C(/bin/sh) (dash and bash are tested) and C(sha256sum), C(stat), C(base64) and C(dd), as
    coreutils and BusyBox have them, and C(gzip) for larger files, with room for the compressed copy.
  - >-
    What is fetched passes through the service as the output of runs, and is kept there for some weeks, readable by
    whoever may call DescribeInvocationResults in the account.
  - >-
    A range takes a run, and runs are counted by the day. For many megabytes from many instances object storage is the
    better way.
  - >-
    The permissions C(ecs:RunCommand), C(ecs:DescribeInvocations) and C(ecs:DescribeInvocationResults) are needed;
    C(ecs:DescribeInstances) and C(ecs:DescribeCloudAssistantStatus) for O(resource_tags), and to name the instances
    that cannot run a script.
seealso:
  - module: cloudops.cloud_assistant.ecs_send_file
  - module: ansible.builtin.fetch
"""

EXAMPLES = r"""
---
- name: Collect the same log from all web servers, as logs/<instance id>/var/log/nginx/error.log
  cloudops.cloud_assistant.ecs_fetch_file:
    region: cn-hangzhou
    resource_tags:
      role: web
    path: /var/log/nginx/error.log
    dest: logs
    fail_on_missing: false

- name: One file of one instance under a name of its own
  cloudops.cloud_assistant.ecs_fetch_file:
    region: cn-hangzhou
    instance_ids: [i-bp185dy2o3o6neg01234]
    path: /etc/os-release
    dest: /tmp/os-release
    flat: true
    mode: "0644"

- name: A file of each instance, named by its id
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
  description: The path of the file on the instances.
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
      description: The instance.
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
          V(Success) when the file is here, V(Skipped) when the instance was left out or has no such file, V(Running)
          when it was not over in time, else the service's word for what went wrong (V(Failed), V(Timeout), V(Error)).
      returned: always
      type: str
      sample: Success
    changed:
      description: Whether the file here, or its permissions, changed.
      returned: always
      type: bool
      sample: true
    error_code:
      description: Why it failed or was skipped, as a word of the service or of this module.
      returned: always
      type: str
      sample: FileNotFound
    error_info:
      description: The same for people.
      returned: always
      type: str
      sample: there is no /var/log/nginx/error.log
    dest:
      description: The file here.
      returned: when it is here
      type: str
      sample: logs/i-bp185dy2o3o6neg01234/var/log/nginx/error.log
    checksum:
      description: The SHA-256 of the file.
      returned: when it is here
      type: str
      sample: 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
    size:
      description: Its size in bytes.
      returned: when it is here
      type: int
      sample: 20480
    mode:
      description: Its permissions on the instance.
      returned: when it is here
      type: str
      sample: "0640"
    owner:
      description: Its owner on the instance.
      returned: when it is here
      type: str
      sample: www-data
    group:
      description: Its group on the instance.
      returned: when it is here
      type: str
      sample: adm
summary:
  description: >-
    How many instances ended how, with C(total), C(success), C(failed), C(skipped), C(running) and C(previous), which is
    always 0 here.
  returned: always, after the first request
  type: dict
  sample: {total: 2, success: 2, failed: 0, skipped: 0, running: 0, previous: 0}
failed_instances:
  description: The ids of the instances where it failed.
  returned: always, after the first request
  type: list
  elements: str
  sample: [i-bp185dy2o3o6neg05678]
error:
  description: >-
    The service's answer to a call that failed, with C(operation), C(code), C(message), C(request_id), C(http_status),
    C(host) and C(hint).
  returned: when a call failed
  type: dict
  sample:
    operation: RunCommand
    code: InvalidInstanceStatus
    message: The specified instance's status can not execute this operation
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 400
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: Start the instances and wait until they run, or leave them out (unready=skip, where a module has it).
"""

from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.files.fetch import FetchRequest, fetch_file
from ..module_utils.cloud_assistant.targets import Targets
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

SPEC = TaskSpec(
    argument_spec={
        "instance_ids": {"type": "list", "elements": "str"},
        "resource_tags": {"type": "dict"},
        "resource_group_id": {"type": "str"},
        "path": {"type": "str", "required": True},
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

_AS_THEY_ARE = ("path", "dest", "flat", "mode", "fail_on_missing", "timeout", "wait_timeout", "unready")


def ensure(task: TaskContext) -> dict[str, Any]:
    """Bring the file here."""
    params = task.params
    targets = Targets.of(params["instance_ids"], params["resource_tags"], params["resource_group_id"], warn=task.warn)
    request = FetchRequest(targets, write=not task.check_mode, **{option: params[option] for option in _AS_THEY_ARE})
    request.check()
    outcome = fetch_file(connect(params), request, progress=task.progress, warn=task.warn)
    failure = outcome.failure()
    if failure is not None:
        raise failure
    return outcome.as_dict()


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
