# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Fetched files on the local side: where each goes, the ranges that are already there, and the last step into place."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import stat
import zlib
from collections.abc import Sequence
from pathlib import Path

from ...common.atomic_file import PRIVATE, replacing
from ...common.errors import InputError
from ...common.plain_file import is_special, open_plain
from .parts import MAX_FILE_BYTES

PLACE_OF_ID = "{instance_id}"
"""Placeholder for the instance's id in a destination."""

LONGEST_STREAM = MAX_FILE_BYTES + MAX_FILE_BYTES // 1000
"""Bytes that the ranges of a file may make up: what does not shrink grows a little by being packed."""


def destinations(dest: str, path: str, instance_ids: Sequence[str], *, flat: bool) -> dict[str, Path]:
    """Return where the file of each instance goes.

    Not flat, it is ``dest/<instance id>/<path>``, and without the folder of the id where ``dest`` names it already.
    Flat, ``dest`` is the file itself, or with a slash at its end the folder for it. Raises InputError where two
    instances would have the same file, where anything but a file is in the place, or where it cannot be read.
    """
    named = PLACE_OF_ID in dest
    if flat and not named and len(instance_ids) > 1:
        raise InputError("dest", f"is one file for {len(instance_ids)} instances; it must contain {PLACE_OF_ID}")
    found = {}
    for instance_id in instance_ids:
        base = dest.replace(PLACE_OF_ID, instance_id)
        if flat:
            place = Path(base, os.path.basename(path)) if base.endswith("/") else Path(base)
        else:
            place = Path(base, *([] if named else [instance_id]), path.lstrip("/"))
        try:
            is_folder, in_the_way = place.is_dir(), is_special(place)
        except OSError as error:
            raise InputError("dest", f"{place}: {error.strerror}") from error
        if is_folder:
            raise InputError("dest", f"{place} is a directory; append a slash to put the file into it")
        if in_the_way:
            raise InputError("dest", f"{place} is not a regular file")
        found[instance_id] = place
    return found


def sha256_of(place: Path) -> str | None:
    """Return the SHA-256 of a file, None if there is none. Raises OSError if it is not a regular file."""
    try:
        with open_plain(place) as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
            return digest.hexdigest()
    except FileNotFoundError:
        return None


def mode_of(place: Path) -> int | None:
    """Return the permissions of a file, None when there is none."""
    try:
        return stat.S_IMODE(place.stat().st_mode)
    except FileNotFoundError:
        return None


def put(place: Path, data: bytes, mode: int | None) -> None:
    """Write the file in one step, with its permissions from the start: those given, of the old file, or 0600."""
    place.parent.mkdir(parents=True, exist_ok=True)
    wanted = mode if mode is not None else mode_of(place)
    # it may be one that only root could read where it came from
    with replacing(place, PRIVATE if wanted is None else wanted) as file:
        file.write(data)


def _folder(place: Path) -> Path:
    """Return the folder in which the ranges of a file are collected."""
    mark = hashlib.sha256(place.name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return place.parent / f".cloud-assistant-{mark}"


def forget_ranges(place: Path) -> None:
    """Remove what an earlier fetch of this file has left."""
    shutil.rmtree(_folder(place), ignore_errors=True)


class Ranges:
    """The ranges of one file that have arrived, in a folder beside its place that the next run finds again.

    ``stream`` is the SHA-256 of what the ranges make up, ``length`` its bytes.
    """

    def __init__(self, place: Path, stream: str, length: int, range_bytes: int) -> None:
        self.folder = _folder(place)
        self.stream = stream
        self.length = length
        self.range_bytes = range_bytes
        self.count = math.ceil(length / range_bytes)
        self._open()

    def _open(self) -> None:
        """Take over what is there of the same stream; anything else there is removed."""
        facts = {"stream": self.stream, "length": self.length, "range_bytes": self.range_bytes}
        about = self.folder / "about.json"
        try:
            if json.loads(about.read_text(encoding="utf-8")) == facts:
                return
        except (OSError, ValueError):
            pass  # none, or one that was broken off before its first range
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        about.write_text(json.dumps(facts), encoding="utf-8")

    def _expected(self, number: int) -> int:
        return min(self.range_bytes, self.length - (number - 1) * self.range_bytes)

    def missing(self) -> list[int]:
        """Return the numbers, from 1, of the ranges that are not there whole."""
        return [number for number in range(1, self.count + 1) if not self._whole(number)]

    def _whole(self, number: int) -> bool:
        try:
            return (self.folder / f"{number:05d}").stat().st_size == self._expected(number)
        except FileNotFoundError:
            return False

    def add(self, number: int, data: bytes) -> bool:
        """Keep a range; return whether it has the length that it should have."""
        if len(data) != self._expected(number):
            return False
        with replacing(self.folder / f"{number:05d}") as file:
            file.write(data)
        return True

    def content(self) -> bytes | None:
        """Return the file that all ranges together make up; None when they are not what was sent."""
        stream = b"".join((self.folder / f"{number:05d}").read_bytes() for number in range(1, self.count + 1))
        if hashlib.sha256(stream).hexdigest() != self.stream:
            return None
        unpacker = zlib.decompressobj(31)
        try:
            # never more than was announced, even if the instance has packed more
            data = unpacker.decompress(stream, MAX_FILE_BYTES + 1)
        except zlib.error:
            return None
        return data if unpacker.eof and len(data) <= MAX_FILE_BYTES else None
