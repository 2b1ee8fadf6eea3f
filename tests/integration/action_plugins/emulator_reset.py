# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task for tests: gives the next tasks a cloud of their own, without the cost of a module."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Forget everything in the emulator whose control API is at ``control``, and begin anew.

    The fleet is ``fleet``, by default the one that the emulator was started with.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the ``requests`` that were forgotten. urllib.error.URLError when the emulator does not answer."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        control, opener = self._task.args["control"], urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{control}/requests", timeout=60) as reply:
            result["requests"] = json.load(reply)
        body = json.dumps({name: value for name, value in self._task.args.items() if name == "fleet"}).encode()
        opener.open(urllib.request.Request(f"{control}/reset", data=body, method="POST"), timeout=60).close()
        return result
