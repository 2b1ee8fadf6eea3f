# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin behaves as a module does, in the controller's process and as a module, without any cloud.

A copy of the collection holds one module, ``probe``, that returns what it was given.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.source import LARGEST_TEXT
from playbook_runner import PlayResult, collections_path, run_playbook

SECRET = "s3cr3t-value"
# not written in the playbook, whose lines Ansible itself shows beside an error
FROM_OUTSIDE = "{{ lookup('ansible.builtin.env', 'PROBE_SECRET') }}"
VAULT_PASSWORD = "not a secret of anybody's"

PROBE = '''#!/usr/bin/python
"""Return what it was given."""
import base64, os, sys
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import TaskSpec, run_module

if os.environ.get("PROBE_IMPATIENT"):  # the controller's process shows progress at once
    from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils import progress
    progress.FIRST_AFTER = 0

SPEC = TaskSpec(
    argument_spec={
        "src": {"type": "path"}, "content": {"type": "str"}, "template": {"type": "bool", "default": False},
        "value": {"type": "raw"}, "secret": {"type": "str", "no_log": True}, "region": {"type": "str"},
        "fail": {"type": "bool", "default": False}, "breaks": {"type": "bool", "default": False},
        "changed": {"type": "bool", "default": True},
        "results": {"type": "raw"},
        "old": {"type": "str", "removed_in_version": "9.0.0", "removed_from_collection": "cloudops.cloud_assistant"},
    },
    mutually_exclusive=[("src", "content")],
)


def ensure(task):
    task.warn("a warning about " + str(task.params["secret"]))
    task.progress("1/2 finished by " + str(task.params["secret"]))
    if task.params["fail"]:
        raise InputError("value", f"is refused with {task.params['secret']}: {task.params['value']}")
    if task.params["breaks"]:
        raise RuntimeError(f"a defect with {task.params['value']}")
    if task.params["value"] == "refuse the content":
        raise InputError("content", "is too long")
    data = None
    if task.params["content"] is not None:
        data = task.params["content"].encode("utf-8")
    elif task.params["src"]:
        with open(task.params["src"], "rb") as file:
            data = file.read()
    rows = {} if task.params["results"] is None else {"results": task.params["results"]}
    return {
        **rows,
        "changed": task.params["changed"],
        "data": None if data is None else base64.b64encode(data).decode("ascii"),
        "by_path": os.path.basename(task.params["src"] or ""),
        "value": task.params["value"],
        "kind": type(task.params["value"]).__name__,
        "echo": task.params["secret"],
        "region": task.params["region"],
        "check": task.check_mode,
        "quiet": task.no_log,
        "diff": {"before": "", "after": "new\\n"} if task.diff_mode else {},
        "module_process": "AnsiballZ" in " ".join([*sys.argv, *sys.path, __file__, os.environ.get("_", "")])
        or "ansible_" in __file__ and ".zip" in __file__,
        "interpreter": os.path.basename(sys.argv[0]),
        "variable": os.environ.get("PROBE_VARIABLE"),
    }


def main():
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
'''

RUNTIME = {
    "requires_ansible": ">=2.16.0",
    "action_groups": {"alibaba": ["probe"]},
    "plugin_routing": {"modules": {"probe": {"action_plugin": "cloudops.cloud_assistant.ecs_run_command"}}},
}

# what makes a task run as a module although it is the controller's
AS_MODULE = {"environment": {"PROBE_VARIABLE": "set"}}
HERE: dict[str, Any] = {}
AS_JOB: dict[str, Any] = {"async": 60, "poll": 1}
BOTH_WAYS = {"here": HERE, "as module": AS_MODULE}
ALL_WAYS = {**BOTH_WAYS, "as job": AS_JOB}

Run = Callable[..., PlayResult]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a play of tasks, given as data, where the collection has the module ``probe``."""
    tree = tmp_path / "tree" / "ansible_collections" / "cloudops" / "cloud_assistant"
    (tree / "plugins" / "modules").mkdir(parents=True)
    (tree / "meta").mkdir()
    real = Path(collections_path()) / "ansible_collections" / "cloudops" / "cloud_assistant"
    for kind in ("action", "module_utils", "plugin_utils", "doc_fragments"):
        (tree / "plugins" / kind).symlink_to(real.resolve() / "plugins" / kind)
    (tree / "plugins" / "modules" / "probe.py").write_text(PROBE, encoding="utf-8")
    (tree / "meta" / "runtime.yml").write_text(yaml.safe_dump(RUNTIME), encoding="utf-8")

    def run_play(*tasks: dict[str, Any], play: dict[str, Any] | None = None, **options: Any) -> PlayResult:
        data = [{"name": "Probe", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **(play or {})}]
        options["env"] = {
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "tree"),
            "ANSIBLE_INJECT_INVOCATION": "true",
            "PROBE_SECRET": SECRET,
            **options.get("env", {}),
        }
        return run_playbook("---\n" + yaml.safe_dump(data, allow_unicode=True), tmp_path, **options)

    return run_play


def probe(name: str = "t", *, way: dict[str, Any] | None = None, task: dict[str, Any] | None = None, **options: Any):
    """Return a task with the module ``probe``."""
    return {"name": name, "cloudops.cloud_assistant.probe": options, **(way or {}), **(task or {})}


def data_of(result: dict[str, Any]) -> bytes:
    """Return the bytes of the file that the module got."""
    return base64.b64decode(result["data"])


def test_values_arrive_as_written(run: Run):
    value = {"number": 1, "list": [True, None, 1.5], "text": "日本\n", "day": "{{ '2026-01-02' }}"}
    done = run(*(probe(name, value=value, way=way, secret=FROM_OUTSIDE) for name, way in BOTH_WAYS.items()))
    for name, variable in (("here", None), ("as module", "set")):
        assert done.result(name)["value"] == {**value, "day": "2026-01-02"}
        assert done.result(name)["variable"] == variable


def test_task_of_the_controller_runs_in_its_process_and_others_do_not(run: Run):
    done = run(
        probe("here"),
        probe("with environment", way=AS_MODULE),
        probe("with async", task={"async": 30, "poll": 1}),
        probe("with become", task={"become": True, "become_method": "su"}) if os.geteuid() == 0 else probe("here"),
    )
    assert done.rc == 0, done.output
    results = {row["task"]: row["result"] for row in done.results}
    assert not results.pop("here")["module_process"]
    assert [result["module_process"] for result in results.values()] == [True] * len(results)


def test_both_ways_give_the_same_result(run: Run):
    cases: list[dict[str, Any]] = [
        {"value": 1, "secret": FROM_OUTSIDE},
        {"fail": True, "secret": FROM_OUTSIDE},
        {"wrong": 1},
        {"content": "a", "src": "b"},
        {"changed": False, "old": "x"},
    ]
    tasks = [
        probe(f"{number} {label}", way=way, task={"ignore_errors": True}, **case)
        for number, case in enumerate(cases)
        for label, way in (("here", HERE), ("there", AS_MODULE))
    ]
    done = run(*tasks, diff=True, check=True)
    assert done.rc == 0, done.output
    for number in range(len(cases)):
        here, there = (done.result(f"{number} {label}") for label in ("here", "there"))
        for result in (here, there):
            for key in ("module_process", "interpreter", "variable", "ansible_facts"):
                result.pop(key, None)
            assert result.pop("_ansible_no_log", False) in (False, None)
        assert here == there
    assert done.result("0 here")["check"] is True
    assert done.result("0 here")["quiet"] is False
    assert SECRET not in done.output + json.dumps(done.results)


def test_nothing_secret_at_high_verbosity(run: Run):
    tasks = [
        probe(f"{name}, failing: {fail}", way=way, secret=FROM_OUTSIDE, fail=fail, task={"ignore_errors": True})
        for name, way in BOTH_WAYS.items()
        for fail in (False, True)
    ]
    done = run(*tasks, arguments=["-vvv"])
    assert done.rc == 0, done.output
    assert [row["outcome"] for row in done.results] == ["ok", "ignored"] * 2
    assert SECRET not in done.output
    assert "a warning about" in done.output


def test_no_log_keeps_values_out_of_messages(run: Run, tmp_path: Path):
    """ansible-core 2.19 and later show the message of a failed task that has no_log."""
    (tmp_path / "broken.j2").write_text("{{ value_of | mandatory(value_of) | no_such_filter }}", encoding="utf-8")
    bad: list[dict[str, Any]] = [
        {"value": FROM_OUTSIDE, "fail": True},
        {"value": FROM_OUTSIDE, "breaks": True},
        {"src": FROM_OUTSIDE},
        {"fail": FROM_OUTSIDE},
        {"src": "broken.j2", "template": True},
        {"src": "broken.j2", "template": FROM_OUTSIDE},
        {"region": FROM_OUTSIDE + "\0"},
        {"content": "a", "src": FROM_OUTSIDE},
    ]
    # a job refuses what a module refuses, and takes a second for each
    cases = [(way, options) for way in BOTH_WAYS.values() for options in bad] + [
        (AS_JOB, options) for options in bad[:3]
    ]
    task = {"no_log": True, "ignore_errors": True, "register": "seen", "vars": {"value_of": FROM_OUTSIDE}}
    tasks = [probe(str(number), way=way, task=task, **options) for number, (way, options) in enumerate(cases)]
    messages = {"name": "messages", "ansible.builtin.debug": {"msg": "{{ seen.msg }}"}}
    done = run(*[one for task in tasks for one in (task, messages)], arguments=["-vvv"])
    assert done.rc == 0, done.output
    assert SECRET not in done.output + json.dumps(done.results)
    assert [row["outcome"] for row in done.results] == ["ignored", "ok"] * len(cases)
    shown = [row["result"]["msg"] for row in done.results if row["task"] == "messages"]
    refused = "is refused with None: (not shown)"
    assert [number for number, text in enumerate(shown) if refused in text] == [0, len(bad), 2 * len(bad)]


def test_no_log_also_censors_the_results_of_instances(run: Run):
    """ansible-core takes a list of this name for the results of a loop, each of which says itself whether to hide."""
    rows = [{"stdout": "hidden-value"}, "a text"]
    hidden = {"no_log": True, "register": "seen"}
    that = ["seen.results[0].stdout | length == 12", "seen.quiet"]
    readable = {"ansible.builtin.assert": {"that": that, "quiet": True}}
    tasks = []
    for name, way in ALL_WAYS.items():
        tasks += [
            probe(name, way=way, results=rows, value="hidden-value", task=hidden),
            {"name": f"{name}: readable", **readable},
            probe("failing", way=way, results=rows, task={**hidden, "failed_when": True, "ignore_errors": True}),
            probe("loop", way=way, results=rows, task={**hidden, "loop": [1]}),
        ]
    done = run(*tasks, arguments=["-vvv"])
    assert done.rc == 0, done.output
    assert "hidden-value" not in done.output + json.dumps(done.results)


def test_keywords_of_a_task(run: Run):
    fails = {"failed_when": "seen.value == 3", "register": "seen", "ignore_errors": True}
    tasks = []
    for name, way in BOTH_WAYS.items():
        tasks += [
            probe(f"{name}: defaults", way=way),
            probe(f"{name}: own", way=way, region="cn-own"),
            probe(f"{name}: loop", way=way, value="{{ item }}", task={"loop": [1, 2], "register": "looped"}),
            {
                "name": f"{name}: registered",
                "ansible.builtin.assert": {"that": ["looped.results | map(attribute='value') == [1, 2]"]},
            },
            probe(f"{name}: fails", way=way, value=3, task=fails),
            probe(f"{name}: unchanged", way=way, task={"changed_when": False}),
        ]
    done = run(*tasks, play={"module_defaults": {"group/cloudops.cloud_assistant.alibaba": {"region": "cn-default"}}})
    assert done.rc == 0, done.output
    for name in BOTH_WAYS:
        assert done.result(f"{name}: defaults")["region"] == "cn-default"
        assert done.result(f"{name}: own")["region"] == "cn-own"
        assert done.result(f"{name}: fails")["failed_when_result"] is True
        assert done.result(f"{name}: unchanged")["changed"] is False


def test_progress_is_shown_beside_the_results(run: Run):
    tasks = [probe("a task", secret=FROM_OUTSIDE), probe("hidden", task={"no_log": True})]
    done = run(*tasks, env={"PROBE_IMPATIENT": "1"})
    assert done.rc == 0, done.output
    assert re.findall(r"localhost \| .*finished.*", done.stderr) == [
        "localhost | a task: 1/2 finished by ******** (0 s)"
    ]
    assert "finished" not in done.stdout
    assert "finished" not in run(probe("a task")).output


def test_diff_is_shown_in_diff_mode_only(run: Run):
    tasks = [
        probe(f"{name}, {diff}", way=way, task={"diff": diff})
        for name, way in BOTH_WAYS.items()
        for diff in (True, False)
    ]
    assert run(*tasks).stdout.count("+new") == len(BOTH_WAYS)


def test_file_arrives_byte_for_byte(run: Run, tmp_path: Path):
    (tmp_path / "files").mkdir()
    files = {
        "Windows line ends": b"#!/bin/sh\r\necho a\r\n",
        "other script": "日本".encode(),
        "binary": b"\xff\xfe\x00binary",
        "empty": b"",
        "large": b"x" * 300_000,
    }
    for name, data in files.items():
        (tmp_path / "files" / name).write_bytes(data)
    # a job reads a copy
    tried = {file: ALL_WAYS if file in ("binary", "large") else BOTH_WAYS for file in files}
    done = run(*(probe(f"{file}, {name}", way=way, src=file) for file in files for name, way in tried[file].items()))
    assert done.rc == 0, done.output
    for file, data in files.items():
        assert {data_of(done.result(f"{file}, {name}")) for name in tried[file]} == {data}, file
    # it has the name of the file
    assert done.result("binary, as job")["by_path"] == "binary"


def test_role_files_and_templates_come_first(run: Run, tmp_path: Path):
    role = tmp_path / "roles" / "r"
    for folder, name, text in (
        ("files", "a.sh", "role file"),
        ("templates", "a.sh", "{% include 'part.j2' %} {{ word }}\n"),
        ("templates", "part.j2", "{{ ansible_managed }} {{ template_path }}"),
    ):
        (role / folder).mkdir(parents=True, exist_ok=True)
        (role / folder / name).write_text(text, encoding="utf-8")
    (role / "tasks").mkdir()
    tasks = [
        probe(f"{kind}, {name}", way=way, src="a.sh", template=kind == "template")
        for kind in ("file", "template")
        for name, way in BOTH_WAYS.items()
    ]
    (role / "tasks" / "main.yml").write_text(yaml.safe_dump(tasks), encoding="utf-8")
    (tmp_path / "a.sh").write_text("playbook file", encoding="utf-8")
    done = run(
        play={"roles": ["r"], "vars": {"word": "{{ 'wo' ~ 'rd' }}"}}, env={"ANSIBLE_ROLES_PATH": str(role.parent)}
    )
    assert done.rc == 0, done.output
    for name in BOTH_WAYS:
        assert data_of(done.result(f"r : file, {name}")) == b"role file"
        assert data_of(done.result(f"r : template, {name}")) == b"Ansible managed a.sh word\n"


def test_template_keeps_windows_line_ends_and_backslashes(run: Run, tmp_path: Path):
    (tmp_path / "t.bat").write_bytes(b"echo {{ word }}\r\n{% if true %}\r\ncd C:\\n\r\n{% endif %}\r\n")
    tasks = [probe(name, way=way, src="t.bat", template=True) for name, way in BOTH_WAYS.items()]
    done = run(*tasks, extra_vars={"word": "a\\tb"})
    assert done.rc == 0, done.output
    for name in BOTH_WAYS:
        assert data_of(done.result(name)) == b"echo a\\tb\r\ncd C:\\n\r\n"


def test_text_that_came_from_outside_is_not_rendered(run: Run, tmp_path: Path):
    (tmp_path / "t.sh").write_text("echo {{ said.value }}", encoding="utf-8")
    (tmp_path / "evil").write_text("{{ 1 + 1 }}", encoding="utf-8")
    read = {"value": "{{ lookup('ansible.builtin.file', 'evil') }}"}
    done = run(probe("said", task={"register": "said"}, **read), probe(src="t.sh", template=True))
    assert done.rc == 0, done.output
    assert data_of(done.result("t")) == b"echo {{ 1 + 1 }}"


def test_encrypted_file_is_decrypted_and_not_shown(run: Run, tmp_path: Path):
    script, password = tmp_path / "script.sh", tmp_path / "password"
    script.write_text(f"echo {SECRET} {{{{ 1 + 1 }}}}\n", encoding="utf-8")
    password.write_text(VAULT_PASSWORD, encoding="utf-8")
    vault = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt", "--vault-password-file", str(password)]
    subprocess.run([*vault, str(script)], check=True, capture_output=True)
    tasks = [
        probe(f"{name}, {template}", way=way, src="script.sh", template=template)
        for name, way in ALL_WAYS.items()
        for template in (False, True)
    ]
    done = run(*tasks, arguments=["-vvv", "--vault-password-file", str(password)], diff=True)
    assert done.rc == 0, done.output
    for name in ALL_WAYS:
        assert data_of(done.result(f"{name}, False")).decode() == f"echo {SECRET} {{{{ 1 + 1 }}}}\n"
        assert data_of(done.result(f"{name}, True")).decode() == f"echo {SECRET} 2\n"
    assert SECRET not in done.output + json.dumps(done.results) and "+new" not in done.stdout
    left = [path for path in (tmp_path / ".ansible" / "tmp").rglob("*") if path.is_file()]
    assert not left


def test_unusable_file_is_refused_naming_the_option(run: Run, tmp_path: Path):
    (tmp_path / "broken.j2").write_text("{{ undefined_name }}", encoding="utf-8")
    (tmp_path / "latin.j2").write_bytes(b"\xe9\xff")
    refused: dict[str, dict[str, Any]] = {
        "src: Could not find or access 'missing.sh'": {"src": "missing.sh"},
        "src: the template": {"src": "broken.j2", "template": True},
        "is not UTF-8 text": {"src": "latin.j2", "template": True},
        "template: ": {"src": "broken.j2", "template": "perhaps"},
    }
    done = run(*(probe(message, task={"ignore_errors": True}, **options) for message, options in refused.items()))
    for message in refused:
        assert done.row(message)["outcome"] == "ignored"
        assert message in done.result(message)["msg"]
        assert "remote_src" not in done.result(message)["msg"]  # an option of other modules


def test_a_file_whose_content_is_refused_is_named_by_its_option(run: Run, tmp_path: Path):
    (tmp_path / "short.sh").write_text("true", encoding="utf-8")
    (tmp_path / "long.sh").write_bytes(b"#" * LARGEST_TEXT + b"#")
    sources = [{"src": "short.sh"}, {"src": "long.sh"}, {"content": "true"}]
    done = run(
        *(
            probe(way=way, task={"ignore_errors": True}, value="refuse the content", **source)
            for way in ALL_WAYS.values()
            for source in sources
        )
    )
    messages = [f"{option}: is too long" for source in sources for option in source]
    assert [row["result"]["msg"] for row in done.results] == messages * len(ALL_WAYS), done.output


def test_a_file_that_never_ends_is_refused_at_once(run: Run, tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    task = {"ignore_errors": True}
    places = ["fifo", "/dev/zero", "/dev/full", "/proc/self/status"]
    tasks = []
    for name, way in BOTH_WAYS.items():
        tasks += [
            probe(f"{name} {place} {template}", way=way, task=task, src=place, template=template)
            for place in places
            for template in (False, True)
        ]
        tasks.append(probe(f"{name}: no file", way=way, task=task, src="a\0b"))
    done = run(*tasks)
    assert done.rc == 0, done.output
    refusals = [
        *(f"src: {place} is not a regular file" for place in places for _template in (False, True)),
        "src: must not contain a NUL character",
    ]
    assert [row["result"]["msg"] for row in done.results] == refusals * len(BOTH_WAYS)


def test_short_name_with_the_collections_keyword(run: Run):
    done = run({"name": "t", "probe": {"value": 1}}, play={"collections": ["cloudops.cloud_assistant"]})
    assert done.rc == 0, done.output
    assert done.result("t")["value"] == 1


def test_other_names_are_refused(run: Run):
    # this tree has the action plugin, and no module of its name
    done = run({"name": "t", "cloudops.cloud_assistant.ecs_run_command": {}})
    assert done.rc != 0 and "Traceback" not in done.output
    assert "is not a module of the collection" in done.output
