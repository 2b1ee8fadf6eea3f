# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The outcome of a run, as data and as text for the user."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...common.errors import ApiError, CloudError, TaskFailure, WaitTimeout
from ...common.printable import some_of, visible
from ...common.spooled import bytes_of
from ..grouping import Ending, Summary, group
from ..instances.readiness import UNREADY, UNREADY_RESULTS
from ..invocations.listing import first_invoke_id
from ..models import InstanceResult
from ..scripts import ScriptContent
from ..states import SKIPPED
from .hints import result_hints
from .judging import POWER_TEXTS
from .request import RunRequest
from .sending import NOT_STARTED, Sent

SHOWN_RESULTS = ("all", "failed", "none")
"""The choices of the option ``results``."""
SINGLE_KEYS = ("rc", "stdout", "stdout_lines", "stderr", "stderr_lines", "output_files")
"""Keys of the result of a single instance that are also at the top of the task's result."""
SHOWN_GROUPS = 10
"""Reasons to fail that a message gives, each with its instances."""
SHOWN_INSTANCES = 10
"""Instances, or errors, that a message or a warning describes; the results hold all of them."""
SHOWN_LINES = 3
"""Last lines of output that a message quotes of each."""
SHOWN_WIDTH = 160
"""Characters of each such line."""


@dataclass
class RunOutcome:
    """The end of a run: one result for each instance asked for, in the order asked for.

    ``changed`` says whether this run, and not an earlier one, started something. ``errors`` are calls that failed
    while others went well. ``script`` is what ran. ``client_token`` starts the very same run again, without running
    anything twice; with ``by_key`` the idempotency key does that. ``quote_output``: whether a message may show the end
    of an instance's output. ``shown`` is a word of SHOWN_RESULTS: the results that the task returns.
    ``request`` is what was asked for, whose options the hints of a message name.
    """

    results: list[InstanceResult] = field(default_factory=list)
    invoke_ids: list[str] = field(default_factory=list)
    command_id: str = ""
    script: ScriptContent | None = None
    changed: bool = False
    client_token: str | None = None
    by_key: bool = False
    quote_output: bool = True
    shown: str = "all"
    request: RunRequest | None = None
    errors: list[CloudError] = field(default_factory=list)

    def add(self, started: Iterable[Sent], errors: Iterable[CloudError], *, changed: bool) -> None:
        """Take over what a rollout has started, and what went wrong with it."""
        for sent in started:
            self.invoke_ids.append(sent.invoke_id)
            self.command_id = sent.command_id or self.command_id
        self.invoke_ids = list(dict.fromkeys(self.invoke_ids))
        self.errors += errors
        self.changed = changed

    @property
    def summary(self) -> Summary:
        """The counts of the results."""
        return Summary.of(self.results)

    @property
    def failed_instances(self) -> list[str]:
        """The ids of the instances on which the run failed."""
        return [result.instance_id for result in self.results if result.failed]

    @property
    def _shown_results(self) -> list[InstanceResult]:
        if self.shown == "failed":
            return [result for result in self.results if result.failed]
        return [] if self.shown == "none" else self.results

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as a task's result shows it; a single instance's output is also at the top."""
        would_start = self.changed and self.request is not None and self.request.dry_run
        record: dict[str, Any] = {
            "changed": self.changed,
            "invoke_ids": self.invoke_ids,
            "invoke_id": first_invoke_id(self.invoke_ids, would_start=would_start),
            "command_id": self.command_id,
            "summary": self.summary.as_dict(),
            "failed_instances": self.failed_instances,
            "results": [result.as_dict() for result in self._shown_results],
        }
        if self.client_token is not None:
            record["client_token"] = self.client_token
        if len(self.results) == 1:
            single = self.results[0].as_dict()
            record.update({key: single[key] for key in SINGLE_KEYS if key in single})
        return record

    def failure(self) -> CloudError | None:
        """Return the error to raise for this outcome, with everything that was found; None if everything succeeded."""
        explained = {getattr(error, "api_message", str(error)) for error in self.errors}
        lines = failing_lines(self.results, explained, quote=self.quote_output)
        hints = result_hints(self.results, self.request) if self.request else []
        return failure_of([*lines, *hints, *self._error_lines(), *self._nothing_started()], self.errors, self.as_dict)

    def raise_for_failure(self) -> None:
        """Raise what ``failure`` returns, if anything."""
        error = self.failure()
        if error:
            raise error

    def _nothing_started(self) -> list[str]:
        """Explain that a run on many instances was stopped by a few, and how to run on the others."""
        skip = self.request is None or self.request.pacing.skip or self.request.dry_run
        if skip or self.invoke_ids or not any(result.error_code in UNREADY for result in self.results):
            return []
        others = any(result.error_code == NOT_STARTED for result in self.results)
        return [f"Nothing was started.{' To run on the other instances, use unready: skip.' if others else ''}"]

    def _error_lines(self) -> list[str]:
        """Return the errors, and how the task can be started again without running anything twice."""
        lines = error_lines(self.errors)
        if any(error.may_have_taken_effect for error in self.errors):
            if self.by_key:
                left = "instances that succeeded or are still running are skipped"
                lines.append(f"To continue, run the task again: with its idempotency_key, {left}.")
            elif self.client_token:
                token = self.client_token
                lines.append(f"To continue without running anything twice, add client_token: {token} to the task.")
        return lines


def error_lines(errors: Iterable[CloudError]) -> list[str]:
    """Return the lines of a message about errors, a few of many: of calls that failed alike, the first is shown."""
    texts = [
        f"{same[0]} ({len(same) - 1} more like this)" if len(same) > 1 else str(same[0])
        for same in group_errors(errors)
    ]
    more = [f"… and {len(texts) - SHOWN_INSTANCES} more errors"] if len(texts) > SHOWN_INSTANCES else []
    return texts[:SHOWN_INSTANCES] + more


def group_errors(errors: Iterable[CloudError]) -> list[list[CloudError]]:
    """Return the errors in groups of the same text. The ids of their requests may differ."""
    groups: dict[str, list[CloudError]] = {}
    for error in errors:
        text = str(error)
        if isinstance(error, ApiError) and error.request_id:
            text = text.replace(error.request_id, "")
        groups.setdefault(text, []).append(error)
    return list(groups.values())


def failure_of(
    lines: Sequence[str], errors: Sequence[CloudError], as_dict: Callable[[], dict[str, Any]]
) -> CloudError | None:
    """Return the error whose message has these lines, with what was found, and with the service's first error.

    It is a WaitTimeout if one of the errors is; None where there are no lines.
    """
    message = "\n".join(lines)
    if not message:
        return None
    kind = WaitTimeout if any(isinstance(error, WaitTimeout) for error in errors) else TaskFailure
    details = next((error.result for error in errors if error.result), {})
    return kind(message, **{**details, **as_dict()})


def failing_lines(
    results: Sequence[InstanceResult], explained: Collection[str] = (), *, quote: bool = True
) -> list[str]:
    """Return the lines of a message about the failing instances: how many, then one line per reason; [] if none failed.

    ``explained`` are reasons that the message gives elsewhere, once for all the instances that they hold for. ``quote``
    adds the end of their output.
    """
    failing = [result for result in results if result.failed]
    if not failing:
        return []
    noun = "instance" if len(results) == 1 else "instances"
    lines = [f"{len(failing)} of {len(results)} {noun} failed:"]
    own = [result for result in failing if result.error_info not in explained]
    groups = group(ending_of(result, quote=quote) for result in own)
    by_id = {result.instance_id: result for result in own}
    for one in groups[:SHOWN_GROUPS]:
        [first, *more] = one.instance_ids
        lines.append(one.line() if more else describe(by_id[first], quote=quote))
    left = sum(len(one.instance_ids) for one in groups[SHOWN_GROUPS:])
    if left:
        lines.append(f"… and {left} more in {len(groups) - SHOWN_GROUPS} groups, see failed_instances")
    skipped = sum(1 for result in results if result.status == SKIPPED)
    if skipped:
        lines.append(f"{skipped} skipped")
    return lines


def ending_of(result: InstanceResult, *, quote: bool) -> Ending:
    """Return what is compared of the result; without ``quote`` nothing of the output."""
    line = last_lines(result)[-1:] if quote else []
    return Ending(
        instance_id=result.instance_id,
        status=result.status,
        rc=result.rc,
        error_code=result.error_code,
        error_info=result.error_info,
        line="".join(line),
    )


def describe(result: InstanceResult, *, quote: bool = True) -> str:
    """Return one line on a failing instance: exit code or state, the service's reason, the end of the output."""
    if result.status == "Failed" and result.rc is not None:
        text = f"{result.instance_id}: exit code {result.rc}"
        if result.power_action:
            text += f", after which the agent {POWER_TEXTS[result.power_action]}"
    else:
        code = f" {result.error_code}" if result.error_code else ""
        text = f"{result.instance_id}: {result.status}{code}"
        if result.error_info:
            text += f": {result.error_info}"
    quoted = last_lines(result) if quote else []
    return f"{text.rstrip('.')}; output ends: {' | '.join(quoted)}" if quoted else text


def last_lines(result: InstanceResult) -> list[str]:
    """Return the last lines of an instance's output, cut to a readable width."""
    output = bytes_of(result.stderr) or bytes_of(result.output)
    if not output:
        return []
    # more than enough for the lines wanted, and little to decode of each of many instances
    tail = visible(output[-SHOWN_LINES * SHOWN_WIDTH * 4 :].decode("utf-8", "replace"))
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    return [line if len(line) <= SHOWN_WIDTH else f"…{line[1 - SHOWN_WIDTH :]}" for line in lines[-SHOWN_LINES:]]


def by_reason(problems: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the ids of instances by their reasons, from pairs of an id and a reason; one that has none is left out.

    A message then has one line per reason, however large the fleet is.
    """
    reasons: dict[str, list[str]] = {}
    for instance_id, reason in problems:
        if reason:
            reasons.setdefault(reason, []).append(instance_id)
    return reasons


def dropped_warning(results: Sequence[InstanceResult]) -> str | None:
    """Return a warning about output that the service cut and no bucket has, None where there is none."""
    cut = [result for result in results if result.dropped and result.oss_output_status != "Finished"]
    if not cut:
        return None
    shown = some_of((f"{result.instance_id} lost {result.dropped} bytes" for result in cut), SHOWN_INSTANCES)
    return (
        "The service keeps only 24 KB of the output of each instance, and drops the middle of longer "
        f"output: {shown}. "
        "To keep all of it, use output: complete (ecs_run_command) or oss_output_delivery."
    )


def skipped_warning(results: Sequence[InstanceResult]) -> str | None:
    """Return a warning about instances that ``unready: skip`` left out, None where there are none."""
    left = [result for result in results if result.status == SKIPPED and result.error_code in UNREADY | UNREADY_RESULTS]
    if not left:
        return None
    shown = some_of((f"{result.instance_id}: {result.error_info}" for result in left), SHOWN_INSTANCES, "; ")
    return f"Skipped {len(left)} of {len(results)} instances: {shown}"


def delivery_warning(results: Sequence[InstanceResult]) -> str | None:
    """Return a warning about outputs that did not reach their bucket, None where all did or none should."""
    late = [result for result in results if result.oss_output_status not in ("", "Finished")]
    if not late:
        return None
    reasons = (f"{result.instance_id} {result.oss_output_error or result.oss_output_status}" for result in late)
    shown = some_of(reasons, SHOWN_INSTANCES, "; ")
    return f"oss_output_delivery: {len(late)} of {len(results)} outputs were not delivered: {shown}"
