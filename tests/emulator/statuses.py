# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the states of single instances to the overall words, today's and the legacy ones."""

from __future__ import annotations

from collections.abc import Iterable

from .state import FAILED, STOPPED


def overall(statuses: Iterable[str]) -> str:
    """Invocation.InvocationStatus, by the documented conditions in their order."""
    found = set(statuses)
    for word in ("Pending", "Scheduled", "Running", "Stopping"):
        if word in found:
            return word
    if "Success" in found:
        return "PartialFailed" if found & FAILED else "Success"
    return "Stopped" if found <= STOPPED else "Failed"


def overall_file(statuses: Iterable[str]) -> str:
    """Return the overall word of a file delivery: Pending, Running, Success, Failed or PartialFailed."""
    word = overall(statuses)
    return "Failed" if word == "Stopped" else word


def legacy_instance(status: str) -> str:
    """InstanceInvokeStatus and InvokeRecordStatus of one instance."""
    if status in ("Pending", "Scheduled", "Running"):
        return "Running"
    if status == "Stopping":
        return "Stopping"
    if status in STOPPED:
        return "Stopped"
    return "Finished" if status in ("Success", "Failed") else "Failed"


def legacy_overall(statuses: Iterable[str]) -> str:
    """InvokeStatus: Finished says that all have ended and nothing about exit codes."""
    found = {legacy_instance(status) for status in statuses}
    for word in ("Running", "Stopping"):
        if word in found:
            return word
    if len(found) == 1:
        return found.pop()
    return "PartialFailed" if "Failed" in found else "Finished"
