# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Fetch a file from any number of instances: only where it differs, in ranges where it is large, checked at the end."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...alibaba.client import Client
from ...common.checks import (
    check_no_control_characters,
    check_octal_mode,
    check_seconds,
    check_wait_timeout,
    is_windows_path,
    refuse_empty,
)
from ...common.errors import CloudError, InputError, WaitTimeout
from ...common.numbers import natural_number
from ...common.spooled import bytes_of
from ...common.wait import Deadline
from ..concurrency import map_concurrently
from ..instances.readiness import find_targets
from ..models import InstanceResult
from ..runs.internal import run_internal_script
from ..runs.outcome import RunOutcome
from ..runs.rounds import RANGE_BYTES, ROUNDS, RUNS_AT_ONCE, TIDY_TIMEOUT, Piece, missing_pieces, windows
from ..states import SKIPPED
from ..targets import Targets
from .fetch_local import LONGEST_STREAM, Ranges, destinations, forget_ranges, mode_of, put, sha256_of
from .fetch_scripts import Found, look_script, range_script, read_found, snapshot_script, tidy_script
from .results import FileOutcome, FileResult, in_order
from .shell import INVALID_OUTPUT

WAIT_BASE, WAIT_PER_RANGE = 300.0, 2.0
"""Seconds of the default wait: for a small file, and in addition for each range of a large one."""

MAX_TIMEOUT = 86400
"""Seconds for each script on an instance."""


@dataclass(frozen=True)
class FetchRequest:
    """A file to fetch from Linux instances.

    ``mode`` is octal text for the file here; None keeps that of an existing file and gives a new one 0600. ``timeout``
    and ``wait_timeout`` are in seconds, the first for each script on an instance, the second for everything.
    """

    targets: Targets
    path: str
    dest: str
    flat: bool = False
    mode: Any = None
    fail_on_missing: bool = True
    timeout: int = 300
    wait_timeout: float | None = None
    unready: str = "fail"
    write: bool = True

    @property
    def permissions(self) -> int | None:
        """The permissions wanted here, None for no wish."""
        return None if self.mode is None else int(self.mode, 8)

    def check(self) -> None:
        """Raise InputError for the first thing that cannot be done."""
        if is_windows_path(self.path):
            raise InputError("path", "is a Windows path; files can only be fetched from Linux")
        if not self.path.startswith("/") or self.path.endswith("/"):
            raise InputError("path", f"{self.path!r} is not the absolute path of a file")
        if ".." in self.path.split("/"):
            raise InputError("path", f"{self.path!r} contains '..', which could lead out of dest")
        check_no_control_characters("path", self.path)
        refuse_empty("dest", self.dest)
        check_octal_mode("mode", self.mode)
        check_seconds("timeout", self.timeout, 1, MAX_TIMEOUT)
        check_wait_timeout(self.wait_timeout)
        if self.targets.instance_ids:
            destinations(self.dest, self.path, self.targets.instance_ids, flat=self.flat)


def fetch_file(
    client: Client,
    request: FetchRequest,
    *,
    progress: Callable[[str], None] = lambda text: None,
    warn: Callable[[str], None] = lambda text: None,
) -> FileOutcome:
    """Fetch the file of each instance and return the results, failures included.

    ``progress`` and ``warn`` get lines of text. Raises InputError before the first script runs.
    """
    request.check()
    return _Fetching(client, request, progress, warn).carry_out()


class _Fetching:
    """The state of one task that fetches a file from many instances."""

    def __init__(
        self, client: Client, request: FetchRequest, progress: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        self.client = client
        self.request = request
        self.progress = progress
        self.warn = warn
        self.deadline = Deadline(request.wait_timeout or WAIT_BASE)
        self.copy = secrets.token_hex(12)
        self.outcome = FileOutcome()
        self.results: dict[str, FileResult] = {}
        self.places: dict[str, Path] = {}
        self.facts: dict[str, Mapping[str, str]] = {}

    def carry_out(self) -> FileOutcome:
        """Look, fetch what differs, and return the results."""
        request = self.request
        ids, _stopped = find_targets(self.client, request.targets, self.deadline)
        self.places = destinations(request.dest, request.path, ids, flat=request.flat)
        try:
            large = self._look(ids)
            if large:
                self._fetch_ranges(large)
        except CloudError as error:
            self.outcome.errors.append(error)
            status = "Running" if isinstance(error, WaitTimeout) else "Failed"
            for item in ids:
                if item not in self.results:
                    self._fail(item, "", "not finished", status)
        self.outcome.note_expiry(self.deadline, f"fetching {request.path}")
        self.outcome.results = in_order(ids, self.results)
        self.outcome.extra = {"path": request.path}
        self.outcome.warn_of_skipped(self.warn)
        return self.outcome

    def _run(self, ids: Sequence[str], script: str, what: str, *, under_way: bool = True) -> RunOutcome:
        """Run a script; once the fetch is in progress, an instance that drops out does not stop the others."""
        run = run_internal_script(
            self.client,
            ids,
            script,
            name=f"cloud-assistant-fetch-{what}",
            timeout=self.request.timeout,
            deadline=self.deadline,
            skip=under_way or self.request.unready == "skip",
            resource_group_id=self.request.targets.resource_group_id,
        )
        if under_way and self.request.unready == "fail":
            run.results = [replace(one, status="Failed") if one.status == SKIPPED else one for one in run.results]
        return run

    def _found(self, run: RunOutcome) -> dict[str, Found]:
        """Return what the script found on each instance where it worked; record a failure for the others."""
        found = {}
        for result in run.results:
            if result.status != "Success":
                self._fail(result.instance_id, result.error_code, result.error_info, result.status)
                continue
            report = read_found(bytes_of(result.output) or b"", result.dropped)
            if report.error_code == "FileNotFound" and not self.request.fail_on_missing:
                self._fail(result.instance_id, report.error_code, report.error_info, SKIPPED)
            elif report.error_code:
                self._fail(result.instance_id, report.error_code, report.error_info)
            else:
                found[result.instance_id] = report
        return found

    def _look(self, ids: Sequence[str]) -> list[str]:
        """Find out what the files are, take small ones at once, and return the instances with large ones."""
        run = self._run(ids, look_script(self.request.path, write=self.request.write), "look", under_way=False)
        self.outcome.errors += run.errors
        large = []
        for item, found in self._found(run).items():
            self.facts[item] = found.facts
            place = self.places[item]
            try:
                here = sha256_of(place)
            except OSError as error:
                self._fail(item, "LocalFileUnreadable", f"{place}: {error.strerror}")
                continue
            if here == found.facts.get("sha256"):
                self._keep_content(item, place)
            elif not self.request.write:
                self._done(item, True)
            elif found.content is not None:
                self._put(item, found.content)
            else:
                large.append(item)
        return large

    def _keep_content(self, item: str, place: Path) -> None:
        """Record a file whose content is here already, and set its permissions where they differ."""
        wanted = self.request.permissions
        changed = wanted is not None and mode_of(place) != wanted
        if changed and wanted is not None and self.request.write:
            try:
                place.chmod(wanted)
            except OSError as error:
                self._fail(item, "LocalFileNotWritten", f"{place}: {error.strerror}")
                return
        self._done(item, changed)

    def _put(self, item: str, data: bytes | None) -> None:
        """Put the content into its place; record a failure if it did not arrive (None) or has another SHA-256."""
        place = self.places[item]
        if data is None or hashlib.sha256(data).hexdigest() != self.facts[item].get("sha256"):
            forget_ranges(place)
            self._fail(item, "ChecksumMismatch", "the SHA-256 of the received file does not match")
            return
        try:
            put(place, data, self.request.permissions)
        except OSError as error:
            self._fail(item, "LocalFileNotWritten", f"{place}: {error.strerror}")
        else:
            self._done(item, True)

    # large files

    def _fetch_ranges(self, ids: Sequence[str]) -> None:
        try:
            ranges = self._snapshot(ids)
            if self.request.wait_timeout is None:
                self.deadline.seconds = WAIT_BASE + WAIT_PER_RANGE * max(
                    (one.count for one in ranges.values()), default=0
                )
            for _round in range(ROUNDS):
                missing = {item: kept.missing() for item, kept in ranges.items() if item not in self.results}
                pieces = missing_pieces(missing)
                if not pieces:
                    break
                self._read_all(pieces, ranges)
            for item, kept in ranges.items():
                if item not in self.results:
                    self._put_together(item, kept)
        finally:
            self._tidy(ids)

    def _snapshot(self, ids: Sequence[str]) -> dict[str, Ranges]:
        run = self._run(ids, snapshot_script(self.request.path, self.copy), "snapshot")
        self.outcome.errors += run.errors
        ranges = {}
        for item, found in self._found(run).items():
            # the file may have changed since the look; what is fetched is the copy
            self.facts[item] = {**self.facts[item], **found.facts}
            length = natural_number(found.facts.get("length", "")) or 0
            if not 0 < length <= LONGEST_STREAM:
                shown = found.facts.get("length", "")[:20]
                self._fail(item, INVALID_OUTPUT, f"the reported length of the copy is not valid: {shown or 'none'}")
                continue
            try:
                ranges[item] = Ranges(self.places[item], found.facts.get("stream", ""), length, RANGE_BYTES)
            except OSError as error:
                self._fail(item, "LocalFileNotWritten", f"{self.places[item]}: {error.strerror}")
        return ranges

    def _read_all(self, pieces: Sequence[Piece], ranges: Mapping[str, Ranges]) -> None:
        """Read the ranges, a few runs at a time, and keep what arrives."""

        def read(piece: Piece) -> RunOutcome:
            return self._run(piece.instance_ids, range_script(self.copy, piece.number), "range")

        def report(done: int, total: int) -> None:
            self.progress(f"fetched {done} of {total} ranges of {self.request.path}")

        for window in windows(pieces, RUNS_AT_ONCE, self.results, report):
            for piece, run in zip(window, map_concurrently(read, window), strict=True):
                self.outcome.errors += run.errors
                for item, found in self._found(run).items():
                    try:
                        ranges[item].add(piece.number, found.content or b"")
                    except OSError as error:
                        self._fail(item, "LocalFileNotWritten", f"{self.places[item]}: {error.strerror}")

    def _put_together(self, item: str, kept: Ranges) -> None:
        if kept.missing():
            self._fail(item, "FetchIncomplete", f"ranges are still missing after {ROUNDS} rounds")
            return
        self._put(item, kept.content())

    def _tidy(self, ids: Sequence[str]) -> None:
        """Remove the copies on the instances; a later task removes one that cannot be removed now."""
        try:
            run_internal_script(
                self.client,
                ids,
                tidy_script(self.copy),
                name="cloud-assistant-fetch-tidy",
                timeout=TIDY_TIMEOUT,
                deadline=Deadline(TIDY_TIMEOUT),
                skip=True,
            )
        except CloudError as error:
            self.outcome.errors.append(error)

    # results

    def _done(self, item: str, changed: bool) -> None:
        if self.request.write:
            forget_ranges(self.places[item])
        facts = {**self.facts[item], "dest": str(self.places[item])}
        self.results[item] = FileResult(InstanceResult(item, "Success"), changed, facts)

    def _fail(self, item: str, code: str, info: str, status: str = "Failed") -> None:
        self.results.setdefault(item, FileResult.failure(item, code, info, status))
