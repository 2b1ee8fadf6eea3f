# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import PlayResult
from support.roles import FLEET, Roles


@pytest.fixture
def roles(emulator: Any, playbook: Callable[..., PlayResult], tmp_path: Path) -> Roles:
    """Return the roles' playbooks on a fleet of web servers, where i-web-2 and i-web-5 are broken."""
    emulator.reset(FLEET)
    roles = Roles(emulator, playbook, tmp_path)
    roles.on_instances("touch /srv/broken", "i-web-2", "i-web-5")
    return roles
