# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Plan a run by reading only, before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ...alibaba.client import Client
from ...common.errors import TaskFailure
from ...common.idempotency import new_client_token
from ...common.printable import names_of
from ...common.wait import Deadline
from ..instances.readiness import Unavailable, examine, find_targets, outdated
from ..instances.requirements import Requirement, requirements
from ..models import Command, InstanceResult, Invocation
from ..scripts import ScriptContent
from ..tags import MAX_TAGS, check_tags
from .batches import Batch, plan_batches, plan_under_key
from .calls import dry_run_call, script_of, script_type_of, stored_command
from .capture import unwrap
from .judging import Judge
from .previous import Earlier, done_before, key_tag, key_token, run_tag, started_before, tagged_invocations
from .request import RunRequest
from .sending import left_out, refused


@dataclass(frozen=True)
class History:
    """Earlier invocations of the same run.

    ``done`` were made under the same idempotency key and count as previous, ``started`` under the same client token.
    ``known`` are the ids of all that carry the client token, ``under_key`` all that carry the key.
    """

    done: tuple[Earlier, ...] = ()
    started: tuple[Earlier, ...] = ()
    known: frozenset[str] = frozenset()
    under_key: tuple[Invocation, ...] = ()

    @property
    def covered(self) -> frozenset[str]:
        """The ids of the instances that need not run again."""
        return frozenset(item for earlier in (*self.done, *self.started) for item in earlier.instance_ids)


@dataclass(frozen=True)
class RunPlan:
    """What a run does: which calls it makes, and for which instances it makes none.

    ``script`` is None in check mode for a command that does not exist yet.
    ``left_out`` are the results of instances that cannot run. ``tags`` are those of the invocations; ``mark`` is the
    tag by which those of this run can be found, None if they carry none. ``client_token`` is None under an idempotency
    key.
    """

    instance_ids: tuple[str, ...]
    script: ScriptContent | None
    command: Command | None = None
    history: History = field(default_factory=History)
    left_out: tuple[InstanceResult, ...] = ()
    batches: tuple[Batch, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    mark: tuple[str, str] | None = None
    client_token: str | None = None


def plan_run(client: Client, request: RunRequest, deadline: Deadline, warn: Callable[[str], None]) -> RunPlan:
    """Return the plan of the request, made by reading only.

    Raises TaskFailure when the command or the instances do not exist, or the client token was used for another script,
    InputError when the parameters do not fit the command, and what the client raises.
    """
    command = stored_command(client, request, warn)
    script = script_of(request, command)
    instance_ids, stopped = find_targets(client, request.targets, deadline)
    history = _look_back(client, request, script, frozenset(instance_ids), deadline, warn)
    remaining = tuple(item for item in instance_ids if item not in history.covered)
    unavailable = {item: stopped[item] for item in remaining if item in stopped}
    if unavailable and not request.pacing.skip:
        # nothing will be started, so all instances that cannot run are named
        unavailable = {**examine(client, remaining, script_type_of(request, command), deadline), **unavailable}
    remaining, left = _fit(remaining, unavailable, skip=request.pacing.skip)
    old = outdated(client, remaining, _needed(request, command, script, len(instance_ids)), deadline)
    remaining, too_old = _fit(remaining, old, skip=request.pacing.skip)
    left += too_old
    if request.dry_run and client.generation == "classic" and remaining:
        # no dry run there; the instances can at least be looked at
        unavailable = examine(client, remaining, script_type_of(request, command), deadline)
        remaining, unready = _fit(remaining, unavailable, skip=request.pacing.skip)
        left += unready
    token = _token(client, request, remaining)
    tags, mark = _tags(request, token)
    return RunPlan(
        instance_ids,
        script,
        command,
        history,
        left,
        _cut(request, command, history, remaining, token, whole=remaining == instance_ids),
        tags,
        mark,
        None if request.dry_run or request.identity.by_key else token,
    )


def _needed(
    request: RunRequest, command: Command | None, script: ScriptContent | None, instances: int
) -> tuple[Requirement, ...]:
    """Return what the run needs of the agents of so many instances."""
    filled_in = request.payload.parameters_enabled if command is None else command.enable_parameter
    return requirements(
        script=script.data if script and filled_in else b"",
        frequency=request.when.frequency,
        in_container=request.run_as.in_container,
        instances=instances,
    )


def _look_back(
    client: Client,
    request: RunRequest,
    script: ScriptContent | None,
    wanted: frozenset[str],
    deadline: Deadline,
    warn: Callable[[str], None],
) -> History:
    """Return the earlier invocations of the same run and the instances that they cover."""
    identity = request.identity
    done: list[Earlier] = []
    under_key: list[Invocation] = []
    if identity.idempotency_key is not None:
        under_key = tagged_invocations(client, key_tag(identity.idempotency_key), deadline)
        done = done_before(under_key, wanted, Judge(success_rcs=request.pacing.success_rcs))
        if _other_script(done, script):
            warn("idempotency_key: an earlier invocation with this key ran a different script")
    if identity.client_token is None:
        return History(tuple(done), under_key=tuple(under_key))
    found = tagged_invocations(client, run_tag(identity.client_token), deadline)
    started: list[Earlier] = []
    if request.dry_run or request.pacing.skip or request.targets.tags:
        # the batches may differ from those of an interrupted start, and so may their tokens
        wanted -= {instance_id for earlier in done for instance_id in earlier.instance_ids}
        started = started_before(found, wanted)
        if _other_script(started, script) and not request.payload.values:
            ids = names_of([earlier.invocation.invoke_id for earlier in started], "invocation")
            raise TaskFailure(f"client_token: was already used for another script, in {ids}; use a new token")
    known = frozenset(invocation.invoke_id for invocation in found)
    return History(tuple(done), tuple(started), known, tuple(under_key))


def _other_script(earlier: Iterable[Earlier], script: ScriptContent | None) -> bool:
    contents = {unwrap(item.invocation.content) for item in earlier} - {b""}
    return script is not None and bool(contents - {unwrap(script.data)})


def _fit(
    instance_ids: tuple[str, ...], unavailable: Mapping[str, Unavailable], *, skip: bool
) -> tuple[tuple[str, ...], tuple[InstanceResult, ...]]:
    """Return the instances to run on, none without ``skip``, and the results of the others."""
    if not unavailable:
        return instance_ids, ()
    if not skip:
        return (), tuple(refused(instance_ids, unavailable))
    return tuple(item for item in instance_ids if item not in unavailable), tuple(left_out(instance_ids, unavailable))


def _token(client: Client, request: RunRequest, remaining: tuple[str, ...]) -> str | None:
    """Return the client token of the run: the user's, a new one, or None where there is nothing to send it with."""
    if client.generation == "classic" or not remaining:
        return None
    # a dry run must not use up the user's token
    return (None if request.dry_run else request.identity.client_token) or new_client_token()


def _cut(
    request: RunRequest,
    command: Command | None,
    history: History,
    remaining: tuple[str, ...],
    token: str | None,
    *,
    whole: bool,
) -> tuple[Batch, ...]:
    """Cut the instances that are to run into batches, each with its token."""
    identity, size = request.identity, request.pacing.batch_size
    if token is None or request.dry_run or not identity.by_key:
        return plan_batches(remaining, size, token, whole=whole or request.dry_run)
    earlier: dict[str, set[str]] = {}
    for invocation in history.under_key:
        for instance in invocation.instances:
            earlier.setdefault(instance.instance_id, set()).add(invocation.invoke_id)
    return plan_under_key(
        remaining, size, key_token(identity.idempotency_key or "", dry_run_call(request, command)), earlier
    )


def _tags(request: RunRequest, token: str | None) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Return the tags of the invocations (the user's, the key's, and the run's) and the one that marks this run.

    The run's tag is on every invocation, so that a run started again with the token of this one sends the same calls.
    """
    identity = request.identity
    tags = check_tags(identity.tags)
    if identity.idempotency_key is not None:
        tags.update([key_tag(identity.idempotency_key)])
    if identity.by_key:
        return tags, key_tag(identity.idempotency_key or "")
    if token is None or len(tags) >= MAX_TAGS:
        return tags, None
    tags.update([run_tag(token)])
    return tags, run_tag(token)
