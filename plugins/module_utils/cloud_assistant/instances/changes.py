# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""What a task does to an ECS instance, and what the service's answers to a change mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ...common.changes import ABSENT, Change, Changes
from ...common.errors import ApiError, TaskFailure
from .selection import Row

WRONG_STATUS = "IncorrectInstanceStatus"
"""How the error codes begin that refuse a change because of the status of the instance."""
DELETED_MEANWHILE = "was deleted by another user or program in the meantime"

R = TypeVar("R")


@dataclass
class InstanceChange(Change):
    """What was found of one instance, what is done to it, and how that ended."""

    instance_id: str
    name: str = ""
    status_before: str = ABSENT
    status: str = ABSENT
    action: str = "none"

    @classmethod
    def of_row(cls, row: Row) -> InstanceChange:
        """Return the change of an instance that exists, nothing done yet."""
        status = str(row.get("Status") or "")
        return cls(row["InstanceId"], str(row.get("InstanceName") or ""), status, status)

    @property
    def label(self) -> str:
        """See Change."""
        return f"{self.instance_id} ({self.name})"

    @property
    def condition(self) -> str:
        """See Change."""
        return self.status

    def facts(self) -> dict[str, Any]:
        """See Change."""
        return {
            "instance_id": self.instance_id,
            "name": self.name,
            "status_before": self.status_before,
            "status": self.status,
            "action": self.action,
        }


InstanceChanges = Changes[InstanceChange]


def is_refusal(error: ApiError) -> bool:
    """Return whether the service rejected a call because of what it names, so that a part of it may be accepted.

    A client token that belongs to another request rejects every part of the call.
    """
    status = error.http_status or 0
    return 400 <= status < 500 and status != 429 and not error.code.startswith(("Throttling", "Idempotent"))


def ask_for_each(
    instance_ids: Sequence[str], ask: Callable[[Sequence[str]], R], refused: Callable[[str, ApiError], None]
) -> Iterator[tuple[Sequence[str], R]]:
    """Yield what ``ask`` returns for the instances: together or, where that is refused because of some, one by one.

    ``refused`` gets an instance that was refused alone. Each answer is given out before the next one is asked for, so
    that it can be noted. Raises what ``ask`` raises, unless it is such a refusal.
    """
    try:
        answer = ask(instance_ids)
    except ApiError as error:
        if not is_refusal(error):
            raise
        if len(instance_ids) == 1:
            refused(instance_ids[0], error)
            return
    else:
        yield instance_ids, answer
        return
    for instance_id in instance_ids:
        yield from ask_for_each([instance_id], ask, refused)


def dry_run(
    operation: str, instance_ids: Sequence[str], ask: Callable[[Sequence[str]], object], changes: InstanceChanges
) -> list[str]:
    """Return the instances on which the service would act: ``ask`` makes the call with DryRun. Note its refusals.

    Raises TaskFailure if the service has acted, and what ``ask`` raises.
    """

    def rehearse(some: Sequence[str]) -> None:
        try:
            ask(some)
        except ApiError as error:
            # this is how the service reports a successful DryRun
            if not error.code.lower().startswith("dryrun"):
                raise
        else:
            text = f"{operation}: the service carried out a request that was marked DryRun"
            raise TaskFailure(text, **changes.as_result())

    def refused(instance_id: str, error: ApiError) -> None:
        changes[instance_id].fail(str(error), error.as_dict())

    return [instance_id for some, _none in ask_for_each(instance_ids, rehearse, refused) for instance_id in some]
