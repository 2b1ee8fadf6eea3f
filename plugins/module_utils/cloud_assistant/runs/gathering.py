# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Collect one result per instance as the invocations of a run finish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...alibaba.client import Client
from ...common.errors import CloudError
from ...common.wait import Deadline
from ..concurrency import map_concurrently
from ..invocations.results import has_outputs, iter_results, no_record, read_results
from ..models import InstanceResult, Invocation
from .judging import Judge
from .spool import in_memory, stored

if TYPE_CHECKING:
    from .spool import Store

READS_AT_ONCE = 5
"""Answers with the outputs of 100 instances, 3 MB each at most, that are read at the same time."""

LAST_READ = 10.0
"""Seconds for one last look at the results when the time for waiting is up."""


@dataclass(frozen=True)
class Share:
    """The instances of a run that one invocation covers.

    ``previous``: the invocation was made under the same idempotency key before.
    """

    instance_ids: tuple[str, ...]
    previous: bool = False


class Gathering:
    """What is known of each instance, as ``judge`` sees it. ``errors`` are reads that failed.

    ``store`` says where outputs wait for the end of the run.
    """

    def __init__(self, client: Client, deadline: Deadline, judge: Judge, store: Store = in_memory) -> None:
        self._client = client
        self._deadline = deadline
        self.judge = judge
        self._store = store
        self._results: dict[str, InstanceResult] = {}
        self.errors: list[CloudError] = []

    @property
    def failed(self) -> int:
        """How many instances have failed so far."""
        return sum(result.failed for result in self._results.values())

    @property
    def finished(self) -> int:
        """How many instances have ended so far."""
        return sum(not result.live for result in self._results.values())

    @property
    def running(self) -> list[str]:
        """The ids of the instances that have not ended."""
        return [result.instance_id for result in self._results.values() if result.live]

    @property
    def undelivered(self) -> dict[str, Share]:
        """The instances whose output is still being delivered to a bucket, by their invocations."""
        late: dict[str, Share] = {}
        for result in self._results.values():
            if result.oss_output_status == "InProgress":
                share = late.get(result.invoke_id, Share((), result.previous))
                late[result.invoke_id] = replace(share, instance_ids=(*share.instance_ids, result.instance_id))
        return late

    def forget(self, error_code: str) -> tuple[str, ...]:
        """Drop the results of invocations with this error code and return the ids of their instances.

        An instance that was left out from the start, for the same reason, has no invocation and stays left out.
        """
        dropped = tuple(
            item for item, result in self._results.items() if result.error_code == error_code and result.invoke_id
        )
        for item in dropped:
            del self._results[item]
        return dropped

    def keep(self, results: Iterable[InstanceResult], previous: bool = False) -> None:
        """Note results; a later one of the same instance replaces an earlier one."""
        for result in results:
            result = self.judge(stored(result, self._store))
            self._results[result.instance_id] = replace(result, previous=True) if previous else result

    def read(self, shares: Mapping[str, Share], states: Mapping[str, Invocation] | None = None) -> None:
        """Read the results of invocations that have ended; where that fails, the state stands in and the run fails.

        A state that came with all outputs is the result itself.
        """
        for invoke_id in [item for item in shares if has_outputs((states or {}).get(item), shares[item].instance_ids)]:
            self.take_state(invoke_id, shares[invoke_id], (states or {})[invoke_id])
            shares = {item: share for item, share in shares.items() if item != invoke_id}

        def read(invoke_id: str) -> Iterable[InstanceResult] | CloudError:
            try:
                found = read_results(self._client, invoke_id, shares[invoke_id].instance_ids, self._deadline)
            except CloudError as error:
                return error
            # here, as all of the fleet may end at once
            return [stored(result, self._store) for result in found.values()]

        for invoke_id, found in zip(shares, map_concurrently(read, list(shares), limit=READS_AT_ONCE), strict=True):
            if isinstance(found, CloudError):
                self.errors.append(found)
                self.take_state(invoke_id, shares[invoke_id], (states or {}).get(invoke_id))
            else:
                self.keep(found, shares[invoke_id].previous)

    def take_state(self, invoke_id: str, share: Share, invocation: Invocation | None) -> None:
        """Take the states of the instances for their results."""
        rows = {instance.instance_id: instance for instance in invocation.instances} if invocation else {}
        missing = no_record if invocation and not invocation.live else pending
        self.keep((rows.get(item) or missing(item, invoke_id) for item in share.instance_ids), share.previous)

    def last_look(self, shares: Mapping[str, Share], seen: Mapping[str, Invocation]) -> None:
        """Keep what can be known of invocations that are not waited for any longer; nothing is raised here."""
        deadline = Deadline(LAST_READ)

        def read(invoke_id: str) -> list[InstanceResult]:
            try:
                results = iter_results(self._client, invoke_id, deadline=deadline)
                return [stored(result, self._store) for result in results]
            except Exception:  # after any error, the last known state stands in
                return []

        for (invoke_id, share), found in zip(shares.items(), map_concurrently(read, list(shares)), strict=True):
            self.take_state(invoke_id, share, seen.get(invoke_id))
            self.keep((result for result in found if result.instance_id in share.instance_ids), share.previous)

    def in_order(self, instance_ids: Iterable[str]) -> list[InstanceResult]:
        """Return one result for each of the instances."""
        return [self._results.get(item) or pending(item) for item in instance_ids]


def pending(instance_id: str, invoke_id: str = "") -> InstanceResult:
    """Return the result of an instance of which nothing is known yet."""
    return InstanceResult(instance_id, "Pending", invoke_id)
