# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a script, or a stored command, on any number of instances: on each of them once, with a result for each."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from ...alibaba.client import Client
from ...common.errors import CloudError, TaskFailure, WaitTimeout
from ...common.idempotency import new_client_token
from ...common.wait import Deadline
from ..concurrency import at_once
from ..instances.readiness import Unfit, examine, find_targets
from ..invocations.waiting import Settled, Watch, begun, ended, names_of, visible
from ..models import SKIPPED, Command, InstanceResult, Invocation, parse_time
from ..tags import MAX_TAGS, check_tags
from .calls import dry_order, order_for, script_of, stored_command
from .gathering import Gathering, Share, unknown
from .outcome import RunOutcome, dropped_warning, skipped_warning
from .previous import Earlier, done_before, key_tag, key_token, run_tag, started_before, tagged_invocations
from .request import RunRequest
from .sending import NOT_STARTED, Batch, Order, Sent, left_out, plan_batches, plan_under_key, refused, send, uncertain

CLOCK_MARGIN = timedelta(seconds=2)
"""How much two clocks of the service may differ, and the resolution of its time stamps."""

WAIT_MARGIN = 120.0
"""Seconds that the default wait allows beyond the script's own time-out, for delivery and reports."""

CHECK_MODE = "CheckMode"
"""Our own error code of an instance on which nothing ran because the request was a dry run."""


def run(
    client: Client,
    request: RunRequest,
    *,
    progress: Callable[[str], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> RunOutcome:
    """Run the request and return what it came to, failing instances and failed calls included.

    ``progress`` and ``warn`` get lines for people. Raises InputError before the first request to the service, and
    CloudError where nothing could be started at all; ``raise_for_failure`` of the outcome raises the rest.
    """
    request.check(client.generation)
    return _Run(client, request, progress or _ignore, warn or _ignore).carry_out()


class _Run:
    """One run on its way: what is known of each instance, and the invocations that are not over."""

    def __init__(
        self, client: Client, request: RunRequest, progress: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        self.client = client
        self.request = request
        self.progress = progress
        self.warn = warn
        self.outcome = RunOutcome()
        self.deadline = Deadline(request.wait_timeout if request.wait else None)
        self.watch = Watch(client, self.deadline)
        self.instance_ids: tuple[str, ...] = ()
        self.gathering = Gathering(client, self.deadline, skip=request.unready == "skip")
        self.shares: dict[str, Share] = {}
        # invocations that an earlier start under the same token has made
        self.known: frozenset[str] = frozenset()
        # invocations that carry the idempotency key
        self.under_key: list[Invocation] = []

    def carry_out(self) -> RunOutcome:
        """Do everything, in order."""
        command = stored_command(self.client, self.request)
        self.outcome.script = script_of(self.request, command)
        self.instance_ids, stopped = find_targets(self.client, self.request.targets, self.deadline)
        earlier = self._look_back()
        remaining = self._ready(earlier, stopped)
        if self.request.dry_run:
            self._rehearse(remaining, lambda: dry_order(self.request, command))
        else:
            plan = self._plan(remaining, command)
            tags = self._tags()
            mark = self._mark()
            self.watch = Watch(self.client, self.deadline, mark if mark and mark[0] in tags else None)
            with order_for(self.client, self.request, command, tags, self.outcome.errors.append) as order:
                self._set_deadline(order, len(plan))
                self._launch_and_collect(order, deque(plan))
        return self._finish()

    # what came before

    def _look_back(self) -> list[tuple[Earlier, bool]]:
        """Return what earlier invocations have taken care of, with whether it counts as previous."""
        request, wanted = self.request, frozenset(self.instance_ids)
        done: list[Earlier] = []
        if request.idempotency_key is not None:
            self.under_key = tagged_invocations(self.client, key_tag(request.idempotency_key), self.deadline)
            done = done_before(self.under_key, wanted)
            if self._other_script(done):
                self.warn("idempotency_key: an earlier invocation under this key ran another script")
        started: list[Earlier] = []
        if request.client_token is not None:
            found = tagged_invocations(self.client, run_tag(request.client_token), self.deadline)
            self.known = frozenset(invocation.invoke_id for invocation in found)
            if request.dry_run or request.unready == "skip" or request.targets.tags:
                # the batches may differ from those of an interrupted start, and so may their tokens
                wanted -= {instance_id for earlier in done for instance_id in earlier.instance_ids}
                started = started_before(found, wanted)
                if self._other_script(started) and not request.values:
                    ids = names_of([earlier.invocation.invoke_id for earlier in started], "invocation")
                    raise TaskFailure(f"client_token: was used for another script before, in {ids}; use a new one")
        return [*((earlier, True) for earlier in done), *((earlier, False) for earlier in started)]

    def _other_script(self, earlier: Iterable[Earlier]) -> bool:
        script = self.outcome.script
        contents = {item.invocation.content for item in earlier} - {b""}
        return script is not None and bool(contents - {script.data})

    def _ready(self, earlier: list[tuple[Earlier, bool]], stopped: dict[str, Unfit]) -> tuple[str, ...]:
        """Take over what came before and return the instances that are still to be run."""
        for item, previous in earlier:
            self._adopt(item, previous)
        over = {instance_id for item, _unused in earlier for instance_id in item.instance_ids}
        remaining = tuple(instance_id for instance_id in self.instance_ids if instance_id not in over)
        unready = {instance_id: stopped[instance_id] for instance_id in remaining if instance_id in stopped}
        return self._without(remaining, unready)

    def _without(self, instance_ids: tuple[str, ...], unfit: dict[str, Unfit]) -> tuple[str, ...]:
        """Leave out instances that cannot run, or all of them, as the request wants it."""
        if not unfit:
            return instance_ids
        if self.request.unready == "fail":
            self.gathering.keep(refused(instance_ids, unfit))
            return ()
        self.gathering.keep(left_out(instance_ids, unfit))
        return tuple(instance_id for instance_id in instance_ids if instance_id not in unfit)

    def _adopt(self, earlier: Earlier, previous: bool) -> None:
        """Count an earlier invocation as one of this run: wait for it where it still runs, else read its results."""
        invoke_id = earlier.invocation.invoke_id
        self.outcome.invoke_ids.append(invoke_id)
        self.outcome.command_id = self.outcome.command_id or earlier.invocation.command_id
        share = Share(earlier.instance_ids, previous)
        live = any(instance.live for instance in earlier.instances)
        if not live and not self.request.scheduled:
            self.gathering.read({invoke_id: share})
        elif self.request.wait and not self.request.dry_run and not self.request.scheduled:
            self.shares[invoke_id] = share
        else:
            self.gathering.keep(earlier.instances, previous)

    # sending

    def _plan(self, instance_ids: tuple[str, ...], command: Command | None) -> tuple[Batch, ...]:
        """Cut what is still to be run into batches, each with its token."""
        request = self.request
        if self._by_key:
            self.outcome.by_key = True
            token = key_token(request.idempotency_key or "", dry_order(request, command))
            earlier: dict[str, set[str]] = {}
            for invocation in self.under_key:
                for instance in invocation.instances:
                    earlier.setdefault(instance.instance_id, set()).add(invocation.invoke_id)
            return plan_under_key(instance_ids, request.batch_size, token, earlier)
        if self.client.generation == "classic":
            return plan_batches(instance_ids, request.batch_size, None)
        token = request.client_token or new_client_token()
        self.outcome.client_token = token if instance_ids else None
        return plan_batches(instance_ids, request.batch_size, token, whole=instance_ids == self.instance_ids)

    @property
    def _by_key(self) -> bool:
        """Whether the tokens of the calls come from the idempotency key."""
        return self.request.idempotency_key is not None and self.request.client_token is None

    def _mark(self) -> tuple[str, str] | None:
        """The tag by which the invocations of this run can be found, if they have one."""
        if self._by_key:
            return key_tag(self.request.idempotency_key or "")
        return run_tag(self.outcome.client_token) if self.outcome.client_token else None

    def _tags(self) -> dict[str, str]:
        """The tags of the invocations: the user's, the key's, and one by which all of this run can be found."""
        tags = check_tags(self.request.tags)
        if self.request.idempotency_key is not None:
            tags.update([key_tag(self.request.idempotency_key)])
        # on every invocation, so that a run started again with the token of this one sends the very same call
        if self.outcome.client_token and len(tags) < MAX_TAGS:
            tags.update([run_tag(self.outcome.client_token)])
        return tags

    def _set_deadline(self, order: Order, batches: int) -> None:
        """Give the wait its default length, now that it is known what runs and how many turns it takes."""
        if self.request.wait and self.request.wait_timeout is None:
            turns = max(1, math.ceil(batches / self._window(batches)))
            self.deadline.seconds = self.deadline.elapsed() + turns * order.timeout + WAIT_MARGIN

    def _window(self, batches: int) -> int:
        """How many batches may be under way at the same time."""
        if self.request.max_concurrent_batches is not None:
            return self.request.max_concurrent_batches
        return 1 if self.request.max_failures is not None else max(1, batches)

    def _rehearse(self, instance_ids: tuple[str, ...], order: Callable[[], Order]) -> None:
        """Find out what a run would do, without running anything."""
        if self.client.generation == "classic":
            # no dry run there; the instances can at least be looked at
            script_type = order().script_type
            instance_ids = self._without(
                instance_ids, examine(self.client, instance_ids, script_type, self.deadline) if instance_ids else {}
            )
        else:
            batches = plan_batches(instance_ids, self.request.batch_size, new_client_token())
            sent = self._send(order(), batches) if batches else []
            for answer in sent:
                self.gathering.keep(answer.left_out)
                self.outcome.errors += [answer.error] if answer.error else []
            instance_ids = tuple(instance_id for answer in sent for instance_id in answer.instance_ids)
        info = "check mode: would run, nothing was started"
        self.gathering.keep(
            InstanceResult(item, SKIPPED, error_code=CHECK_MODE, error_info=info) for item in instance_ids
        )
        self.outcome.changed = bool(instance_ids)

    def _launch_and_collect(self, order: Order, queue: deque[Batch]) -> None:
        """Send the batches, as many at a time as may be under way, and gather the results as they end."""
        window = self._window(len(queue))
        self.watch.looked = self._tell
        for invoke_id, share in self.shares.items():
            tagged = share.previous if self._by_key else invoke_id in self.known
            self.watch.add(invoke_id, ended(share.instance_ids), tagged=tagged)
        try:
            while queue or len(self.watch):
                if queue and self._too_many_failures():
                    self._not_started(queue, f"more than max_failures ({self.request.max_failures}) instances failed")
                under_way = sum(not share.previous for share in self.shares.values())
                turn = [queue.popleft() for _turn in range(min(len(queue), max(0, window - under_way)))]
                for sent in self._send(order, turn):
                    self._started(sent)
                if len(self.watch):
                    self._collect(self.watch.wait())
        except CloudError as error:
            self._give_up(error, queue)

    def _send(self, order: Order, batches: Sequence[Batch]) -> list[Sent]:
        skip = self.request.unready == "skip"
        return at_once(lambda batch: send(self.client, order, batch, skip=skip, deadline=self.deadline), batches)

    def _started(self, sent: Sent) -> None:
        """Note what became of a batch."""
        self.gathering.keep(sent.left_out)
        if sent.error:
            self.outcome.errors.append(sent.error)
            self.outcome.changed |= uncertain(sent.error)
        if not sent.invoke_id:
            return
        self.outcome.command_id = sent.command_id or self.outcome.command_id
        self.outcome.invoke_ids.append(sent.invoke_id)
        self.progress(f"started {sent.invoke_id} on {len(sent.instance_ids)} instances")
        replayed = sent.invoke_id in self.known
        if not self.request.wait:
            self.outcome.changed |= not replayed
            self.gathering.keep(unknown(instance_id, sent.invoke_id) for instance_id in sent.instance_ids)
            return
        # under a token of its own a call cannot be a replay; under one that others use, too, the state will tell when
        # it was made
        if self.request.client_token is None and not self._by_key:
            self.outcome.changed = True
        self.shares[sent.invoke_id] = Share(sent.instance_ids, not_before=None if replayed else sent.not_before)
        self.watch.add(sent.invoke_id, self._settled(sent.instance_ids))

    def _settled(self, instance_ids: Iterable[str]) -> Settled:
        if not self.request.scheduled:
            return ended(instance_ids)
        return begun if self.request.mode == "Period" else visible

    def _too_many_failures(self) -> bool:
        limit = self.request.max_failures
        return limit is not None and self.gathering.failed > limit

    def _not_started(self, queue: deque[Batch], reason: str) -> None:
        left = [instance_id for batch in queue for instance_id in batch.instance_ids]
        info = f"not started: {reason}"
        self.gathering.keep(InstanceResult(item, SKIPPED, error_code=NOT_STARTED, error_info=info) for item in left)
        queue.clear()

    # results

    def _collect(self, invocations: Sequence[Invocation]) -> None:
        """Take the results of invocations that are over, or that stand in the schedule."""
        over = {invocation.invoke_id: self.shares.pop(invocation.invoke_id) for invocation in invocations}
        for invocation in invocations:
            self._judge(invocation, over[invocation.invoke_id])
        if self.request.scheduled:
            for invocation in invocations:
                self.gathering.take_state(invocation.invoke_id, over[invocation.invoke_id], invocation)
        else:
            self.gathering.read(over, {invocation.invoke_id: invocation for invocation in invocations})
        self._tell()

    def _tell(self, under_way: Iterable[Invocation] = ()) -> None:
        """Tell how many instances have finished, those of invocations that are still under way included."""
        ended_early = [
            instance
            for invocation in under_way
            for instance in invocation.instances
            if not instance.live and instance.instance_id in self.shares[invocation.invoke_id].instance_ids
        ]
        finished = len(self.gathering) - len(self.gathering.running) + len(ended_early)
        failed = self.gathering.failed + sum(instance.failed for instance in ended_early)
        self.progress(f"{finished}/{len(self.instance_ids)} finished, {failed} failed")

    def _judge(self, invocation: Invocation, share: Share) -> None:
        """Find out whether the invocation was made now or by an earlier use of the token."""
        if share.previous or invocation.invoke_id in self.known:
            return
        made = parse_time(invocation.created_at)
        replayed = made and share.not_before and made <= share.not_before - CLOCK_MARGIN
        self.outcome.changed |= not replayed

    def _give_up(self, error: CloudError, queue: deque[Batch]) -> None:
        """Keep what is known when waiting came to an early end: the time was up, or the states could not be read."""
        complete = not queue
        self._not_started(queue, "the time for waiting was up" if isinstance(error, WaitTimeout) else str(error))
        self.gathering.last_look(self.shares, self.watch.seen)
        if any(not share.previous and invoke_id not in self.known for invoke_id, share in self.shares.items()):
            self.outcome.changed = True
        running = self.gathering.running
        if complete and not running and isinstance(error, WaitTimeout):
            return  # the last look has found the end of all
        advice = "The script goes on there; ecs_invocation_info with the invoke_id and wait: true waits for its end"
        self.outcome.errors.append(error)
        if running:
            self.outcome.errors.append(TaskFailure(f"Not over on {names_of(running, 'instance')}. {advice}"))

    def _finish(self) -> RunOutcome:
        """Put the results into the order asked for, and tell what people should know of them."""
        results = self.outcome.results = self.gathering.in_order(self.instance_ids)
        self.outcome.errors += self.gathering.errors
        self.outcome.invoke_ids = list(dict.fromkeys(self.outcome.invoke_ids))
        for text in (dropped_warning(results), skipped_warning(results)):
            if text:
                self.warn(text)
        return self.outcome


def _ignore(_text: str) -> None:
    """Take a line that nobody listens to."""
