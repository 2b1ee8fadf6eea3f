# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending one batch: at most once whatever happens on the way, and without the instances that cannot run it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ...alibaba.client import Client, Reply
from ...common.errors import ApiError, CloudError, TransportError
from ...common.idempotency import derive_client_token, new_client_token
from ...common.wait import Deadline
from ..instances.readiness import REFUSALS, Unfit, examine
from ..invocations.listing import list_invocations
from ..invocations.results import RECORD_GRACE, REREAD_PAUSE
from ..models import SKIPPED, InstanceResult
from ..targets import batches

ROUNDS = 3
"""Times that a batch is sent when instances drop out of it in between."""

NOT_STARTED = "NotStarted"
"""Our own error code of an instance that nothing was sent to because of others."""


@dataclass(frozen=True)
class Order:
    """The call that starts the script, without its instances: an operation and its constant parameters.

    ``script_type`` and ``timeout`` (seconds) are those of the script that will run. ``exclusive``: the command was
    stored for this run alone, so that every invocation of it is one of ours.
    """

    operation: str
    params: Mapping[str, Any] = field(repr=False)
    script_type: str
    timeout: int
    command_id: str = ""
    exclusive: bool = False


@dataclass(frozen=True)
class Batch:
    """Instances of one call, and the token that makes the call the same one however often it is sent.

    ``recurring``: the token is not of this start alone, other starts under the same key send it too.
    """

    instance_ids: tuple[str, ...]
    token: str | None
    recurring: bool = False


@dataclass(frozen=True)
class Sent:
    """What became of a batch.

    ``invoke_id`` is empty when nothing was started. ``instance_ids`` are those that it was started on, ``left_out``
    the results of the others. ``not_before``: the service's clock when the call began, None when it did not say.
    """

    invoke_id: str = ""
    command_id: str = ""
    instance_ids: tuple[str, ...] = ()
    left_out: tuple[InstanceResult, ...] = ()
    not_before: datetime | None = None
    error: CloudError | None = None


def plan_batches(
    instance_ids: tuple[str, ...], size: int, token: str | None, *, whole: bool = True
) -> tuple[Batch, ...]:
    """Cut the instances into batches in their order, each with its own token.

    A request that fits in one call carries ``token`` as it is. The token of each of several batches is derived from
    ``token`` and the batch's instances: the same request gives the same tokens however often it is started.
    ``whole`` is false when the instances are what an earlier start has left.
    """
    cut = batches(instance_ids, size)
    if token is None or (whole and len(cut) == 1):
        return tuple(Batch(ids, token) for ids in cut)
    return tuple(Batch(ids, derive_client_token(token, *ids)) for ids in cut)


def plan_under_key(
    instance_ids: tuple[str, ...], size: int, token: str, earlier: Mapping[str, Collection[str]]
) -> tuple[Batch, ...]:
    """Cut the instances into batches whose tokens come from the key's ``token``.

    ``earlier`` holds the ids of the earlier invocations of each instance that has some. For the other instances any
    start under the key makes the same calls, so that the service carries out one of them, whether the starts see each
    other or not. The tokens of those that run again depend on what ran there before.
    """
    fresh = tuple(item for item in instance_ids if item not in earlier)
    again = tuple(item for item in instance_ids if item in earlier)
    plan = list(plan_batches(fresh, size, token, whole=False))
    for ids in batches(again, size):
        history = sorted({invoke_id for item in ids for invoke_id in earlier[item]})
        plan.append(Batch(ids, derive_client_token(token, *ids, *history)))
    place = {instance_id: number for number, instance_id in enumerate(instance_ids)}
    return tuple(sorted((replace(batch, recurring=True) for batch in plan), key=lambda b: place[b.instance_ids[0]]))


def send(client: Client, order: Order, batch: Batch, *, skip: bool, deadline: Deadline) -> Sent:
    """Start the order on the batch and return what became of it; errors are returned, not raised.

    The service refuses a call for all its instances when one cannot run it. The reply does not say which, so they are
    looked at then. With ``skip`` the unfit ones are left out and the rest is sent again, under a token of its own.
    A refusal under a recurring token may be what the service remembers of an earlier start: it is asked once more,
    under a token that it does not know.
    """
    remaining, token, recurring = batch.instance_ids, batch.token, batch.recurring
    dropped: list[InstanceResult] = []
    for number in range(1, ROUNDS + 1):
        clock = Deadline(None)
        try:
            reply = client.call(
                order.operation,
                {**order.params, "InstanceId": list(remaining), "ClientToken": token},
                deadline=deadline,
            )
        except CloudError as error:
            invoke_id = _arrived(client, order, remaining, error, deadline)
            if invoke_id:
                return Sent(invoke_id, order.command_id, remaining, tuple(dropped))
            unfit = _unfit(client, order, remaining, error, deadline)
            if recurring and not unfit and _refused_for_good(error):
                token, recurring = new_client_token(), False
                continue
            if not skip or not unfit or number == ROUNDS:
                return Sent(left_out=(*dropped, *refused(remaining, unfit, error)), error=error)
            dropped += left_out(remaining, unfit)
            remaining = tuple(item for item in remaining if item not in unfit)
            if not remaining:
                return Sent(left_out=tuple(dropped))
            token = token and derive_client_token(token, *remaining)
        else:
            return Sent(
                invoke_id=reply.get("InvokeId") or "",
                command_id=reply.get("CommandId") or order.command_id,
                instance_ids=remaining,
                left_out=tuple(dropped),
                not_before=_began(reply, clock),
            )
    raise AssertionError("the last round returns")


def _arrived(
    client: Client, order: Order, instance_ids: tuple[str, ...], error: CloudError, deadline: Deadline
) -> str | None:
    """Return the invocation that a call has made whose answer was lost, None where that cannot be told."""
    if not (order.exclusive and isinstance(error, TransportError) and error.may_have_arrived):
        return None
    patience = Deadline(RECORD_GRACE)
    while True:
        try:
            made = list_invocations(client, {"CommandId": order.command_id}, deadline)
        except CloudError:
            return None  # the lost answer is what has to be told
        for invocation in made:
            if {instance.instance_id for instance in invocation.instances} == set(instance_ids):
                return invocation.invoke_id
        if patience.expired() or deadline.expired():
            return None
        deadline.pause(REREAD_PAUSE)


def uncertain(error: CloudError | None) -> bool:
    """Whether a call that failed may have started something all the same."""
    if isinstance(error, ApiError):
        return error.after_lost_reply or (error.http_status or 0) >= 500
    return isinstance(error, TransportError) and error.may_have_arrived


def _refused_for_good(error: CloudError) -> bool:
    """Whether the service has answered, and the very same call will get the same answer (ECS, idempotence)."""
    passing = ("Throttling", "IdempotentProcessing", "IdempotentParameterMismatch")
    return isinstance(error, ApiError) and not uncertain(error) and not error.code.startswith(passing)


def _began(reply: Reply, clock: Deadline) -> datetime | None:
    """The service's clock when the call began: what it showed in the answer, less the time that the call took."""
    return None if reply.server_time is None else reply.server_time - timedelta(seconds=clock.elapsed())


def _unfit(
    client: Client, order: Order, instance_ids: tuple[str, ...], error: CloudError, deadline: Deadline
) -> dict[str, Unfit]:
    if not isinstance(error, ApiError) or error.code not in REFUSALS:
        return {}
    try:
        return examine(client, instance_ids, order.script_type, deadline)
    except CloudError:
        # whoever may run scripts need not be allowed to look at instances: the refusal itself is told then
        return {}


def left_out(instance_ids: Sequence[str], unfit: Mapping[str, Unfit]) -> list[InstanceResult]:
    """Return the results of the unfit ones among the instances, when the others are run without them.

    Only what is unready counts as skipped; an instance that is wrong here has failed.
    """
    return [
        InstanceResult(
            instance_id,
            SKIPPED if unfit[instance_id].unready else "Failed",
            error_code=unfit[instance_id].code,
            error_info=unfit[instance_id].reason,
        )
        for instance_id in instance_ids
        if instance_id in unfit
    ]


def refused(
    instance_ids: Sequence[str], unfit: Mapping[str, Unfit], error: CloudError | None = None
) -> list[InstanceResult]:
    """Return the results of instances that nothing was started on: the unfit ones failed, or all if none is to blame.

    ``error`` is the service's refusal, None when the call was not even sent.
    """
    because = f"not started: no call may hold an instance that cannot run it, and {_some(unfit)}"
    results = []
    for instance_id in instance_ids:
        if instance_id in unfit:
            code, info, status = unfit[instance_id].code, unfit[instance_id].reason, "Failed"
        elif unfit:
            code, info, status = NOT_STARTED, because, SKIPPED
        else:
            code, info, status = error_code(error), getattr(error, "api_message", str(error)), "Failed"
        results.append(InstanceResult(instance_id, status, error_code=code, error_info=info))
    return results


def error_code(error: CloudError | None) -> str:
    """Return the service's code of an error, or the kind of error where the service did not answer."""
    return error.code if isinstance(error, ApiError) else type(error).__name__


def _some(unfit: Mapping[str, Unfit]) -> str:
    shown = ", ".join(list(unfit)[:3])
    more = f" and {len(unfit) - 3} more" if len(unfit) > 3 else ""
    return f"{shown}{more} cannot"
