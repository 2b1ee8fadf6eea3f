# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Notice that the agent of an instance went offline while a command runs, which the service reports only at its end."""

from __future__ import annotations

import contextlib

from ...alibaba.client import Client
from ...common.errors import CloudError
from ...common.wait import Deadline

# seconds to read the state of an agent
_LOOK_SECONDS = 15.0
# states in a row: an agent that restarts is offline for a moment
_TIMES = 2


class AgentWatch:
    """Looks at the agent of an instance every so many seconds, for as long as a command runs there."""

    def __init__(self, client: Client, instance_id: str, seconds: float) -> None:
        self._client = client
        self._instance_id = instance_id
        self._seconds = seconds
        self._pause = Deadline(seconds)
        self._times_offline = 0

    def gone(self) -> bool:
        """Look at the agent if it is time, and return whether it was offline the last two times."""
        if self._pause.expired():
            self._times_offline = self._times_offline + 1 if self._is_offline() else 0
            self._pause = Deadline(self._seconds)
        return self._times_offline >= _TIMES

    def _is_offline(self) -> bool:
        # few commands run for so long that it is needed, and each worker imports what it uses
        from ..instances.agents import agent_rows, is_online

        # a command is not given up because the state cannot be read, or may not be read by this account
        with contextlib.suppress(CloudError):
            row = agent_rows(self._client, [self._instance_id], Deadline(_LOOK_SECONDS)).get(self._instance_id)
            return row is not None and not is_online(row)
        return False
