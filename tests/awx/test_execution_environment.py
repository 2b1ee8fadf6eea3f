# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment is what ansible-builder takes, and holds what the plugins import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from playbook_runner import collections_path
from support.patience import HANG_GUARD

from awx import rules

BUILDER = str(Path(sys.executable).parent / "ansible-builder")
# the name under which a distribution is imported, where it is not its own
IMPORTED_AS = {"alibabacloud-credentials": "alibabacloud_credentials"}


def build(*arguments: str, folder: Path) -> str:
    """Run ansible-builder and return what it printed; AssertionError when it fails."""
    done = subprocess.run(
        [BUILDER, *arguments], cwd=folder, capture_output=True, text=True, timeout=HANG_GUARD, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def requirements() -> list[Requirement]:
    """Return the Python requirements that ansible-builder finds in the collection."""
    found = yaml.safe_load(build("introspect", collections_path(), folder=rules.REPOSITORY))
    return [Requirement(line.partition("#")[0].strip()) for line in found["python"]]


def test_ansible_builder_makes_the_context_of_the_image(tmp_path: Path):
    definition = rules.REPOSITORY / "execution-environment.yml"
    build("create", "-f", str(definition), "-c", str(tmp_path / "context"), folder=tmp_path)
    [recipe] = [path for path in (tmp_path / "context").iterdir() if path.name in ("Containerfile", "Dockerfile")]
    assert "quay.io/centos/centos:stream9" in recipe.read_text(encoding="utf-8")
    collections = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    galaxy = yaml.safe_load((rules.REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))
    assert [item["name"] for item in collections["collections"]] == [f"{galaxy['namespace']}.{galaxy['name']}"]


def test_the_image_has_what_the_plugins_import():
    wanted = set()
    for path in (rules.REPOSITORY / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                wanted.add(str(node.module).partition(".")[0])
    # ansible-core brings these, and requests the last one
    brought = {"ansible", "ansible_collections", "jinja2", "yaml", "cryptography", "packaging", "urllib3"}
    wanted -= brought | set(sys.stdlib_module_names)
    assert wanted <= {IMPORTED_AS.get(item.name, item.name) for item in requirements()}


def test_what_is_pinned_for_the_tests_is_allowed_in_the_image():
    pinned = {}
    for line in (rules.REPOSITORY / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines():
        name, _equal, version = line.partition(";")[0].strip().partition("==")
        pinned[name] = version
    for item in requirements():
        # the tests stand in for the library of the object storage
        if item.name != "oss2":
            assert item.specifier.contains(pinned[item.name]), item
