# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Run a script, or a stored command, on any number of instances: on each of them once, with a result for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...alibaba.client import Client
from ...alibaba.generations import default_timeout
from ...common.printable import names_of
from ...common.wait import Deadline
from ..models import InstanceResult
from ..states import SKIPPED
from .calls import Call, call_for, dry_run_call, script_type_of
from .gathering import Gathering, Share
from .judging import Judge
from .outcome import RunOutcome, delivery_warning, dropped_warning, skipped_warning
from .plan import RunPlan, plan_run
from .previous import Earlier
from .request import RunRequest
from .rollout import Rollout, send_all
from .spool import in_memory

if TYPE_CHECKING:
    from .spool import Store

CHECK_MODE = "CheckMode"
"""Our own error code of an instance on which nothing ran because the request was a dry run."""


def run(
    client: Client,
    request: RunRequest,
    *,
    progress: Callable[[str], None] = lambda text: None,
    warn: Callable[[str], None] = lambda text: None,
    store: Store = in_memory,
) -> RunOutcome:
    """Run the request and return its outcome, including failed instances and calls.

    ``progress`` and ``warn`` get lines for the user. ``store`` says where outputs wait for the end of the run. Raises
    InputError before the first request to the service, and CloudError where nothing could be started at all;
    ``raise_for_failure`` of the outcome raises the rest.
    """
    request.check(client.generation)
    request = _with_defaults(client, request)
    deadline = Deadline(request.pacing.wait_timeout if request.pacing.wait else None)
    plan = plan_run(client, request, deadline, warn)
    gathering = Gathering(client, deadline, _judge(client, request, plan), store)
    outcome = RunOutcome(script=plan.script, client_token=plan.client_token, by_key=request.identity.by_key)
    outcome.request = request
    adopted = _adopt(request, plan, gathering, outcome)
    gathering.keep(plan.left_out)
    warnings: list[str | None] = []
    if request.dry_run:
        _predict(client, request, plan, gathering, deadline, outcome)
    else:
        rollout = Rollout(client, request, plan, gathering, deadline, progress)
        with call_for(client, request, plan.command, plan.tags, outcome.errors.append) as call:
            _carry_out(rollout, call, adopted, warn)
        outcome.add(rollout.started.values(), rollout.errors, changed=rollout.changed)
        warnings += rollout.warnings
    outcome.results = gathering.in_order(plan.instance_ids)
    outcome.errors += gathering.errors
    for check in (dropped_warning, skipped_warning, delivery_warning):
        warnings.append(check(outcome.results))
    for text in filter(None, warnings):
        warn(text)
    return outcome


def _carry_out(rollout: Rollout, call: Call, adopted: dict[str, Share], warn: Callable[[str], None]) -> None:
    """Carry out the rollout; if an interrupt or a time limit of Ansible ends it, name what is still running."""
    try:
        rollout.run(call, adopted)
    except BaseException:
        if rollout.under_way:
            names = names_of(rollout.under_way, "invocation")
            warn(
                f"The task was interrupted, but the script continues. To wait for {names}, use ecs_invocation_info"
                " (invoke_id, wait: true)."
            )
        raise


def _with_defaults(client: Client, request: RunRequest) -> RunRequest:
    """Return the request with the termination mode that is the default of this collection, unless it runs later.

    The service's own default ends only the shell that started the script, and the script continues after the timeout.
    """
    if client.generation == "classic" or request.when.scheduled or request.run_as.termination_mode is not None:
        return request
    return request.altered(termination_mode="process_tree", default_termination=True)


def _judge(client: Client, request: RunRequest, plan: RunPlan) -> Judge:
    default = default_timeout(client.generation)
    return Judge(
        skip=request.pacing.skip,
        success_rcs=request.pacing.success_rcs,
        script_type=script_type_of(request, plan.command),
        timeout=request.run_as.timeout or (plan.command.timeout if plan.command else default),
        tree=request.run_as.termination_mode == "process_tree",
    )


def _adopt(request: RunRequest, plan: RunPlan, gathering: Gathering, outcome: RunOutcome) -> dict[str, Share]:
    """Count earlier invocations as part of this run: read the results of those that have ended.

    Return the shares of those that still run and are to be waited for.
    """
    waits = request.pacing.wait and not request.dry_run and not request.when.scheduled
    shares = {}
    for earlier, previous in _earlier(plan):
        invoke_id = earlier.invocation.invoke_id
        outcome.invoke_ids.append(invoke_id)
        outcome.command_id = outcome.command_id or earlier.invocation.command_id
        share = Share(earlier.instance_ids, previous)
        live = any(instance.live for instance in earlier.instances)
        if not live and not request.when.scheduled:
            gathering.read({invoke_id: share})
        elif waits:
            shares[invoke_id] = share
        else:
            gathering.keep(earlier.instances, previous)
    return shares


def _earlier(plan: RunPlan) -> list[tuple[Earlier, bool]]:
    """Return the earlier invocations, each with whether it counts as previous."""
    return [*((item, True) for item in plan.history.done), *((item, False) for item in plan.history.started)]


def _predict(
    client: Client,
    request: RunRequest,
    plan: RunPlan,
    gathering: Gathering,
    deadline: Deadline,
    outcome: RunOutcome,
) -> None:
    """Find out what the run would start, without starting anything."""
    would_run = [item for batch in plan.batches for item in batch.instance_ids]
    if client.generation != "classic" and plan.batches and plan.script is not None:
        call = dry_run_call(request, plan.command)
        answers = send_all(client, call, plan.batches, skip=request.pacing.skip, deadline=deadline)
        for answer in answers:
            gathering.keep(answer.left_out)
        outcome.errors += [answer.error for answer in answers if answer.error]
        would_run = [item for answer in answers for item in answer.instance_ids]
    info = "check mode: would run, nothing was started"
    stderr = b"" if request.output.complete else None
    gathering.keep(
        # the keys of a result that tasks after this one may read
        InstanceResult(item, SKIPPED, rc=0, output=b"", stderr=stderr, error_code=CHECK_MODE, error_info=info)
        for item in would_run
    )
    outcome.changed = bool(would_run)
