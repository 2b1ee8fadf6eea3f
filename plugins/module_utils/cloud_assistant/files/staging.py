# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Send a file in parts to a staging directory beside its target, assemble it there, and move it into place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...alibaba.client import Client
from ...common.errors import CloudError, WaitTimeout
from ...common.printable import some_of
from ...common.spooled import bytes_of
from ...common.wait import Deadline
from ..concurrency import map_concurrently
from ..instances.readiness import UNREADY
from ..models import InstanceResult
from ..runs.internal import run_internal_script
from ..runs.outcome import RunOutcome
from ..runs.rounds import ROUNDS, TIDY_TIMEOUT, Piece, windows
from ..runs.sending import Sent, error_code
from ..states import SKIPPED
from ..tags import check_tags
from .deliveries import Arrival, Delivery, deliver, wait_arrival
from .ledger import Ledger
from .parts import Parcel
from .results import FileResult, without_output
from .send_request import SendRequest
from .send_scripts import Report, assemble_script, read_report, tidy_script

WINDOW = 64
"""Calls between two looks at what has arrived: an instance that fails costs no more than these."""

REFUSAL_PAUSE = 2.0
"""Seconds before the next try after a call was refused because of an instance that is just starting."""

LASTING = frozenset(
    {
        "AccountNotExists",
        "ChecksumMismatch",
        "FileAuthorityInvalid",
        "FileAlreadyExists",
        "FileCreateFail",
        "FileNameInvalid",
        "FilePathInvalid",
        "ToolMissing",
        "UserGroupNotExists",
    }
)
"""Error codes after which another attempt would fail in the same way, so that the parts are useless."""


class Staging:
    """The transfer of one file to its instances, in parts; ``errors`` and ``hint`` are for the message of a failure."""

    def __init__(
        self,
        client: Client,
        request: SendRequest,
        parcel: Parcel,
        deadline: Deadline,
        progress: Callable[[str], None],
    ) -> None:
        self.client = client
        self.request = request
        self.parcel = parcel
        self.deadline = deadline
        self.progress = progress
        self.errors: list[CloudError] = []
        self.hint = ""
        self.ledger = Ledger(parcel.count, {})
        self.reports: Mapping[str, Report] = {}
        self.results: dict[str, FileResult] = {}
        self.calls = 0
        self.resumed = 0
        # what refused a call because of an instance that was all right again when looked at
        self.refusal: CloudError | None = None

    def figures(self) -> dict[str, Any]:
        """Return the figures of the transfer for the task's result."""
        return {
            "method": "staged",
            "parts": self.parcel.count,
            "sent": self.calls,
            "present": self.resumed,
            "compressed": self.parcel.compressed,
        }

    def bring(self, reports: Mapping[str, Report]) -> dict[str, FileResult]:
        """Send the file to the instances of ``reports``, which say what each has already; return their results."""
        self.reports = reports
        self.ledger = Ledger(self.parcel.count, {item: report.parts for item, report in reports.items()})
        self.resumed = self.ledger.present
        try:
            for _round in range(ROUNDS):
                open_ids = [item for item in reports if item not in self.results]
                if not open_ids:
                    break
                if self.refusal:
                    self.refusal = None
                    self.deadline.pause(REFUSAL_PAUSE)
                self._send_missing(open_ids)
                self._assemble([item for item in open_ids if item not in self.results])
            self.errors += [self.refusal] if self.refusal else []
            for item in reports:
                if item not in self.results:
                    self._fail([item], "DeliveryIncomplete", f"parts are still missing after {ROUNDS} rounds")
        except CloudError as error:
            self.errors.append(error)
            status = "Running" if isinstance(error, WaitTimeout) else "Failed"
            self._fail([item for item in reports if item not in self.results], "", "not finished", status)
        self._tidy()
        return self.results

    # sending

    def _send_missing(self, instance_ids: Sequence[str]) -> None:
        def report(done: int, total: int) -> None:
            self.progress(f"sent {done} of {total} parts of {self.request.path}")

        for window in windows(self.ledger.plan(instance_ids), WINDOW, self.results, report):
            self._send(window)
            self._check_last(window)

    def _send(self, window: Sequence[Piece]) -> None:
        """Send the parts of a window; a call that fails ends the task for its instances, and only for these."""
        for item, answer in zip(window, map_concurrently(self._deliver, window), strict=True):
            self.calls += 1
            self.ledger.note_sent(item.number, answer.instance_ids, answer.invoke_id)
            if answer.error and error_code(answer.error) in UNREADY:
                self.refusal = answer.error
                continue
            for result in answer.left_out:
                self.results.setdefault(result.instance_id, FileResult(self._left_out(result)))
            if answer.error and error_code(answer.error) not in {error_code(error) for error in self.errors}:
                # each of many calls may be refused for the same reason
                self.errors.append(answer.error)

    def _deliver(self, item: Piece) -> Sent:
        delivery = Delivery(
            directory=self.request.target.staging,
            name=self.parcel.part_name(item.number),
            data=self.parcel.part(item.number),
            mode="0600",
            description=self.request.description or "",
            timeout=self.request.timeout,
            tags=check_tags(self.request.tags),
            resource_group_id=self.request.targets.resource_group_id,
        )
        # all were ready when the look ran: one that drops out now must not stop the others
        return deliver(self.client, delivery, item.instance_ids, skip=True, deadline=self.deadline)

    def _left_out(self, result: InstanceResult) -> InstanceResult:
        """Return the result of an instance that dropped out, which is a failure unless the user wants it skipped."""
        dropped_out = result.status == SKIPPED and self.request.unready == "fail"
        return replace(result, status="Failed") if dropped_out else result

    def _check_last(self, window: Sequence[Piece]) -> None:
        """Wait for the last part of the window on each instance, and give up those that refuse it."""
        last = {one: item.number for item in window for one in item.instance_ids if one not in self.results}
        self._settle(last.items())

    def _settle(self, parts: Iterable[tuple[str, int]]) -> None:
        """Wait until these deliveries have ended; an instance on which one failed for good is given up."""
        deliveries = self.ledger.deliveries(parts)
        what = f"sending parts of {self.request.path}"

        def wait(invoke_id: str) -> dict[str, Arrival]:
            return wait_arrival(self.client, invoke_id, deliveries[invoke_id], self.deadline, what)

        for found in map_concurrently(wait, list(deliveries)):
            for one, arrival in found.items():
                if not arrival.arrived:
                    self._fail([one], arrival.error_code, arrival.error_info, arrival.status)

    # putting together

    def _assemble(self, instance_ids: Sequence[str]) -> None:
        if not instance_ids:
            return
        script = assemble_script(
            self.request.target,
            sha256=self.parcel.sha256,
            stream_id=self.parcel.stream_id,
            compressed=self.parcel.compressed,
            count=self.parcel.count,
            overwrite=self.request.overwrite,
        )
        run = self._run(instance_ids, script, "assemble", self.request.timeout, self.deadline)
        self.refusal = next((error for error in run.errors if error_code(error) in UNREADY), self.refusal)
        self.errors += [error for error in run.errors if error is not self.refusal]
        gaps = [(result.instance_id, number) for result in run.results for number in self._gaps(result)]
        # a delivery that is still on its way would come after its second copy, and after the cleaning up
        self._settle(gaps)

    def _gaps(self, result: InstanceResult) -> list[int]:
        """Note how the assembly ended on an instance, and return the parts that are missing there."""
        item = result.instance_id
        if result.status == "Failed" and result.error_code in UNREADY and self.refusal:
            return []
        if result.status != "Success":
            self.results[item] = FileResult(without_output(self._left_out(result)))
            return []
        report = read_report(bytes_of(result.output) or b"", result.dropped)
        if report.error_code:
            self._fail([item], report.error_code, report.error_info)
            return []
        if report.state == "done":
            before = self.reports[item]
            done = InstanceResult(item, "Success", result.invoke_id)
            self.results[item] = FileResult(done, True, report.facts, before.before, before.content)
            return []
        self.ledger.note_present(item, report.parts)
        return self.ledger.missing(item)

    def _run(self, instance_ids: Sequence[str], script: str, what: str, timeout: int, deadline: Deadline) -> RunOutcome:
        return run_internal_script(
            self.client,
            instance_ids,
            script,
            name=f"cloud-assistant-file-{what}",
            timeout=timeout,
            deadline=deadline,
            skip=True,
        )

    # failures

    def _fail(self, instance_ids: Iterable[str], code: str, info: str, status: str = "Failed") -> None:
        for item in instance_ids:
            self.results.setdefault(item, FileResult.failure(item, code, info, status))

    def _tidy(self) -> None:
        """Clean up where the transfer failed: everything, or all but the parts that the next run can reuse."""
        broken = [item for item, result in self.results.items() if result.result.status != "Success"]
        useless = [item for item in broken if self.results[item].result.error_code in LASTING]
        useful = [item for item in broken if item not in useless]
        if not self.request.keep_parts:
            useless, useful = broken, []
        kept = [item for item in useful if self.ledger.holds_any(item)]
        for ids, keep in ((useless, False), (kept, True)):
            if ids:
                self._clean(ids, keep)
        if kept:
            self.hint = (
                f"Parts that arrived wait in {self.request.target.staging} on {len(kept)} of the instances; "
                "the next run of the task sends only the missing ones."
            )

    def _clean(self, instance_ids: Sequence[str], keep_parts: bool) -> None:
        script = tidy_script(self.request.target, keep_parts=keep_parts)
        try:
            run = self._run(instance_ids, script, "tidy", TIDY_TIMEOUT, Deadline(TIDY_TIMEOUT))
        except CloudError as error:
            self.errors.append(error)
            return
        left = [result.instance_id for result in run.results if result.status != "Success"]
        if left and not keep_parts:
            self.hint = f"{self.request.target.staging} could not be removed on {some_of(left, 5)}."
