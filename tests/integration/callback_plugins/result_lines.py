# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback plugin for tests: writes the result of each task to a file, one JSON object a line."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: result_lines
type: notification
short_description: Writes the result of each task to a file, one JSON object a line
description:
  - The file is named by E(RESULT_LINES_FILE).
requirements:
  - enabled in the configuration
"""


class CallbackModule(CallbackBase):
    """Write task, host, outcome and the result as a play's C(register) sees it, loop items included.

    With them the action, and when it began and ended on the machine's monotonic clock, seconds.
    """

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "result_lines"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._began = {}

    def v2_runner_on_start(self, host, task):
        self._began[host.get_name(), task._uuid] = time.monotonic()

    def _write(self, outcome, result):
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        values = getattr(result, "result", None) or result._result
        row = {
            "task": task.get_name(),
            "host": host.get_name(),
            "outcome": outcome,
            "result": values,
            "action": task.action,
            "began": self._began.get((host.get_name(), task._uuid)),
            "ended": time.monotonic(),
        }
        with open(os.environ["RESULT_LINES_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result):
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)
