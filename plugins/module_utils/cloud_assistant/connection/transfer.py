# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Send ahead what is too long for a request, as files (SendFile) or in separate scripts."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..concurrency import map_concurrently
from .asking import part_lines
from .failures import Refused
from .invoker import Invoker
from .planning import Load, Plan, Shipment
from .protocol import Frame
from .scripts import Envelope
from .settings import ROOT, Settings

AT_ONCE = 4
"""Calls for one instance under way together. Its agent runs 10 scripts at a time and keeps 50 waiting, those of others
included."""
HOUSEKEEPING = 120
"""Seconds for a request that runs no command of the user's."""

# bytes of a file: 32 KB after Base64 (SendFile, Content)
_FILE = 32 * 1024 // 4 * 3
# tenths of a second that a request waits for files which are still on their way
_PATIENCE = 100
# Bytes of a content that one script takes: the rest of 24 KB is Base64, twice where nothing compresses, and the frame.
_PART = 11_500
_PLAIN_PART = 8_500
_OCTAL_PART = 3_800

# Where files wait for a user other than root. SendFile writes as root and follows links, so no other user may be able
# to write to the folder; and what is left of a file there is gone after the next boot.
_INCOMING = "/run/cloudops-ecs-assistant"

Exchange = Callable[[bytes, str, int], Frame]


class Transfer:
    """The data that is sent ahead of one request, and again if the instance lacks some of it.

    ``exchange`` runs a script with its nonce for so many seconds at most, and returns the frame.
    """

    def __init__(self, invoker: Invoker, settings: Settings, exchange: Exchange) -> None:
        self._invoker = invoker
        self._settings = settings
        self._exchange = exchange
        self._sent: dict[str, Shipment] = {}
        self._lost_before = False

    def forget(self) -> None:
        """Forget what was sent: the instance has lost it all."""
        self._sent.clear()

    def make_room(self, made: Plan, envelope: Envelope) -> bool:
        """Send loads ahead, the longest first, until the request fits; whether SendFile did not fail.

        Raises Unreachable and Refused.
        """
        for load in made.loads():
            load.shipment = self._sent.get(load.digest)
        by_file = self._by_file(envelope)
        while not envelope.fits(made.body(envelope)):
            left = [load for load in made.loads() if not load.shipment]
            if not left:
                raise Refused(f"{self._invoker.what}: the command is longer than the service allows")
            load = max(left, key=lambda item: len(item.data))
            self._prepare(load, made, envelope, by_file)
            if not self._ship(load, envelope):
                by_file = False
                self._prepare(load, made, envelope, by_file)
                self._ship(load, envelope)
        return by_file or not self._by_file(envelope)

    def send_again(self, missing: set[str], envelope: Envelope) -> bool:
        """Send the files that the instance misses once more; whether SendFile did not fail.

        What SendFile has lost twice goes out in scripts, unless transfer_method asks for files. Raises Unreachable and
        Refused.
        """
        for digest, shipment in list(self._sent.items()):
            numbers = [number for number in range(shipment.count) if f"{shipment.token}.{number}" in missing]
            files_fail = shipment.patience > 0 and self._lost_before and self._settings.transfer_method == "auto"
            if numbers and (files_fail or not self._send(shipment, numbers, envelope)):
                del self._sent[digest]
                return False
            self._lost_before = self._lost_before or bool(numbers)
        return True

    def _by_file(self, envelope: Envelope) -> bool:
        method = self._settings.transfer_method
        return method == "send_file" or (method == "auto" and envelope.knowledge.takes_files)

    def _prepare(self, load: Load, made: Plan, envelope: Envelope, by_file: bool) -> None:
        """Lay out a shipment of the load, with as few files as there can be."""
        token = secrets.token_hex(8)
        inbox = f"{envelope.knowledge.store}/in"
        if by_file:
            folder = inbox if self._settings.username == ROOT else _INCOMING
            part, patience = _FILE, _PATIENCE
        else:
            folder, part, patience = inbox, _script_part(envelope), 0
        packed = envelope.pack(load.data)
        whole = Shipment(f"{folder}/{token}", packed, part, math.ceil(len(packed) / part), patience)
        load.shipment = replace(whole, count=len(packed) // part)
        if not load.shipment.count or not envelope.fits(made.body(envelope)):
            load.shipment = whole

    def _ship(self, load: Load, envelope: Envelope) -> bool:
        shipment = load.shipment
        if shipment is None or not self._send(shipment, range(shipment.count), envelope):
            return False
        self._sent[load.digest] = shipment
        return True

    def _send(self, shipment: Shipment, numbers: Sequence[int], envelope: Envelope) -> bool:
        """Send files of the shipment; False where SendFile is refused and scripts may do in its place."""
        if not shipment.patience:
            map_concurrently(lambda number: self._send_script(shipment, number, envelope), numbers, AT_ONCE)
            return True
        folder = shipment.prefix.rpartition("/")[0]
        try:
            map_concurrently(
                lambda number: self._invoker.deliver(folder, f"{shipment.token}.{number}", shipment.data(number)),
                numbers,
                AT_ONCE,
            )
        except Refused:
            if self._settings.transfer_method != "auto":
                raise
            return False
        return True

    def _send_script(self, shipment: Shipment, number: int, envelope: Envelope) -> None:
        nonce = secrets.token_hex(16)
        part = Load("part", shipment.data(number))
        body = Plan(["begin\n", part, part_lines(f"{shipment.token}.{number}")]).body(envelope)
        frame = self._exchange(envelope.script(nonce, body, sealed=False), nonce, HOUSEKEEPING)
        if frame.kind != "done":
            raise Refused(f"{self._invoker.what}: the instance lost its store during the transfer")


def _script_part(envelope: Envelope) -> int:
    if envelope.knowledge.base64 == "none":
        return _OCTAL_PART
    return _PLAIN_PART if envelope.knowledge.compression == "none" else _PART
