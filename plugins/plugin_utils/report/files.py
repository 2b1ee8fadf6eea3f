# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The files of a report: their names, and writing them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import timezone
from pathlib import Path

from ...module_utils.common.atomic_file import write_private
from ...module_utils.common.errors import MissingLibrary, TaskFailure
from ...module_utils.common.shared_file import locked
from .junit import junit_of
from .page import Report, index_page

EXTENSIONS = {"html": "html", "json": "json", "junit": "xml"}
"""The formats of a report, and the extensions of their files."""

INDEX = "index.html"


def write_files(
    report: Report, folder: Path, name: str, formats: Collection[str], warn: Callable[[str], None]
) -> dict[str, str]:
    """Write the files of a report and the page that lists all reports of the folder; return their paths by format.

    The names hold the time, and no file is overwritten. Without the library for JUnit XML the other files are written,
    with a warning. Raises TaskFailure if nothing can be written.
    """
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        # reports that are written at the same moment must not take the same name, nor leave one another off the index
        with locked(folder):
            stem = _free_stem(folder, f"{name}-{report.written_at.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}")
            written = {}
            for format_name in EXTENSIONS:
                if format_name not in formats:
                    continue
                path = folder / f"{stem}.{EXTENSIONS[format_name]}"
                try:
                    write_private(path, _pieces(report, format_name))
                except MissingLibrary as error:
                    if len(formats) == 1:
                        raise
                    warn(f"The report was not written as JUnit XML: {error}")
                    continue
                written[format_name] = str(path)
            if "html" in written:
                write_private(folder / INDEX, index_page(folder))
                written["index"] = str(folder / INDEX)
    except OSError as error:
        raise TaskFailure(f"dest: {folder} cannot be written to: {error.strerror or error}") from error
    return written


def _pieces(report: Report, format_name: str) -> Iterable[str]:
    if format_name == "html":
        return report.page()
    return report.document() if format_name == "json" else [junit_of(report.title, report.entries)]


def _free_stem(folder: Path, stem: str) -> str:
    """Return the stem, with a number behind it where a report of that name exists."""
    number = 1
    found = stem
    while any((folder / f"{found}.{extension}").exists() for extension in EXTENSIONS.values()):
        number += 1
        found = f"{stem}-{number}"
    return found
