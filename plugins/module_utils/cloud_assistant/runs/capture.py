# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The wrapper that runs a shell script as it would run anyway, and keeps both of its streams on the instance.

It is POSIX sh for Linux and needs mktemp, mkfifo, tee, wc and sha256sum, as coreutils or BusyBox have them, and gzip
and base64 for output that does not fit into what the service keeps. What it prints is a report: a first line that names
the directory, then both streams if they fit, plain or compressed, and a last line with their sizes and digests.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import shlex
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...common.errors import InputError
from ...common.numbers import natural_number
from ...common.spooled import Spooled
from ..scripts import ScriptContent
from .rounds import RANGE_BYTES

PACKED_BYTES = 17600
"""Bytes of both streams, compressed, that the report holds: with Base64 and its other lines it has 24 KB then."""

RAW_BYTES = 20000
"""Bytes of both streams that the report holds uncompressed; the rest of the 24 KB is for its first and last line."""

_HEAD = r"""#!/bin/sh
_co_umask=$(umask)
umask 077
_co_dir=
for _co_base in /var/tmp /tmp "$HOME"; do
  # what an earlier run has left whose controller did not come back
  find "$_co_base"/.cloudops-output.* -prune -type d -user "$(id -u)" -mtime +1 -exec rm -rf {} + 2>/dev/null
  _co_dir=$(mktemp -d "$_co_base/.cloudops-output.XXXXXXXXXX" 2>/dev/null) || { _co_dir=; continue; }
  _co_script=$_co_dir/script@ext@
  : >"$_co_script" && chmod 700 "$_co_script" && [ -x "$_co_script" ] && break
  rm -rf "$_co_dir"
  _co_dir=
done
[ -n "$_co_dir" ] || { echo "output: neither /var/tmp nor /tmp nor the home directory can be used" >&2; exit 125; }
# nothing of this shell's own, such as that it has seen the script killed, may come between the lines of the report
exec 2>/dev/null
_co_give_up() {
  rm -rf "$_co_dir"
  echo "output: $1; the disk may be full. The script was not started."
  exit 125
}
cat >"$_co_script" <<'@end@' || _co_give_up "the script could not be written to $_co_base"
"""

_RUN = r"""
@trim@mkfifo "$_co_dir/1" "$_co_dir/2" "$_co_dir/out.count" "$_co_dir/err.count" ||
  _co_give_up "no pipe could be made in $_co_base"
echo "cloudops-output $_co_dir"
_co_keep() {
  # a script that ends everything of its process group must not end what reads its last lines
  trap '' HUP INT TERM
  trap 'kill -KILL "$_co_pid"; wait; exit 0' USR1
  wc -c >"$_co_dir/$1.total" <"$_co_dir/$1.count" &
  # where the file may not grow any more, tee still passes everything on to be counted. The stream of the script comes
  # last: the script starts when it has a reader, and may remove all of these then
  (trap '' XFSZ; ulimit -c 0 -f @blocks@; exec tee "$_co_dir/$1" >"$_co_dir/$1.count" <"$_co_dir/$2") &
  _co_pid=$!
  wait $_co_pid || [ "$(($(wc -c <"$_co_dir/$1")))" -ge @largest@ ] || : >"$_co_dir/full"
  wait
}
_co_keep out 1 >/dev/null &
_co_out=$!
_co_keep err 2 >/dev/null &
_co_err=$!
(umask "$_co_umask"; @launch@) >"$_co_dir/1" 2>"$_co_dir/2"
_co_rc=$?
# what has been started in the background may hold the streams open; what was written before the end is kept, for which
# the readers get a second in which nothing comes, as the instance may be busy
_co_seen=
_co_turn=0
_co_quiet=0
_co_counted() { [ -s "$_co_dir/out.total" ] && [ -s "$_co_dir/err.total" ]; }
while [ $_co_quiet -lt 20 ] && [ $_co_turn -lt 100 ] && ! _co_counted; do
  sleep 0.05 2>/dev/null || { sleep 1; _co_quiet=20; }
  _co_now=$(cat "$_co_dir/out" "$_co_dir/err" 2>/dev/null | wc -c)
  if [ "$_co_now" = "$_co_seen" ]; then _co_quiet=$((_co_quiet + 1)); else _co_quiet=0; fi
  _co_seen=$_co_now
  _co_turn=$((_co_turn + 1))
done
kill -USR1 $_co_out $_co_err
wait $_co_out $_co_err
"""

_PACK = r"""
# the script may have removed it
cd "$_co_dir" || exit ${_co_rc:-1}
_co_r=0
_co_size() {
  _co_n=$(($(cat "$1" | wc -c)))
  _co_t=$(($(cat "$1.total") + 0))
  # if the counting was not completed
  [ $_co_t -ge $_co_n ] || _co_t=$_co_n
  [ $_co_n -le @largest@ ] || _co_n=@largest@
  _co_r=$((_co_r + _co_t - _co_n))
}
# as far as they have been measured: what the script has left running may still be writing
_co_both() {
  head -c $_co_o out
  head -c $_co_e err
}
_co_size out
_co_o=$_co_n
_co_size err
_co_e=$_co_n
_co_sum=$(_co_both | sha256sum)
if [ -e full ]; then _co_full=1; else _co_full=0; fi
_co_facts="full=$_co_full out=$_co_o err=$_co_e rest=$_co_r sha256=${_co_sum%% *}"
if [ $((_co_o + _co_e)) -le @raw@ ]; then
  _co_both
  printf '\n%s\n' "cloudops-output-end $_co_facts form=raw"
  rm -rf "$_co_dir"
elif _co_both | gzip -nc >data; then
  _co_z=$(($(wc -c <data)))
  if [ $_co_z -le @packed@ ]; then
    base64 <data
    printf '\n%s\n' "cloudops-output-end $_co_facts form=packed"
    rm -rf "$_co_dir"
  else
    _co_sum=$(sha256sum <data)
    # the script may hold secrets
    rm -f out err script*
    printf '\n%s\n' "cloudops-output-end $_co_facts form=kept length=$_co_z stream=${_co_sum%% *}"
  fi
else
  head -c @raw@ out
  printf '\n%s\n' "cloudops-output-end $_co_facts form=lost"
  rm -rf "$_co_dir"
fi
"""

_FIND = r"""
_co_dir=
for _co_base in /var/tmp /tmp "$HOME"; do
  for _co_name in @names@; do
    if [ -O "$_co_base/$_co_name" ] && [ -d "$_co_base/$_co_name" ]; then _co_dir=$_co_base/$_co_name; fi
  done
done
[ -n "$_co_dir" ] || exit 3
"""

_RANGE = r"""
dd if="$_co_dir/data" bs=@range@ skip=@skip@ count=1 2>/dev/null | base64
"""

_BLOCK = 512
"""Bytes in which a POSIX shell counts the limit of a file's size."""

_END_LINE = re.compile(rb"\n(cloudops-output-end [^\n]*)\n*\Z")
_FIRST_LINE = re.compile(rb"cloudops-output (/[^\n]*/(\.cloudops-output\.[A-Za-z0-9]+))\n")
_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\S+")
_SCRIPT_FILE = re.compile(
    r"\{\{\s*ACS::ScriptFileName\s*(?:\|\s*Ext\(\s*\"?(\.?[\w.-]+)\"?\s*\)\s*)?\}\}", re.IGNORECASE
)


def wrap(script: ScriptContent, launcher: str | None, largest: int) -> ScriptContent:
    """Return the script that runs ``script`` as the agent would and keeps up to ``largest`` bytes of each stream.

    The placeholders of the script stay where they are, so that the service fills them in. Raises InputError for a
    script that cannot be carried in another one.
    """
    if b"\0" in script.data:
        raise InputError("output", "complete is not possible for a script that contains NUL bytes")
    extension, launch = _launching(launcher)
    end = f"END-{hashlib.sha256(script.data).hexdigest()[:16]}"
    whole = script.data.endswith(b"\n")
    values: dict[str, str | int] = {
        "ext": extension,
        "end": end,
        "launch": launch,
        "largest": largest,
        "blocks": largest // _BLOCK + 1,
        "trim": "" if whole else _TRIM,
    }
    head, run = _filled(_HEAD, values), _filled(_RUN, values)
    tail = f"{end}{run}{_pack(largest)}exit $_co_rc\n"
    body = script.data if whole else script.data + b"\n"
    return ScriptContent(head.encode() + body + tail.encode())


_TRIM = r"""_co_size=$(($(wc -c <"$_co_script")))
{ head -c $((_co_size - 1)) "$_co_script" >"$_co_dir/part" && cat "$_co_dir/part" >"$_co_script"; } ||
  _co_give_up "the script could not be written to $_co_base"
"""


def unwrap(data: bytes) -> bytes:
    """Return the script inside a wrapper, or what was given if it is none."""
    start = re.match(rb"#!/bin/sh\n_co_umask=.*?<<'(END-[0-9a-f]{16})'[^\n]*\n", data, re.DOTALL)
    if not start:
        return data
    body, mark, rest = data[start.end() :].partition(b"\n" + start[1] + b"\n")
    if not mark:
        return data
    return body if b'"$_co_dir/part"' in rest else body + b"\n"


def _launching(launcher: str | None) -> tuple[str, str]:
    """Return the extension of the script's file, and the shell words that start it as the agent would."""
    path = '"$_co_script"'
    if launcher is None:
        return ".sh", f"sh -c {path}"
    if launcher.startswith("@") and not launcher.startswith("@@"):
        raise InputError("output", "complete is not possible with a launcher that is a plugin of the agent")
    found = _SCRIPT_FILE.search(launcher)
    extension = "" if found else ".sh"
    if found and found[1]:
        extension = found[1] if found[1].startswith(".") else f".{found[1]}"
    tokens = _TOKEN.findall(_SCRIPT_FILE.sub("\0", launcher))
    words = [path.join(shlex.quote(part) if part else "" for part in token.split("\0")) for token in tokens]
    return extension, "exec " + " ".join(words if found else [*words, path])


def pack_script(names: Iterable[str], largest: int) -> str:
    """Return the script that does what the end of the wrapper would have done, where the wrapper was killed."""
    return _find(names) + 'echo "cloudops-output $_co_dir"\nexec 2>/dev/null\n' + _pack(largest)


def range_script(names: Iterable[str], number: int) -> str:
    """Return the script that prints a range of what is kept, numbered from 0."""
    return _find(names) + _filled(_RANGE, {"range": RANGE_BYTES, "skip": number})


def tidy_script(names: Iterable[str]) -> str:
    """Return the script that removes the directory."""
    return _find(names) + 'rm -rf "$_co_dir"\n'


def _find(names: Iterable[str]) -> str:
    """Return the lines that find the one of the directories that is on this instance; without it they exit with 3."""
    return _filled(_FIND, {"names": " ".join(names)})


def _pack(largest: int) -> str:
    return _filled(_PACK, {"raw": RAW_BYTES, "packed": PACKED_BYTES, "largest": largest})


def _filled(text: str, values: Mapping[str, str | int]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


@dataclass(frozen=True)
class Streams:
    """Both streams of a script. ``dropped`` counts bytes over the limit; ``full``: the instance's disk was full."""

    stdout: bytes | Spooled
    stderr: bytes | Spooled
    dropped: int = 0
    full: bool = False


@dataclass(frozen=True)
class Report:
    """What the wrapper printed.

    ``name`` is that of the directory on the instance. ``facts`` are empty where the wrapper did not finish.
    ``streams`` is None where they are still on the instance, ``length`` bytes with the SHA-256 ``digest``.
    """

    name: str
    facts: Mapping[str, str]
    streams: Streams | None = None

    @property
    def length(self) -> int:
        """The bytes of the compressed streams on the instance, 0 where nothing is kept there."""
        return _number(self.facts, "length")

    @property
    def size(self) -> int:
        """The bytes that the script printed, 0 where that is not known."""
        return sum(_number(self.facts, name) for name in ("out", "err", "rest"))

    def unpack(self, packed: bytes) -> Streams | None:
        """Return the streams in what was kept on the instance, None if it is not what the wrapper has announced."""
        if hashlib.sha256(packed).hexdigest() != self.facts.get("stream"):
            return None
        return _inflated(packed, self.facts)

    def begun(self, packed: bytes) -> Streams | None:
        """Return the streams as far as the beginning of what was kept holds them, None where it holds nothing.

        The digests are those of the whole, so that such a part is not verified.
        """
        out, err = _number(self.facts, "out"), _number(self.facts, "err")
        data = _unpacked(packed, out + err)
        if not data:
            return None
        rest = _number(self.facts, "rest") + out + err - len(data)
        return Streams(data[:out], data[out:], rest, self.facts.get("full") == "1")


def read_report(output: bytes | None) -> Report | None:
    """Return the wrapper's report in the output of a run, None if there is none."""
    first = _FIRST_LINE.match(output or b"")
    if not first or output is None:
        return None
    name = first[2].decode("ascii")
    last = _END_LINE.search(output)
    if not last:
        return Report(name, {})
    facts = dict(word.partition("=")[::2] for word in last[1].decode("ascii", "replace").split()[1:])
    body = output[first.end() : last.start()]
    streams = None
    if facts.get("form") == "raw":
        streams = _split(body, facts)
    elif facts.get("form") == "packed":
        try:
            streams = _inflated(base64.b64decode(b"".join(body.split()), validate=True), facts)
        except binascii.Error:
            streams = None
    elif facts.get("form") == "lost":
        streams = Streams(body, b"", Report(name, facts).size - len(body), full=True)
    return Report(name, facts, streams)


def _inflated(packed: bytes, facts: Mapping[str, str]) -> Streams | None:
    data = _unpacked(packed, _number(facts, "out") + _number(facts, "err"))
    return None if data is None else _split(data, facts)


def _unpacked(packed: bytes, size: int) -> bytes | None:
    """Return the bytes that were packed, never many more than were announced; None if that cannot be unpacked."""
    try:
        return zlib.decompressobj(31).decompress(packed, size + 1)
    except zlib.error:
        return None


def _split(data: bytes, facts: Mapping[str, str]) -> Streams | None:
    """Cut the bytes into both streams, None if they are not those whose size and digest were announced."""
    out, err = _number(facts, "out"), _number(facts, "err")
    if len(data) != out + err or hashlib.sha256(data).hexdigest() != facts.get("sha256"):
        return None
    return Streams(data[:out], data[out:], _number(facts, "rest"), facts.get("full") == "1")


def _number(facts: Mapping[str, str], name: str) -> int:
    return natural_number(facts.get(name, "")) or 0
