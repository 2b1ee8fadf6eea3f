# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Waiting for many invocations at once with few calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any

from ...alibaba.client import Client
from ...common.errors import CloudError, WaitTimeout
from ...common.printable import names_of
from ...common.wait import Deadline, poll, proportional_interval
from ..models import Invocation
from ..tags import tags_to_rows
from .listing import find_invocation, iter_invocations

PAGE = 50
"""Invocations in one page (DescribeInvocations, MaxResults)."""
MANY_STATES = 200
"""States of instances in one answer from which on it is worth a call to ask first whether anything has changed."""
MANY_UNSEEN = 5
"""Invocations from which on the same holds before their states have been seen."""
TRUSTED_SECONDS = 10.0
"""Seconds for which the number of running invocations is trusted instead of reading their states, per page of them."""
TAG_LIMIT = 1000
"""Invocations that a filter by tag sees (DescribeInvocations, Tag)."""
FIRST_LOOK = 0.5
"""Seconds before the first look: no run is reported back sooner."""
FIRST_PAUSE_OF_FEW, FIRST_PAUSE_PER_PAGE = 0.35, 0.5
"""Seconds from one look to the next in the first three seconds: up to MANY_UNSEEN invocations, and beyond, where they
are per page of states."""
PAUSE_OF_FEW, PAUSE_OF_MANY = 1.9, 2.0
"""Seconds from one look to the next after the first three seconds, likewise.

The looks at a run of 20 seconds cost at most 18 calls either way: the end of many invocations takes more than one.
"""

Settled = Callable[[Invocation], bool]


def pause_after(elapsed: float, invocations: int) -> float:
    """Return the seconds to the next look at so many invocations, ``elapsed`` seconds after the last one was started.

    Several pages of states are looked at less often in the beginning, when starting them took seconds as well.
    """
    if invocations < MANY_UNSEEN:
        floor, early = FIRST_PAUSE_OF_FEW, PAUSE_OF_FEW
    else:
        floor, early = min(FIRST_PAUSE_PER_PAGE * math.ceil(invocations / PAGE), PAUSE_OF_MANY), PAUSE_OF_MANY
    return proportional_interval(elapsed, floor, share=0.5, early=early)


class Watch:
    """Invocations in progress, and what was last seen of each.

    One call by ``tag`` (key and value) returns the state of 50 invocations that carry it. Those that do not, and all
    where that costs fewer calls, are asked for by their ids, ``with_output`` together with the output so far.
    """

    def __init__(
        self, client: Client, deadline: Deadline, tag: tuple[str, str] | None = None, *, with_output: bool = False
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._tag = tag
        self._with_output = with_output
        self._carriers: set[str] = set()
        self._settled: dict[str, Settled] = {}
        self._since = Deadline(None)
        self._trouble: CloudError | None = None
        self._since_full = Deadline(None)
        self._counts_tell = True
        self.seen: dict[str, Invocation] = {}
        self.looked: Callable[[Iterable[Invocation]], None] = lambda under_way: None
        """Gets the invocations that are under way, as they were seen, after each look that found none settled."""

    def __len__(self) -> int:
        return len(self._settled)

    @property
    def active(self) -> tuple[str, ...]:
        """The ids that are still waited for."""
        return tuple(self._settled)

    def add(self, invoke_id: str, settled: Settled, *, tagged: bool = True) -> None:
        """Wait for this invocation as well; ``settled`` decides from its state when to stop waiting.

        ``tagged`` is false for one that does not carry the tag of the watch.
        """
        self._settled[invoke_id] = settled
        if tagged:
            self._carriers.add(invoke_id)
        self._since = Deadline(None)

    def wait(self) -> list[Invocation]:
        """Return the invocations that have settled, at least one, and wait for them no longer.

        An invocation that is not visible yet does not count as settled. States that cannot be read for a transient
        reason are read again, because the runs continue. Raises WaitTimeout, and what else the client raises.
        """
        if self._since.elapsed() < FIRST_LOOK:
            self._deadline.pause(FIRST_LOOK)
        what, before = names_of(self.active, "invocation"), self._since.elapsed()
        try:
            return poll(self._look, self._deadline, what, lambda waited: pause_after(before + waited, len(self)))
        except WaitTimeout as error:
            if self._trouble is None:
                raise
            raise WaitTimeout(f"{error}; its status cannot be read: {self._trouble}", **self._trouble.result) from error

    def _look(self) -> list[Invocation] | None:
        try:
            read = list(self._read())
        except CloudError as error:
            if not error.transient or isinstance(error, WaitTimeout):
                raise
            self._trouble = error
            return None
        self._trouble = None
        new = {invocation.invoke_id: invocation for invocation in read if invocation.invoke_id in self._settled}
        over = [new[item] for item, settled in self._settled.items() if item in new and settled(new[item])]
        self.seen.update(new)
        for invocation in over:
            del self._settled[invocation.invoke_id], self.seen[invocation.invoke_id]
        if new and not over:
            self.looked(self.seen.values())
        return over or None

    def _read(self) -> Iterator[Invocation]:
        by_id = list(self._settled)
        carriers = self._carriers & self._settled.keys()
        if self._tag and len(self._carriers) <= TAG_LIMIT and len(carriers) > math.ceil(len(self._carriers) / PAGE):
            key, value = self._tag
            filters = {"Tag": tags_to_rows({key: value})}
            if not self._unchanged(filters, carriers):
                yield from self._states(filters, carriers)
            by_id = [invoke_id for invoke_id in by_id if invoke_id not in carriers]
        for invoke_id in by_id:
            invocation = find_invocation(self._client, invoke_id, self._deadline, with_output=self._with_output)
            if invocation:
                yield invocation

    def _states(self, filters: Mapping[str, Any], carriers: Set[str]) -> Iterator[Invocation]:
        """Yield what carries the tag, newest first, until all that are waited for have been read."""
        unread = set(carriers)
        for invocation in iter_invocations(self._client, filters, self._deadline):
            yield invocation
            unread.discard(invocation.invoke_id)
            if not unread:
                return

    def _unchanged(self, filters: Mapping[str, Any], carriers: Set[str]) -> bool:
        """Return whether as many invocations run as were seen to, or started, without reading thousands of states.

        It is only a hint, so that the states themselves are read every few seconds all the same.
        """
        seen = [self.seen[item] for item in carriers if item in self.seen]
        unseen = len(carriers) - len(seen)
        many = unseen >= MANY_UNSEEN or sum(len(invocation.instances) for invocation in seen) >= MANY_STATES
        trusted = TRUSTED_SECONDS * math.ceil(len(self._carriers) / PAGE)
        if not (many and self._counts_tell and self._since_full.elapsed() < trusted):
            self._since_full = Deadline(None)
            return False
        one = {**filters, "InvokeStatus": "Running", "PageNumber": 1, "PageSize": 1}
        count = self._client.call("DescribeInvocations", one, deadline=self._deadline).get("TotalCount")
        live = unseen + sum(invocation.live for invocation in seen)
        # more than there can be: the endpoint counts something else
        self._counts_tell = isinstance(count, int) and count <= live
        if count != live:
            self._since_full = Deadline(None)
        return bool(count == live)


def ended(instance_ids: Iterable[str]) -> Settled:
    """Return whether the invocation has ended as a whole, or at least on all of these instances."""
    wanted = frozenset(instance_ids)

    def check(invocation: Invocation) -> bool:
        if invocation.status and not invocation.live:
            return True
        over = {instance.instance_id for instance in invocation.instances if not instance.live}
        return wanted <= over

    return check


def begun(invocation: Invocation) -> bool:
    """Return whether the invocation has reached its instances, and so is in their schedule."""
    return invocation.status not in ("", "Pending")


def visible(invocation: Invocation) -> bool:
    """Return whether the service shows the invocation at all."""
    return bool(invocation.invoke_id)
