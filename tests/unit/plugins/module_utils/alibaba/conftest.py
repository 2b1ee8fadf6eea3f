# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers as a test scripts it, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from support.alibaba import make_client
from support.scripted_server import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Return a server on this machine that answers with what a test scripts."""
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Client:
    """Return a client of that server."""
    return make_client(server.url)
