# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Scripts: their encoding, their size, and the placeholders between double braces."""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..alibaba.generations import CLASSIC_MAX_CONTENT
from ..common.content import content_bytes, read_content
from ..common.errors import InputError
from .parameters import NAME, check_name

SCRIPT_TYPES = ("RunShellScript", "RunPowerShellScript", "RunBatScript")

MAX_ENCODED_SIZE = 24 * 1024
"""Bytes of script and parameters after Base64 (RunCommand, CommandContent)."""
MAX_NAMES = 20
"""Different parameter names in one script (RunCommand, CommandContent)."""
MAX_SCRIPT_FILE = 1024 * 1024
"""Bytes of a file that are read to find out whether it fits: far more than any generation of the API takes."""
MAX_LAUNCHER_SIZE = 1024
"""Bytes (RunCommand, Launcher)."""

_BRACES = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
# values that the service or the agent puts in: the environment of the run and the parameter store
_BUILT_IN = re.compile(r"acs\s*::|oos\s*:|oos-secret\s*:", re.IGNORECASE)
_SCRIPT_FILE = re.compile(r"ACS::ScriptFileName(\s*\|\s*Ext\(\s*\"?\.?[\w.-]+\"?\s*\))?", re.IGNORECASE)


_WAYS_OUT = (
    "In a script with parameters, the service treats all double braces as placeholders: "
    "pass this text as the value of a "
    "parameter (values are not scanned again), or let Ansible insert the values (src with template: true, the other "
    "braces inside raw) and set enable_parameter: false"
)

_ONE_WORD = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_WINDOWS_DIRECTORY = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_PLAIN_NAME = re.compile(r"[\w.@+=:,-]*")


@dataclass(frozen=True)
class ScriptContent:
    """A script, byte for byte as it will run; nothing changes its line ends."""

    data: bytes

    @classmethod
    def from_text(cls, text: str) -> ScriptContent:
        """Return the content of a script given as text, in UTF-8. Raises InputError if it cannot be encoded."""
        return cls(content_bytes(text))

    @property
    def text(self) -> str:
        """Return the script as text; bytes that are not UTF-8 become U+FFFD."""
        return self.data.decode("utf-8", "replace")

    @property
    def base64(self) -> str:
        """The script as it goes out."""
        return base64.b64encode(self.data).decode("ascii")

    def placeholders(self) -> tuple[str, ...]:
        """Return the custom parameter names in the script, as first written; names are case-insensitive."""
        names: dict[str, str] = {}
        for inner in self._braces():
            if NAME.fullmatch(inner):
                names.setdefault(inner.lower(), inner)
        return tuple(names.values())

    @property
    def uses_built_ins(self) -> bool:
        """Whether the script asks for built-in parameters (``{{ACS::…}}``) or for the parameter store."""
        return any(_BUILT_IN.match(inner) for inner in self._braces())

    def check_size(self, generation: str = "current", parameters: Mapping[str, str] | None = None) -> None:
        """Raise InputError if the script is blank or exceeds the limit of the API's generation."""
        if not self.data.removeprefix(codecs.BOM_UTF8).strip():
            raise InputError("content", "the script is empty, or has only white space")
        if generation == "classic":
            if len(self.data) > CLASSIC_MAX_CONTENT:
                size = len(self.data)
                problem = f"the script has {size} bytes; the classic API accepts at most {CLASSIC_MAX_CONTENT}"
                raise InputError("content", problem)
            return
        size = encoded_size(self.data)
        what = "the script"
        if parameters:
            size += encoded_size(json.dumps(dict(parameters), ensure_ascii=False).encode("utf-8"))
            what = "the script with its parameters"
        if size > MAX_ENCODED_SIZE:
            raise InputError(
                "content", f"{what} has {size} bytes after Base64 encoding; the limit is {MAX_ENCODED_SIZE}"
            )

    def check_names(self) -> None:
        """Raise InputError for double braces that the service does not accept in a script with parameters."""
        for inner in self._braces():
            if _BUILT_IN.match(inner):
                continue
            shown = inner if len(inner) <= 80 else f"{inner[:77]}..."
            try:
                check_name(inner, "content", f"the placeholder {{{{{shown}}}}}")
            except InputError as error:
                raise InputError("content", f"{error.problem}. {_WAYS_OUT}") from None
        names = self.placeholders()
        if len(names) > MAX_NAMES:
            raise InputError("content", f"has {len(names)} different parameters; at most {MAX_NAMES} are allowed")

    def _braces(self) -> list[str]:
        return _BRACES.findall(self.data.decode("utf-8", "replace"))


def encoded_size(data: bytes) -> int:
    """Return the length in bytes of ``data`` after Base64."""
    return (len(data) + 2) // 3 * 4


def encoding_warning(data: bytes) -> str | None:
    """Return a warning about text that is Base64 already and will not be decoded on the instance; else None."""
    word = data.strip()
    if len(word) < 8 or len(word) % 4 or not _ONE_WORD.fullmatch(word):
        return None
    try:
        text = base64.b64decode(word, validate=True).decode("utf-8")
    except ValueError:
        return None
    printable = all(char.isprintable() or char in "\t\r\n" for char in text)
    if not printable or not (text.startswith("#!") or any(char in " \r\n" for char in text)):
        return None
    return "The content looks like Base64 and is sent unchanged; give plain text, because the module encodes it"


def shell_warnings(data: bytes) -> list[str]:
    """Return warnings about the bytes of a shell script that a Linux shell trips over."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["The script is encoded in UTF-16, which a Linux shell cannot read; save it as UTF-8"]
    found = []
    if b"\0" in data.partition(b"\n")[0]:
        mark = "The first line of the script contains a NUL byte"
        found.append(f"{mark}, so that a Linux shell takes it for a binary file and does not run it; save it as UTF-8")
    if data.startswith(codecs.BOM_UTF8):
        mark = "The script starts with a byte order mark, which a Linux shell reads as part of the first line"
        found.append(f"{mark}, so that a #! line has no effect; save it as UTF-8 without one")
    if b"\r\n" in data:
        found.append(
            "The lines of the script end in CRLF and are sent unchanged; a Linux shell reads the CR "
            "as part of each line"
        )
    return found


def script_file_warnings(data: bytes) -> list[str]:
    """Return the shell's warnings for a file that begins like a script, with ``#!``; none for any other file."""
    marks = (b"#!", codecs.BOM_UTF8 + b"#!", codecs.BOM_UTF16_LE + b"#\0", codecs.BOM_UTF16_BE + b"\0#")
    return shell_warnings(data) if data.startswith(marks) else []


def name_warning(name: str, script_type: str) -> str | None:
    """Return a warning about the name of a shell script's command that some agents cannot run; None for a plain name.

    They put the name into the path of the script's file without quoting it.
    """
    if script_type != "RunShellScript" or _PLAIN_NAME.fullmatch(name):
        return None
    problem = "has characters that some agents use unquoted in the path of the script, which fails there"
    return f"name: {name!r} {problem}; use letters, digits, dots, hyphens and underscores"


def check_working_dir(working_dir: str | None, script_type: str | None = None) -> None:
    """Raise InputError unless the directory is an absolute path on the system that runs scripts of this type.

    Without a type it may be one of Linux or Windows.
    """
    if working_dir is None:
        return
    linux, windows = working_dir.startswith("/"), bool(_WINDOWS_DIRECTORY.match(working_dir))
    if script_type is None and not (linux or windows):
        raise InputError("working_dir", f"{working_dir!r} is not an absolute path on Linux or Windows")
    if script_type == "RunShellScript" and not linux:
        raise InputError("working_dir", f"{working_dir!r} is not an absolute path on Linux, such as /srv/app")
    if script_type not in (None, "RunShellScript") and not windows:
        raise InputError("working_dir", f"{working_dir!r} is not an absolute path on Windows, such as C:\\app")


def check_launcher(launcher: str) -> None:
    """Raise InputError for a launcher that the agent would not start (RunCommand, Launcher)."""
    size = len(launcher.encode("utf-8", "surrogatepass"))
    if size > MAX_LAUNCHER_SIZE:
        raise InputError("launcher", f"has {size} bytes; at most {MAX_LAUNCHER_SIZE} are allowed")
    inner = _BRACES.findall(launcher)
    if len(inner) > 1:
        raise InputError("launcher", "can name the script file only once")
    if inner and not _SCRIPT_FILE.fullmatch(inner[0]):
        problem = f'{{{{{inner[0]}}}}}: only {{{{ACS::ScriptFileName}}}} is allowed here, optionally with |Ext(".py")'
        raise InputError("launcher", problem)


def given_script(content: str | None, src: str | None) -> ScriptContent | None:
    """Return the script of the options ``content`` and ``src``, None when neither is given. Raises InputError."""
    data = read_content(content, src, MAX_SCRIPT_FILE)
    return None if data is None else ScriptContent(data)
