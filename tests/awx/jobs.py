# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: a private data directory for each, and ansible-runner on it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from playbook_runner import ansible_environment
from support.patience import HANG_GUARD

from awx import rules

DEFINITIONS = rules.load_definitions()
# where the inventory plugin finds what a job may see: AWX writes its inventory as a program that prints it
_INVENTORY = "#!/usr/bin/env python3\nprint({!r})\n"


class Unsafe(str):
    """A text that Ansible must not take for a template."""


class _Dumper(yaml.SafeDumper):
    """Writes answers as AWX does: what a user enters at a launch is no template."""


_Dumper.add_representer(Unsafe, lambda dumper, data: dumper.represent_scalar("!unsafe", str(data)))


@dataclass(frozen=True)
class Finished:
    """What a job left: its folder, the process's output, and what ansible-runner kept."""

    folder: Path
    output: str

    @property
    def artifacts(self) -> Path:
        """The folder of what is kept of the job."""
        return self.folder / "artifacts" / "1"

    def kept(self, name: str) -> str:
        """Return the text of one artifact."""
        return (self.artifacts / name).read_text(encoding="utf-8")

    @property
    def rc(self) -> int:
        """The exit code of ansible-playbook."""
        return int(self.kept("rc"))

    @property
    def status(self) -> str:
        """``successful`` or ``failed``."""
        return self.kept("status").strip()

    @property
    def stdout(self) -> str:
        """What AWX shows as the job's output."""
        return self.kept("stdout")

    @property
    def events(self) -> list[dict[str, Any]]:
        """The job's events in order."""
        found = [
            json.loads(path.read_text(encoding="utf-8")) for path in (self.artifacts / "job_events").glob("*.json")
        ]
        return sorted(found, key=lambda event: event["counter"])

    @property
    def stats(self) -> dict[str, Any]:
        """The counts of ok, changed, failures, … by host, and ``artifact_data``: what the job gives to a workflow."""
        [event] = [event for event in self.events if event["event"] == "playbook_on_stats"]
        data: dict[str, Any] = event["event_data"]
        return data

    def results(self, task: str) -> dict[str, dict[str, Any]]:
        """Return the result that each host has of the task of that name."""
        return {
            event["event_data"]["host"]: event["event_data"]["res"]
            for event in self.events
            if event["event_data"].get("task") == task and "res" in event["event_data"]
        }

    def everything(self) -> str:
        """Return all that AWX keeps of the job, and what the project's copy holds afterwards, for a search."""
        texts = [self.output]
        for folder in (self.folder / "artifacts", self.folder / "project"):
            # AWX keeps the command with an environment of its own making, see recorded()
            texts += [
                path.read_text(encoding="utf-8", errors="replace")
                for path in folder.rglob("*")
                if path.is_file() and path != self.artifacts / "command"
            ]
        return "\n".join(texts)

    def recorded(self, injected: Mapping[str, str]) -> str:
        """Return the command line and the environment as AWX keeps them."""
        command = json.loads(self.kept("command"))
        return json.dumps([command["command"], command["cwd"], rules.recorded_environment(command["env"], injected)])


@dataclass(frozen=True)
class Started:
    """A job that runs."""

    folder: Path
    process: subprocess.Popen[str]

    def finish(self) -> Finished:
        """Wait for the job's end."""
        try:
            output, _none = self.process.communicate(timeout=HANG_GUARD)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, _none = self.process.communicate()
        assert (self.folder / "artifacts" / "1" / "rc").exists(), output
        return Finished(self.folder, output)


def template_named(name: str) -> dict[str, Any]:
    """Return the job template of that name."""
    [found] = [template for template in DEFINITIONS["job_templates"] if template["name"] == name]
    return found


def credentials_of(
    template: Mapping[str, Any], inputs: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the template's credentials inject, and how AWX keeps that; ``inputs`` by credential type."""
    environment: dict[str, str] = {}
    shown: dict[str, str] = {}
    for credential in template["related"]["credentials"]:
        name = credential["credential_type"]["name"]
        [kind] = [item for item in DEFINITIONS["credential_types"] if item["name"] == name]
        for target, rendered in zip((environment, shown), rules.inject(kind, inputs[name]), strict=True):
            target.update(rendered)
    return environment, shown


def start_job(
    folder: Path,
    template: Mapping[str, Any],
    *,
    answers: Mapping[str, Any],
    environment: Mapping[str, str],
    inventory: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
    check: bool = False,
) -> Started:
    """Launch the template in a private data directory below ``folder``.

    ``answers`` are those to the survey, ``environment`` what the credentials inject, ``inventory`` in the form of
    ``ansible-inventory --list``, ``files`` by their path in the project.
    """
    private = folder / "private"
    for part in ("env", "inventory", "project"):
        (private / part).mkdir(parents=True)
    shutil.copytree(
        rules.REPOSITORY / "playbooks", private / "project" / "playbooks", ignore=shutil.ignore_patterns("reports")
    )
    for name, text in (files or {}).items():
        path = private / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    hosts = private / "inventory" / "hosts"
    hosts.write_text(_INVENTORY.format(json.dumps(inventory or {"_meta": {"hostvars": {}}})), encoding="utf-8")
    hosts.chmod(0o700)
    variables = rules.extra_vars(template, answers)
    marked = {name: Unsafe(value) if isinstance(value, str) else value for name, value in variables.items()}
    (private / "env" / "extravars").write_text(yaml.dump(marked, Dumper=_Dumper), encoding="utf-8")
    (private / "env" / "envvars").write_text(json.dumps(dict(environment)), encoding="utf-8")
    (private / "env" / "settings").write_text(json.dumps({"process_isolation": False}), encoding="utf-8")
    arguments: list[str] = ["--check"] * check
    if template.get("forks"):
        arguments += ["--forks", str(template["forks"])]
    (private / "env" / "cmdline").write_text(" ".join(arguments), encoding="utf-8")
    process = subprocess.Popen(
        ["ansible-runner", "run", str(private), "-p", template["playbook"], "--ident", "1"],
        cwd=folder,
        env=job_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Started(private, process)


def job_environment(folder: Path) -> dict[str, str]:
    """Return the environment of the execution environment's container: the collection, and no settings of the tests."""
    tests_own = ("ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_ROLES_PATH", "RESULT_LINES_FILE")
    (folder / "home").mkdir(exist_ok=True)
    environment = ansible_environment(folder / "home")
    return {name: value for name, value in environment.items() if name not in tests_own}


def update_inventory(folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the update of the inventory source finds, the hosts that it disables left out."""
    [source] = DEFINITIONS["inventory_sources"]
    done = subprocess.run(
        ["ansible-inventory", "-i", str(rules.REPOSITORY / source["source_path"]), "--list", "--export"],
        env={**job_environment(folder), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_GUARD,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    enabled = [
        host
        for host, variables in found["_meta"]["hostvars"].items()
        if variables[source["enabled_var"]] == source["enabled_value"]
    ]
    return rules.slice_inventory(found, sorted(enabled))


def hosts_of(inventory: Mapping[str, Any]) -> Sequence[str]:
    """Return the names of an inventory's hosts."""
    return list(inventory["_meta"]["hostvars"])
