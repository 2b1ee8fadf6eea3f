# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret appears anywhere: one play of everything at the highest verbosity, and all that it wrote is searched."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from playbook_runner import PlayResult

ONE, TWO = ("i-cnhaemu000000000001", "i-cnhaemu000000000002")
VAULT_PASSWORD = "the password of the vault"

# each is given to the play from outside, because Ansible shows lines of a playbook beside an error
SECRETS = {
    "wrong_key": "wr0ng+key/secret=",
    "token": "STS.t0ken+of/session=",
    "parameter": "par4meter value+1/=",
    "vaulted": "v4ulted-line-of-a-script",
    "hidden": "h1dden-by-no-log",
    "password": "pa55word-of-a-url",
    "huawei_key": "hu4wei+secret/key=",
    "huawei_password": "hu4wei-passw0rd+/=",
}
SECRET_PARAMETERS = {"content": "echo [{{ '{{' }}word{{ '}}' }}]", "secret_parameters": {"word": "{{ parameter }}"}}
IN_FILES = {"output": "complete", "output_dir": "outputs", "results_file": "kept.jsonl"}

# the ways in which a task can run
WAYS: dict[str, dict[str, Any]] = {
    "in process": {},
    "as module": {"environment": {"ALIBABA_CLOUD_WAY": "module"}},
    "as job": {"async": 120, "poll": 1},
}
# module, options, and keywords of the task; what succeeds and what fails in each way of failing
EVERYWHERE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ecs_run_command", {"instance_ids": [ONE, TWO], **SECRET_PARAMETERS}, {}),
    ("ecs_run_command", {"instance_ids": [ONE], **SECRET_PARAMETERS, "access_key_secret": "{{ wrong_key }}"}, {}),
    ("ecs_run_command", {"instance_ids": [ONE], "src": "vaulted.sh"}, {}),
    ("ecs_run_command", {"instance_ids": [ONE], "content": "echo {{ hidden }}; exit 3"}, {"no_log": True}),
    ("ecs_run_command", {"instance_ids": ["{{ hidden }}"], "content": "true"}, {"no_log": True}),
    ("ecs_command", {"name": "vaulted", "src": "vaulted.sh"}, {}),
    ("ecs_send_file", {"instance_ids": [ONE], "src": "vaulted.sh", "target_dir": "/srv"}, {}),
    ("ecs_fetch_file", {"instance_ids": [ONE], "path": "/{{ hidden }}", "dest": "fetched/"}, {"no_log": True}),
]
IN_PROCESS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ecs_run_command", {"instance_ids": [ONE], **SECRET_PARAMETERS, "security_token": "{{ token }}"}, {}),
    (
        "ecs_run_command",
        {"instance_ids": [ONE], **SECRET_PARAMETERS, "security_token": "{{ token }}\\n{{ token }}"},
        {},
    ),
    ("ecs_run_command", {"instance_ids": [ONE], **SECRET_PARAMETERS, "endpoint": "http://127.0.0.1:9"}, {}),
    (
        "ecs_run_command",
        {"instance_ids": [ONE], **SECRET_PARAMETERS, "endpoint": "http://me:{{ password }}@127.0.0.1:9"},
        {},
    ),
    ("ecs_run_command", {"instance_ids": [ONE], **SECRET_PARAMETERS, "timeout": "{{ parameter }}"}, {"no_log": True}),
    ("ecs_run_command", {"instance_ids": ["i-nobody"], **SECRET_PARAMETERS}, {}),
    (
        "ecs_run_command",
        {"instance_ids": [ONE, TWO], **SECRET_PARAMETERS, **IN_FILES},
        {},
    ),
    (
        "run_report",
        {
            "results": [{"instance_id": ONE, "status": "Failed", "rc": 3, "stdout": "failed"}],
            "title": "With {{ parameter }}",
            "notes": ["{{ parameter }} was given"],
            "secrets": ["{{ parameter }}"],
            "dest": "reports",
        },
        {"no_log": True},
    ),
    (
        "ecs_invoke_command",
        {"command_name": "vaulted", "instance_ids": [ONE], "secret_parameters": {"a": "{{ parameter }}"}},
        {},
    ),
    ("ecs_command_info", {"access_key_secret": "{{ wrong_key }}"}, {}),
    ("ecs_invocation_info", {"security_token": "{{ token }}"}, {}),
    ("ecs_instance_info", {"access_key_secret": "{{ wrong_key }}"}, {}),
    ("ecs_instance", {"state": "absent", "instance_ids": [TWO], "access_key_secret": "{{ wrong_key }}"}, {}),
    ("ecs_agent", {"instance_ids": [ONE], "access_key_secret": "{{ wrong_key }}"}, {}),
    ("ecs_agent_info", {"access_key_secret": "{{ wrong_key }}"}, {}),
    (
        "ecs_invocation",
        {
            "command_name": "vaulted",
            "instance_ids": [ONE],
            "frequency": "rate(1h)",
            "secret_parameters": {"a": "{{ parameter }}"},
        },
        {},
    ),
    ("clouddc_instance_info", {"secret_key": "{{ huawei_key }}"}, {}),
    ("clouddc_instance_info", {"username": "me", "password": "{{ huawei_password }}", "domain_name": "d"}, {}),
    ("clouddc_instance", {"id": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "auth_token": "{{ token }}"}, {}),
]


# what is left out as a job, where each task takes seconds: in the other two ways it differs in nothing that a job could
AS_JOB = EVERYWHERE[:2] + EVERYWHERE[3:4] + EVERYWHERE[5:6]
# over the connection plugin, with keywords that end in each kind of outcome
OVER_CONNECTION: list[dict[str, Any]] = [
    {"ansible.builtin.raw": "echo {{ hidden }}"},
    {"ansible.builtin.raw": "echo {{ hidden }}; exit 3"},
    {"ansible.builtin.copy": {"content": "{{ hidden }}", "dest": "/srv/hidden", "mode": "0600"}},
    {"ansible.builtin.raw": "true", "vars": {"ansible_ecs_assistant_access_key_secret": "{{ wrong_key }}"}},
    {"ansible.builtin.raw": "true", "vars": {"ansible_ecs_assistant_security_token": "{{ token }}"}},
]
CONNECTION = {
    "ansible_connection": "cloudops.cloud_assistant.ecs_assistant",
    "ansible_python_interpreter": "/usr/bin/python3",
}


def task(number: int, module: str, options: dict[str, Any], way: str, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return one task of the play, which goes on when it fails."""
    return {
        "name": f"{number} {way}",
        f"cloudops.cloud_assistant.{module}": options,
        "ignore_errors": True,
        **WAYS[way],
        **keywords,
    }


def spellings(secret: str) -> set[str]:
    """Return the secret as it stands, and as protocols and languages write it."""
    encoded = base64.b64encode(secret.encode()).decode()
    once = quote(secret, safe="")
    return {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], once, quote(once, safe=""), encoded}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the play, with an encrypted script and the variables that hold the secrets."""
    (tmp_path / "vault").write_text(VAULT_PASSWORD, encoding="utf-8")
    script = tmp_path / "vaulted.sh"
    script.write_text(f"# {SECRETS['vaulted']}\nexit 0\n", encoding="utf-8")
    vault = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt", "--vault-password-file", "vault"]
    subprocess.run([*vault, script.name], check=True, capture_output=True, cwd=tmp_path)
    (tmp_path / "secrets.json").write_text(json.dumps(SECRETS), encoding="utf-8")
    return tmp_path


# those that the callback shows as a table unless more is asked for
IN_TABLES = ("0 in process", "1 in process", "3 in process", f"{len(EVERYWHERE) + 6} in process")


def found_in(folder: Path, done: PlayResult, secrets: dict[str, str]) -> list[tuple[str, str, str]]:
    """Each secret that a play has printed or written to a file: its name, where, and what stands around it."""
    written = {
        str(path): path.read_text(encoding="utf-8", errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and path.name != "secrets.json"
    }
    assert any(name.endswith("ansible.log") for name in written)
    written |= {"stdout": done.stdout, "stderr": done.stderr}
    return [
        (name, where, written[where][max(written[where].find(text) - 200, 0) :][:300])
        for name, secret in secrets.items()
        for text in spellings(secret)
        for where in written
        if text in written[where]
    ]


def test_no_secret_is_written_anywhere(emulator: Any, playbook: Callable[..., PlayResult], folder: Path):
    tasks = [
        task(number, module, options, way, keywords)
        for way, cases in {"in process": EVERYWHERE + IN_PROCESS, "as module": EVERYWHERE, "as job": AS_JOB}.items()
        for number, (module, options, keywords) in enumerate(cases)
    ]
    tasks += [
        {
            "name": f"{number} over the connection",
            "delegate_to": ONE,
            "ignore_errors": True,
            "ignore_unreachable": True,
            "no_log": "vars" not in given,
            **given,
            "vars": {**CONNECTION, **given.get("vars", {})},
        }
        for number, given in enumerate(OVER_CONNECTION)
    ]
    lookup = "lookup('cloudops.cloud_assistant.ecs_command_id', 'nothing', access_key_secret=wrong_key)"
    tasks.append(
        {"name": "lookup", "ansible.builtin.debug": {"msg": f"{{{{ {lookup} }}}}"}, "ignore_errors": True},
    )
    huawei = {
        "endpoint": emulator.ready["clouddc_endpoint"],
        "iam_endpoint": emulator.ready["iam_endpoint"],
        "region": "cn-east-3",
    }
    (folder / "outputs").mkdir()
    secrets = {**SECRETS, "account": emulator.ready["access_key_secret"]}

    def play(tasks: list[dict[str, Any]], verbosity: str) -> PlayResult:
        document = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {
                "group/cloudops.cloud_assistant.huawei": huawei,
                "group/cloudops.cloud_assistant.alibaba": {"max_retries": 0},
            },
            "tasks": tasks,
        }
        # from -vv on, the callback prints what the default one prints
        env = {
            "ANSIBLE_STDOUT_CALLBACK": "cloudops.cloud_assistant.fleet",
            "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
            "ANSIBLE_INJECT_INVOCATION": "true",
        }
        return playbook(
            "---\n" + yaml.safe_dump([document], allow_unicode=True),
            env={**emulator.env(), **env},
            arguments=[verbosity, "--vault-password-file", "vault", "--extra-vars", "@secrets.json"],
            diff=True,
        )

    everything = play(tasks, "-vvvv")
    assert everything.rc == 0, everything.output[-4000:]
    assert len(everything.results) == len(tasks)
    outcomes = [row["outcome"] for row in everything.results]
    assert outcomes.count("ok") >= 13 and outcomes.count("ignored") >= 12
    assert found_in(folder, everything, secrets) == []
    assert "[********]" in (folder / "outputs" / f"{ONE}.stdout").read_text(encoding="utf-8")
    assert len((folder / "kept.jsonl").read_text(encoding="utf-8").splitlines()) == 2

    tables = play([each for each in tasks if each["name"] in IN_TABLES], "-v")
    assert len(tables.results) == len(IN_TABLES), tables.output[-4000:]
    assert "2 instances: 2 succeeded" in tables.stdout and "1 instance: 1 failed" in tables.stdout
    assert found_in(folder, tables, secrets) == []
