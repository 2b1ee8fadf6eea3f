# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback: show runs on a fleet on one line while they run, and on one screen when they end."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: fleet
type: stdout
short_description: Show runs on a fleet on one line while they run, and on one screen when they end
version_added: "0.1.0"
description:
  - >-
    Prints the same as P(ansible.builtin.default#callback), except for tasks that return one result per instance.
  - >-
    While such a task runs, a line at the bottom of the terminal shows how many instances have finished, have failed and
    are running, the wave, the elapsed time, and the invocations. If the output is not a terminal, such a line is
    printed every few seconds instead.
  - >-
    At the end of the task, the callback prints the totals, the failures grouped by status, exit code and last line of
    output, and where to find the full result, on at most one screen. Instances that succeeded are listed for ad hoc
    commands and with C(-v).
  - >-
    C(-v) lists every group, names more instances and does not cut lines. C(-vv) and higher print the full result, like
    P(ansible.builtin.default#callback).
  - Control characters of an instance's output are shown in escaped form.
notes:
  - >-
    Set C(bin_ansible_callbacks=true) in the configuration, or E(ANSIBLE_LOAD_CALLBACK_PLUGINS) in the environment, to
    use the callback for ad hoc commands.
  - >-
    Progress is shown for tasks that run in the process of the controller: with a local connection, and without
    C(become), C(async) or C(environment).
requirements:
  - set as C(stdout_callback) in the configuration
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - default_callback
  - result_format_callback
seealso:
  - plugin: cloudops.cloud_assistant.fleet_table
    plugin_type: filter
"""

EXAMPLES = r"""
---
# In ansible.cfg:
#   [defaults]
#   stdout_callback = cloudops.cloud_assistant.fleet
#   bin_ansible_callbacks = true
# or in the environment, for one command:
- name: Run an ad hoc command with the callback
  ansible.builtin.command:
    argv:
      - ansible
      - localhost
      - --module-name=cloudops.cloud_assistant.ecs_run_command
      - '--args={"resource_tags": {"role": "web"}, "content": "uptime"}'
  environment:
    ANSIBLE_STDOUT_CALLBACK: cloudops.cloud_assistant.fleet
    ANSIBLE_LOAD_CALLBACK_PLUGINS: "true"
"""

import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ansible.plugins.callback.default import CallbackModule as DefaultCallback

from ..plugin_utils import progress
from ..plugin_utils.live_line import EVERY, LiveLine
from ..plugin_utils.outcome_text import is_fleet_result, outcome_lines

PLAY_LINES = 12
"""Lines of a screen that banners and the recapitulation take."""
SCREEN = os.terminal_size((120, 24))
"""The screen that is assumed where the output is not a terminal."""
UNCUT = 1000
"""Columns of a line where nothing is to be cut; a terminal wraps it."""


class _Display:
    """A display that clears the live line before anything is printed."""

    def __init__(self, display: Any, before: Callable[[], None]) -> None:
        self._display = display
        self._before = before

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._display, name)
        if callable(value):
            self._before()
        return value


class CallbackModule(DefaultCallback):
    """The default callback, with tables for results per instance and a line of progress."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "cloudops.cloud_assistant.fleet"

    def __init__(self) -> None:
        super().__init__()
        self._plain_display = self._display
        self._is_ad_hoc = False
        self._on_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._live = LiveLine(self._draw, lambda: shutil.get_terminal_size(SCREEN).columns)
        self._display = _Display(self._display, self._live.erase)
        self._lines: dict[str, progress.Progress] = {}
        self._reader: threading.Thread | None = None

    # progress

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Begin to listen to the tasks, before the first process of one is forked."""
        super().v2_playbook_on_start(playbook)
        self._is_ad_hoc = playbook._file_name == "__adhoc_playbook__"
        progress.listener = progress.Channel()
        self._reader = threading.Thread(target=self._follow, args=(progress.listener,), daemon=True)
        self._reader.start()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Note that a task has begun on a host."""
        super().v2_runner_on_start(host, task)
        label = progress.label_of(host.get_name(), task)
        self._lines[label] = progress.Progress(self._print, label)
        self._live.begin(label)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Stop listening, and print the recapitulation."""
        listener, progress.listener = progress.listener, None
        if listener is not None and self._reader is not None:
            listener.close()
            self._reader.join()
        super().v2_playbook_on_stats(stats)

    def _follow(self, channel: progress.Channel) -> None:
        """Show what the tasks report, in a thread of its own."""
        for line in channel.read(EVERY):
            if line is None:
                self._live.draw()
            elif self._on_terminal:
                self._live.report(*line)
            else:
                label, text = line
                show = self._lines.get(label)
                if show is not None:
                    show(text)

    def _ended(self, result: Any) -> None:
        label = progress.label_of(_host(result), _task(result))
        self._lines.pop(label, None)
        self._live.end(label)

    def _draw(self, text: str) -> None:
        self._plain_display.display(text, screen_only=True, newline=False)

    def _print(self, line: str) -> None:
        self._plain_display.display(line)

    # results

    def v2_runner_on_ok(self, result: Any) -> None:
        """Print a result that is not a failure."""
        self._ended(result)
        super().v2_runner_on_ok(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Print a failure."""
        self._ended(result)
        super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Print that a task was skipped."""
        self._ended(result)
        super().v2_runner_on_skipped(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Print that a host was not reached."""
        self._ended(result)
        super().v2_runner_on_unreachable(result)

    def _is_table(self, result: Mapping[str, Any]) -> bool:
        """Return whether a result is printed as a table instead of all that it holds."""
        return bool(self._display.verbosity < 2 and is_fleet_result(result))

    def _run_is_verbose(self, result: Any, verbosity: int = 0) -> bool:
        return self._is_table(_values(result)) or super()._run_is_verbose(result, verbosity)

    def _handle_exception(self, result: Any, use_stderr: bool = False) -> None:
        # from ansible-core 2.19 on it prints the message of a failure, which the table has as well
        if self._is_table(result):
            result.pop("exception", None)
        super()._handle_exception(result, use_stderr)

    def _dump_results(self, result: Any, *args: Any, **kwargs: Any) -> str:
        if not self._is_table(result):
            return str(super()._dump_results(result, *args, **kwargs))
        screen = shutil.get_terminal_size(SCREEN)
        detailed = self._display.verbosity > 0
        lines = outcome_lines(
            result,
            width=UNCUT if detailed else screen.columns,
            height=None if detailed else screen.lines - PLAY_LINES,
            successes=detailed or self._is_ad_hoc,
            shown_ids=10 if detailed else 3,
        )
        return lines[0] if len(lines) == 1 else "\n".join(["", *lines])


def _values(result: Any) -> Mapping[str, Any]:
    """Return the values of a task's result, which the releases of ansible-core name differently."""
    values: Mapping[str, Any] = getattr(result, "result", None) or result._result
    return values


def _host(result: Any) -> str:
    return str((getattr(result, "host", None) or result._host).get_name())


def _task(result: Any) -> Any:
    return getattr(result, "task", None) or result._task
