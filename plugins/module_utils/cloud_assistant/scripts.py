# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts: their encoding, their size, and the parameters between double braces."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.checks import check_utf8
from ..common.errors import InputError
from ..common.plain_file import read_plain, unreadable

SCRIPT_TYPES = ("RunShellScript", "RunPowerShellScript", "RunBatScript")

MAX_ENCODED_SIZE = 24 * 1024
"""Bytes of script and parameters after Base64 (RunCommand, CommandContent)."""
MAX_CLASSIC_SIZE = 16 * 1024
"""Bytes of the script before Base64 in the classic generation (CreateCommand of 2018, CommandContent)."""
MAX_NAMES = 20
"""Different parameter names in one script (RunCommand, CommandContent)."""
MAX_VALUES = 10
"""Values given for one run (RunCommand, Parameters)."""
MAX_NAME_LENGTH = 64
"""Bytes of a parameter name (RunCommand, CommandContent)."""
MAX_SCRIPT_FILE = 1024 * 1024
"""Bytes of a file that are read to find out whether it fits: far more than any generation of the API takes."""
MAX_LAUNCHER_SIZE = 1024
"""Bytes (RunCommand, Launcher)."""

MAX_SHOWN_VALUES = 20
"""Allowed values that a message lists."""

_BRACES = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_-]+")
# values that the service or the agent puts in: the environment of the run and the parameter store
_BUILT_IN = re.compile(r"acs\s*::|oos\s*:|oos-secret\s*:", re.IGNORECASE)
_SCRIPT_FILE = re.compile(r"ACS::ScriptFileName(\s*\|\s*Ext\(\s*\"?\.?[\w.-]+\"?\s*\))?", re.IGNORECASE)


@dataclass(frozen=True)
class ScriptContent:
    """A script, byte for byte as it will run; nothing changes its line ends."""

    data: bytes

    @classmethod
    def from_text(cls, text: str) -> ScriptContent:
        """Take the script as text, in UTF-8. Raises InputError for what is no text."""
        try:
            # undecodable bytes of a file that Ansible read come back as they were
            return cls(text.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError as error:
            problem = f"holds half of a UTF-16 pair at character {error.start}, which no encoding can send"
            raise InputError("content", problem) from None

    @property
    def text(self) -> str:
        """The script as text for people; bytes that are not UTF-8 become U+FFFD."""
        return self.data.decode("utf-8", "replace")

    @property
    def base64(self) -> str:
        """The script as it goes out."""
        return base64.b64encode(self.data).decode("ascii")

    @property
    def has_windows_line_ends(self) -> bool:
        """Whether lines end in CR LF, of which a Linux shell takes the CR for the last character of the line."""
        return b"\r\n" in self.data

    def placeholders(self) -> tuple[str, ...]:
        """The custom parameter names in the script, as first written; they are told apart without regard to case."""
        names: dict[str, str] = {}
        for inner in self._braces():
            if _NAME.fullmatch(inner):
                names.setdefault(inner.lower(), inner)
        return tuple(names.values())

    @property
    def uses_built_ins(self) -> bool:
        """Whether the script asks for built-in parameters (``{{ACS::…}}``) or for the parameter store."""
        return any(_BUILT_IN.match(inner) for inner in self._braces())

    def check_size(
        self, generation: str = "current", parameters: Mapping[str, str] | None = None, option: str = "content"
    ) -> None:
        """Raise InputError for an empty script, and for one that is over the limit of the API's generation."""
        if not self.data:
            raise InputError(option, "the script is empty")
        if generation == "classic":
            if len(self.data) > MAX_CLASSIC_SIZE:
                problem = f"the script has {len(self.data)} bytes, the classic API takes {MAX_CLASSIC_SIZE}"
                raise InputError(option, problem)
            return
        size = encoded_size(self.data)
        what = "the script"
        if parameters:
            size += encoded_size(json.dumps(dict(parameters), ensure_ascii=False).encode("utf-8"))
            what = "the script with its parameters"
        if size > MAX_ENCODED_SIZE:
            raise InputError(option, f"{what} has {size} bytes after Base64, the limit is {MAX_ENCODED_SIZE}")

    def check_names(self, option: str = "content") -> None:
        """Raise InputError for placeholders that no script with parameters may hold."""
        for inner in self._braces():
            if not _BUILT_IN.match(inner):
                shown = inner if len(inner) <= 80 else f"{inner[:77]}..."
                _check_name(inner, option, f"the placeholder {{{{{shown}}}}}")
        names = self.placeholders()
        if len(names) > MAX_NAMES:
            raise InputError(option, f"has {len(names)} different parameters, at most {MAX_NAMES} are allowed")

    def _braces(self) -> list[str]:
        return _BRACES.findall(self.data.decode("utf-8", "replace"))


def encoded_size(data: bytes) -> int:
    """The length in bytes of ``data`` after Base64."""
    return (len(data) + 2) // 3 * 4


def merge_parameters(
    parameters: Mapping[str, Any] | None, secret_parameters: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return both sets of values as the one the API takes; numbers become text.

    Raises InputError for a name that no parameter can have, for one given twice (case does not count), for a value
    that is neither text nor a number, and for more values than one run may have. No message shows a value.
    """
    merged: dict[str, str] = {}
    seen: dict[str, str] = {}
    for option, values in (("parameters", parameters), ("secret_parameters", secret_parameters)):
        for name, value in (values or {}).items():
            name = str(name)
            _check_name(name, option, f"the name {name!r}")
            other = seen.setdefault(name.lower(), name)
            if other != name or name in merged:
                raise InputError(option, f"{name!r} is given twice (as {other!r} before); names do not regard case")
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise InputError(option, f"the value of {name!r} is not text; put it in quotes")
            check_utf8(option, str(value), f"the value of {name!r}")
            merged[name] = str(value)
    if len(merged) > MAX_VALUES:
        option = "parameters" if parameters else "secret_parameters"
        raise InputError(option, f"has {len(merged)} values, at most {MAX_VALUES} are allowed")
    return merged


def match_parameters(
    values: Mapping[str, str], names: Sequence[str], *, optional: Iterable[str] = (), of: str = "the script"
) -> None:
    """Raise InputError unless ``values`` gives each of ``names``, and nothing else; case does not count.

    ``optional`` are names that may go without a value. ``of`` says in the message whose names they are.
    """
    known = {name.lower() for name in names}
    given = {name.lower() for name in values}
    unknown = [name for name in values if name.lower() not in known]
    if unknown:
        has = f"its parameters are {', '.join(names)}" if names else "it has none"
        raise InputError("parameters", f"{_quoted(unknown)}: {of} has no such parameter; {has}")
    may_miss = {name.lower() for name in optional}
    missing = [name for name in names if name.lower() not in given | may_miss]
    if missing:
        raise InputError("parameters", f"{of} needs a value for {_quoted(missing)} (an empty one is a value)")


def check_launcher(launcher: str) -> None:
    """Raise InputError for a launcher that the agent would not start (RunCommand, Launcher)."""
    size = len(launcher.encode("utf-8", "surrogatepass"))
    if size > MAX_LAUNCHER_SIZE:
        raise InputError("launcher", f"has {size} bytes, at most {MAX_LAUNCHER_SIZE} are allowed")
    inner = _BRACES.findall(launcher)
    if len(inner) > 1:
        raise InputError("launcher", "may name the script file once only")
    if inner and not _SCRIPT_FILE.fullmatch(inner[0]):
        problem = f'{{{{{inner[0]}}}}}: only {{{{ACS::ScriptFileName}}}} may stand here, with |Ext(".py") if needed'
        raise InputError("launcher", problem)


def _check_name(name: str, option: str, what: str) -> None:
    if not name:
        raise InputError(option, f"{what} is empty")
    if name.lower().startswith("acs::"):
        raise InputError(option, f"{what}: names that begin with ACS:: are the service's own")
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_LENGTH:
        raise InputError(option, f"{what} is longer than {MAX_NAME_LENGTH} bytes")
    if not _NAME.fullmatch(name):
        raise InputError(option, f"{what} may hold only letters, digits, _ and -")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


def given_script(content: str | None, src: str | None) -> ScriptContent | None:
    """Return the script of the options ``content`` and ``src``, None when neither is given.

    Files of the controller arrive as ``content``; a path that is still there is one of the module's own host.
    Raises InputError if it is not a plain file that can be read.
    """
    if content is not None:
        return ScriptContent.from_text(content)
    if src is None:
        return None
    try:
        return ScriptContent(read_plain(src, MAX_SCRIPT_FILE))
    except OSError as error:
        raise InputError("src", f"{src} {unreadable(error)}") from error


@dataclass(frozen=True)
class ParameterDefinition:
    """One parameter of a public command (DescribeCommands, ParameterDefinitions).

    ``allowed`` are the only possible values, empty where any value is possible; ``pattern`` is a regular expression.
    """

    name: str
    description: str = ""
    required: bool = True
    default: str = ""
    allowed: tuple[str, ...] = ()
    pattern: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ParameterDefinition:
        """Build the record from one element of ``ParameterDefinitions.ParameterDefinition``."""
        return cls(
            name=row["ParameterName"],
            description=row.get("Description") or "",
            required=row.get("Required") is not False,
            default=row.get("DefaultValue") or "",
            allowed=tuple((row.get("PossibleValues") or {}).get("PossibleValue") or ()),
            pattern=row.get("PatternRegex") or "",
        )

    @property
    def optional(self) -> bool:
        """Whether a run may leave the parameter out."""
        return not self.required or bool(self.default)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as a task result shows it."""
        return {
            "name": self.name,
            "description": self.description,
            "required": not self.optional,
            "default": self.default,
            "allowed_values": list(self.allowed),
            "pattern": self.pattern,
        }

    def problem(self, value: str) -> str:
        """Return why a value is not possible, without quoting it, as it may be a secret; "" for a possible value."""
        if self.allowed and value not in self.allowed:
            more = ", ..." if len(self.allowed) > MAX_SHOWN_VALUES else ""
            return f"is not one of {', '.join(self.allowed[:MAX_SHOWN_VALUES])}{more}"
        return f"does not match the pattern {self.pattern}" if self.pattern and not self._matches(value) else ""

    def _matches(self, value: str) -> bool:
        try:
            return re.search(self.pattern, value) is not None
        except re.error:
            # written for another dialect of regular expressions: the service decides
            return True


def check_values(definitions: Iterable[ParameterDefinition], values: Mapping[str, str]) -> None:
    """Raise InputError for values that the parameters cannot have. An empty value of an optional parameter passes."""
    given = {name.lower(): value for name, value in values.items()}
    for definition in definitions:
        value = given.get(definition.name.lower())
        if value is None or (value == "" and definition.optional):
            continue
        problem = definition.problem(value)
        if problem:
            raise InputError("parameters", f"the value of {definition.name!r} {problem}")
