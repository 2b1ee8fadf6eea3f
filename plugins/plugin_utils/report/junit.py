# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The report as JUnit XML, for CI systems."""

from __future__ import annotations

import io
from collections.abc import Iterable

from ...module_utils.cloud_assistant.grouping import FAILED
from ...module_utils.common.errors import MissingLibrary
from ...module_utils.common.printable import visible
from .entries import BACK, Entry


def junit_of(title: str, entries: Iterable[Entry]) -> str:
    """Return the XML document: a suite per phase, a test case per instance. Raises MissingLibrary."""
    try:
        from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite
    except ImportError as error:
        raise MissingLibrary("junitparser") from error
    title = visible(title)
    suites: dict[str, list[TestCase]] = {}
    for entry in entries:
        phase = entry.phase or "run"
        seconds = sum(run.seconds for run in entry.runs)
        case = TestCase(entry.id, classname=f"{title}.{phase}", time=round(seconds, 3))
        if entry.css_class in (FAILED, BACK):
            case.result = [Failure(_message(entry), entry.status)]
        elif entry.css_class != "success":
            case.result = [Skipped(_message(entry))]
        case.system_out = _output(entry)
        suites.setdefault(phase, []).append(case)
    document = JUnitXml(title)
    for phase, cases in suites.items():
        suite = TestSuite(phase)
        suite.add_testcases(cases)
        document.append(suite)
    document.update_statistics()
    written = io.BytesIO()
    document.write(written)
    return written.getvalue().decode("utf-8")


def _message(entry: Entry) -> str:
    own = [visible(text) for text in (entry.ending.error_code, entry.ending.error_info) if text]
    return ": ".join(own) or entry.reason or entry.status


def _output(entry: Entry) -> str:
    if not entry.steps:
        return entry.output
    return "\n".join(f"{step.phase}: {step.status}\n{step.output}" for step in entry.steps)
