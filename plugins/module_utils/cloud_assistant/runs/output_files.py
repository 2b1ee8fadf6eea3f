# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Write the output of each instance to files of its own, instead of carrying it in the task's result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...common.atomic_file import replacing
from ...common.printable import names_of
from ...common.spooled import Spooled, bytes_of
from ..models import InstanceResult
from .outcome import RunOutcome, by_reason


def write_outputs(
    folder: Path, outcome: RunOutcome, redact: Callable[[dict[str, Any]], dict[str, Any]], warn: Callable[[str], None]
) -> None:
    """Write ``<instance id>.stdout`` and, if there is any, ``<instance id>.stderr``, and take both out of the results.

    ``redact`` masks the values of secret options. Where a file cannot be written, the result keeps the output.
    """
    results: list[InstanceResult] = []
    problems: list[tuple[str, str]] = []
    for result in outcome.results:
        if result.output is None:
            results.append(result)
            continue
        try:
            files = _write(folder, result, redact)
        except OSError as error:
            problems.append((result.instance_id, error.strerror or str(error)))
            results.append(result)
        else:
            # the end of it is what a message may quote
            results.append(replace(result, files=files))
    outcome.results = results
    for reason, ids in by_reason(problems).items():
        names = names_of(ids, "instance")
        warn(f"output_dir: the output of {names} could not be written, so the task returns it: {reason}")


def _write(folder: Path, result: InstanceResult, redact: Callable[[dict[str, Any]], dict[str, Any]]) -> tuple[str, ...]:
    """Write the files of an instance byte by byte, and remove one of an earlier run that this run has no output for."""
    texts = {"stdout": _text(result.output) if result.stderr is not None else result.stdout or ""}
    errors = _text(result.stderr)
    if errors:
        texts["stderr"] = errors
    paths = []
    for stream, text in redact(texts).items():
        path = folder / f"{result.instance_id}.{stream}"
        with replacing(path) as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        paths.append(str(path))
    if not errors:
        (folder / f"{result.instance_id}.stderr").unlink(missing_ok=True)
    return tuple(paths)


def _text(data: bytes | Spooled | None) -> str:
    """Return bytes as text in which secrets are found, and from which the same bytes can be made again."""
    return (bytes_of(data) or b"").decode("utf-8", "surrogateescape")
