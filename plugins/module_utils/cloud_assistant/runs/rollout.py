# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Carry out the plan of a run: send its batches, as many at a time as may run, and gather the results as they end."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from ...alibaba.client import Client
from ...common.errors import CloudError, Defect, TaskFailure, WaitTimeout
from ...common.printable import counted, names_of
from ...common.wait import Deadline
from ..concurrency import map_concurrently
from ..instances.readiness import TOO_OLD
from ..invocations.waiting import Settled, Watch, begun, ended, visible
from ..models import InstanceResult, Invocation, parse_time
from ..states import SKIPPED
from .batches import Batch, plan_batches
from .calls import Call
from .gathering import Gathering, Share, pending
from .plan import RunPlan
from .progress import Waves, progress_line
from .request import RunRequest
from .sending import NOT_STARTED, Sent, is_rejection, refused, send, unavailable_among

CLOCK_MARGIN = timedelta(seconds=2)
"""How much two clocks of the service may differ, and the resolution of its time stamps."""

FEW_INSTANCES = 5
"""Instances whose output is read along with their state, which saves a call."""

DELIVERY_PAUSE = 2.0
"""Seconds between two looks at outputs that are being delivered to a bucket."""


WAIT_MARGIN = 120.0
"""Seconds that the default wait allows beyond the script's own time-out, for delivery and reports."""


class Rollout:
    """A run in progress: its invocations, and what is known of each instance (in ``gathering``).

    Nothing is raised once something may have been started: ``errors`` holds what went wrong, ``warnings`` what the user
    should know all the same.
    """

    def __init__(
        self,
        client: Client,
        request: RunRequest,
        plan: RunPlan,
        gathering: Gathering,
        deadline: Deadline,
        progress: Callable[[str], None],
    ) -> None:
        self._client = client
        self._request = request
        self._plan = plan
        self._gathering = gathering
        self._deadline = deadline
        self._progress = progress
        eager = request.pacing.eager or (client.generation == "current" and len(plan.instance_ids) <= FEW_INSTANCES)
        self._watch = Watch(client, deadline, plan.mark, with_output=eager)
        self._under_way: dict[str, Share] = {}
        self._waves = Waves(len(plan.batches), request.pacing.window(len(plan.batches)))
        self._created: dict[str, str] = {}
        self._old_agents: frozenset[str] = frozenset()
        self._calls = 0
        self.started: dict[str, Sent] = {}
        self.errors: list[CloudError] = []
        self.warnings: list[str] = []

    @property
    def under_way(self) -> list[str]:
        """The IDs of the invocations that are waited for."""
        return list(self._under_way)

    @property
    def changed(self) -> bool:
        """Whether this run, and not an earlier one, has started something, or may have."""
        new = any(not self._replayed(sent) for sent in self.started.values())
        return new or any(error.may_have_taken_effect for error in self.errors)

    def run(self, call: Call, adopted: dict[str, Share]) -> None:
        """Send the call to each batch of the plan, and gather the results of these and of the adopted invocations."""
        queue = deque(self._plan.batches)
        self._set_deadline(call, len(queue))
        self._watch.looked = self._report_progress
        for invoke_id, share in adopted.items():
            self._under_way[invoke_id] = share
            tagged = share.previous if self._request.identity.by_key else invoke_id in self._plan.history.known
            self._watch.add(invoke_id, ended(share.instance_ids), tagged=tagged)
        try:
            while queue or len(self._watch):
                self._turn(call, queue)
                again = self._retry_on_old_agents()
                if again:
                    queue.extend(again)
                    self._set_deadline(call, len(queue))
            self._await_delivery()
        except Exception as error:  # what has been started must be reported, even after a defect
            self._give_up(error if isinstance(error, CloudError) else Defect(error), queue)

    def _turn(self, call: Call, queue: deque[Batch]) -> None:
        """Start as many batches as may run, then wait until some invocations have ended."""
        limit = self._request.pacing.max_failures
        if queue and limit is not None and self._gathering.failed > limit:
            self._leave(queue, f"more than max_failures ({limit}) instances failed")
        while queue and (free := self._free()):
            # one instance that is not ready is enough to start nothing, so the first call goes alone then
            careful = self._request.pacing.unready == "fail" and not self._calls
            self._start(call, queue, 1 if careful else min(free, len(queue)))
        if len(self._watch):
            self._collect(self._watch.wait())

    def _free(self) -> int:
        """Return how many more batches may run now."""
        running = sum(not share.previous for share in self._under_way.values())
        return max(0, self._waves.window - running)

    def _start(self, call: Call, queue: deque[Batch], count: int) -> None:
        """Start the first batches of the queue; a rejection of the very first call starts nothing at all."""
        turn = self._send(call, [queue.popleft() for _turn in range(count)])
        for sent in turn:
            self._note(sent)
        if not self._calls and is_rejection(turn[0].error) and self._request.pacing.unready == "fail":
            self._reject(call, queue)
        self._calls += len(turn)
        self._waves.started += len(turn)
        self._report_started([sent for sent in turn if sent.invoke_id])

    def _set_deadline(self, call: Call, batches: int) -> None:
        """Give the wait at least its default length: the script's time-out for each turn of batches, and a margin."""
        pacing = self._request.pacing
        if pacing.wait and pacing.wait_timeout is None:
            turns = max(1, math.ceil(batches / pacing.window(batches)))
            enough = self._deadline.elapsed() + turns * call.timeout + WAIT_MARGIN
            self._deadline.seconds = max(enough, self._deadline.seconds or 0.0)

    def _send(self, call: Call, batches: Sequence[Batch]) -> list[Sent]:
        if batches and self._old_agents.issuperset(batches[0].instance_ids):
            call = replace(call, params={**call.params, "TerminationMode": None})
        return send_all(self._client, call, batches, skip=self._request.pacing.skip, deadline=self._deadline)

    def _note(self, sent: Sent) -> None:
        """Note what was started of a batch, and wait for it if that is wanted."""
        self._gathering.keep(sent.left_out)
        if sent.error:
            self.errors.append(sent.error)
        if not sent.invoke_id:
            return
        self.started[sent.invoke_id] = sent
        if not self._request.pacing.wait:
            self._gathering.keep(pending(instance_id, sent.invoke_id) for instance_id in sent.instance_ids)
            return
        self._under_way[sent.invoke_id] = Share(sent.instance_ids)
        self._watch.add(sent.invoke_id, self._settled(sent.instance_ids))

    def _report_started(self, started: Sequence[Sent]) -> None:
        """Name the invocations, by which an interrupted wait can be resumed."""
        if started:
            instances = counted(sum(len(sent.instance_ids) for sent in started), "instance")
            names = names_of([sent.invoke_id for sent in started], "invocation")
            self._progress(f"started {names} on {instances}")

    def _reject(self, call: Call, queue: deque[Batch]) -> None:
        """Start nothing after the first call was rejected, and find out which other instances are not ready."""
        ids = [item for batch in queue for item in batch.instance_ids]
        queue.clear()
        unavailable = unavailable_among(self._client, call, ids, self._deadline)
        self._gathering.keep(refused(ids, unavailable, self.errors[-1], why_others=True))

    def _retry_on_old_agents(self) -> list[Batch]:
        """Return batches for agents that are too old for our default of the termination mode, which is not the user's.

        They get the service's default, under a token that depends on what has been tried.
        """
        if self._old_agents or not self._request.pacing.default_termination:
            return []
        ids = self._gathering.forget(TOO_OLD)
        if not ids:
            return []
        self._old_agents = frozenset(ids)
        self.warnings.append(
            f"The agent is too old for termination_mode process_tree on {names_of(ids, 'instance')}; at the timeout "
            "only the process of the script itself is killed there"
        )
        token = self._plan.client_token or next(iter(self.started), None)
        return list(plan_batches(ids, self._request.pacing.batch_size, token, whole=False))

    def _await_delivery(self) -> None:
        """Wait until the outputs have been delivered to the bucket, as long as the run is waited for."""
        while (late := self._gathering.undelivered) and not self._gathering.errors and not self._deadline.expired():
            self._deadline.pause(DELIVERY_PAUSE)
            self._gathering.read(late)

    def _settled(self, instance_ids: Iterable[str]) -> Settled:
        if not self._request.when.scheduled:
            return ended(instance_ids)
        return begun if self._request.when.mode == "Period" else visible

    def _leave(self, queue: deque[Batch], reason: str) -> None:
        """Skip the batches that have not been started."""
        left = [instance_id for batch in queue for instance_id in batch.instance_ids]
        info = f"not started: {reason}"
        self._gathering.keep(InstanceResult(item, SKIPPED, error_code=NOT_STARTED, error_info=info) for item in left)
        queue.clear()

    def _collect(self, invocations: Sequence[Invocation]) -> None:
        """Take the results of invocations that have ended, or that are scheduled."""
        self._created.update((invocation.invoke_id, invocation.created_at) for invocation in invocations)
        shares = {invocation.invoke_id: self._under_way[invocation.invoke_id] for invocation in invocations}
        if self._request.when.scheduled:
            for invocation in invocations:
                self._gathering.take_state(invocation.invoke_id, shares[invocation.invoke_id], invocation)
        else:
            self._gathering.read(shares, {invocation.invoke_id: invocation for invocation in invocations})
        for invoke_id in shares:
            del self._under_way[invoke_id]
        self._report_progress()

    def _report_progress(self, under_way: Iterable[Invocation] = ()) -> None:
        """Report how many instances have finished, including those of invocations that are still running."""
        ended_early = [
            instance
            for invocation in under_way
            for instance in invocation.instances
            if not instance.live and instance.instance_id in self._under_way[invocation.invoke_id].instance_ids
        ]
        finished = self._gathering.finished + len(ended_early)
        failed = self._gathering.failed + sum(self._gathering.judge(instance).failed for instance in ended_early)
        running = sum(len(share.instance_ids) for share in self._under_way.values()) - len(ended_early)
        total = len(self._plan.instance_ids)
        self._progress(progress_line(finished, total, failed, running, self._waves, list(self._under_way)))

    def _replayed(self, sent: Sent) -> bool:
        """Return whether the call was answered with an invocation that an earlier use of its token has made."""
        if sent.invoke_id in self._plan.history.known:
            return True
        if self._plan.client_token is not None and self._request.identity.client_token is None:
            return False  # the token is of this start alone
        made = parse_time(self._created.get(sent.invoke_id, ""))
        return bool(made and sent.not_before and made <= sent.not_before - CLOCK_MARGIN)

    def _give_up(self, error: CloudError, queue: deque[Batch]) -> None:
        """Record what is known after the wait was cut short: the time was up, or the states could not be read."""
        complete = not queue
        self._leave(queue, "wait_timeout has expired" if isinstance(error, WaitTimeout) else str(error))
        self._gathering.last_look(self._under_way, self._watch.seen)
        running = self._gathering.running
        if complete and not running and isinstance(error, WaitTimeout):
            return  # the last look found that everything had finished
        self.errors.append(error)
        if running:
            advice = "wait for it with ecs_invocation_info (invoke_id, wait: true)"
            still = f"Still running on {names_of(running, 'instance')}. The script continues there; {advice}."
            self.errors.append(TaskFailure(still))


def send_all(client: Client, call: Call, batches: Sequence[Batch], *, skip: bool, deadline: Deadline) -> list[Sent]:
    """Send the call to each of the batches, a few at the same time, and return what was started of each."""
    return map_concurrently(lambda batch: send(client, call, batch, skip=skip, deadline=deadline), batches)
