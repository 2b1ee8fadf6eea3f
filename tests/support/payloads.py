# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layouts of a module's payload in the releases of ansible-core: the lines that matter, and how much is between."""

from __future__ import annotations

import base64
import io
import json
import random
import re
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "unit/plugins/module_utils/cloud_assistant/connection/data"
"""One file for each release: lines, and numbers of bytes of text between them."""

_MASKS = (
    (re.compile(r"'UEsDB[A-Za-z0-9+/=]+'"), "'ARCHIVE'"),
    (re.compile(r"""(ANSIBALLZ_PARAMS = |params=)'.*'"""), r"\1'PARAMS'"),
    (re.compile(r"(zinfo\.date_time = |datetime\.datetime)\(\d.*\)"), r"\1(DATE)"),
    (re.compile(r"^#!.*python[\d.]*"), "#!/usr/bin/python3"),
)
_OF_INTEREST = re.compile(r"#!|^ansible_module=|^module_fqn=|'(?:ARCHIVE|PARAMS)'|\(DATE\)")

Layout = list[str | int]


def layout_of(payload: str) -> Layout:
    """Return the layout of a payload that a release has made."""
    found: Layout = []
    for line in payload.splitlines(keepends=True):
        masked = line
        for pattern, text in _MASKS:
            masked = pattern.sub(text, masked)
        if _OF_INTEREST.search(masked):
            found.append(masked)
        elif found and isinstance(found[-1], int):
            found[-1] += len(line)
        else:
            found.append(len(line))
    return found


def lines_of(layout: Layout) -> list[str]:
    """Return the lines of a layout; how much is between two differs by the paths in it."""
    return [part if isinstance(part, str) else "..." for part in layout]


def recorded() -> dict[str, Layout]:
    """Return the recorded layouts by release, such as 2.19."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def payload(layout: Layout, params: str, second: int) -> bytes:
    """Return a payload of that layout with these parameters, made in that second of a minute."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        time = zipfile.ZipInfo("ansible/modules/ping.py", (2026, 11, 28, 1, 2, second))
        archive.writestr(time, random.Random(1).randbytes(2000).hex())
    values = {
        "'ARCHIVE'": f"'{base64.b64encode(file.getvalue()).decode()}'",
        "'PARAMS'": f"'{params}'",
        "(DATE)": f"(2026, 11, 28, 1, 2, {second})",
    }
    text = ""
    for part in layout:
        line = "#" * (part - 1) + "\n" if isinstance(part, int) else part
        for name, value in values.items():
            line = line.replace(name, value)
        text += line
    return text.encode()
