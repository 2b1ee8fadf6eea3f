# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that no option expects, and a machine on which the first request ends the trial."""

from __future__ import annotations

import math
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport

from .figures import FILE
from .share import WHOLE


def nested(levels: int) -> Any:
    """Return a value within so many dictionaries."""
    value: Any = "x"
    for _level in range(levels):
        value = {"k": value}
    return value


# refused for every option, and for ``content`` where it is marked so
NEVER: list[tuple[Any, bool]] = [
    ("half a pair \ud83d", False),
    ("latin-1 \udce9", False),
    ("nul \0", False),
    (["list", "\ud83d"], False),
    ({"k": "nul \0"}, False),
    ({"\ud83d": "v"}, False),
    (math.inf, True),
    (-math.inf, True),
    (math.nan, True),
    ([math.nan], True),
    (10**40, True),
    (-(10**40), True),
    (10**5000, True),
    ({"k": 10**40}, True),
    (nested(100), True),
]
TEXTS = [
    "",
    " ",
    "\n",
    "a\nb",
    "\t",
    "\x1b[31mred",
    "\x7f\x85",
    "x" * 10_000,
    "日本",
    "\U0001f680" * 40,
    "../../etc/passwd",
    "/",
    "//",
    "C:\\",
    "~nobody-here/x",
    "$HOME",
    "-1",
    "0",
    "1e400",
    "9" * 5000,
    "inf",
    "nan",
    "{{a}}",
    "{",
    "[1",
    '{"k": {"k": 1}}',
    "(" * 5000,
    "k=v,k",
    "=",
    "null",
    "http://user:pass@host/",
    "http://[::1",
    "https://host:99999/",
    "%s%n",
    "ACS::x",
    "2026-13-45",
    "i-1 , i-2",
]
OTHERS: list[Any] = [
    -1,
    0,
    1,
    2**31,
    2**63 - 1,
    0.5,
    -1e300,
    True,
    False,
    None,
    [],
    [[]],
    [None],
    [""],
    [" "],
    ["x" * 5000],
    ["a\nb"],
    [1, True, 1.5],
    ["i-1", "i-1"],
    [f"i-{number}" for number in range(300)],
    [{}],
    {},
    {"": ""},
    {"k": None},
    {"k": True},
    {"k": [1]},
    {"k": {"k": {}}},
    {"k" * 500: "v" * 500},
    {"k\n": "v\x1b"},
    {f"k{number}": "v" for number in range(60)},
]


SHARE = 1 if WHOLE or FILE in os.environ else 12
"""One value in so many is tried; where figures are counted, each is."""


def chosen(*names: str) -> bool:
    """Return whether a trial belongs to the share that is tried, which is the same in each run."""
    return zlib.crc32("|".join(names).encode()) % SHARE == 0


class RequestSent(BaseException):
    """Takes the place of the first request; nothing in the collection catches it."""


def cut_off(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have nothing sent, and nothing of this machine known; `folder` is the home and the working directory."""

    def send(*_arguments: Any, **_options: Any) -> None:
        raise RequestSent

    monkeypatch.setattr(HttpTransport, "send", send)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    for prefix in ("ALIBABA_CLOUD", "ALICLOUD", "HUAWEICLOUD", "HW", "OS"):
        for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "ACCESS_KEY", "SECRET_KEY", "REGION_ID", "REGION"):
            monkeypatch.delenv(f"{prefix}_{name}", raising=False)
