# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Style, types, documentation and changelog pass their linters."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys

import pytest
from support.environments import REPOSITORY, clean_env
from support.share import WHOLE

BIN = pathlib.Path(sys.executable).parent


def test_ruff(passes):
    passes([str(BIN / "ruff"), "check", "."], cwd=REPOSITORY)
    passes([str(BIN / "ruff"), "format", "--check", "."], cwd=REPOSITORY)


def test_mypy_is_strict_on_what_the_plugins_share(checkout, passes):
    plugins = "ansible_collections/cloudops/cloud_assistant/plugins"
    tree = checkout.parents[2]
    passes(
        [
            str(BIN / "mypy"),
            "--config-file",
            str(checkout / "pyproject.toml"),
            "--cache-dir",
            os.devnull,
            f"{plugins}/module_utils",
            f"{plugins}/plugin_utils",
        ],
        cwd=tree,
    )


def test_yamllint(passes):
    passes([str(BIN / "yamllint"), "--strict", "."], cwd=REPOSITORY)


def test_ansible_lint_production_profile(checkout, passes):
    """Plugins and one role; `make lint` has it read every role and playbook."""
    env = clean_env(BIN, ANSIBLE_COLLECTIONS_PATH=str(checkout.parents[2]))
    places = [] if WHOLE else ["plugins", "roles/run_script"]
    passes([str(BIN / "ansible-lint"), "--offline", "--strict", *places], cwd=checkout, env=env)


def test_collection_docs(checkout, passes):
    """The guides; `make lint` has it read the plugins also, from which tests/browser builds pages without a warning."""
    of_plugins = ["--plugin-docs"] if WHOLE else []
    passes(
        [str(BIN / "antsibull-docs"), "lint-collection-docs", *of_plugins]
        + ["--validate-collection-refs", "self", str(checkout)],
        cwd=checkout,
        env=clean_env(BIN),
    )


def test_changelog(checkout, passes):
    passes([str(BIN / "antsibull-changelog"), "lint"], cwd=checkout, env=clean_env(BIN))


def test_shell_scripts(passes):
    scripts = sorted(
        str(path.relative_to(REPOSITORY))
        for folder in (
            ".ci",
            "docs",
            "examples",
            "extensions",
            "playbooks",
            "roles",
            "tests/emulator",
            "tests/integration",
        )
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and (path.suffix == ".sh" or path == REPOSITORY / ".ci/run")
    )
    passes([str(BIN / "shellcheck"), *scripts], cwd=REPOSITORY)


def test_workflows_are_what_github_accepts(passes):
    workflows = sorted(map(str, (REPOSITORY / ".github" / "workflows").glob("*.yml")))
    passes([str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *workflows], cwd=REPOSITORY)


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("vendor.github-issue-config", "config.yml"),
        ("vendor.github-issue-forms", "[!c]*.yml"),
    ],
)
def test_issue_templates_are_what_github_accepts(schema, pattern, passes):
    templates = sorted(map(str, (REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob(pattern)))
    passes([str(BIN / "check-jsonschema"), "--builtin-schema", schema, *templates], cwd=REPOSITORY)


def test_workflows_are_clean_for_actionlint(passes):
    actionlint = shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("this machine has no actionlint")
    passes([actionlint], cwd=REPOSITORY)
