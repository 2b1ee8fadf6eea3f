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
    Brings a file of up to 64 MiB to any number of ECS instances of a region at once, through the agent that is on them.
    The instances need no public address and no SSH.
  - >-
    One cheap run on all instances finds out where the file already has the content (SHA-256), mode, owner and group
    wanted. These instances are left alone; where only the rights differ, only they are set.
  - >-
    A small new file goes out in a single delivery to up to 50 instances a call. A larger file, and one that replaces
    another, is sent to a staging directory beside its place, in parts of 24 KB where needed, put together there,
    checked, given its rights, and moved into place in one step. Whatever breaks on the way, the old file stays as it
    was until then.
  - >-
    After a broken delivery the whole parts stay in the staging directory, and the next run of the task sends only the
    missing ones. The directory is removed at the end, and also where a second try cannot help.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.attributes
attributes:
  check_mode:
    support: full
    details:
      - Compares the files on the instances, with a script that only reads.
      - With O(checksum=false), and on Windows, it cannot compare and says that everything would change.
  diff_mode:
    support: full
    details:
      - >-
        Shows text up to 104448 bytes, old content up to 12 KB, and the rights that change. Anything else is described
        by its size and SHA-256.
  idempotent:
    support: full
    details:
      - Not with O(checksum=false), and not on Windows, where the file is sent each time.
options:
  instance_ids:
    description:
      - The instances. An id that is given twice is used once, with a warning.
      - One of O(instance_ids) and O(resource_tags) is required.
    type: list
    elements: str
  resource_tags:
    description:
      - Sends to every instance of the region that carries all of these tags, at most 20. A value may be empty.
    type: dict
  resource_group_id:
    description:
      - The resource group of the deliveries. The instances have to belong to it.
    type: str
  src:
    description:
      - The file on the controller, looked for in C(files/) of the role and the playbook. Binary files are welcome.
      - Files encrypted with Ansible Vault are decrypted.
      - One of O(src) and O(content) is required.
    type: path
  template:
    description:
      - Renders O(src), which it requires, as a template first, looked for in C(templates/).
    type: bool
    default: false
  content:
    description:
      - >-
        The content as text, sent as UTF-8 without any change. A dictionary or a list is sent as JSON, as with
        M(ansible.builtin.copy).
      - It is not repeated among the task's arguments in the result. With C(--diff) it is shown, so a file with secrets
        wants C(no_log).
    type: str
  target_dir:
    description:
      - >-
        The directory on the instances, absolute, up to 255 characters, on Linux 225 where the staging directory is
        needed too. It is made with mode 0755 where it is missing.
      - >-
        A directory that begins with a drive letter, as V(C:\\app), makes it a delivery to Windows instances. There a
        file may have 24 KB, and is written in place each time.
    type: str
    required: true
  name:
    description:
      - The file's name on the instances, up to 255 bytes. By default that of O(src). Required with O(content).
    type: str
  mode:
    description:
      - >-
        The permissions, as three or four octal digits in quotes, for example V('0644'). By default those of the file
        that is there, or 0644.
      - Linux only.
    type: raw
  owner:
    description:
      - >-
        The owner, up to 64 characters, which has to exist on the instances. By default that of the file that is there,
        or V(root).
      - Linux only.
    type: str
  group:
    description:
      - >-
        The group, up to 64 characters, which has to exist on the instances. By default that of the file that is there,
        or V(root).
      - Linux only.
    type: str
  overwrite:
    description:
      - >-
        Whether a file that is there and differs is replaced. V(false) makes the task fail on such instances
        (C(FileAlreadyExists)).
    type: bool
    default: true
  checksum:
    description:
      - Whether the files on the instances are compared first.
      - >-
        V(false) sends the file in any case. A small one for which O(mode) is given is then written in place by the
        delivery itself, which spares the run that looks, and follows symbolic links. That also takes neither or both of
        O(owner) and O(group), and not V(root) for both, which a delivery does not set on a file that is there.
    type: bool
    default: true
  compress:
    description:
      - Whether a file of several parts travels compressed where that saves parts. It needs C(gzip) on the instances.
    type: bool
    default: true
  keep_parts:
    description:
      - >-
        Whether parts that arrived stay on the instance after a broken delivery, for the next run of the task to go on
        with. V(false) removes everything.
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
      - Seconds that each delivery and each script on an instance may take, from 10 to 86400.
    type: int
    default: 60
  wait_timeout:
    description:
      - Seconds to wait for everything together.
      - By default 300, and 2 more for each part of a large file.
    type: int
  unready:
    description:
      - What to do with instances that are not running, or whose agent is offline.
      - >-
        V(fail) fails and names them, V(skip) leaves them out, with a warning. The service refuses a whole call of up to
        100 instances (50 where nothing is compared) for one such instance; with V(fail) nothing is sent to the others
        of its call.
    type: str
    choices: [fail, skip]
    default: fail
notes:
  - >-
    On Linux it needs a POSIX shell as C(/bin/sh) (dash and bash are tested) and C(sha256sum), C(stat) and C(awk), as
    coreutils and BusyBox have them.
  - >-
    A symbolic link at the file's place is replaced by the file, not followed. Extended attributes and ACLs of a file
    that is replaced are not kept.
  - >-
    The service keeps what is sent for a day, readable by whoever may call DescribeSendFileResults in the account.
  - >-
    The permissions C(ecs:SendFile), C(ecs:DescribeSendFileResults), C(ecs:RunCommand), C(ecs:DescribeInvocations) and
    C(ecs:DescribeInvocationResults) are needed; C(ecs:DescribeInstances) and C(ecs:DescribeCloudAssistantStatus) for
    O(resource_tags), and to name the instances that cannot take a file.
  - The API of 2018 cannot send files, so O(api_generation=classic) is refused.
seealso:
  - module: cloudops.cloud_assistant.ecs_fetch_file
  - module: cloudops.cloud_assistant.ecs_run_command
"""

EXAMPLES = r"""
---
- name: Bring a configuration file to two instances
  cloudops.cloud_assistant.ecs_send_file:
    region: cn-hangzhou
    instance_ids:
      - i-bp185dy2o3o6neg01234
      - i-bp185dy2o3o6neg05678
    src: nginx.conf
    target_dir: /etc/nginx
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

- name: Render a template, and let only the application read the result
  cloudops.cloud_assistant.ecs_send_file:
    region: cn-hangzhou
    resource_tags:
      role: app
    src: database.ini.j2
    template: true
    target_dir: /etc/app
    name: database.ini
    mode: "0600"
    owner: app
    group: app
  no_log: true

- name: Bring a release of some megabytes to the instances that are running
  cloudops.cloud_assistant.ecs_send_file:
    region: cn-hangzhou
    instance_ids: "{{ groups['app'] | map('extract', hostvars, 'instance_id') }}"
    src: app-1.4.2.tar.xz
    target_dir: /srv/releases
    unready: skip
    wait_timeout: 1800

- name: Put a small file onto Windows instances
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
  description: The whole path of the file on the instances.
  returned: always, after the first request
  type: str
  sample: /etc/nginx/nginx.conf
checksum:
  description: The SHA-256 of the file.
  returned: always, after the first request
  type: str
  sample: 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
size:
  description: Its size in bytes.
  returned: always, after the first request
  type: int
  sample: 2048
transfer:
  description: How the file travelled.
  returned: always, after the first request
  type: dict
  contains:
    method:
      description:
        - V(none) where nothing had to be sent, V(direct) for one plain delivery, V(staged) by way of the staging
          directory.
      returned: always
      type: str
      sample: staged
    parts:
      description: The parts that the file makes up.
      returned: always
      type: int
      sample: 5
    sent:
      description: The calls that carried a part.
      returned: always
      type: int
      sample: 5
    present:
      description: Parts that an earlier run had left on the instances, counted on each of them.
      returned: always
      type: int
      sample: 0
    compressed:
      description: Whether it travelled compressed.
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
      description: The instance.
      returned: always
      type: str
      sample: i-bp185dy2o3o6neg01234
    invoke_id:
      description: The delivery or run that decided about it, empty where there was none.
      returned: always
      type: str
      sample: f-7d2a745b412b4601b2d47f6a768d3a14
    status:
      description:
        - >-
          V(Success) when the file is there, V(Skipped) when the instance was left out, V(Running) when it was not over
          in time, else the service's word for what went wrong (V(Failed), V(Invalid), V(Aborted), V(Timeout),
          V(Error)).
      returned: always
      type: str
      sample: Success
    changed:
      description: Whether the file, or its rights, changed on this instance.
      returned: always
      type: bool
      sample: true
    error_code:
      description: Why it failed or was skipped, as a word of the service or of this module.
      returned: always
      type: str
      sample: FileAlreadyExists
    error_info:
      description: The same for people.
      returned: always
      type: str
      sample: /etc/nginx/nginx.conf exists, and overwrite is off
    checksum:
      description: The SHA-256 of the file as it lies there.
      returned: when known
      type: str
      sample: 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
    size:
      description: Its size in bytes.
      returned: when known
      type: int
      sample: 2048
    mode:
      description: Its permissions.
      returned: when known
      type: str
      sample: "0644"
    owner:
      description: Its owner.
      returned: when known
      type: str
      sample: root
    group:
      description: Its group.
      returned: when known
      type: str
      sample: root
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
    operation: SendFile
    code: FileSize.ExceedLimit
    message: The length of file content exceeds limit.
    request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
    http_status: 403
    host: ecs.cn-hangzhou.aliyuncs.com
    hint: null
"""

from pathlib import Path
from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS, connect
from ..module_utils.cloud_assistant.files.diff import file_diff
from ..module_utils.cloud_assistant.files.parts import MAX_FILE_BYTES
from ..module_utils.cloud_assistant.files.send import send_file
from ..module_utils.cloud_assistant.files.send_request import SendRequest
from ..module_utils.cloud_assistant.targets import Targets
from ..module_utils.common.errors import InputError
from ..module_utils.common.plain_file import read_plain, unreadable
from ..module_utils.common.task import TaskContext, TaskSpec, run_module

SPEC = TaskSpec(
    argument_spec={
        "instance_ids": {"type": "list", "elements": "str"},
        "resource_tags": {"type": "dict"},
        "resource_group_id": {"type": "str"},
        "src": {"type": "path"},
        "template": {"type": "bool", "default": False},
        "content": {"type": "str"},
        "target_dir": {"type": "str", "required": True},
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
    mutually_exclusive=[("content", "src")],
    required_one_of=[("content", "src")],
    required_if=[("template", True, ["src"])],
    required_by={"content": ["name"]},
    source_as_path=True,
    redacted_options=["content"],
)

_AS_THEY_ARE = (
    "target_dir",
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


def given_file(params: dict[str, Any]) -> tuple[bytes, str]:
    """Return content and name of the file. Raises InputError if it cannot be read or is too large to be sent."""
    if params["content"] is not None:
        try:
            # undecodable bytes of a file that Ansible read come back as they were
            return params["content"].encode("utf-8", "surrogateescape"), params["name"]
        except UnicodeEncodeError as error:
            raise InputError("content", f"is not valid UTF-8 text at character {error.start}") from None
    if params["src"] is None:
        raise InputError("content", "is required, or src")
    source = Path(params["src"])
    try:
        return read_plain(source, MAX_FILE_BYTES), params["name"] or source.name
    except OSError as error:
        raise InputError("src", f"{source} {unreadable(error)}") from None


def ensure(task: TaskContext) -> dict[str, Any]:
    """Bring the file to the instances."""
    params = task.params
    targets = Targets.of(params["instance_ids"], params["resource_tags"], params["resource_group_id"], warn=task.warn)
    data, name = given_file(params)
    request = SendRequest(
        targets,
        data,
        name=name,
        tags=params["tags"] or {},
        write=not task.check_mode,
        show=task.diff_mode,
        **{option: params[option] for option in _AS_THEY_ARE},
    )
    request.check(params["api_generation"])
    outcome = send_file(connect(params), request, progress=task.progress, warn=task.warn)
    if task.diff_mode:
        outcome.extra["diff"] = file_diff(request.path, data, outcome.results)
    failure = outcome.failure()
    if failure is not None:
        raise failure
    return outcome.as_dict()


def main() -> None:
    """Run the module."""
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
