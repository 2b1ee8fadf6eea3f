# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Judge the result of one instance: success, left out, or unknown to the service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..instances.readiness import UNREADY_RESULTS
from ..models import InstanceResult
from ..states import SKIPPED

NOT_ACCEPTED = "ExitCodeNotAccepted"
"""Our own error code of an instance on which the script ended with an exit code that is not in success_rcs."""

POWER_OFF, REBOOT = "power_off", "reboot"

_POWER_ACTIONS = {
    True: {193: POWER_OFF, 194: REBOOT},
    False: {3009: POWER_OFF, 3010: REBOOT},
}
"""What the agent does to the instance after an exit code, for shell scripts (Linux) and for the others (Windows)."""

POWER_TEXTS = {POWER_OFF: "powers off the instance", REBOOT: "reboots the instance"}


@dataclass(frozen=True)
class Judge:
    """How the results of a run are judged. ``skip`` is the request's ``unready: skip``; ``timeout`` is in seconds.

    ``tree``: whether everything that the script has started ends with it at the timeout.
    """

    skip: bool = False
    success_rcs: Sequence[int] = (0,)
    script_type: str = "RunShellScript"
    timeout: int | None = None
    tree: bool = True

    def __call__(self, result: InstanceResult) -> InstanceResult:
        """Return the result as the task's result shows it."""
        if result.rc is not None:
            return self._exited(result)
        if result.status == "Timeout" and self.timeout is not None:
            rest = "" if self.tree else "; processes that the script has started may still be running"
            return replace(result, error_info=f"killed after {self.timeout} s (timeout){rest}")
        return self._left_out(result)

    def _exited(self, result: InstanceResult) -> InstanceResult:
        """Judge a script that exited by itself by its exit code, and name what the agent does after some of them."""
        rc = result.rc or 0
        action = _POWER_ACTIONS[self.script_type == "RunShellScript"].get(rc, "")
        if result.status == "Failed" and rc and rc in self.success_rcs:
            result = replace(result, status="Success", error_code="", error_info="")
        elif result.status == "Success" and rc not in self.success_rcs:
            info = f"exit code {rc} is not in success_rcs"
            result = replace(result, status="Failed", error_code=NOT_ACCEPTED, error_info=info)
        return replace(result, power_action=action) if action else result

    def _left_out(self, result: InstanceResult) -> InstanceResult:
        """Return the result; with ``skip``, that of an instance that turned out not to be ready as skipped.

        The service accepted the call for it, and the script has not begun there. The same codes are given where an
        instance was stopped, or its agent, while the script ran: that has failed.
        """
        not_begun = result.error_code in UNREADY_RESULTS and (result.status == "Aborted" or not result.started_at)
        return replace(result, status=SKIPPED, rc=None) if self.skip and result.failed and not_begun else result
