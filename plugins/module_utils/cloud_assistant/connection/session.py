# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Work on one instance: run commands, write and read files, each exactly once."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from ...alibaba.client import Client
from ..concurrency import map_concurrently
from .asking import Command, Request, Step, block_lines, fetch_request, run_request, steps_request
from .failures import Refused
from .invoker import Invoker
from .knowledge import Knowledge, Memory, read_hello
from .payload import Member, member
from .planning import plan
from .protocol import BadFrame, Frame, block, check, find_frame, unpack
from .scripts import Envelope, hello_script
from .sealing import CannotSeal, Sealer
from .settings import Settings
from .transfer import AT_ONCE, HOUSEKEEPING, Transfer

# how often a request may find that something it needs is gone
_TRIES = 4


@dataclass(frozen=True)
class Result:
    """The outcome of a command. ``step``: the number of the step before it that failed in its place."""

    rc: int
    stdout: bytes
    stderr: bytes
    step: int | None = None


class Session:
    """The work of one task on one instance. Nothing has to be closed on either side."""

    def __init__(
        self,
        client: Client,
        settings: Settings,
        warn: Callable[[str], None] = lambda text: None,
        log: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._settings = settings
        self._warn = warn
        self._log = log
        self._sealer = Sealer(settings.cache_dir) if settings.payload_protection != "none" else None
        self._answer_to: Member | None = None
        self._invoker = Invoker(client, settings, warn)
        sealing = "sealing" if self._sealer else ""
        host = (client.host, client.region, settings.instance_id, settings.username, sealing)
        self._memory = Memory(settings.cache_dir, *host) if settings.cache_dir else None
        self._known: Knowledge | None = None

    def home(self) -> str:
        """Return the home folder of the user who is connected. Raises Unreachable and Refused."""
        return self._knowledge().home

    def run(self, command: Command, steps: Sequence[Step] = ()) -> Result:
        """Do the steps, run the command and wait for its end. Raises Unreachable and Refused."""
        seconds = self._settings.command_timeout
        frame, data = self._ask(run_request(command, self._settings.executable, seconds, steps), seconds)
        if frame.kind == "late":
            raise Refused(
                f"{self._invoker.what}: the command did not end within {seconds} s"
                " (ansible_ecs_assistant_command_timeout), and was killed with all of its processes"
            )
        return self._result(frame, data)

    def check_size(self, path: str, size: int) -> None:
        """Raise Refused for a file that is larger than files may be."""
        if size > self._settings.max_file:
            raise Refused(
                f"{path} has {size} bytes; ansible_ecs_assistant_max_file allows at most {self._settings.max_file}"
            )

    def do(self, steps: Sequence[Step]) -> Result:
        """Do the steps alone. Raises Unreachable and Refused."""
        return self._result(*self._ask(steps_request(steps), HOUSEKEEPING))

    def leave(self, steps: Sequence[Step]) -> None:
        """Have the steps done, and do not wait for it. Raises Unreachable and Refused."""
        nonce = secrets.token_hex(16)
        envelope = self._envelope()
        body = plan(steps_request(steps), envelope, nonce).body(envelope)
        self._invoker.start(envelope.script(nonce, body), HOUSEKEEPING)

    def fetch(self, path: str, steps: Sequence[Step] = ()) -> Result | None:
        """Do the steps and read the file at this path; None where there is none. Raises Unreachable and Refused."""
        frame, data = self._ask(fetch_request(path, steps), HOUSEKEEPING)
        return None if frame.kind == "absent" else self._result(frame, data)

    def forget(self) -> None:
        """Forget what is known of the instance."""
        self._known = None
        if self._memory:
            self._memory.forget()

    def close(self) -> None:
        """Start nothing more. Nothing is lost where this is not called."""
        self._invoker.close()

    @property
    def started_today(self) -> int:
        """How many invocations of the account and region were counted today; 0 where this session started none."""
        return self._invoker.started_today

    def _result(self, frame: Frame, data: bytes) -> Result:
        try:
            out, err = unpack(frame, data, self._knowledge().compression)
            step = frame.number("step") if frame.kind == "step" else None
            return Result(frame.number("rc"), out, err, step)
        except BadFrame as error:
            # pylint: disable-next=bad-exception-cause
            raise Refused(f"{self._invoker.what}: {error}") from error

    # -- one request ---------------------------------------------------------------------------------------------

    def _knowledge(self) -> Knowledge:
        if self._known is None:
            remembered = self._memory.read() if self._memory else None
            self._known = remembered or self._hello()
            self._protect(self._known, first=remembered is None)
        return self._known

    def _protect(self, known: Knowledge, *, first: bool) -> None:
        """Find out whether requests and answers can be sealed. Raises Refused where they have to be and cannot."""
        self._answer_to = None
        if self._sealer is None:
            return
        reason = ""
        if known.certificate:
            try:
                self._answer_to = member(self._sealer.certificate())
            except CannotSeal as error:
                reason = str(error)
        else:
            reason = "the instance has no openssl program that makes CMS envelopes"
        if reason and self._settings.payload_protection == "encrypt":
            raise Refused(f"{self._invoker.what}: {reason}, but payload_protection is encrypt")
        if reason and first:
            self._warn(f"{self._invoker.what}: the input and output of tasks are not encrypted: {reason}")

    def _hello(self) -> Knowledge:
        nonce = secrets.token_hex(16)
        script = hello_script(nonce, self._settings.username, sealing=self._sealer is not None)
        frame = self._exchange(script, nonce, HOUSEKEEPING)
        try:
            known = read_hello(frame)
        except BadFrame as error:
            # pylint: disable-next=bad-exception-cause
            raise Refused(f"{self._invoker.what}: {error}") from error
        if self._memory:
            self._memory.write(known)
        return known

    def _envelope(self) -> Envelope:
        known, sealer = self._knowledge(), self._sealer
        seal = (lambda data: sealer.seal(data, known.pem)) if sealer and self._answer_to else None
        return Envelope(known, self._settings.max_output, self._settings.store_size, seal, self._answer_to)

    def _ask(self, request: Request, seconds: int) -> tuple[Frame, bytes]:
        """Send the request; its frame and the whole answer, uncompressed. Raises Unreachable and Refused.

        An instance that misses something has run nothing of the request, which is then sent again.
        """
        transfer = Transfer(self._invoker, self._settings, self._exchange)
        for attempt in range(_TRIES):
            nonce = secrets.token_hex(16)
            envelope = self._envelope()
            made = plan(request, envelope, nonce)
            if made.unknown and attempt == 0:
                self._log("The standard input is not a module in a known layout. It is sent and kept as a whole.")
            if not transfer.make_room(made, envelope):
                self._learn_no_files()
            frame = self._exchange(envelope.script(nonce, made.body(envelope)), nonce, seconds)
            if frame.kind != "missing":
                self._learn_sent(made.sent)
                return frame, self._whole(frame, nonce)
            self._supply(transfer, frame)
        raise Refused(f"{self._invoker.what}: the instance repeatedly lost the data that was sent: {frame.text}")

    def _exchange(self, script: bytes, nonce: str, seconds: int) -> Frame:
        written = self._invoker.run(script, seconds)
        frame = find_frame(written.output, nonce)
        if frame is None:
            raise written.no_answer(self._invoker.what)
        if frame.kind == "broken":
            raise Refused(f"{self._invoker.what}: {frame.text}")
        if frame.kind == "large":
            raise Refused(
                f"{self._invoker.what}: the compressed output has {frame.text} bytes;"
                f" ansible_ecs_assistant_max_output allows at most {self._settings.max_output}"
            )
        return frame

    def _learn_sent(self, sent: Set[str]) -> None:
        """Remember that these members are there as well; what other workers have sent meanwhile stays known."""
        known = self._knowledge()
        if not sent <= known.members:
            self._known = known.with_members(known.members | sent)
            if self._memory:
                self._memory.add(self._known)

    def _learn_all(self, members: Iterable[str]) -> None:
        """Remember that these members are there, and no others: the instance has listed them."""
        self._known = self._knowledge().with_members(members)
        if self._memory:
            self._memory.write(self._known)

    def _learn_no_files(self) -> None:
        """Remember that SendFile does not reach the instance, so that the next large content need not find out."""
        self._known = self._knowledge().without_files()
        if self._memory:
            self._memory.write(self._known)

    def _supply(self, transfer: Transfer, frame: Frame) -> None:
        """Send again what the instance misses: it reports what it has."""
        missing = set(frame.text.split())
        if "runner" in missing:
            self.forget()
            self._protect(self._knowledge(), first=False)
            transfer.forget()
            return
        self._learn_all(frame.lines)
        if not transfer.send_again(missing, self._envelope()):
            self._learn_no_files()

    # -- an answer that is too long for one frame ----------------------------------------------------------------

    def _whole(self, frame: Frame, nonce: str) -> bytes:
        """Return all bytes of the answer that the frame begins."""
        known = self._knowledge()
        try:
            data = block(frame, known.base64)
            count = math.ceil(frame.number("size") / known.block)
            if count > 1:
                middle = map_concurrently(lambda number: self._block(nonce, number), range(1, count - 1), AT_ONCE)
                # the instance removes the answer with the last block: no other may be left to read then
                data += b"".join(middle) + self._block(nonce, count - 1, last=True)
            data = check(data, frame.number("size"), frame.fields.get("sum", ""))
            return self._sealer.open(data) if self._sealer and "seal" in frame.fields else data
        except (BadFrame, CannotSeal) as error:
            # pylint: disable-next=bad-exception-cause
            raise Refused(f"{self._invoker.what}: {error}") from error

    def _block(self, nonce: str, number: int, *, last: bool = False) -> bytes:
        own = secrets.token_hex(16)
        envelope = self._envelope()
        script = envelope.script(own, block_lines(nonce, number, last), sealed=False)
        frame = self._exchange(script, own, HOUSEKEEPING)
        if frame.kind == "missing":
            raise BadFrame("the rest of the output is no longer on the instance")
        data = block(frame, envelope.knowledge.base64)
        return check(data, frame.number("size"), frame.fields.get("sum", ""))
