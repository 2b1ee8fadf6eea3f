# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""What the first reply of an instance reveals about it, and the file that keeps it for the next task."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...common.shared_file import SharedDocument
from .protocol import BLOCK, HEX_BLOCK, VERSION, BadFrame, Frame

_TOOLS = {
    "base64": ("base64", "openssl", "python3", "perl", "none"),
    "digest": ("sha256sum", "openssl", "python3", "none"),
    "compression": ("gzip", "python3", "none"),
}


@dataclass(frozen=True)
class Knowledge:
    """Where the instance's store and the user's home are, and with which tools it decodes, digests and compresses."""

    store: str
    home: str
    base64: str
    digest: str
    compression: str
    certificate: str = ""
    """The instance's certificate (DER in Base64), empty where it cannot open an envelope."""
    members: frozenset[str] = frozenset()
    """What the instance keeps, as far as is known: it says what it lacks."""
    takes_files: bool = True
    """Whether SendFile has not failed yet."""

    @property
    def pem(self) -> bytes:
        """The instance's certificate as the programs read it."""
        lines = "\n".join(self.certificate[start : start + 64] for start in range(0, len(self.certificate), 64))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()

    @property
    def can_keep(self) -> bool:
        """Whether the instance has the tools to keep what several requests need."""
        return "none" not in (self.base64, self.digest)

    def with_members(self, members: Iterable[str]) -> Knowledge:
        """Return the same with these members."""
        return dataclasses.replace(self, members=frozenset(members))

    def without_files(self) -> Knowledge:
        """Return the same for an instance that SendFile does not reach."""
        return dataclasses.replace(self, takes_files=False)

    @property
    def block(self) -> int:
        """Bytes of an answer that one frame may carry."""
        return HEX_BLOCK if self.base64 == "none" else BLOCK


def read_hello(frame: Frame) -> Knowledge:
    """Return the knowledge in the answer to the first request. Raises BadFrame if it lacks anything."""
    values: dict[str, Any] = dict(line.partition("=")[::2] for line in frame.lines)
    return _checked({**values, "members": str(values.get("members", "")).split()})


def _checked(values: dict[str, Any]) -> Knowledge:
    names = ("store", "home", "certificate", *_TOOLS)
    if not all(isinstance(values.get(name), str) for name in names) or not values["store"].startswith("/"):
        raise BadFrame("the first reply of the instance is incomplete")
    if any(values[name] not in choices for name, choices in _TOOLS.items()):
        raise BadFrame("the first reply of the instance names an unknown tool")
    kept = {name: values[name] for name in names}
    return Knowledge(**kept, members=frozenset(values["members"]), takes_files=values.get("takes_files") is not False)


class Memory:
    """The file that keeps the knowledge of one instance, as one user, for all workers and later runs.

    Readers need no lock, and writers add to what others have written meanwhile. A lost file costs a request.
    """

    def __init__(self, folder: str, *names: str) -> None:
        key = json.dumps([VERSION, *names])
        self._document = SharedDocument(Path(folder) / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json")

    def read(self) -> Knowledge | None:
        """Return what was remembered, None if nothing was or the file cannot be trusted."""
        return _from_document(self._document.read())

    def write(self, knowledge: Knowledge) -> None:
        """Remember this alone; where no file can be written the next task asks the instance again."""
        with contextlib.suppress(OSError), self._opened() as document:
            document.clear()
            document.update(_as_document(knowledge))

    def add(self, knowledge: Knowledge) -> None:
        """Remember this and, for the same store, the members that others have sent meanwhile."""
        with contextlib.suppress(OSError), self._opened() as document:
            found = _from_document(document)
            if found is not None and found.with_members(()) == knowledge.with_members(()):
                knowledge = knowledge.with_members(knowledge.members | found.members)
            document.update(_as_document(knowledge))

    def forget(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._document.path.unlink()

    def _opened(self) -> AbstractContextManager[dict[str, Any]]:
        self._document.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._document.opened()


def _as_document(knowledge: Knowledge) -> dict[str, Any]:
    return {**dataclasses.asdict(knowledge), "members": sorted(knowledge.members)}


def _from_document(document: dict[str, Any]) -> Knowledge | None:
    try:
        return _checked(document)
    except (KeyError, TypeError, BadFrame):
        return None
