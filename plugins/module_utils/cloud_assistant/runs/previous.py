# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Earlier invocations of the same run, found by the tag that it put on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from ...alibaba.client import Client
from ...common.errors import TaskFailure
from ...common.idempotency import derive_client_token, key_digest
from ...common.wait import Deadline
from ..invocations.listing import list_invocations
from ..invocations.waiting import TAG_LIMIT
from ..models import InstanceResult, Invocation
from ..tags import tags_to_rows
from .calls import Call

RUN_TAG = "cloudops-run"
"""Tag key: which run started the invocation."""
KEY_TAG = "cloudops-idempotency-key"
"""Tag key: the digest of the idempotency key under which it was started."""


@dataclass(frozen=True)
class Earlier:
    """An earlier invocation, and those of the wanted instances that it covers."""

    invocation: Invocation
    instances: tuple[InstanceResult, ...]

    @property
    def instance_ids(self) -> tuple[str, ...]:
        """The ids of these instances."""
        return tuple(instance.instance_id for instance in self.instances)


def run_tag(token: str) -> tuple[str, str]:
    """Return key and value of the tag that marks the invocations started under one token."""
    return RUN_TAG, derive_client_token(token, RUN_TAG)


def key_tag(key: str) -> tuple[str, str]:
    """Return key and value of the tag that marks the invocations started under one idempotency key."""
    return KEY_TAG, key_digest(key)


def key_token(key: str, call: Call) -> str:
    """Return the token of what the call sends under a key: the same for each start of the same request.

    It does not depend on the values of parameters, which may be secret: tokens are written to logs.
    """
    named = {name: value for name, value in call.params.items() if name != "Parameters"}
    return derive_client_token(key_digest(key), call.operation, json.dumps(named, sort_keys=True))


def tagged_invocations(client: Client, tag: tuple[str, str], deadline: Deadline) -> list[Invocation]:
    """Return the invocations that carry the tag, newest first; dry runs are not among them.

    Raises TaskFailure when there may be more than a filter by tag can see.
    """
    key, value = tag
    found = list_invocations(client, {"Tag": tags_to_rows({key: value})}, deadline)
    if len(found) >= TAG_LIMIT:
        problem = (
            f"{TAG_LIMIT} or more invocations carry the tag {key}, which is more than the service can find by tag."
        )
        raise TaskFailure(f"{problem} Use another idempotency_key or client_token.")
    real = [invocation for invocation in found if invocation.repeat_mode != "DryRun"]
    return sorted(real, key=lambda invocation: (invocation.created_at, invocation.invoke_id), reverse=True)


def done_before(
    invocations: Iterable[Invocation],
    instance_ids: Collection[str],
    judge: Callable[[InstanceResult], InstanceResult] = lambda result: result,
) -> list[Earlier]:
    """Return what need not run again: per instance the newest invocation that succeeded there, or else still runs.

    ``judge`` decides what counts as success.
    """
    chosen: dict[str, tuple[Invocation, InstanceResult]] = {}
    for invocation in invocations:
        for instance in invocation.instances:
            if instance.instance_id not in instance_ids or judge(instance).failed:
                continue
            known = chosen.get(instance.instance_id)
            if known is None or (known[1].live and not instance.live):
                chosen[instance.instance_id] = (invocation, instance)
    return _by_invocation(chosen)


def started_before(invocations: Iterable[Invocation], instance_ids: Collection[str]) -> list[Earlier]:
    """Return what an interrupted start of the same run has begun already, however it ended."""
    chosen: dict[str, tuple[Invocation, InstanceResult]] = {}
    for invocation in invocations:
        for instance in invocation.instances:
            if instance.instance_id in instance_ids:
                chosen.setdefault(instance.instance_id, (invocation, instance))
    return _by_invocation(chosen)


def _by_invocation(chosen: dict[str, tuple[Invocation, InstanceResult]]) -> list[Earlier]:
    grouped: dict[str, tuple[Invocation, list[InstanceResult]]] = {}
    for invocation, instance in chosen.values():
        grouped.setdefault(invocation.invoke_id, (invocation, []))[1].append(instance)
    return [Earlier(invocation, tuple(instances)) for invocation, instances in grouped.values()]
