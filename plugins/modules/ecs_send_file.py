#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a file to instances through Cloud Assistant."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_send_file
short_description: Send a file to Alibaba Cloud ECS instances through Cloud Assistant
version_added: "0.1.0"
description:
  - >-
    Sends a file of up to 64 MiB to any number of ECS instances of a region at once, through the agent on the instances.
    The instances need neither a public address nor SSH.
  - >-
    First compares the file on every instance by SHA-256, mode, owner and group, and changes only what differs.
  - >-
    A small new file takes one delivery per 50 instances. A larger file, and a file that replaces another, goes to a
    staging directory next to its destination, in parts of 24 KB where needed. There it is assembled, verified, given
    its permissions, and moved into place in one step. Until then the old file stays unchanged, even if a step fails.
  - >-
    After an interrupted transfer, complete parts stay in the staging directory, and the next run of the task sends only
    the missing ones. The staging directory is removed at the end, and also if another attempt could not succeed.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
  - cloudops.cloud_assistant.attributes.alibaba_group
attributes:
  check_mode:
    support: full
    details:
      - Compares the files on the instances, with a script that only reads.
      - With O(checksum=false), and on Windows, the module cannot compare and predicts that everything changes.
  diff_mode:
    support: full
    details:
      - >-
        Shows text of up to 104448 bytes, old content of up to 12 KB, and the permissions that change. Everything else
        is described by its size and SHA-256.
  idempotent:
    support: full
    details:
      - With O(checksum=false), and on Windows, the file is sent on every run.
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
      - Send to every instance of the region that has all of these tags, at most 20. A value can be empty.
    type: dict
  resource_group_id:
    description:
      - The resource group of the deliveries. The instances must belong to it.
    type: str
  src:
    description:
      - The file on the controller, searched for in C(files/) of the role and the playbook. Binary files are supported.
      - Files that are encrypted with Ansible Vault are decrypted.
      - Exactly one of O(src) and O(content) is required.
    type: path
  template:
    description:
      - Whether to render O(src) as a template, which is then searched for in C(templates/). Requires O(src).
    type: bool
    default: false
  content:
    description:
      - >-
        The content as plain text, never Base64, sent as UTF-8 without any change. A dictionary or a list is sent as
        JSON, as with M(ansible.builtin.copy).
      - The result does not repeat it among the arguments of the task. C(--diff) shows it, so use C(no_log) for secrets.
    type: str
  dest:
    description:
      - >-
        The path of the file on the instances or, if it ends with a slash, of its directory. An alternative to
        O(target_dir) and O(name).
      - Exactly one of O(dest) and O(target_dir) is required.
    type: str
  target_dir:
    description:
      - >-
        The directory on the instances, as an absolute path of up to 255 characters, or 225 on Linux where the staging
        directory is required. It is created with mode 0755 if it does not exist.
      - >-
        A path that starts with a drive letter, such as V(C:\\app), selects delivery to Windows instances. There, a file
        can have up to 24 KB and is written in place on every run.
    type: str
  name:
    description:
      - >-
        The name of the file on the instances, up to 255 bytes. Defaults to the name of O(src). Required with
        O(content) unless O(dest) is the path of the file.
    type: str
  mode:
    description:
      - >-
        The permissions, as three or four octal digits in quotes, for example V('0644'). Defaults to the permissions of
        the existing file, or 0644.
      - Linux only.
    type: raw
  owner:
    description:
      - >-
        The owner, up to 64 characters. The user must exist on the instances. Defaults to the owner of the existing
        file, or V(root).
      - Linux only.
    type: str
  group:
    description:
      - >-
        The group, up to 64 characters. The group must exist on the instances. Defaults to the group of the existing
        file, or V(root).
      - Linux only.
    type: str
  overwrite:
    description:
      - >-
        Whether to replace an existing file that differs. With V(false) the task fails on such instances
        (C(FileAlreadyExists)).
    type: bool
    default: true
  checksum:
    description:
      - Whether to compare the files on the instances first.
      - >-
        With V(false) the file is always sent. A small file for which O(mode) is given is then written in place by the
        delivery itself, which saves one run, and follows symbolic links. This requires both or neither of
        O(owner) and O(group), and not V(root) for both, because a delivery does not set that on an existing file.
    type: bool
    default: true
  compress:
    description:
      - Whether to compress a file of several parts if that saves parts. Requires C(gzip) on the instances.
    type: bool
    default: true
  keep_parts:
    description:
      - >-
        Whether to keep complete parts on the instance after an interrupted transfer, so that the next run of the task
        can resume it. V(false) removes everything.
    type: bool
    default: true
  description:
    description:
      - A description of the deliveries, up to 512 characters.
    type: str
  tags:
    description:
      - Tags for the deliveries, at most 20.
    type: dict
  timeout:
    description:
      - Maximum time for each delivery and each script on an instance, in seconds, from 10 to 86400.
    type: int
    default: 60
  wait_timeout:
    description:
      - Maximum time to wait for the whole transfer, in seconds.
      - Defaults to 300, plus 2 for each part of a large file.
    type: int
  unready:
    description:
      - What to do with instances that are not running, or whose agent is offline.
      - >-
        V(fail) fails and names them; V(skip) skips them with a warning. The service rejects a whole call for up to 100
        instances (50 if nothing is compared) because of one such instance; with V(fail) the other instances of that
        call do not get the file either.
    type: str
    choices: [fail, skip]
    default: fail
notes:
  - >-
    Linux instances need a POSIX shell as C(/bin/sh) (tested with dash and bash) and C(sha256sum), C(stat) and C(awk),
    from coreutils or BusyBox.
  - >-
    A symbolic link at the destination is replaced by the file, not followed. Extended attributes and ACLs of a file
    that is replaced are not kept.
  - >-
    The service keeps the content for one day. Everyone in the account who may call C(DescribeSendFileResults) can read
    it.
  - >-
    The permissions C(ecs:SendFile), C(ecs:DescribeSendFileResults), C(ecs:RunCommand), C(ecs:DescribeInvocations) and
    C(ecs:DescribeInvocationResults) are required; C(ecs:DescribeInstances) and C(ecs:DescribeCloudAssistantStatus) for
    O(instance_names) and O(resource_tags), and to report which instances cannot receive a file.
  - The API of 2018 cannot send files, so O(api_generation=classic) is rejected.
seealso:
  - module: cloudops.cloud_assistant.ecs_fetch_file
  - module: cloudops.cloud_assistant.ecs_run_command
"""

EXAMPLES = r"""
---
- name: Send a configuration file to two instances
  cloudops.cloud_assistant.ecs_send_file:
    region: cn-hangzhou
    instance_ids:
      - i-bp185dy2o3o6neg01234
      - i-bp185dy2o3o6neg05678
    src: nginx.conf
    dest: /etc/nginx/nginx.conf
    mode: "0644"
    owner: root
    group: root
  register: configuration

- name: Reload where it changed
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    instance_ids: "{{ configuration.results | selectattr('changed') | map(attribute='instance_id') }}"
    content: systemctl reload nginx
  when: configuration is changed

- name: Render a template that only the application can read
  cloudops.cloud_assistant.ecs_send_file:
    region: cn-hangzhou
    resource_tags:
      role: app
    src: database.ini.j2
    template: true
    dest: /etc/app/database.ini
    mode: "0600"
    owner: app
    group: app
  no_log: true

- name: Send a release of some megabytes to the instances that are running
  cloudops.cloud_assistant.ecs_send_file:
    region: cn-hangzhou
    instance_ids: "{{ groups['app'] | map('extract', hostvars, 'instance_id') }}"
    src: app-1.4.2.tar.xz
    target_dir: /srv/releases
    unready: skip
    wait_timeout: 1800

- name: Send a small file to Windows instances
  cloudops.cloud_assistant.ecs_send_file:
    region: cn-hangzhou
    instance_ids: "{{ windows_instances }}"
    content: "{{ settings | to_nice_json }}"
    target_dir: C:\app
    name: settings.json
"""

RETURN = r"""
---
path:
  description: Full path of the file on the instances.
  returned: always, after the first request
  type: str
  sample: /etc/nginx/nginx.conf
checksum:
  description: SHA-256 of the file.
  returned: always, after the first request
  type: str
  sample: 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
size:
  description: Size of the file in bytes.
  returned: always, after the first request
  type: int
  sample: 2048
transfer:
  description: How the file was transferred.
  returned: always, after the first request
  type: dict
  contains:
    method:
      description:
        - V(none) if nothing had to be sent, V(direct) for one plain delivery, V(staged) for a transfer through the
          staging directory.
      returned: always
      type: str
      sample: staged
    parts:
      description: Number of parts that the file was split into.
      returned: always
      type: int
      sample: 5
    sent:
      description: Number of calls that sent a part.
      returned: always
      type: int
      sample: 5
    present:
      description: Number of parts that an earlier run had left, summed over all instances.
      returned: always
      type: int
      sample: 0
    compressed:
      description: Whether the file was compressed for the transfer.
      returned: always
      type: bool
      sample: false
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
      description: ID of the delivery or run that determined the result; empty if there was none.
      returned: always
      type: str
      sample: f-7d2a745b412b4601b2d47f6a768d3a14
    status:
      description:
        - >-
          V(Success) if the file is in place, V(Skipped) if the instance was skipped, V(Running) if the transfer had not
          finished in time, otherwise the status of the service (V(Failed), V(Invalid), V(Aborted), V(Timeout),
          V(Error)).
      returned: always
      type: str
      sample: Success
    changed:
      description: Whether the file or its permissions changed on this instance.
      returned: always
      type: bool
      sample: true
    error_code:
      description: >-
        Error code, from the service or from this module, if the instance failed or was skipped; empty otherwise.
      returned: always
      type: str
      sample: FileAlreadyExists
    error_info:
      description: Human-readable explanation of RV(results[].error_code).
      returned: always
      type: str
      sample: /etc/nginx/nginx.conf exists, and overwrite is false
    checksum:
      description: SHA-256 of the file on the instance.
      returned: when known
      type: str
      sample: 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
    size:
      description: Size of the file in bytes.
      returned: when known
      type: int
      sample: 2048
    mode:
      description: Permissions of the file.
      returned: when known
      type: str
      sample: "0644"
    owner:
      description: Owner of the file.
      returned: when known
      type: str
      sample: root
    group:
      description: Group of the file.
      returned: when known
      type: str
      sample: root
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
    operation: SendFile
    code: FileSize.ExceedLimit
    message: The length of file content exceeds limit.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: A file can have at most 32 KB after Base64 encoding per call; ecs_send_file splits larger files.
"""

import os
from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.files.diff import file_diff
from ..module_utils.cloud_assistant.files.parts import MAX_FILE_BYTES
from ..module_utils.cloud_assistant.files.send import send_file
from ..module_utils.cloud_assistant.files.send_request import SendRequest, split_dest
from ..module_utils.cloud_assistant.scripts import encoding_warning, script_file_warnings
from ..module_utils.cloud_assistant.targets import Targets
from ..module_utils.common.content import read_content
from ..module_utils.common.errors import InputError
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

PASSED_THROUGH = (
    "mode",
    "owner",
    "group",
    "overwrite",
    "description",
    "timeout",
    "wait_timeout",
    "compress",
    "checksum",
    "keep_parts",
    "unready",
)

SPEC = TaskSpec(
    argument_spec={
        "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
        "instance_names": {"type": "list", "elements": "str", "aliases": ["instance_name"]},
        "resource_tags": {"type": "dict"},
        "resource_group_id": {"type": "str"},
        "src": {"type": "path"},
        "template": {"type": "bool", "default": False},
        "content": {"type": "str"},
        "dest": {"type": "str"},
        "target_dir": {"type": "str"},
        "name": {"type": "str"},
        "mode": {"type": "raw"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "overwrite": {"type": "bool", "default": True},
        "checksum": {"type": "bool", "default": True},
        "compress": {"type": "bool", "default": True},
        "keep_parts": {"type": "bool", "default": True},
        "description": {"type": "str"},
        "tags": {"type": "dict"},
        "timeout": {"type": "int", "default": 60},
        "wait_timeout": {"type": "int"},
        "unready": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
        **ALIBABA_OPTIONS,
    },
    mutually_exclusive=[("content", "src"), ("dest", "target_dir")],
    required_one_of=[("content", "src"), ("dest", "target_dir")],
    required_if=[("template", True, ["src"])],
    source_as_path=True,
    redacted_options=["content"],
)


def ensure(task: TaskContext) -> dict[str, Any]:
    """Send the file to the instances and return the result of each. Raises CloudError if one of them failed."""
    params = task.params
    targets = Targets.of_options(params, warn=task.warn)
    data = read_content(params["content"], params["src"], MAX_FILE_BYTES)
    if data is None:
        raise InputError("content", "is required unless src is given")
    target_dir, name = _place(params)
    request = SendRequest(
        targets,
        data,
        target_dir=target_dir,
        name=name,
        tags=params["tags"] or {},
        write=not task.check_mode,
        show=task.diff_mode,
        **{option: params[option] for option in PASSED_THROUGH},
    )
    try:
        request.check(params["api_generation"])
    except InputError as error:
        given_as_dest = params["dest"] is not None and error.option in ("target_dir", "name")
        raise InputError("dest", error.problem) if given_as_dest else error from None
    for text in _warnings(request, typed=params["content"] is not None):
        task.warn(text)
    outcome = send_file(connect(params), request, progress=task.progress, warn=task.warn)
    if task.diff_mode:
        outcome.extra["diff"] = file_diff(request.path, data, outcome.results)
    outcome.raise_for_failure()
    return outcome.as_dict()


def _place(params: dict[str, Any]) -> tuple[str, str]:
    """Return directory and name of the file on the instances. Raises InputError if they are not given, or twice."""
    default = os.path.basename(params["src"] or "")
    if params["dest"] is None:
        if params["target_dir"] is None:
            raise InputError("target_dir", "is required unless dest is given")
        directory, name = params["target_dir"], params["name"]
    else:
        directory, name = split_dest(params["dest"])
        if name and params["name"] is not None:
            raise InputError(
                "name", "cannot be combined with a dest that is the path of the file; append a slash to dest"
            )
        name = name or params["name"]
    if name is None and not default:
        raise InputError("name", "is required with content, unless dest is the path of the file")
    return directory, default if name is None else name


def _warnings(request: SendRequest, *, typed: bool) -> list[str]:
    """Return what looks wrong about a file's content, ``typed`` into the task or not; it is sent unchanged."""
    suspicion = encoding_warning(request.data) if typed else None
    found = [] if suspicion is None else [suspicion]
    return found if request.windows else found + script_file_warnings(request.data)


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
