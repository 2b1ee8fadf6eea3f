# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Record what a task does to each of many things, predicted or carried out, and keep the record when the task fails.

Every change of many things follows one protocol: its constructor or ``plan`` finds out what has to be done, then
``predict`` notes what would happen, or ``carry_out`` does it. Both leave the record in ``changes``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import CloudError, Defect, TaskFailure, WaitTimeout
from .printable import some_of
from .wait import Deadline, poll

ABSENT = "absent"
"""Our own status for something that does not exist."""


@dataclass(kw_only=True)
class Change:
    """What was found of one thing, what is done to it, and how that ended. Subclasses add the facts."""

    changed: bool = False
    message: str | None = None
    error: dict[str, Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether it failed to reach the desired state."""
        return self.error is not None

    @property
    def label(self) -> str:
        """Return the name of the thing in messages."""
        raise NotImplementedError

    @property
    def condition(self) -> str:
        """Return how the thing was when it was last looked at, for a message."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Return what the entry in ``results`` always has, without ``changed``."""
        raise NotImplementedError

    def fail(self, message: str, error: Mapping[str, Any] | None = None) -> None:
        """Note why it cannot reach the desired state; ``error`` is the service's error block."""
        self.message = message
        self.error = dict(error or {"message": message})

    def as_dict(self) -> dict[str, Any]:
        """Return the entry in ``results``."""
        entry = {**self.facts(), "changed": self.changed}
        if self.message:
            entry["msg"] = self.message
        if self.error:
            entry["error"] = self.error
        return entry


C = TypeVar("C", bound=Change)


class Changes(dict[str, C]):
    """The changes of all things of a task, by id, in the order of its results."""

    @property
    def changed(self) -> bool:
        """Whether anything was changed, or would be after a prediction."""
        return any(change.changed for change in self.values())

    def results(self) -> list[dict[str, Any]]:
        """Return the entry of each thing."""
        return [change.as_dict() for change in self.values()]

    def as_result(self) -> dict[str, Any]:
        """Return what the task's result has, also when the task fails."""
        return {"changed": self.changed, "results": self.results()}

    @contextlib.contextmanager
    def reporting_on_failure(self) -> Iterator[None]:
        """Add all entries to the ``result`` of an error raised inside, as TaskFailure or WaitTimeout."""
        try:
            yield
        except (WaitTimeout, TaskFailure) as error:
            error.result = {**error.result, **self.as_result()}
            raise
        except CloudError as error:
            raise TaskFailure(str(error), **{**error.result, **self.as_result()}) from error
        except Exception as error:  # what has been changed must be reported, even after a defect
            raise TaskFailure(str(Defect(error)), **self.as_result()) from error

    def wait_for(
        self,
        waiting: set[str],
        look: Callable[[], None],
        *,
        deadline: Deadline,
        progress: Callable[[str], None],
        what: str,
        done: str | None = None,
        left: str = "Still waiting for",
    ) -> None:
        """Call ``look`` until it has taken every id out of ``waiting``, and report after each look how many it has.

        ``what`` says in the error what was waited for ("instances are gone"), ``done`` in the report what has happened
        to those that are out, if that differs. Raises WaitTimeout that names the rest, after the words ``left``.
        """
        total = len(waiting)

        def probe() -> bool | None:
            look()
            progress(f"{total - len(waiting)}/{total} {done or what}")
            return None if waiting else True

        if not waiting:
            return
        try:
            poll(probe, deadline, f"waiting until the {what}")
        except WaitTimeout as error:
            rest = some_of(f"{key} ({change.condition})" for key, change in self.items() if key in waiting)
            raise WaitTimeout(f"{error}. {left}: {rest}") from error

    def raise_failures(self, what: str) -> None:
        """Raise TaskFailure naming the instances that failed, if there are any: "2 of 5 instances ``what``: ..."."""
        failed = [change for change in self.values() if change.failed]
        if failed:
            reasons = some_of((f"{change.label}: {change.message}" for change in failed), separator="; ")
            text = f"{len(failed)} of {len(self)} instances {what}: {reasons}"
            raise TaskFailure(text, error=failed[0].error, **self.as_result())
