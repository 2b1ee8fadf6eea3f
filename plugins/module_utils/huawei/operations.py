# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Describe each operation of CloudDC and IAM to the client: method, path, and what a genuine answer is."""

from __future__ import annotations

from dataclasses import dataclass

from ..common.answers import COUNT, ID, OBJECT, TEXT, TIME, WORD, Shape

_INSTANCE = Shape(
    required={"id": ID, "state": WORD}, optional={"name": TEXT, "server_id": TEXT, "operation_state": TEXT}
)
_NAMED = Shape(required={"id": ID})
_INSTANCES = Shape(
    lists={"instances": _INSTANCE}, objects={"page_info": Shape(optional={"next_marker": TEXT, "current_count": COUNT})}
)
_STATUS = Shape(required={"state": WORD}, optional={"operation_state": TEXT, "error": OBJECT})
_SERVER = Shape(required={"id": ID, "power_state": WORD}, optional={"operation_state": TEXT, "error": OBJECT})
_PROJECT = Shape(optional={"id": ID})
_TOKEN = Shape(objects={"token": Shape(required={"expires_at": TIME}, objects={"project?": _PROJECT})})
_PROJECTS = Shape(lists={"projects": Shape(required={"id": ID, "name": TEXT})})

_SEE_INSTANCES = "Check the instances (clouddc_instance_info) before running the task again."


@dataclass(frozen=True)
class Operation:
    """One operation of CloudDC or IAM.

    ``path`` lies below ``/v1/{project_id}`` for CloudDC, at the host itself for IAM. ``shape``: what a genuine answer
    holds, None where it has no body. ``reads``: it changes nothing. ``recovery_hint``: how a user finds out whether a
    write whose answer was lost took effect. Every operation here may be repeated: reads and logins change nothing,
    powering off aims at a state, and an instance can be deleted only once.
    """

    name: str
    method: str
    path: str
    shape: Shape | None
    reads: bool = True
    recovery_hint: str = ""


def _write(name: str, method: str, path: str, shape: Shape | None) -> Operation:
    return Operation(name, method, path, shape, reads=False, recovery_hint=_SEE_INSTANCES)


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("ListInstances", "GET", "/instances", _INSTANCES),
        Operation("ShowInstanceStatus", "GET", "/instances/{id}/status", _STATUS),
        Operation("ShowServer", "GET", "/physicalservers/{id}", _SERVER),
        _write("DeleteInstance", "DELETE", "/instances/{id}", None),
        _write("DeleteInstances", "POST", "/instances/batch-delete", Shape(lists={"instances": _NAMED})),
        _write(
            "ChangeServerPowerState",
            "PUT",
            "/physicalservers/power-state",
            Shape(lists={"physical_servers": _NAMED}),
        ),
    )
}

LOGIN = Operation("KeystoneCreateUserTokenByPassword", "POST", "/v3/auth/tokens", _TOKEN)
OWN_PROJECTS = Operation("KeystoneListAuthProjects", "GET", "/v3/auth/projects", _PROJECTS)
PROJECTS = Operation("KeystoneListProjects", "GET", "/v3/projects", _PROJECTS)
