# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Send one batch: at most once, and without the instances that cannot run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...alibaba.client import Client, Reply
from ...common.errors import ApiError, CloudError, Defect
from ...common.idempotency import derive_client_token, new_client_token
from ...common.printable import some_of
from ...common.wait import Deadline
from ..instances.readiness import REFUSALS, Unavailable, examine
from ..invocations.listing import list_invocations
from ..invocations.results import RECORD_GRACE, REREAD_PAUSE
from ..models import InstanceResult
from ..states import SKIPPED
from .batches import Batch
from .calls import Call

ROUNDS = 3
"""Times that a batch is sent when instances drop out of it in between."""

NOT_STARTED = "NotStarted"
"""Our own error code of an instance that was not started because of others."""


@dataclass(frozen=True)
class Sent:
    """What was started of a batch.

    ``invoke_id`` is empty when nothing was started. ``instance_ids`` are those that it was started on, ``left_out``
    the results of the others. ``not_before``: the service's clock when the call began, None when it did not say.
    """

    invoke_id: str = ""
    command_id: str = ""
    instance_ids: tuple[str, ...] = ()
    left_out: tuple[InstanceResult, ...] = ()
    not_before: datetime | None = None
    error: CloudError | None = None


def send(client: Client, call: Call, batch: Batch, *, skip: bool, deadline: Deadline) -> Sent:
    """Start the call on the batch and return what was started; errors are returned, not raised.

    The service rejects a call for all its instances when one of them cannot run it. The reply does not say which, so
    they are looked up then. With ``skip`` the unavailable ones are left out and the rest is sent again, under its own
    token.
    """
    dropped: list[InstanceResult] = []
    for rounds_left in reversed(range(ROUNDS)):
        sent, unavailable = _send_once(client, call, batch, deadline)
        if not (skip and unavailable and rounds_left):
            break
        dropped += left_out(batch.instance_ids, unavailable)
        batch = _without(batch, unavailable)
        if not batch.instance_ids:
            return Sent(left_out=tuple(dropped))
    return replace(sent, left_out=(*dropped, *sent.left_out))


def _without(batch: Batch, unavailable: Mapping[str, Unavailable]) -> Batch:
    """Return the batch without the unavailable instances, under a token that depends on those that are left."""
    remaining = tuple(item for item in batch.instance_ids if item not in unavailable)
    return replace(batch, instance_ids=remaining, token=batch.token and derive_client_token(batch.token, *remaining))


def _send_once(client: Client, call: Call, batch: Batch, deadline: Deadline) -> tuple[Sent, dict[str, Unavailable]]:
    """Send the call and return what was started, and the instances on account of which it was rejected.

    A rejection under a recurring token may be what the service remembers of an earlier start: the call is sent once
    more then, under a token that the service does not know.
    """
    clock = Deadline(None)
    params = {**call.params, "InstanceId": list(batch.instance_ids), "ClientToken": batch.token}
    try:
        reply = client.call(call.operation, params, deadline=deadline)
    except CloudError as error:
        invoke_id = _arrived(client, call, batch.instance_ids, error, deadline)
        if invoke_id:
            return Sent(invoke_id, call.command_id, batch.instance_ids), {}
        unavailable = _unavailable(client, call, batch.instance_ids, error, deadline)
        if batch.recurring and not unavailable and isinstance(error, ApiError) and error.refused:
            return _send_once(client, call, Batch(batch.instance_ids, new_client_token()), deadline)
        return Sent(left_out=tuple(refused(batch.instance_ids, unavailable, error)), error=error), unavailable
    except Exception as error:  # of one call among many: what the others have started must be reported
        defect = Defect(error)
        return Sent(left_out=tuple(refused(batch.instance_ids, {}, defect)), error=defect), {}
    return (
        Sent(
            invoke_id=reply.get("InvokeId") or "",
            command_id=reply.get("CommandId") or call.command_id,
            instance_ids=batch.instance_ids,
            not_before=_began(reply, clock),
        ),
        {},
    )


def _arrived(
    client: Client, call: Call, instance_ids: tuple[str, ...], error: CloudError, deadline: Deadline
) -> str | None:
    """Return the invocation of a call whose answer was lost, None where it cannot be identified."""
    if not (call.exclusive and error.may_have_taken_effect):
        return None
    patience = Deadline(RECORD_GRACE)
    while True:
        try:
            made = list_invocations(client, {"CommandId": call.command_id}, deadline)
        except CloudError:
            made = []  # the lost answer is what has to be reported
        for invocation in made:
            if {instance.instance_id for instance in invocation.instances} == set(instance_ids):
                return invocation.invoke_id
        if patience.expired() or deadline.expired():
            error.advise(f"The script was stored for this run as command {call.command_id}.")
            return None
        deadline.pause(REREAD_PAUSE)


def _began(reply: Reply, clock: Deadline) -> datetime | None:
    """Return the service's time when the call began: that of its answer, less the time that the call took."""
    return None if reply.server_time is None else reply.server_time - timedelta(seconds=clock.elapsed())


def is_rejection(error: CloudError | None) -> bool:
    """Return whether the service has rejected a call because of some of its instances."""
    return isinstance(error, ApiError) and error.code in REFUSALS


def _unavailable(
    client: Client, call: Call, instance_ids: tuple[str, ...], error: CloudError, deadline: Deadline
) -> dict[str, Unavailable]:
    return unavailable_among(client, call, instance_ids, deadline) if is_rejection(error) else {}


def unavailable_among(
    client: Client, call: Call, instance_ids: Sequence[str], deadline: Deadline
) -> dict[str, Unavailable]:
    """Return which of the instances cannot run the call, and why; none where that may not be looked up."""
    if not instance_ids:
        return {}
    try:
        return examine(client, instance_ids, call.script_type, deadline)
    except CloudError:
        # whoever may run scripts need not be allowed to look at instances: then the rejection itself is reported
        return {}


def left_out(instance_ids: Sequence[str], unavailable: Mapping[str, Unavailable]) -> list[InstanceResult]:
    """Return the results of the unavailable ones among the instances, when the others are run without them.

    Only what is unready counts as skipped; an instance that is wrong here has failed.
    """
    return [
        InstanceResult(
            instance_id,
            SKIPPED if unavailable[instance_id].unready else "Failed",
            error_code=unavailable[instance_id].code,
            error_info=unavailable[instance_id].reason,
        )
        for instance_id in instance_ids
        if instance_id in unavailable
    ]


def refused(
    instance_ids: Sequence[str],
    unavailable: Mapping[str, Unavailable],
    error: CloudError | None = None,
    *,
    why_others: bool = False,
) -> list[InstanceResult]:
    """Return the results of instances without a start: the unavailable ones failed, or all if none is to blame.

    ``error`` is the service's refusal, None when the call was not even sent. ``why_others``: it was about instances
    that are not among these.
    """
    if why_others and not unavailable:
        info = f"not started: {getattr(error, 'api_message', error)}"
        return [InstanceResult(item, SKIPPED, error_code=NOT_STARTED, error_info=info) for item in instance_ids]
    culprits = some_of(unavailable, 3)
    because = f"not started: the service rejects a whole call if one of its instances cannot run it, here {culprits}"
    results = []
    for instance_id in instance_ids:
        if instance_id in unavailable:
            code, info, status = unavailable[instance_id].code, unavailable[instance_id].reason, "Failed"
        elif unavailable:
            code, info, status = NOT_STARTED, because, SKIPPED
        else:
            code, info, status = error_code(error), getattr(error, "api_message", str(error)), "Failed"
        results.append(InstanceResult(instance_id, status, error_code=code, error_info=info))
    return results


def error_code(error: CloudError | None) -> str:
    """Return the service's code of an error, or the kind of error where the service did not answer."""
    return error.code if isinstance(error, ApiError) else type(error).__name__
