# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Send a file to any number of instances: only where it differs, and never half of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...alibaba.client import Client
from ...common.errors import CloudError
from ...common.paging import batches
from ...common.spooled import bytes_of
from ...common.wait import Deadline
from ..concurrency import map_concurrently
from ..instances.readiness import find_targets
from ..models import InstanceResult
from ..runs.internal import run_internal_script
from ..runs.sending import Sent
from ..tags import check_tags
from .deliveries import MAX_INSTANCES, Arrival, Delivery, deliver, wait_arrival
from .parts import Parcel, pack
from .results import PERMISSIONS, FileOutcome, FileResult, in_order, without_output
from .send_request import SendRequest
from .send_scripts import Report, look_script, read_report
from .staging import Staging

WAIT_BASE, WAIT_PER_PART = 300.0, 2.0
"""Seconds of the default wait: for a small file, and in addition for each part of a large one."""

NEW_FILE = {"mode": "644", "owner": "root", "group": "root"}
"""The permissions of a new file by default (SendFile, FileMode, FileOwner, FileGroup)."""


def send_file(
    client: Client,
    request: SendRequest,
    *,
    progress: Callable[[str], None] = lambda text: None,
    warn: Callable[[str], None] = lambda text: None,
) -> FileOutcome:
    """Send the file to the instances and return the result of each, failures included.

    Raises InputError before the first request to the service. ``progress`` and ``warn`` get lines of text.
    """
    request.check(client.generation)
    return _Sending(client, request, progress, warn).carry_out()


class _Sending:
    """The state of one transfer."""

    def __init__(
        self, client: Client, request: SendRequest, progress: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        self.client = client
        self.request = request
        self.progress = progress
        self.warn = warn
        self.parcel: Parcel = pack(request.data, compress=request.compress)
        self.skip = request.unready == "skip"
        limit = request.wait_timeout or WAIT_BASE + WAIT_PER_PART * self.parcel.count
        self.deadline = Deadline(limit)
        self.outcome = FileOutcome()
        self.transfer: dict[str, Any] = {"method": "none", "parts": 0, "sent": 0, "present": 0, "compressed": False}
        self.results: dict[str, FileResult] = {}
        self.reports: dict[str, Report] = {}

    def carry_out(self) -> FileOutcome:
        """Send the file where it is needed, and return what is known of each instance, even after an error."""
        ids, _stopped = find_targets(self.client, self.request.targets, self.deadline)
        try:
            self._bring(ids)
        except CloudError as error:
            self.outcome.errors.append(error)
        if self.outcome.errors:
            # nothing is known of the others and nothing will be: the error has the reason
            for item in ids:
                self.results.setdefault(item, FileResult.failure(item, "", "not attempted; see msg"))
        self.outcome.note_expiry(self.deadline, f"sending {self.request.path}")
        self.outcome.results = in_order(ids, self.results)
        self.outcome.extra = {
            "path": self.request.path,
            "checksum": self.parcel.sha256,
            "size": self.parcel.size,
            "transfer": self.transfer,
        }
        self.outcome.warn_of_skipped(self.warn)
        return self.outcome

    def _bring(self, ids: Sequence[str]) -> None:
        """Look which instances need the file, and send it to these in the cheapest way; in check mode predict it."""
        direct = self.request.needs_no_look
        waiting = ids if direct else self._look(ids)
        if not waiting:
            return
        if not self.request.write:
            self._predict(waiting)
        elif direct or self._all_new(waiting):
            self.transfer.update(method="direct", parts=1, sent=1)
            self._direct(waiting)
        else:
            self._stage(waiting)

    def _look(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Compare, set the permissions where only they differ, and return the instances that need the content."""
        request = self.request
        script = look_script(
            request.target,
            sha256=self.parcel.sha256,
            stream_id=self.parcel.stream_id,
            compressed=self.parcel.compressed,
            write=request.write,
            overwrite=request.overwrite,
            staged=not request.fits_one_delivery,
            show=request.show,
            compare=request.checksum,
        )
        run = run_internal_script(
            self.client,
            ids,
            script,
            name="cloud-assistant-file-look",
            timeout=request.timeout,
            deadline=self.deadline,
            skip=self.skip,
        )
        self.outcome.errors += run.errors
        return tuple(result.instance_id for result in run.results if self._needs_content(result))

    def _needs_content(self, result: InstanceResult) -> bool:
        """Note what the look has found on an instance, and return whether the content has to be sent there."""
        item = result.instance_id
        if result.status != "Success":
            self.results[item] = FileResult(without_output(result))
            return False
        report = self.reports[item] = read_report(bytes_of(result.output) or b"", result.dropped)
        if report.error_code:
            self.results[item] = FileResult.failure(item, report.error_code, report.error_info)
        elif report.state in ("same", "permissions"):
            done = InstanceResult(item, "Success", result.invoke_id)
            facts = report.facts if self.request.write else {**report.facts, **self._wanted()}
            self.results[item] = FileResult(done, report.state == "permissions", facts, report.before, report.content)
        return item not in self.results

    def _wanted(self) -> dict[str, str]:
        """Return what is known in advance of the file as it will be."""
        target = self.request.target
        facts = {"sha256": self.parcel.sha256, "size": str(self.parcel.size)}
        if self.request.windows:
            return facts
        given = {"mode": target.mode, "owner": target.owner, "group": target.group}
        return {**facts, **{key: value for key, value in given.items() if value}}

    def _predict(self, ids: Sequence[str]) -> None:
        for item in ids:
            self._note_arrival(InstanceResult(item, "Success"), arrived=True)

    def _all_new(self, ids: Sequence[str]) -> bool:
        """Return whether one plain delivery suffices: there is no old file, which it would overwrite in place."""
        return self.request.fits_one_delivery and all(self.reports[item].state == "missing" for item in ids)

    def _stage(self, ids: Sequence[str]) -> None:
        staging = Staging(self.client, self.request, self.parcel, self.deadline, self.progress)
        try:
            self.results.update(staging.bring({item: self.reports[item] for item in ids}))
        finally:
            self.transfer.update(staging.figures())
            self.outcome.errors += staging.errors
            self.outcome.hint = staging.hint

    def _direct(self, ids: Sequence[str]) -> None:
        """Send the file with one delivery per group of instances, and wait until it has arrived or not."""
        delivery, groups = self._delivery(), batches(ids, MAX_INSTANCES)
        sent = map_concurrently(
            lambda group: deliver(self.client, delivery, group, skip=self.skip, deadline=self.deadline), groups
        )
        started = [answer for answer in sent if answer.invoke_id]
        for answer in sent:
            self.results.update((item.instance_id, FileResult(item)) for item in answer.left_out)
            if answer.error:
                self.outcome.errors.append(answer.error)
        self.progress(f"sent to {sum(len(answer.instance_ids) for answer in started)} of {len(ids)} instances")
        for answer, found in zip(started, map_concurrently(self._arrivals, started), strict=True):
            if isinstance(found, CloudError):
                # it is in transit, and only its end is unknown
                self.outcome.errors.append(found)
                for item in answer.instance_ids:
                    self.results[item] = FileResult(InstanceResult(item, "Running", answer.invoke_id), changed=True)
                continue
            for item, arrival in found.items():
                ended = InstanceResult(
                    item, arrival.status, answer.invoke_id, error_code=arrival.error_code, error_info=arrival.error_info
                )
                self._note_arrival(ended, arrived=arrival.arrived)

    def _delivery(self) -> Delivery:
        """Return the one delivery that makes the whole file."""
        request, target = self.request, self.request.target
        return Delivery(
            directory=request.target_dir,
            name=request.name,
            data=request.data,
            mode=target.mode.rjust(4, "0") if target.mode else "",
            owner=target.owner,
            group=target.group,
            overwrite=request.overwrite,
            description=request.description or "",
            timeout=request.timeout,
            tags=check_tags(request.tags),
            resource_group_id=request.targets.resource_group_id,
            script_type="RunPowerShellScript" if request.windows else "RunShellScript",
        )

    def _note_arrival(self, ended: InstanceResult, *, arrived: bool) -> None:
        """Note how the delivery to an instance has ended, or would end in check mode."""
        report = self.reports.get(ended.instance_id, Report())
        facts = {**_kept(report), **self._wanted()} if arrived else {}
        self.results[ended.instance_id] = FileResult(ended, arrived, facts, report.before, report.content)

    def _arrivals(self, sent: Sent) -> Mapping[str, Arrival] | CloudError:
        """Return the outcome of one direct call on each instance, or the error that kept it from being read."""
        what = f"sending {self.request.path}"
        try:
            return wait_arrival(self.client, sent.invoke_id, sent.instance_ids, self.deadline, what)
        except CloudError as error:
            return error


def _kept(report: Report) -> Mapping[str, str]:
    """Return the permissions that a content gets by default, none where the instance was not looked at.

    A new content inherits them from an existing file.
    """
    if not report.state:
        return {}
    found = {key: value for key, value in report.facts.items() if key in PERMISSIONS}
    return found or NEW_FILE
