# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The scripts that carry requests to the instance."""

from __future__ import annotations

import base64
import gzip
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from .hello import HELLO
from .knowledge import Knowledge
from .payload import Member
from .protocol import MARK, MAX_SCRIPT
from .runner import RUNNER, RUNNER_ID

# A script is removed before it does anything: it may hold what others may not read, and lies in a folder that all can.
# Where the agent could not write a file, $0 is the shell's name.
_HEAD = """#!/bin/sh
case $0 in /*) rm -f -- "$0" ;; esac
cd "$HOME" 2>/dev/null
U=$(umask)
umask 077
W= E= C= N={nonce} P={seal}
"""

_LOAD = """S={store} D={base64} G={digest} Z={compression} K={block} M={max_output} X={store_size}
R=$S/m/{runner}
if [ -O "$S" ] && [ -O "$R" ] && {check}; then . "$R"; else
printf '%s\\n' '{mark} {nonce} missing runner' '{mark} {nonce} end'
exit 0
fi
"""

_CHECKS = {
    "sha256sum": f'[ "$(sha256sum <"$R")" = "{RUNNER_ID}  -" ]',
    "openssl": f'[ "$(openssl dgst -sha256 -r <"$R")" = "{RUNNER_ID} *stdin" ]',
    "python3": '[ "$(python3 -c "import hashlib,sys;print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"'
    f' <"$R")" = {RUNNER_ID} ]',
    "none": f'[ "$(wc -c <"$R")" -eq {len(RUNNER)} ]',
}

# An instance that was set up again has another key, or none: the controller has to ask it again.
_OPEN = f"""T=$(printf %s "$B" | dec | unseal 2>/dev/null | unzip 2>/dev/null) && [ -n "$T" ] || {{
printf '%s\\n' "{MARK} $N missing runner" "{MARK} $N end"
exit 0
}}
eval "$T"
"""

# bytes; without a store the instance keeps the certificate of the controller alone
_LEAST_STORE = 1024 * 1024

# bytes that an envelope adds to a script, in Base64
_SEAL_BYTES = 800

# a name that the shell looks up after a tilde
_USERNAME = re.compile(r"[A-Za-z_][\w.-]*")

# a content is compressed separately where that leaves less than this share of it
_WORTH_PACKING = 0.8


def hello_script(nonce: str, username: str, *, sealing: bool) -> bytes:
    """Return the first request, in plain text since the tools are unknown. ``sealing``: ask for a certificate."""
    home = f'[ -n "$HOME" ] || HOME=~{username}\n' if _USERNAME.fullmatch(username) else ""
    return "".join(
        (
            _HEAD.format(nonce=nonce, seal="cms" if sealing else "none"),
            f'R={RUNNER_ID}\nL={shlex.quote(RUNNER)}\neval "$L"\n',
            home,
            HELLO,
        )
    ).encode()


@dataclass(frozen=True)
class Envelope:
    """What every request to an instance has in common."""

    knowledge: Knowledge
    max_output: int
    store_size: int
    seal: Callable[[bytes], bytes] | None = None
    answer_to: Member | None = None
    """The certificate of the controller, where answers are sealed."""

    @property
    def keeps(self) -> bool:
        """Whether the instance keeps what several requests need."""
        return self.store_size > 0 and self.knowledge.can_keep

    def fits(self, body: str) -> bool:
        """Return whether a request with this body is short enough for the service."""
        spare = _SEAL_BYTES if self.seal else 0
        return len(self.script("0" * 32, body, sealed=False)) + spare <= MAX_SCRIPT

    def script(self, nonce: str, body: str, *, sealed: bool = True) -> bytes:
        """Return the request with these lines of shell as its body, which use the functions of the runner.

        ``sealed`` is false for one that holds nothing but what is sealed already.
        """
        known = self.knowledge
        seal = self.seal if sealed else None
        head = _HEAD.format(nonce=nonce, seal="cms" if seal else "none") + _LOAD.format(
            store=shlex.quote(known.store),
            base64=known.base64,
            digest=known.digest,
            compression=known.compression,
            block=known.block,
            max_output=self.max_output,
            store_size=(self.store_size or _LEAST_STORE) // 1024,
            runner=RUNNER_ID,
            check=_CHECKS[known.digest],
            mark=MARK,
            nonce=nonce,
        )
        tail = "die 'the request asks for nothing'\n"
        data = body.encode("utf-8", "surrogateescape")
        if known.base64 == "none":
            return head.encode() + data + tail.encode()
        packed = self.pack(data) if sealed else self.squeeze(data)
        return f"{head}B='{_lines(packed)}'\n{_OPEN}{tail}".encode()

    def squeeze(self, data: bytes) -> bytes:
        """Return the data, compressed if the instance can decompress it."""
        return data if self.knowledge.compression == "none" else compressed(data)

    def pack(self, data: bytes) -> bytes:
        """Return the data compressed and sealed, as far as the instance can undo that."""
        data = self.squeeze(data)
        return self.seal(data) if self.seal else data

    def literal(self, name: str, data: bytes) -> str:
        """Return lines of shell that write the data to a file of that name in the request's folder."""
        if self.knowledge.base64 == "none":
            octal = "".join(f"\\{byte:03o}" for byte in data)
            return f"printf '{octal}' >\"$W/{name}\" || die 'the instance cannot write to its store'\n"
        packed = self.squeeze(data)
        # Base64 hides from the request's own compression what repeats in the data
        smaller = len(packed) < len(data) * _WORTH_PACKING
        return f"{'litz' if smaller else 'lit'} {name} <<'.'\n{_lines(packed if smaller else data)}.\n"


def compressed(data: bytes) -> bytes:
    """Return the data in gzip form, without a time."""
    return gzip.compress(data, 9, mtime=0)


def _lines(data: bytes) -> str:
    """Return the data in Base64, in lines short enough for every tool that decodes them."""
    return base64.encodebytes(data).decode()
