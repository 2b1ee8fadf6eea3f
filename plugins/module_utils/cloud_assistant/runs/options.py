# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The options that running a script and invoking a stored command share, and the result of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...alibaba.client import Client
from ...common.atomic_file import check_writable, write_private
from ...common.printable import counted
from ...common.redact import MASK
from ..models import REPEAT_MODES, TERMINATION_MODES
from ..states import SKIPPED
from ..targets import MAX_BATCH, Targets
from .completing import run_with_output
from .outcome import SHOWN_RESULTS, RunOutcome
from .output_files import write_outputs
from .parts import MAX_OUTPUT
from .request import RunRequest
from .run import CHECK_MODE
from .spool import spool_in

if TYPE_CHECKING:
    from ...common.task import TaskContext
    from .spool import Store

RUN_OPTIONS: dict[str, dict[str, Any]] = {
    "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
    "instance_names": {"type": "list", "elements": "str", "aliases": ["instance_name"]},
    "resource_tags": {"type": "dict"},
    "resource_group_id": {"type": "str"},
    "parameters": {"type": "dict"},
    "secret_parameters": {"type": "dict", "no_log": True},
    "username": {"type": "str"},
    # the name of an entry in the parameter store, not a password
    "windows_password_name": {"type": "str", "no_log": False},
    "working_dir": {"type": "str"},
    "timeout": {"type": "int"},
    "launcher": {"type": "str"},
    "termination_mode": {"type": "str", "choices": list(TERMINATION_MODES)},
    "container_id": {"type": "str"},
    "container_name": {"type": "str"},
    "repeat_mode": {"type": "str", "choices": list(REPEAT_MODES)},
    "frequency": {"type": "str"},
    "timed": {"type": "bool"},
    "tags": {"type": "dict"},
    "oss_output_delivery": {"type": "str"},
    "client_token": {"type": "str", "no_log": False},
    "idempotency_key": {"type": "str", "no_log": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int"},
    "batch_size": {"type": "int", "default": MAX_BATCH},
    "max_concurrent_batches": {"type": "int"},
    "max_failures": {"type": "int"},
    "unready": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
    "success_rcs": {"type": "list", "elements": "int", "default": [0]},
    "results": {"type": "str", "choices": list(SHOWN_RESULTS), "default": "all"},
    "results_file": {"type": "path"},
}

OUTPUT_OPTIONS: dict[str, dict[str, Any]] = {
    "output": {"type": "str", "choices": ["kept", "complete"], "default": "kept"},
    "max_output": {"type": "int", "default": MAX_OUTPUT},
    "output_dir": {"type": "path"},
}
"""Options of a run whose script is at hand."""

_NOT_OF_THE_REQUEST = (
    "instance_ids",
    "instance_names",
    "resource_tags",
    "resource_group_id",
    "results",
    "results_file",
)
_PASSED_THROUGH = tuple(name for name in RUN_OPTIONS if name not in _NOT_OF_THE_REQUEST)

SHOWN_TARGETS = 20
"""Instances that a diff lists."""


def request_from(
    params: Mapping[str, Any], *, check_mode: bool, warn: Callable[[str], None], **what: Any
) -> RunRequest:
    """Return the request that the options of a task describe, checked as far as possible without the service.

    ``what`` are the options that say what runs. Raises InputError.
    """
    targets = Targets.of_options(params, warn=warn)
    names = (*_PASSED_THROUGH, *OUTPUT_OPTIONS)
    given = {name: params[name] for name in names if params.get(name) is not None}
    request = RunRequest.of(targets, dry_run=check_mode, **given, **what)
    request.check(params["api_generation"])
    if request.output.captured:
        request.captured()  # what cannot be wrapped is refused before the first request
    warnings = (*request.payload.warnings(), *request.run_as.warnings(request.payload))
    for text in (*warnings, *(f"frequency: {note}" for note in request.when.notes())):
        warn(text)
    return request


def perform(client: Client, request: RunRequest, task: TaskContext) -> dict[str, Any]:
    """Run the request and return the task's result. Raises CloudError with the same keys when it failed.

    With ``no_log`` its message quotes no output.
    """
    file = task.params["results_file"]
    place = check_writable("results_file", file) if file is not None else None
    folder = request.output.output_dir
    if folder is not None:
        check_writable("output_dir", f"{folder}/instance.stdout")
    # outputs that a file takes in the end wait on its disk
    with spool_in(place.parent if place else Path(folder) if folder else None) as store:
        return _perform(client, request, task, place, store)


def _perform(
    client: Client, request: RunRequest, task: TaskContext, place: Path | None, store: Store
) -> dict[str, Any]:
    folder = request.output.output_dir
    outcome = run_with_output(client, request, progress=task.progress, warn=task.warn, store=store)
    if folder is not None and not request.dry_run:
        write_outputs(Path(folder), outcome, task.redact, task.warn)
    outcome.quote_output = not task.no_log
    outcome.shown = task.params["results"]
    extra: dict[str, Any] = {"diff": run_diff(request, outcome)} if task.diff_mode and outcome.changed else {}
    if place is not None and not request.dry_run:
        extra.update(_write_results(place, outcome, task))
    failure = outcome.failure()
    if failure is not None:
        failure.result.update(extra)
        raise failure
    return {**outcome.as_dict(), **extra}


def _write_results(place: Path, outcome: RunOutcome, task: TaskContext) -> dict[str, str]:
    """Write every result to a file, one JSON object per line, and return what the task's result says of it.

    Where that fails, the task's result holds all of them, so that nothing is lost.
    """
    try:
        write_private(place, (f"{task.as_json(result.as_dict())}\n" for result in outcome.results))
    except OSError as error:
        outcome.shown = "all"
        task.warn(f"results_file: {place} could not be written, so the task returns all results: {error.strerror}")
        return {}
    return {"results_file": str(place)}


def run_diff(request: RunRequest, outcome: RunOutcome) -> dict[str, str]:
    """Return what was run, or would be, as a diff: the instances, the parameters (secrets masked) and the script."""
    started = [
        result.instance_id
        for result in outcome.results
        if not result.previous and (result.status != SKIPPED or result.error_code == CHECK_MODE)
    ]
    lines = [f"# on {instance_id}" for instance_id in started[:SHOWN_TARGETS]]
    if len(started) > SHOWN_TARGETS:
        lines.append(f"# and {len(started) - SHOWN_TARGETS} more")
    payload, frequency = request.payload, request.when.frequency
    lines += [f"# frequency {frequency}"] if frequency else []
    lines += [f"# {name} = {value}" for name, value in payload.parameters.items()]
    lines += [f"# {name} = {MASK}" for name in payload.secret_parameters]
    script = outcome.script.text if outcome.script else ""
    what = payload.command_name or payload.command_id or payload.type
    return {
        "before_header": f"{what}: not run",
        "before": "",
        "after_header": f"{what} on {counted(len(started), 'instance')}",
        "after": "".join(f"{line}\n" for line in lines) + script,
    }
