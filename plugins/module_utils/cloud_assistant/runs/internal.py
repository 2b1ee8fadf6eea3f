# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running scripts of the collection's own on Linux instances, as root, in the fewest calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...alibaba.client import Client
from ...common.errors import CloudError, WaitTimeout
from ...common.wait import Deadline, poll, proportional_interval
from ..concurrency import at_once
from ..invocations.listing import list_invocations
from ..invocations.results import read_results
from ..invocations.waiting import FIRST_LOOK, ended
from ..models import InstanceResult
from ..scripts import ScriptContent
from ..targets import Targets
from .gathering import as_told
from .outcome import RunOutcome
from .request import RunRequest
from .run import run


def run_own_script(
    client: Client,
    instance_ids: Iterable[str],
    script: str,
    *,
    name: str,
    timeout: int,
    deadline: Deadline,
    skip: bool = False,
    resource_group_id: str | None = None,
) -> RunOutcome:
    """Run the script and return what it came to on each instance; failures are in the outcome.

    ``timeout`` is the script's own limit in seconds, after which it is killed with everything that it started.
    ``skip`` leaves out instances that are not running or whose agent is offline. Raises WaitTimeout when there is no
    time left to start with, and CloudError where nothing could be started at all.
    """
    if deadline.expired():
        raise WaitTimeout(f"{name}: not started, the time allowed has passed")
    current = client.generation == "current"
    request = RunRequest(
        Targets(tuple(instance_ids), resource_group_id=resource_group_id),
        script=ScriptContent.from_text(script),
        name=name,
        timeout=timeout,
        # braces in a file's name are no parameters; the classic generation knows neither option
        enable_parameter=False if current else None,
        termination_mode="process_tree" if current else None,
        # the classic generation deletes the script after the run, and so waits for its end
        wait=not current,
        wait_timeout=deadline.remaining() if not current and deadline.seconds is not None else None,
        unready="skip" if skip else "fail",
    )
    outcome = run(client, request)
    if current:
        _gather(client, outcome, name, deadline, skip)
    return outcome


def _gather(client: Client, outcome: RunOutcome, name: str, deadline: Deadline, skip: bool) -> None:
    """Wait for what was started, and put its results into the outcome."""
    started: dict[str, list[str]] = {}
    for result in outcome.results:
        if result.live and result.invoke_id:
            started.setdefault(result.invoke_id, []).append(result.instance_id)

    def wait(invoke_id: str) -> Mapping[str, InstanceResult] | CloudError:
        try:
            return _results(client, invoke_id, started[invoke_id], name, deadline)
        except CloudError as error:
            return error

    found: dict[str, InstanceResult] = {}
    for answer in at_once(wait, list(started)):
        if isinstance(answer, CloudError):
            outcome.errors.append(answer)
        else:
            found.update(answer)
    outcome.results = [as_told(found.get(result.instance_id, result), skip=skip) for result in outcome.results]


def _results(
    client: Client, invoke_id: str, instance_ids: Sequence[str], name: str, deadline: Deadline
) -> dict[str, InstanceResult]:
    """Return the results of an invocation when it is over: its state and all outputs come in one answer.

    Where the answer lacks an instance or its output, the results are read by themselves (DescribeInvocations,
    IncludeOutput). Raises WaitTimeout, and what the client raises.
    """
    settled = ended(instance_ids)
    filters = {"InvokeId": invoke_id, "IncludeOutput": True}
    deadline.pause(FIRST_LOOK)

    def look() -> dict[str, InstanceResult] | None:
        for invocation in list_invocations(client, filters, deadline):
            if invocation.invoke_id == invoke_id and settled(invocation):
                return {instance.instance_id: instance for instance in invocation.instances}
        return None

    found = poll(look, deadline, f"{name}, invocation {invoke_id}", proportional_interval)
    if all(item in found and not found[item].live and found[item].output is not None for item in instance_ids):
        return found
    return read_results(client, invoke_id, instance_ids, deadline)
