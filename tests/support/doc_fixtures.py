# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the examples of the documentation take for granted: a fleet, stored commands, files, variables."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from support.doc_blocks import Block

REGION = "cn-hangzhou"
# ids as the examples write them; each stands for something that is made for the example
SAMPLE_COMMAND = re.compile(r"c-[0-9a-z]{32}")
SAMPLE_INVOCATION = re.compile(r"t-[0-9a-z]{32}")
# places on the controller that examples write to
_WRITTEN_HERE = re.compile(r"^(/var/reports|/var/decommissioned|/tmp/os-release)")
_INSTANCE = re.compile(r"\bi-bp1[0-9a-z]{17}\b")

DATABASES = ["i-db1", "i-db2"]
WINDOWS = ["i-windows1", "i-windows2"]
RACK = ["77777777-0000-4000-8000-000000000001", "77777777-0000-4000-8000-000000000002"]

_FLEET: list[dict[str, Any]] = [
    *(
        {
            "id": f"i-web{number}",
            "name": f"web-0{number}",
            "vpc_id": "vpc-bp1example",
            "tags": {"role": "web", "service": "web", "Name": f"w{number}"},
        }
        for number in (1, 2, 3)
    ),
    *({"id": f"i-app{number}", "name": f"app-0{number}", "tags": {"role": "app"}} for number in (1, 2)),
    *({"id": item, "name": item.removeprefix("i-"), "tags": {"role": "database"}} for item in DATABASES),
    *({"id": f"i-shop{number}", "name": f"shop-0{number}", "tags": {"service": "shop"}} for number in (1, 2)),
    {"id": "i-old1", "name": "old-01", "tags": {"service": "web", "generation": "old"}},
    {"id": "i-proxy1", "name": "proxy-01", "tags": {"service": "proxy"}},
    {"id": "i-staging1", "name": "staging-01", "tags": {"environment": "staging"}},
    {"id": "i-test1", "name": "test-01", "tags": {"purpose": "test", "run": "4711"}},
    {"id": "i-test2", "name": "test-02", "tags": {"purpose": "test", "run": "4711"}, "status": "Stopped"},
    *({"id": item, "name": item.removeprefix("i-"), "os_type": "windows"} for item in WINDOWS),
    {"id": "i-shanghai1", "name": "shanghai-01", "region": "cn-shanghai", "tags": {"role": "web"}},
]
# what a single example needs beside that
_FURTHER: dict[str, list[dict[str, Any]]] = {
    "plugins/modules/ecs_instance.py": [
        {"id": "i-web9", "name": "web-09", "tags": {"role": "web"}, "status": "Stopped"},
    ],
    "plugins/modules/ecs_run_command.py": [
        {"id": "i-staging2", "name": "staging-02", "tags": {"environment": "staging"}, "status": "Stopped"},
    ],
}
_CLOUDDC: list[dict[str, Any]] = [
    {"id": RACK[0], "name": "rack-1", "state": "stopped"},
    {"id": RACK[1], "name": "rack-2", "state": "running"},
]

_COMMANDS = {
    "backup": "echo {{database}}",
    "check-disks": "df /",
    "restart-service": "echo {{service}}",
    "rotate-logs": "echo rotated",
    "the-sample": "echo {{service}}",
}

_PROGRAM = "printf '#!/bin/sh\\nexit 0\\n' > {0} && chmod 0755 {0}"
_USER = (
    "echo '{0}:x:{1}:{1}::/home/{0}:/bin/sh' >> /etc/passwd && echo '{0}:x:{1}:' >> /etc/group"
    " && mkdir -p /home/{0} && chown {1}:{1} /home/{0}"
)
# what has to be on the instances where the text of an example names it
_SETUP = {
    # in the place of the instance's own, which comes first in PATH
    "systemctl": "rm -f /usr/local/sbin/systemctl && " + _PROGRAM.format("/usr/local/sbin/systemctl"),
    "nginx -t": _PROGRAM.format("/usr/local/bin/nginx"),
    "/srv/app/migrate": "mkdir -p /srv/app && " + _PROGRAM.format("/srv/app/migrate"),
    "/var/log/nginx/error.log": "mkdir -p /var/log/nginx && echo none > /var/log/nginx/error.log",
    "/var/log/nginx/access.log": "mkdir -p /var/log/nginx && echo none > /var/log/nginx/access.log",
    "/var/backups/schema.sql": "mkdir -p /var/backups && echo 'select 1' > /var/backups/schema.sql",
    "test -f /etc/motd": "echo welcome > /etc/motd",
    "username: reporter": _USER.format("reporter", 1500),
    "owner: app": _USER.format("app", 1501),
}

VARIABLES: dict[str, Any] = {
    "database_instance": DATABASES[0],
    "database_instances": DATABASES,
    "build_instances": ["i-app1"],
    "windows_instances": WINDOWS,
    "rack_instances": RACK,
    "settings": {"colour": "blue"},
    "vault_database_password": "hidden-in-the-examples",
    "nightly": {
        "results": [
            {
                "instance_id": "i-web1",
                "invoke_id": "t-1",
                "status": "Success",
                "rc": 0,
                "stdout": "done",
                "stdout_lines": ["done"],
                "dropped": 0,
                "error_code": "",
                "error_info": "",
                "repeats": 1,
                "previous": False,
                "started_at": "2026-11-22T03:00:00Z",
                "finished_at": "2026-11-22T03:00:01Z",
            },
        ]
    },
}

# variables of the plays of a file, where the text around them leaves them to the user
PLAY_VARIABLES: dict[str, dict[str, Any]] = {
    "docs/docsite/rst/awx_guide.rst": {"run_script_content": "uptime"},
}

INVENTORY = {
    "all": {
        "vars": {"ansible_connection": "local", "region": REGION},
        "children": {
            "web": {"hosts": {f"i-web{number}": {"instance_id": f"i-web{number}"} for number in (1, 2, 3)}},
            "app": {"hosts": {f"i-app{number}": {"instance_id": f"i-app{number}"} for number in (1, 2)}},
            "role_web": {"children": {"web": {}}},
            "online": {"children": {"web": {}, "app": {}}},
        },
    }
}

_SOURCE = re.compile(r"[\w-]+\.sh(?:\.j2)?\b")
_SCRIPT = "#!/bin/sh\necho done\n"
_FILES = {
    "files/report.py": "print('report')\n",
    "files/nginx.conf": "worker_processes 1;\n",
    "files/app-1.4.2.tar.xz": "no archive, but bytes\n" * 3000,
    "files/sites/shop.conf": "server {}\n",
    "templates/nginx.conf.j2": "# {{ ansible_managed | default('managed') }}\n",
    "templates/app.conf.j2": "user={{ settings.colour }}\n",
    "templates/database.ini.j2": "password={{ vault_database_password }}\n",
    "scripts/disk-use.sh": _SCRIPT,
    "scripts/restart-service.sh": "echo {{service}}\n",
}


def fleet_of(block: Block) -> dict[str, Any]:
    """Return the fleet of the emulator for a block: that of all examples, and the instances whose ids it gives."""
    named = [{"id": item, "name": item} for item in dict.fromkeys(_INSTANCE.findall(block.text))]
    return {"instances": [*_FLEET, *named, *_FURTHER.get(block.source, [])], "clouddc": _CLOUDDC}


def setup_tasks(block: Block) -> list[dict[str, Any]]:
    """Tasks before those of the block: what has to be on the instances, and the stored commands that it speaks of."""
    tasks: list[dict[str, Any]] = []
    script = "\n".join(command for word, command in _SETUP.items() if word in block.text)
    if script:
        linux = [
            row["id"]
            for row in fleet_of(block)["instances"]
            if row.get("os_type") != "windows" and row.get("status") != "Stopped" and "region" not in row
        ]
        tasks.append(
            {
                "name": "Put on the instances what the example finds there",
                "cloudops.cloud_assistant.ecs_run_command": {"instance_ids": linux, "content": f"set -e\n{script}\n"},
            }
        )
    if "roles:" not in block.text and "include_role" not in block.text:
        tasks += [_store(name) for name in _COMMANDS if name in block.text]
    if SAMPLE_COMMAND.search(block.text):
        tasks.append({**_store("the-sample"), "register": "sample_command"})
    if SAMPLE_INVOCATION.search(block.text):
        tasks += [
            _store("check-disks"),
            {
                "name": "Make the invocation that the example reads",
                "cloudops.cloud_assistant.ecs_invoke_command": {
                    "command_name": "check-disks",
                    "instance_ids": ["i-web1"],
                },
                "register": "sample_invocation",
            },
        ]
    return tasks


def _store(name: str) -> dict[str, Any]:
    return {
        "name": f"Store the command {name}",
        "cloudops.cloud_assistant.ecs_command": {
            "name": name,
            "content": {"__ansible_unsafe": _COMMANDS[name]},
            "enable_parameter": "{{" in _COMMANDS[name],
        },
    }


def substituted(value: Any, folder: Path) -> Any:
    """Return the data of a block, with the ids of this run for those of samples, and files below ``folder``."""
    if isinstance(value, dict):
        return {key: substituted(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [substituted(item, folder) for item in value]
    if isinstance(value, str):
        if SAMPLE_COMMAND.fullmatch(value):
            return "{{ sample_command.command_id }}"
        if SAMPLE_INVOCATION.fullmatch(value):
            return "{{ sample_invocation.invoke_id }}"
        return _WRITTEN_HERE.sub(lambda match: f"{folder}{match[0]}", value)
    return value


def write_files(folder: Path, examples: Iterable[Block]) -> None:
    """Write the files that the examples name below ``folder``; a script that is not in the table does little."""
    named = {name for block in examples for name in _SOURCE.findall(block.text)}
    scripts = {f"{'templates' if name.endswith('.j2') else 'files'}/{name}": _SCRIPT for name in named}
    for name, text in (scripts | _FILES).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with tarfile.open(folder / "files" / "shop-1.4.2.tar.gz", "w:gz") as archive:
        archive.add(folder / "files" / "nginx.conf", "shop.conf")
