# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Map each error to its meaning for the host of a task: unreachable, or failed."""

from __future__ import annotations

from ...common.errors import ApiError, CloudError, TransportError, WaitTimeout


class Unreachable(CloudError):
    """The instance cannot be reached at present: Ansible counts the host as unreachable."""


class Refused(CloudError):
    """The task cannot be done on any host: Ansible counts it as failed."""


_WINDOWS = (
    "Windows is not supported by this connection plugin: modules for Windows require a PowerShell session, which Cloud"
    " Assistant does not provide. Use ecs_run_command with type=RunPowerShellScript."
)

_LATE = "The command exceeded ansible_ecs_assistant_command_timeout, and was killed with all of its processes."

# Codes of the API and of a single instance that mean that the instance cannot be reached now, with what to do. All
# other codes mean that the task fails: the request would be refused on every host, or the instance was reached.
UNREACHABLE = {
    "InvalidInstance.NotFound": "Check ansible_host or ansible_ecs_assistant_instance_id, and the region.",
    "InvalidInstanceId.NotFound": "Check ansible_host or ansible_ecs_assistant_instance_id, and the region.",
    "InvalidInstanceId.Malformed": "Check ansible_host or ansible_ecs_assistant_instance_id.",
    "AccountNotExists": "The user does not exist on the instance: check ansible_user.",
    "InvalidInstanceStatus": (
        "Check that the instance is running and its Cloud Assistant agent is online (ecs_agent_info)."
    ),
    "IncorrectInstanceStatus": "Start the instance.",
    "InvalidInstance.NotVpc": "Cloud Assistant supports only instances in a VPC.",
    "InvalidInstance.NoClient": "Install the Cloud Assistant agent (ecs_agent).",
    "InstanceNotExists": "Check ansible_host or ansible_ecs_assistant_instance_id, and the region.",
    "InstanceReleased": "The instance was released.",
    "InstanceNotRunning": "Start the instance.",
    "InstanceRestarted": "The instance restarted while the command ran.",
    "InstanceDeregistered": "Register the instance again.",
    "ClientNotRunning": "Start the Cloud Assistant agent on the instance (ecs_agent).",
    "ClientNotOnline": "Check that the instance reaches the Cloud Assistant service (ecs_agent_info).",
    "ClientNotResponse": "Check the load of the instance and its Cloud Assistant agent.",
    "ClientNetworkBlocked": "Allow the instance to reach the Cloud Assistant service.",
    "ClientRestarted": "The Cloud Assistant agent restarted while the command ran.",
    "ClientIsUpgrading": "Wait until the Cloud Assistant agent has been upgraded.",
    "ClientNeedUpgrade": "Upgrade the Cloud Assistant agent (ecs_agent).",
    "DeliveryTimeout": "Check that the instance is running and its Cloud Assistant agent is online.",
    "SecurityGroupRuleDenied": "Allow the instance to reach the Cloud Assistant service in its security group.",
    "ExecutionInterrupted": "The instance or its agent stopped while the command ran.",
    "ServiceUnavailable": "",
    "InternalError": "",
}

# further codes and states of an instance whose text deserves an addition
FAILED = {
    "CommandNotApplicable": _WINDOWS,
    "InvalidCmdType.NotFound": _WINDOWS,
    "InvalidInstance.NotMatch": _WINDOWS,
    "InvalidOperatingSystem": _WINDOWS,
    "Invocation.ExceedQuota": "The account has used up its daily quota of invocations in this region. Request a"
    " higher max-axt-invocation-daily in Quota Center, or continue the next day. ecs_run_command runs a script on 100"
    " instances with one invocation; this connection needs one per host and task.",
    "CommandContent.ExceedLimit": "",
    "Timeout": _LATE,
    "ExecutionTimeout": _LATE,
    "Terminated": "The invocation was stopped by another user or program.",
    "Cancelled": "The invocation was stopped before it started.",
}

# states of an instance's record that mean that the command never got there
_NOT_DELIVERED = frozenset({"Aborted"})

# exit code of a script that its user may not execute
_NOEXEC = 126


def windows_refusal() -> Refused:
    """Return the error for a Windows instance, with the reason."""
    return Refused(_WINDOWS)


def from_call(error: CloudError, what: str) -> CloudError:
    """Return what the failure of an API call means: Unreachable or Refused, with the same text and result."""
    if isinstance(error, (Unreachable, Refused)):
        return error
    if isinstance(error, ApiError):
        unreachable = error.code in UNREACHABLE or (error.http_status or 0) >= 500
        advice = UNREACHABLE.get(error.code) or FAILED.get(error.code, "")
    else:
        unreachable, advice = isinstance(error, (TransportError, WaitTimeout)), ""
    kind = Unreachable if unreachable else Refused
    return kind(_with_advice(f"{what}: {error}", advice), **error.result)


def from_status(what: str, status: str, code: str, info: str, exit_code: object, output: str) -> CloudError:
    """Return what it means that a script ended in this state without an answer of its own.

    ``code`` and ``info`` are the instance's ErrorCode and ErrorInfo, ``output`` is what it wrote.
    """
    advice = UNREACHABLE.get(code) or FAILED.get(code) or FAILED.get(status, "")
    unreachable = code in UNREACHABLE or status in _NOT_DELIVERED
    if exit_code == _NOEXEC:
        advice = (
            "The script could not be executed. For users other than root, the agent keeps scripts in /tmp: where that"
            " is mounted noexec, connect as root and use become."
        )
    reason = ": ".join(part for part in (code, info) if part)
    text = f"{what}: the instance did not reply; the status is {status}"
    if reason:
        text += f" ({reason})"
    shown = output.strip()[-500:]
    if shown:
        text += f"; its output ends: {shown}"
    kind = Unreachable if unreachable else Refused
    return kind(_with_advice(text, advice))


def _with_advice(text: str, advice: str) -> str:
    return f"{text.rstrip('.')}. {advice}" if advice else text
