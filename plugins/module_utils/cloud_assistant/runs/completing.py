# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Complete the output of a run: both streams of each instance, fetched from the instance where they did not fit."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ...alibaba.client import Client
from ...common.errors import CloudError
from ...common.paging import batches
from ...common.printable import names_of
from ...common.spooled import Spooled, bytes_of
from ...common.wait import Deadline
from ..concurrency import map_concurrently
from ..models import InstanceResult
from ..states import SKIPPED
from ..targets import MAX_BATCH
from .bucket import collect_from_bucket, load_library
from .capture import Report, pack_script, range_script, tidy_script
from .captured import read_captured, report_of, with_streams
from .internal import run_internal_script
from .outcome import RunOutcome, by_reason
from .request import RunRequest
from .rounds import RANGE_BYTES, ROUNDS, RUNS_AT_ONCE, Piece, missing_pieces, windows
from .run import run
from .spool import in_memory

if TYPE_CHECKING:
    from .spool import Store

SCRIPT_TIMEOUT = 120
"""Seconds for each script that packs, reads or removes what is kept."""

NEVER_BEGAN = frozenset({"Invalid", "Aborted", "Cancelled"})
"""States of an instance on which the script was not started (DescribeInvocations, InvocationStatus)."""

WAIT_BASE, WAIT_PER_RANGE = 120.0, 3.0
"""Seconds that fetching may take, and in addition for each range of the longest output."""


def run_with_output(
    client: Client,
    request: RunRequest,
    *,
    progress: Callable[[str], None],
    warn: Callable[[str], None],
    store: Store = in_memory,
) -> RunOutcome:
    """Run the request and return its outcome, with the complete output of the script where that is wanted.

    ``store`` says where outputs wait for the end.
    Raises MissingLibrary for an output in a bucket without the vendor's library, and what ``run`` raises.
    """
    if not request.output.complete:
        outcome = run(client, request, progress=progress, warn=warn, store=store)
        if any(result.previous for result in outcome.results):
            # an earlier run under the same key may have kept its output
            outcome.results, warning = read_captured(outcome.results)
            if warning:
                warn(warning)
        return outcome
    if not request.output.captured:
        load_library()
        outcome = run(client, request, progress=progress, warn=warn, store=store)
        collect_from_bucket(client, outcome, request.output.max_output, warn, store)
        return outcome
    outcome = run(client, request.captured(), progress=progress, warn=warn, store=store)
    outcome.script = request.payload.script
    if not request.dry_run:
        complete_output(client, request, outcome, warn, progress, store)
    return outcome


def complete_output(
    client: Client,
    request: RunRequest,
    outcome: RunOutcome,
    warn: Callable[[str], None],
    progress: Callable[[str], None],
    store: Store = in_memory,
) -> None:
    """Replace the reports of the wrapper in the results by both streams of the script.

    What is still on the instances is fetched and removed there. ``warn`` gets a line about output that is not complete.
    """
    _Completion(client, request, outcome, progress, store).run(warn)


@dataclass
class _Completion:
    """The reports of the instances, and the ranges that have arrived of what is kept there.

    ``gone`` are instances whose agent went offline in between, ``partly`` those of which only a part has arrived.
    """

    client: Client
    request: RunRequest
    outcome: RunOutcome
    progress: Callable[[str], None]
    store: Store
    reports: dict[str, Report] = field(default_factory=dict)
    ranges: dict[str, dict[int, bytes | Spooled]] = field(default_factory=dict)
    partly: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    deadline: Deadline = field(default_factory=lambda: Deadline(WAIT_BASE))

    def run(self, warn: Callable[[str], None]) -> None:
        """Read the reports, fetch what is missing, clean up, and put the streams into the results."""
        self._read(self.outcome.results)
        left = [item for item, report in self.reports.items() if not report.streams]
        try:
            self._pack([item for item in left if not self.reports[item].facts])
            self._fetch({item: report for item, report in self.reports.items() if report.length})
        except CloudError as error:
            warn(f"output: the output on the instances could not be fetched: {error}")
        finally:
            self._tidy(left)
        self.outcome.results = [self._completed(result) for result in self.outcome.results]
        self._warn_incomplete(warn)

    def _read(self, results: Sequence[InstanceResult]) -> None:
        for result in results:
            report = report_of(result)
            if report:
                self.reports[result.instance_id] = self._stored(report)

    def _stored(self, report: Report) -> Report:
        streams = report.streams
        if streams is None or not (isinstance(streams.stdout, bytes) and isinstance(streams.stderr, bytes)):
            return report
        stdout, stderr = self.store(streams.stdout), self.store(streams.stderr)
        return replace(report, streams=replace(streams, stdout=stdout, stderr=stderr))

    def _script(self, ids: Sequence[str], script: Callable[[Sequence[str]], str], what: str) -> list[InstanceResult]:
        """Run a script that finds the directory of each of the instances, and return the results."""
        found = []
        for batch in batches(ids, MAX_BATCH):
            outcome = run_internal_script(
                self.client,
                batch,
                script([self.reports[item].name for item in batch]),
                name=f"cloud-assistant-output-{what}",
                timeout=SCRIPT_TIMEOUT,
                deadline=self.deadline,
                skip=True,
                resource_group_id=self.request.targets.resource_group_id,
                username=self.request.run_as.username,
            )
            found += outcome.results
        return found

    def _pack(self, ids: Sequence[str]) -> None:
        """Do what the wrapper could not do itself on the instances where it was killed, at a timeout for example."""
        if ids:
            self._read([result for result in self._script(ids, self._pack_script, "pack") if result.rc == 0])

    def _pack_script(self, names: Sequence[str]) -> str:
        return pack_script(names, self.request.output.max_output)

    def _fetch(self, kept: Mapping[str, Report]) -> None:
        if not kept:
            return
        counts = {item: math.ceil(report.length / RANGE_BYTES) for item, report in kept.items()}
        self.deadline = Deadline(WAIT_BASE + WAIT_PER_RANGE * max(counts.values()))
        self.ranges = {item: {} for item in kept}
        for _round in range(ROUNDS):
            missing = {item: set(range(n)) - self.ranges[item].keys() for item, n in counts.items()}
            pieces = missing_pieces({item: numbers for item, numbers in missing.items() if item not in self.gone})
            if not pieces:
                break
            self._fetch_ranges(pieces)
        for item, report in kept.items():
            packed = self._beginning(self.ranges.pop(item))
            if len(packed) < report.length:
                self.partly.add(item)
                streams = report.begun(packed)
            else:
                streams = report.unpack(packed)
            self.reports[item] = self._stored(replace(report, streams=streams))

    @staticmethod
    def _beginning(ranges: Mapping[int, bytes | Spooled]) -> bytes:
        """Return the ranges up to the first that is missing."""
        count = next(number for number in range(len(ranges) + 1) if number not in ranges)
        return b"".join(bytes_of(ranges[number]) or b"" for number in range(count))

    def _fetch_ranges(self, pieces: Sequence[Piece]) -> None:
        """Read the ranges, a few runs at a time."""

        def read(piece: Piece) -> list[InstanceResult]:
            return self._script(piece.instance_ids, lambda names: range_script(names, piece.number), "range")

        def report(done: int, total: int) -> None:
            self.progress(f"fetched {done} of {total} ranges of the output")

        for window in windows(pieces, RUNS_AT_ONCE, self.gone, report):
            for piece, results in zip(window, map_concurrently(read, window), strict=True):
                for result in results:
                    self._keep(result, piece.number)
                    if result.status == SKIPPED:
                        self.gone.add(result.instance_id)

    def _keep(self, result: InstanceResult, number: int) -> None:
        report = self.reports[result.instance_id]
        try:
            data = base64.b64decode(b"".join((bytes_of(result.output) or b"").split()), validate=True)
        except binascii.Error:
            return
        if len(data) == min(RANGE_BYTES, report.length - number * RANGE_BYTES):
            self.ranges[result.instance_id][number] = self.store(data)

    def _tidy(self, ids: Sequence[str]) -> None:
        """Remove what is kept on the instances; nothing is lost where that fails."""
        if not ids:
            return
        self.deadline = Deadline(SCRIPT_TIMEOUT)
        try:
            self._script(ids, tidy_script, "tidy")
        except CloudError as error:
            self.progress(f"the output directories could not be removed: {error}")

    def _completed(self, result: InstanceResult) -> InstanceResult:
        report = self.reports.get(result.instance_id)
        return result if report is None else with_streams(result, report)

    def _warn_incomplete(self, warn: Callable[[str], None]) -> None:
        """Warn of the instances whose output is not complete, grouped by reason."""
        gaps = ((result.instance_id, self._gap(result)) for result in self.outcome.results)
        for reason, ids in by_reason(gaps).items():
            warn(f"output: the output {reason} {names_of(ids, 'instance')}")

    def _gap(self, result: InstanceResult) -> str:
        """Return why the output of an instance is not complete, empty if it is."""
        report = self.reports.get(result.instance_id)
        if report is None:
            if result.live or not result.started_at or result.status in NEVER_BEGAN:
                return ""
            return "is only what the service kept on" if result.output else "was lost on"
        if report.streams is None:
            return "could not be fetched from"
        if result.instance_id in self.partly:
            return "could be fetched only in part from"
        if report.streams.full:
            return "is not complete, because the disk was full, on"
        limit = self.request.output.max_output
        return f"has more than {limit} bytes (max_output) on" if report.streams.dropped else ""
