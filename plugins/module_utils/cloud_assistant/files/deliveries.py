# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Deliver small files with SendFile, to up to 50 instances per call, and read the outcome on each."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...alibaba.client import Client
from ...common.idempotency import new_client_token
from ...common.wait import Deadline, poll, proportional_interval
from ..runs.batches import Batch
from ..runs.calls import Call
from ..runs.sending import Sent, send
from ..states import LIVE
from ..tags import tags_to_rows

MAX_INSTANCES = 50
"""Instances in one call (SendFile, InstanceId)."""

FIRST_LOOK = 0.3
"""Seconds before the first look: no delivery is reported back sooner."""


@dataclass(frozen=True)
class Delivery:
    """One file of at most 24 KB on its way; empty texts take the service's defaults (root, root, 0644)."""

    directory: str
    name: str
    data: bytes = field(repr=False)
    mode: str = ""
    owner: str = ""
    group: str = ""
    overwrite: bool = True
    description: str = ""
    timeout: int = 60
    tags: Mapping[str, str] = field(default_factory=dict)
    resource_group_id: str | None = None
    script_type: str = "RunShellScript"

    def call(self) -> Call:
        """Return the call without its instances; its ``script_type`` selects the operating system."""
        params = {
            "TargetDir": self.directory,
            "Name": self.name,
            "Content": base64.b64encode(self.data).decode("ascii"),
            "ContentType": "Base64",
            "FileMode": self.mode or None,
            "FileOwner": self.owner or None,
            "FileGroup": self.group or None,
            "Overwrite": self.overwrite,
            "Description": self.description or None,
            "Timeout": self.timeout,
            "Tag": tags_to_rows(self.tags),
            "ResourceGroupId": self.resource_group_id,
        }
        return Call("SendFile", params, self.script_type, self.timeout)


@dataclass(frozen=True)
class Arrival:
    """The outcome of a delivery on one instance; ``status`` is the API's InvocationStatus word."""

    instance_id: str
    invoke_id: str
    status: str
    error_code: str = ""
    error_info: str = ""

    @property
    def live(self) -> bool:
        """Whether the state is not final."""
        return self.status in LIVE

    @property
    def arrived(self) -> bool:
        """Whether the file is there."""
        return self.status == "Success"


def deliver(client: Client, delivery: Delivery, instance_ids: Sequence[str], *, skip: bool, deadline: Deadline) -> Sent:
    """Start the delivery on up to 50 instances and return what was started.

    The call carries a token of its own, so that however often it is sent it acts once. With ``skip`` instances that
    cannot take it are left out, else they fail the call.
    """
    batch = Batch(tuple(instance_ids), new_client_token())
    return send(client, delivery.call(), batch, skip=skip, deadline=deadline)


def arrivals(client: Client, invoke_id: str, deadline: Deadline) -> dict[str, Arrival]:
    """Return the state on each instance by its id; none when the service does not show the delivery (yet)."""
    found: dict[str, Arrival] = {}
    for page in client.pages("DescribeSendFileResults", {"InvokeId": invoke_id}, deadline=deadline):
        for invocation in page.rows("Invocations", "Invocation"):
            for row in (invocation.get("InvokeInstances") or {}).get("InvokeInstance") or []:
                found[row["InstanceId"]] = Arrival(
                    instance_id=row["InstanceId"],
                    invoke_id=invoke_id,
                    status=row.get("InvocationStatus") or "Pending",
                    error_code=row.get("ErrorCode") or "",
                    error_info=row.get("ErrorInfo") or "",
                )
    return found


def wait_arrival(
    client: Client, invoke_id: str, instance_ids: Iterable[str], deadline: Deadline, what: str
) -> dict[str, Arrival]:
    """Return the states on these instances when all of them are final. Raises WaitTimeout, naming ``what``."""
    wanted = tuple(instance_ids)
    deadline.pause(FIRST_LOOK)

    def look() -> dict[str, Arrival] | None:
        found = arrivals(client, invoke_id, deadline)
        if all(item in found and not found[item].live for item in wanted):
            return {item: found[item] for item in wanted}
        return None

    return poll(look, deadline, f"{what}, delivery {invoke_id}", proportional_interval)
