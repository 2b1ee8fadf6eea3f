# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Waiting together: one worker of a run asks for the invocations of all, and the others read what it found.

The workers share nothing but a folder, which only their user can read and which Ansible removes after the run:

* ``waiting`` has a file per invocation that is waited for, locked by the worker that waits
* ``coming`` has a file per worker, locked by it, with the time until which it may start an invocation
* ``rows`` has what was found, by invocation; an output that is not sealed is left to its own worker to read
* ``lead`` is locked by the worker that asks

A worker that is killed loses its locks, so that another one leads, and no worker asks for its invocations any more.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import math
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...common.atomic_file import write_private
from ...common.errors import CloudError
from ...common.shared_file import SharedDocument, try_lock
from ...common.wait import Deadline, proportional_interval
from ..states import LIVE
from ..tags import tags_to_rows
from .protocol import is_public

TAG = "cloudops-connection"
"""Tag key: with which others an invocation is asked for."""
BATCH = 50
"""Invocations that share a tag: those of one page (DescribeInvocationResults, MaxResults)."""
LONGEST_PAUSE = 10.0
"""Seconds between two looks at most."""

# seconds between two looks at the folder, which cost no call
_NAP = 0.1
_SHORTEST_PAUSE = 0.01
# seconds for a new worker to start its first invocation, and for one that has an answer to start the next
_ARRIVAL = 15.0
_NEXT = 1.0
# seconds after the last one came for which those who wait are kept waiting for the next
_PATIENCE = 3.0
# pauses between looks, as parts of the time since the newest began
_SHARE = 0.3
_SHARE_OF_MANY = 0.6
# the first look at an invocation, and by how much each one moves that of the next, as parts of the floor; it begins
# late, for the first ones have keys to make and modules to unpack
_LATEST = 2
_LATER = 0.25
_SOONER = 0.08
# part of those at work who have to wait, so that the others are not waited for
_MOST = 0.9
# seconds without news from the one who asks, after which a worker asks for itself
_NEGLECTED = 15.0
# how often an invocation may lack in the answer to a question by tag before its worker asks by its id
_ABSENCES = 2

Row = Mapping[str, Any]
Ask = Callable[[Mapping[str, Any]], "list[Row] | None"]


def seconds_to_look(
    now: float, looked: float, starts: Sequence[float], coming: int, floor: float, first: float
) -> float:
    """Return the seconds until invocations that began at ``starts`` are to be asked for; 0 or less is at once.

    ``looked`` is when they were asked for last, ``coming`` how many workers are about to start one, ``floor`` the
    least pause between two looks, ``first`` the seconds that a quick one takes. As long as workers keep coming the
    question waits for them: it serves all at once. After that its pauses grow with the time since the newest began.
    """
    newest = max(starts)
    if not coming:
        share = _SHARE if len(starts) == 1 else _SHARE_OF_MANY
        pause = proportional_interval(now - newest, floor, share, cap=LONGEST_PAUSE)
        return max(newest + first, looked + pause) - now
    unseen = [start + first for start in starts if looked < start + first <= now]
    if len(unseen) >= _MOST * (len(starts) + coming):
        return looked + floor - now
    stalled = max(newest + first, looked) + _PATIENCE
    longest = max(looked, min(unseen, default=newest + first)) + LONGEST_PAUSE
    return min(stalled, longest) - now


def first_look(looks: Mapping[str, Any], floor: float) -> float:
    """Return the seconds from the start of an invocation to the first look at it, as learned from the looks so far."""
    return float(looks.get("first", _LATEST * floor))


def seconds_to_first(seconds: float, floor: float, *, early: bool) -> float:
    """Return the seconds from the start of an invocation to the first look at it, after one more was seen to end.

    A look that came ``early`` cost a call, and the pause until the next one. So the next first look comes later, at
    most after two floors: then the second one would have come. Any other moves it forward again.
    """
    return min(seconds + _LATER * floor, _LATEST * floor) if early else max(seconds - _SOONER * floor, floor)


@dataclass(frozen=True)
class Waiting:
    """An invocation that is waited for: its id, the batch whose tag it carries, and when it began."""

    invoke_id: str
    batch: int
    since: float


class Together:
    """What the workers of one run share in one region with one account. Threads may share it.

    ``ask`` returns the rows that DescribeInvocationResults answers to parameters, None where it cannot be asked now.
    ``floor`` is the least number of seconds between two questions.
    """

    def __init__(self, folder: Path, ask: Ask, floor: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Create the folder if it is missing, and count as coming. Raises OSError if it cannot be created."""
        self.ask = ask
        self.floor = floor
        self.clock = clock
        self._folder = folder
        self._run = SharedDocument(folder / "run.json")
        self._looks = SharedDocument(folder / "looks.json")
        for name in ("waiting", "rows", "coming"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._presence = folder / "coming" / secrets.token_hex(8)
        self._present: int | None = _locked_file(self._presence, "0")
        self._expect(_ARRIVAL)

    def close(self) -> None:
        """Be counted no longer among those who are coming."""
        if self._present is not None:
            os.close(self._present)
            self._present = None
            self._presence.unlink(missing_ok=True)

    def batch(self) -> tuple[int, list[dict[str, str]]]:
        """Return number and tag (as the API takes it) of the batch that the next invocation belongs to."""
        with self._run.opened() as document:
            run = document.setdefault("run", secrets.token_hex(8))
            count = document.get("count", 0)
            document["count"] = count + 1
        number = count // BATCH
        return number, _tag(run, number)

    @contextlib.contextmanager
    def waiting(self, invoke_id: str, batch: int) -> Iterator[Watch]:
        """Wait for an invocation that carries the tag of that batch. Raises OSError."""
        watch = Watch(self, Waiting(invoke_id, batch, self.clock()))
        self._expect(0)
        path = self._waiting_path(invoke_id)
        handle = _locked_file(path, json.dumps([invoke_id, batch, watch.own.since]))
        try:
            yield watch
        finally:
            watch.close()
            os.close(handle)
            path.unlink(missing_ok=True)
            self._row_path(invoke_id).unlink(missing_ok=True)
            self._expect(_NEXT)

    def found(self, invoke_id: str) -> dict[str, Any]:
        """Return what the one who asks has found of it.

        ``row`` and ``at`` what time, how many times it was ``absent``, and whether its output is ``kept`` back or the
        question was ``refused``.
        """
        return SharedDocument(self._row_path(invoke_id)).read()

    def lead(self) -> int | None:
        """Return the handle of the one who asks, None while that is another worker."""
        return try_lock(self._folder / "lead")

    @property
    def blind(self) -> bool:
        """Return whether the service does not show by tag what it shows by id."""
        return "blind" in self._run.read()

    def set_blind(self) -> None:
        """Have every worker ask by its own id from now on."""
        with self._run.opened() as document:
            document["blind"] = True

    def look(self) -> float:
        """Ask, as the one who leads, for the batches whose time has come; return the seconds until the next one's."""
        batches: dict[int, list[Waiting]] = {}
        for each in self._waiting():
            batches.setdefault(each.batch, []).append(each)
        newest = max(batches, default=0)
        soonest = _NAP
        looks = self._looks.read()
        looked_at, first = looks.get("at", {}), first_look(looks, self.floor)
        for number, members in batches.items():
            looked = looked_at.get(str(number), -math.inf)
            coming = self._coming() if number == newest else 0
            starts = [each.since for each in members]
            seconds = seconds_to_look(self.clock(), looked, starts, coming, self.floor, first)
            if seconds <= 0:
                self._ask_for(number, members, looked)
            else:
                soonest = min(soonest, seconds)
        if looked_at.keys() - {str(number) for number in batches}:
            self._forget_looks(batches)
        return soonest

    def _ask_for(self, number: int, members: Sequence[Waiting], looked: float) -> None:
        alone = len(members) == 1
        tag = _tag(str(self._run.read().get("run", "")), number)
        rows, refused = self._answer({"InvokeId": members[0].invoke_id} if alone else {"Tag": tag, "MaxResults": BATCH})
        found = {str(row.get("InvokeId")): row for row in rows or ()}
        ended = [each for each in members if has_ended(found.get(each.invoke_id, {}))]
        self._note_look(number, looked, ended)
        if rows is None:
            return
        for each in members:
            before = self.found(each.invoke_id)
            row = found.get(each.invoke_id)
            absent = 0 if row or alone else before.get("absent", 0) + 1
            news = {**_shared(row or {}), "at": self.clock(), "absent": absent, "refused": refused}
            write_private(self._row_path(each.invoke_id), [json.dumps(news)])
            if not self._waiting_path(each.invoke_id).exists():
                # its worker has left meanwhile
                self._row_path(each.invoke_id).unlink(missing_ok=True)

    def _answer(self, params: Mapping[str, Any]) -> tuple[list[Row] | None, bool]:
        """Return the rows, and whether the question was refused: each worker then asks for itself and has its error."""
        try:
            return self.ask(params), False
        except CloudError:
            return [], True

    def _note_look(self, number: int, before: float, ended: Sequence[Waiting]) -> None:
        """Note that the batch was asked for, last ``before``, and learn from those of it that have ended."""
        with self._looks.opened() as looks:
            looks.setdefault("at", {})[str(number)] = self.clock()
            if ended:
                first = first_look(looks, self.floor)
                early = any(each.since + first <= before for each in ended)
                looks["first"] = seconds_to_first(first, self.floor, early=early)

    def _forget_looks(self, batches: Mapping[int, Any]) -> None:
        with self._looks.opened() as looks:
            for number in looks["at"].keys() - {str(number) for number in batches}:
                del looks["at"][number]

    def _waiting(self) -> Iterator[Waiting]:
        for text in _living(self._folder / "waiting"):
            with contextlib.suppress(ValueError, TypeError):
                yield Waiting(*json.loads(text))

    def _coming(self) -> int:
        now = self.clock()
        return sum(float(text or 0) > now for text in _living(self._folder / "coming"))

    def _expect(self, seconds: float) -> None:
        """Be counted among those who are coming for so many seconds."""
        if self._present is not None:
            os.pwrite(self._present, f"{self.clock() + seconds if seconds else 0:020.6f}".encode(), 0)

    def _waiting_path(self, invoke_id: str) -> Path:
        return self._folder / "waiting" / name_of(invoke_id)

    def _row_path(self, invoke_id: str) -> Path:
        return self._folder / "rows" / name_of(invoke_id)


class Alone:
    """An invocation whose worker asks for itself."""

    def __init__(self, invoke_id: str, ask: Ask, floor: float) -> None:
        self._invoke_id = invoke_id
        self._ask = ask
        self._floor = floor
        self._since = Deadline(None)

    def next(self, deadline: Deadline) -> Row:
        """Wait, the longer the longer it runs, and return what is known of it then; nothing where nothing is."""
        deadline.pause(proportional_interval(self._since.elapsed(), self._floor, cap=LONGEST_PAUSE))
        return self.row()

    def row(self) -> Row:
        """Return what is known of it now."""
        return next(iter(self._ask({"InvokeId": self._invoke_id}) or ()), {})


class Watch:
    """An invocation that is waited for together with those of other workers."""

    def __init__(self, together: Together, own: Waiting) -> None:
        self.own = own
        self._together = together
        self._alone = Alone(own.invoke_id, together.ask, together.floor)
        self._apart = False
        self._leading: int | None = None
        self._heard = own.since

    def close(self) -> None:
        """Leave the lead to another."""
        if self._leading is not None:
            os.close(self._leading)
            self._leading = None

    def next(self, deadline: Deadline) -> Row:
        """Wait a moment, and return what is known of the invocation then; nothing where nothing is."""
        try:
            if not self._apart and not self._together.blind:
                return self._shared(deadline)
        except OSError:
            # the folder is full, or gone
            self._apart = True
        row = self._alone.next(deadline)
        with contextlib.suppress(OSError):
            if row and self._together.found(self.own.invoke_id).get("absent", 0) >= _ABSENCES:
                self._together.set_blind()
        return row

    def _shared(self, deadline: Deadline) -> Row:
        if self._leading is None:
            self._leading = self._together.lead()
        # before the floor, no worker has asked
        nap = max(_NAP, self.own.since + self._together.floor - self._together.clock())
        pause = nap if self._leading is None else self._together.look()
        found = self._together.found(self.own.invoke_id)
        row: Row = found.get("row") or {}
        if found.get("kept"):
            # it has ended, and costs one more question
            self._apart = True
            return self._alone.row()
        if has_ended(row):
            return row
        self._heard = max(self._heard, found.get("at", 0))
        neglected = self._together.clock() - self._heard > _NEGLECTED
        self._apart = neglected or found.get("absent", 0) >= _ABSENCES or found.get("refused", False)
        deadline.pause(max(pause, _SHORTEST_PAUSE))
        return row


def has_ended(row: Row) -> bool:
    """Return whether the invocation has ended on its instance (DescribeInvocationResults); a row may have no state."""
    status = row.get("InvocationStatus")
    return bool(status) and status not in LIVE


def name_of(invoke_id: str) -> str:
    """Return the name of an invocation's files."""
    return hashlib.sha256(invoke_id.encode()).hexdigest()[:32]


def _tag(run: str, batch: int) -> list[dict[str, str]]:
    return tags_to_rows({TAG: f"{run}-{batch}"}) or []


def _shared(row: Row) -> dict[str, Any]:
    """Return what may stand in a file of a row: the output only of an invocation that has ended and is sealed."""
    without = {name: value for name, value in row.items() if name != "Output"}
    if not has_ended(row):
        return {"row": without}
    try:
        output = base64.b64decode(str(row.get("Output") or ""), validate=True)
    except ValueError:
        output = b"not Base64"
    return {"row": row} if not output or is_public(output) else {"row": without, "kept": True}


def _locked_file(path: Path, text: str) -> int:
    """Make a file that is locked from the moment that it can be seen, and return its handle."""
    part = path.with_suffix(".part")
    handle = try_lock(part)
    if handle is None:
        raise OSError(f"{part} is in use")
    os.pwrite(handle, text.encode(), 0)
    os.replace(part, path)
    return handle


def _living(folder: Path) -> Iterator[str]:
    """Yield the texts of the files whose processes live, and remove the others."""
    for path in folder.iterdir():
        if path.suffix:
            continue
        with contextlib.suppress(FileNotFoundError):
            handle = try_lock(path, create=False)
            if handle is None:
                yield path.read_text(encoding="utf-8")
            else:
                path.unlink(missing_ok=True)
                os.close(handle)
