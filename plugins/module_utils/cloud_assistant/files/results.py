# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The outcome of a file on each instance, as data and as text for the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...common.errors import CloudError, WaitTimeout
from ...common.numbers import natural_number
from ...common.wait import Deadline
from ..grouping import Summary
from ..models import InstanceResult
from ..runs.outcome import error_lines, failing_lines, failure_of, skipped_warning

PERMISSIONS = ("mode", "owner", "group")
"""Facts of a file that are neither its place nor its content."""
FACTS = ("dest", "sha256", "size", *PERMISSIONS)


@dataclass(frozen=True)
class FileResult:
    """The file on one instance.

    ``result`` holds state and reasons in the words of a run. ``facts`` are of the file as it lies there now (or would,
    in check mode) as far as known, ``before`` of what was there, ``old`` the old content where it was read.
    """

    result: InstanceResult
    changed: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    old: bytes | None = field(default=None, repr=False)

    @classmethod
    def failure(cls, instance_id: str, code: str, info: str, status: str = "Failed") -> FileResult:
        """Return the result of an instance where the file could not be brought or fetched, with the reason."""
        return cls(InstanceResult(instance_id, status, error_code=code, error_info=info))

    @property
    def instance_id(self) -> str:
        """The instance's id."""
        return self.result.instance_id

    def as_dict(self) -> dict[str, Any]:
        """Return the record as a task's result shows it; facts that are not known are left out."""
        record: dict[str, Any] = {
            "instance_id": self.result.instance_id,
            "invoke_id": self.result.invoke_id,
            # users need not distinguish Pending from Running
            "status": "Running" if self.result.live else self.result.status,
            "changed": self.changed,
            "error_code": self.result.error_code,
            "error_info": self.result.error_info,
        }
        names = {"sha256": "checksum"}
        record.update({names.get(key, key): self.facts[key] for key in FACTS if self.facts.get(key)})
        size = natural_number(record.pop("size", ""))
        if size is not None:
            record["size"] = size
        if "mode" in record:
            record["mode"] = record["mode"].rjust(4, "0")
        return record


@dataclass
class FileOutcome:
    """The end of a task on files: one result for each instance asked for, in that order.

    ``extra`` are further keys of the task's result. ``hint`` is added to the message of a failure. ``errors`` are
    calls that failed while others went well.
    """

    results: list[FileResult] = field(default_factory=list)
    errors: list[CloudError] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    hint: str = ""

    @property
    def plain(self) -> list[InstanceResult]:
        """The states alone."""
        return [result.result for result in self.results]

    @property
    def failed_instances(self) -> list[str]:
        """The ids of the instances where it went wrong."""
        return [result.instance_id for result in self.plain if result.failed]

    def note_expiry(self, deadline: Deadline, what: str) -> None:
        """Report a timeout where the deadline made a call fail with another error."""
        if self.errors and deadline.expired() and not any(isinstance(error, WaitTimeout) for error in self.errors):
            text = f"{what}: not finished after {deadline.elapsed():.0f} s: the time limit has expired"
            self.errors.insert(0, WaitTimeout(text))

    def warn_of_skipped(self, warn: Callable[[str], None]) -> None:
        """Warn of the instances that were left out because they were not ready."""
        text = skipped_warning(self.plain)
        if text:
            warn(text)

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as a task's result shows it."""
        return {
            "changed": any(result.changed for result in self.results),
            "summary": Summary.of(self.plain).as_dict(),
            "failed_instances": self.failed_instances,
            "results": [result.as_dict() for result in self.results],
            **self.extra,
        }

    def failure(self) -> CloudError | None:
        """Return the error to raise for this outcome, with everything that was found; None if everything succeeded."""
        explained = {getattr(error, "api_message", str(error)) for error in self.errors}
        lines = failing_lines(self.plain, explained) + error_lines(self.errors)
        if lines and self.hint:
            lines.append(self.hint)
        return failure_of(lines, self.errors, self.as_dict)

    def raise_for_failure(self) -> None:
        """Raise what ``failure`` returns, if anything."""
        error = self.failure()
        if error:
            raise error


def in_order(instance_ids: Sequence[str], results: Mapping[str, FileResult]) -> list[FileResult]:
    """Return the results in the order asked for; an instance that nothing is known of is still pending."""
    return [results.get(item) or FileResult(InstanceResult(item, "Pending")) for item in instance_ids]


def without_output(result: InstanceResult) -> InstanceResult:
    """Return the result of an internal script for the user: its states, without what it printed."""
    return InstanceResult(
        result.instance_id,
        result.status,
        result.invoke_id,
        error_code=result.error_code,
        error_info=result.error_info,
    )
