# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Translate a request into lines of shell; contents that the instance keeps already are only named."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .asking import STDIN, Content, Request
from .payload import Archive, Member, Piece, interpreter, member, take_apart
from .scripts import Envelope

# bytes; a content that is longer does not fit into one request with anything else, and is kept for the next time
_LEAST_KEPT = 8_000


@dataclass(frozen=True)
class Shipment:
    """Bytes that travel ahead of a request, in ``count`` files whose names begin with ``prefix`` and end in a number.

    ``part``: bytes of each file; what is left after the last one rides along with the request. ``patience``: tenths of
    a second that the request waits for files which travel by themselves.
    """

    prefix: str
    packed: bytes
    part: int
    count: int
    patience: int = 0

    @property
    def token(self) -> str:
        """The first part of the files' names, which no other shipment has."""
        return self.prefix.rpartition("/")[2]

    @property
    def tail(self) -> bytes:
        """The bytes that ride along."""
        return self.packed[self.count * self.part :]

    def data(self, number: int) -> bytes:
        """Return the bytes of one file."""
        return self.packed[number * self.part : (number + 1) * self.part]

    def lines(self, name: str, digest: str, envelope: Envelope) -> str:
        """Return the lines that put the bytes together, unpack them and check their SHA-256."""
        tail = "tail" if self.tail else ""
        numbers = (self.count, self.part, len(self.data(self.count - 1)), self.patience)
        words = [name, shlex.quote(self.prefix), *map(str, numbers), digest, tail]
        return (envelope.literal(tail, self.tail) if tail else "") + f"join {' '.join(words).rstrip()}\n"


@dataclass
class Load:
    """Bytes that a plan hands over under a name: in the request itself, or in a shipment that was sent before it."""

    name: str
    data: bytes
    shipment: Shipment | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def lines(self, envelope: Envelope) -> str:
        """Return the lines that make the file."""
        if self.shipment:
            return self.shipment.lines(self.name, self.digest, envelope)
        return envelope.literal(self.name, self.data)


@dataclass
class Plan:
    """Lines of shell and loads, in order; ``sent`` are the members that the instance keeps once it was carried out.

    ``unknown``: whether the standard input of the command is large and not a module in any layout that is known.
    """

    items: list[str | Load] = field(default_factory=lambda: ["begin\n"])
    sent: set[str] = field(default_factory=set)
    unknown: bool = False

    def loads(self) -> list[Load]:
        """Return all loads."""
        return [item for item in self.items if isinstance(item, Load)]

    def body(self, envelope: Envelope) -> str:
        """Return the text of the request."""
        return "".join(item if isinstance(item, str) else item.lines(envelope) for item in self.items)


def plan(request: Request, envelope: Envelope, nonce: str) -> Plan:
    """Return how this request is sent to that instance, under this nonce."""
    made = Plan()
    contents = [(item, _pieces(item, envelope)) for item in request.items if isinstance(item, Content)]
    made.unknown = any(
        content.name == STDIN and len(pieces) == 1 and isinstance(pieces[0], Member) for content, pieces in contents
    )
    certificate = [envelope.answer_to] if envelope.answer_to else []
    _supply(made, [*certificate, *(piece for _content, pieces in contents for piece in pieces)], envelope)
    if envelope.answer_to:
        made.items.append(f"answer_to {envelope.answer_to.id}\n")
    pieces_of = {id(content): pieces for content, pieces in contents}
    for item in request.items:
        if isinstance(item, str):
            made.items.append(item)
        else:
            _assemble(made, item, pieces_of[id(item)], f"{envelope.knowledge.store}/w/{nonce}")
    return made


def _pieces(content: Content, envelope: Envelope) -> Sequence[Piece]:
    if not envelope.keeps:
        return [content.data]
    apart = take_apart(content.data)
    if apart is not None:
        return apart
    return [member(content.data) if len(content.data) >= _LEAST_KEPT else content.data]


def _supply(made: Plan, pieces: Iterable[Piece], envelope: Envelope) -> None:
    """Hand over the members that the instance lacks, have it make the archives, and check that nothing is missing."""
    known = envelope.knowledge.members
    needed = {piece.id: piece for piece in pieces if not isinstance(piece, bytes)}
    archives = [piece for piece in needed.values() if isinstance(piece, Archive) and piece.id not in known]
    files = [file for archive in archives for file in archive.files]
    members = [piece for piece in needed.values() if isinstance(piece, Member)]
    new = {item.id: item for item in (*files, *members) if item.id not in known}
    if new:
        made.items.append(Load("new", b"".join(item.data for item in new.values())))
        made.items.append("split new " + " ".join(f"{item.id} {len(item.data)}" for item in new.values()) + "\n")
    for number, archive in enumerate(archives):
        made.items.append(Load(f"dir{number}", archive.directory))
        made.items.append(f"archive {archive.id} dir{number} {' '.join(file.id for file in archive.files)}\n")
    if needed:
        made.items.append(f"need {' '.join(needed)}\n")
    made.sent = {*new, *needed}


def _assemble(made: Plan, content: Content, pieces: Sequence[Piece], folder: str) -> None:
    """Put the content together of what is kept and what is this task's own."""
    names: list[str] = []
    literals = 0
    for piece in pieces:
        data: bytes
        if isinstance(piece, Archive):
            held = f"zip-{content.name}"
            kind = "code" if content.read_archive else "text"
            made.items.append(f"hold {piece.id} {shlex.quote(interpreter(content.data))} {held} {kind}\n")
            if not content.read_archive:
                names.append(f'"$W/{held}"')
                continue
            # read by the program itself: Python need not take in a literal of hundreds of kilobytes
            data = b"'+open(%s).read()+'" % json.dumps(f"{folder}/{held}").encode()
        elif isinstance(piece, bytes):
            data = piece
        else:
            names.append(piece.id)
            continue
        if len(pieces) == 1:
            made.items.append(Load(content.name, data))
            return
        literals += 1
        made.items.append(Load(f"{content.name}{literals}", data))
        names.append(f'"$W/{content.name}{literals}"')
    made.items.append(f"glue {content.name} {' '.join(names)}\n")
