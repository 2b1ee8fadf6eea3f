# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what happens to each instance of a task, and keep it when the task fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...common.errors import ApiError, CloudError, TaskFailure, WaitTimeout
from .selection import Row

ABSENT = "absent"


@dataclass
class Fate:
    """What was found of one instance, what had to be done, and how it ended."""

    instance_id: str
    name: str = ""
    status_before: str = ABSENT
    status: str = ABSENT
    action: str = "none"
    changed: bool = False
    message: str | None = None
    error: dict[str, Any] | None = None

    @classmethod
    def found(cls, row: Row) -> Fate:
        """The fate of an instance that exists, nothing done yet."""
        status = str(row.get("Status") or "")
        return cls(row["InstanceId"], str(row.get("InstanceName") or ""), status, status)

    @property
    def failed(self) -> bool:
        """Whether this instance did not become what it should."""
        return self.error is not None

    def fail(self, message: str, error: Mapping[str, Any] | None = None) -> None:
        """Note why the instance cannot become what it should."""
        self.message = message
        self.error = dict(error or {"message": message})

    def as_dict(self) -> dict[str, Any]:
        """The instance's entry in ``results``."""
        entry: dict[str, Any] = {
            "instance_id": self.instance_id,
            "name": self.name,
            "status_before": self.status_before,
            "status": self.status,
            "action": self.action,
            "changed": self.changed,
        }
        if self.message:
            entry["msg"] = self.message
        if self.error:
            entry["error"] = self.error
        return entry


class Fates(dict[str, Fate]):
    """The fates of all instances of a task, by id, in the order of its results."""

    @property
    def changed(self) -> bool:
        """Whether any instance was changed, or would be after a rehearsal."""
        return any(fate.changed for fate in self.values())

    def results(self) -> list[dict[str, Any]]:
        """The entry of every instance."""
        return [fate.as_dict() for fate in self.values()]

    def found(self) -> dict[str, Any]:
        """What a failed task's result keeps."""
        return {"changed": self.changed, "results": self.results()}

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Let whatever fails inside carry every instance's fate in its ``result``: TaskFailure or WaitTimeout."""
        try:
            yield
        except WaitTimeout as error:
            error.result = {**error.result, **self.found()}
            raise
        except CloudError as error:
            raise TaskFailure(str(error), **{**error.result, **self.found()}) from error

    def raise_failures(self, what: str) -> None:
        """Raise TaskFailure naming the instances that failed, if there are any: "2 of 5 instances `what`: …"."""
        failed = [fate for fate in self.values() if fate.failed]
        if failed:
            reasons = "; ".join(f"{fate.instance_id} ({fate.name}): {fate.message}" for fate in failed)
            text = f"{len(failed)} of {len(self)} instances {what}: {reasons}"
            raise TaskFailure(text, error=failed[0].error, **self.found())


def is_refusal(error: ApiError) -> bool:
    """Whether the service refused a call because of what it names, so that a part of it may be accepted.

    A client token that belongs to another request is no such reason: no part of the call is what it stands for.
    """
    status = error.http_status or 0
    return 400 <= status < 500 and status != 429 and not error.code.startswith(("Throttling", "Idempotent"))


def is_rehearsed(error: ApiError) -> bool:
    """Whether the error is how the service reports a successful DryRun."""
    return error.code.lower().startswith("dryrun")
