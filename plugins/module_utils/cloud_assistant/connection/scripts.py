# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that carry requests to the instance."""

from __future__ import annotations

import base64
import gzip
import re
import shlex
from dataclasses import dataclass

from .knowledge import Knowledge
from .protocol import MARK
from .runner import HELLO, RUNNER, RUNNER_ID

# A script is removed before it does anything: it may hold what others may not read, and lies in a folder that all can.
# Where the agent could write no file it is no file: then $0 is the shell's name.
_HEAD = """#!/bin/sh
case $0 in /*) rm -f -- "$0" ;; esac
U=$(umask)
umask 077
W= E= N={nonce}
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

# a name that the shell looks up after a tilde
_USERNAME = re.compile(r"[A-Za-z_][\w.-]*")

# a content is compressed by itself where that leaves less than this share of it
_WORTH_PACKING = 0.8

# what a line of Base64 holds, so that every tool decodes it
_LINE = 76


def hello_script(nonce: str, username: str) -> bytes:
    """The first request: plain text, since nothing is known of the tools yet."""
    home = f"H=~{username}\n" if _USERNAME.fullmatch(username) else "H=\n"
    return "".join(
        (
            _HEAD.format(nonce=nonce),
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

    @property
    def keeps(self) -> bool:
        """Whether the instance keeps what several requests need."""
        return self.store_size > 0 and self.knowledge.can_keep

    def script(self, nonce: str, body: str) -> bytes:
        """The request with these lines of shell as its body, which use the functions of the runner."""
        known = self.knowledge
        head = _HEAD.format(nonce=nonce) + _LOAD.format(
            store=shlex.quote(known.store),
            base64=known.base64,
            digest=known.digest,
            compression=known.compression,
            block=known.block,
            max_output=self.max_output,
            store_size=self.store_size // 1024,
            runner=RUNNER_ID,
            check=_CHECKS[known.digest],
            mark=MARK,
            nonce=nonce,
        )
        tail = "die 'the request asks for nothing'\n"
        data = body.encode("utf-8", "surrogateescape")
        if known.base64 == "none":
            return head.encode() + data + tail.encode()
        return (
            f"{head}B='{self.encode(data)}'\n"
            'T=$(printf %s "$B" | dec | unzip) && [ -n "$T" ] || die "the request arrived damaged"\n'
            f'eval "$T"\n{tail}'
        ).encode()

    def encode(self, data: bytes) -> str:
        """Lines of Base64 that hold the data, compressed where the instance can undo that."""
        return _lines(compressed(data) if self.knowledge.compression == "gzip" else data)

    def literal(self, name: str, data: bytes) -> str:
        """Lines of shell that write the data to a file of that name in the request's folder."""
        if self.knowledge.base64 == "none":
            octal = "".join(f"\\{byte:03o}" for byte in data)
            return f"printf '{octal}' >\"$W/{name}\" || die 'the instance cannot write to its store'\n"
        packed = compressed(data) if self.knowledge.compression == "gzip" else data
        # Base64 hides from the request's own compression what repeats in the data
        smaller = len(packed) < len(data) * _WORTH_PACKING
        return f"{'litz' if smaller else 'lit'} {name} <<'.'\n{_lines(packed if smaller else data)}.\n"


def compressed(data: bytes) -> bytes:
    """The data as gzip makes it, without a time."""
    return gzip.compress(data, 9, mtime=0)


def _lines(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    return "".join(f"{text[start : start + _LINE]}\n" for start in range(0, len(text), _LINE))
