# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Show the streams of a script where the service has the report of the wrapper that kept them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...common.printable import names_of
from ...common.spooled import bytes_of
from ..models import InstanceResult
from .capture import Report, read_report


def report_of(result: InstanceResult) -> Report | None:
    """Return the report of the wrapper in the output of a run that has ended, None if it is an output of its own."""
    return None if result.live or result.dropped else read_report(bytes_of(result.output))


def with_streams(result: InstanceResult, report: Report) -> InstanceResult:
    """Return the result with the streams that the report holds, or without output where it does not hold them."""
    if report.streams is None:  # only the wrapper's own lines are known, and how much there was
        return replace(result, output=b"", stderr=b"", dropped=report.size)
    streams = report.streams
    return replace(result, output=streams.stdout, stderr=streams.stderr, dropped=streams.dropped)


def read_captured(results: Iterable[InstanceResult]) -> tuple[list[InstanceResult], str | None]:
    """Return results of any runs with the streams of their scripts, and a warning about those that are not at hand."""
    shown, elsewhere = [], []
    for result in results:
        report = report_of(result)
        if report is not None and report.streams is None:
            elsewhere.append(result.instance_id)
        shown.append(result if report is None else with_streams(result, report))
    if not elsewhere:
        return shown, None
    return shown, (
        f"output: the service does not have the complete output of {names_of(elsewhere, 'instance')}. While it "
        "exists there, the task that ran the script with output: complete fetches it when it is started again with the "
        "same idempotency_key or client_token"
    )
