# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback that loads the connection plugin, as Ansible loads and calls it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import callback_loader, connection_loader
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.bounded import trusting
from support.certificates import make_certificate


def test_workers_inherit_the_plugin_and_the_authorities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(connection_loader, "get", lambda name, **options: asked.append((name, options)))
    bundle, _both = make_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    callback_loader.get("cloudops.cloud_assistant.preload").v2_playbook_on_play_start(None)
    assert asked == [("cloudops.cloud_assistant.ecs_assistant", {"class_only": True})]
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", None)
    trusting(str(bundle))


def test_what_cannot_be_loaded_is_left_to_the_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_loader, "get", lambda name, **options: None)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/missing")
    callback_loader.get("cloudops.cloud_assistant.preload").v2_playbook_on_play_start(None)
