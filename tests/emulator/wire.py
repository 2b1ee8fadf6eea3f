# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The RPC wire: request parameters in, JSON or XML documents out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

# parameters that say how a request is sent and signed, not what is asked for
ENVELOPE = frozenset(
    {
        "Action",
        "Version",
        "Format",
        "Timestamp",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "SignatureType",
        "AccessKeyId",
        "SecurityToken",
        "Signature",
    }
)
_LIST_KEY = re.compile(r"^([A-Za-z]+)\.(\d+)(?:\.(.+))?$")
# what XML 1.0 cannot carry at all; the service drops it too
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def percent_encode(text: str) -> str:
    """RFC 3986 encoding as both signature versions use it."""
    return quote(text, safe="~")


def parse_pairs(query: str) -> list[tuple[str, str]]:
    """Decode a query string or a form body; a blank may arrive as '+' or '%20'."""
    return parse_qsl(query, keep_blank_values=True, max_num_fields=5000)


class Params(Mapping[str, str]):
    """The flat parameters of a request with readers for the wire's list styles."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._flat = dict(pairs)
        self._lists: dict[str, dict[int, dict[str, str]]] = {}
        for key, value in self._flat.items():
            match = _LIST_KEY.match(key)
            if match:
                entry = self._lists.setdefault(match[1], {}).setdefault(int(match[2]), {})
                entry[match[3] or ""] = value

    def __getitem__(self, key: str) -> str:
        return self._flat[key]

    def __iter__(self) -> Any:
        return iter(self._flat)

    def __len__(self) -> int:
        return len(self._flat)

    def text(self, name: str, default: str = "") -> str:
        """Return the value of a parameter; an empty one counts as absent."""
        return self._flat.get(name) or default

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean, written in any case; validation has refused other words before."""
        value = self._flat.get(name, "")
        return value.lower() == "true" if value else default

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return an integer; validation has refused other texts before."""
        value = self._flat.get(name, "")
        return int(value) if value else default

    def items(self, name: str | None = None) -> Any:  # type: ignore[override]
        """Return the values of ``Name.1``, ``Name.2`` … by number; without a name, the flat pairs."""
        if name is None:
            return self._flat.items()
        return [entry[""] for _unused, entry in sorted(self._lists.get(name, {}).items()) if "" in entry]

    def rows(self, name: str) -> list[dict[str, str]]:
        """Return the objects of ``Name.1.Key``, ``Name.1.Value`` … by number."""
        return [entry for _unused, entry in sorted(self._lists.get(name, {}).items())]

    def names(self) -> set[str]:
        """Return the parameter names without their list numbers."""
        return {match[1] if (match := _LIST_KEY.match(key)) else key for key in self._flat}


def encode_json(document: Mapping[str, Any]) -> bytes:
    """Encode a document as JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def encode_xml(root: str, document: Mapping[str, Any]) -> bytes:
    """Encode a document as XML: a list becomes its element repeated, a boolean true or false."""
    parts = ['<?xml version="1.0" encoding="UTF-8" ?>']
    _element(parts, root, document)
    return "".join(parts).encode()


def _element(parts: list[str], name: str, value: Any) -> None:
    if isinstance(value, list):
        for entry in value:
            _element(parts, name, entry)
        return
    parts.append(f"<{name}>")
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _element(parts, key, entry)
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif value is not None:
        parts.append(escape(_NOT_XML.sub("", str(value))))
    parts.append(f"</{name}>")
