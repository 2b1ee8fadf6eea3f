# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The shell scripts that look at a file on an instance, put its parts together and tidy up, and what they print.

They are POSIX sh for Linux and need sha256sum, stat and awk, as coreutils or BusyBox have them, and gzip for
compressed files. Each ends with exit code 0 and prints lines of a keyword and a value; ``error CODE TEXT``
reports a failure, with a code of DescribeSendFileResults where one fits.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .shell import PRELUDE, invalid_output, script_with

SHOWN_BYTES = 12 * 1024
"""Bytes of the old file that a diff shows: what fits into a run's output beside the rest."""


@dataclass(frozen=True)
class TargetFile:
    """Where a file goes on a Linux instance, and with which permissions.

    ``mode`` is octal text without leading zeros; empty means that of the file that is there, else 644. ``owner`` and
    ``group`` are names or numbers; empty means those of the file that is there, else those of a new file.
    """

    directory: str
    name: str
    mode: str = ""
    owner: str = ""
    group: str = ""

    @property
    def path(self) -> str:
        """The whole path."""
        return posixpath.join(self.directory, self.name)

    @property
    def staging(self) -> str:
        """The one directory that parts of this file wait in: beside it, so that moving it into place is atomic."""
        mark = hashlib.sha256(self.name.encode("utf-8")).hexdigest()[:12]
        return posixpath.join(self.directory, f".cloud-assistant-{mark}")


_COMMON = (
    PRELUDE
    + r"""
umask 022
describe() {
  digest='' mode_now='' uid_now='' gid_now='' owner_now='' group_now='' size_now=''
  if [ -L "$file" ]; then kind=link
  elif [ -d "$file" ]; then kind=directory
  elif [ -f "$file" ]; then kind=file
  elif [ -e "$file" ]; then kind=other
  else kind=missing
  fi
  say "kind $kind"
  [ "$kind" = file ] || return 0
  read -r mode_now uid_now gid_now size_now owner_now group_now <<END
$(stat -c '%a %u %g %s %U %G' "$file")
END
  digest=$(sha256sum <"$file") || fail FileUnreadable "$file cannot be read"
  digest=${digest%% *}
  say "sha256 $digest"
  say "size $size_now"
  say "mode $mode_now"
  say "owner $owner_now"
  say "group $group_now"
}
permissions_differ() {
  if [ -n "$mode" ] && [ "$mode" != "$mode_now" ]; then return 0; fi
  if [ -n "$owner" ] && [ "$owner" != "$owner_now" ] && [ "$owner" != "$uid_now" ]; then return 0; fi
  if [ -n "$group" ] && [ "$group" != "$group_now" ] && [ "$group" != "$gid_now" ]; then return 0; fi
  return 1
}
may_set_permissions() {
  [ "$overwrite" = 1 ] || fail FileAlreadyExists "$file has different permissions, and overwrite is false"
}
set_permissions() {
  if [ -n "$owner$group" ]; then
    chown "$owner${group:+:$group}" "$file" 2>/dev/null || fail UserGroupNotExists "the owner or group cannot be set"
  fi
  chmod "${mode:-$mode_now}" "$file" || fail FileAuthorityInvalid "the mode cannot be set"
}
whole_parts() {
  set -- "$stream".*
  [ -e "$1" ] || { say "parts "; return 0; }
  sha256sum "$@" | awk '
    function flush() { if (first) { out = out comma first "-" last; comma = "," } }
    { split($2, name, "."); number = name[2] + 0
      if (substr($1, 1, 16) != name[3]) { print "broken " $2; next }
      if (!first || number != last + 1) { flush(); first = number }
      last = number }
    END { flush(); print "parts " out }'
}
"""
)

_LOOK = r"""
need sha256sum stat awk
accounts_exist() {
  if [ -n "$owner" ]; then
    id -u "$owner" >/dev/null 2>&1 || case $owner in
      *[!0-9]*) fail UserGroupNotExists "user $owner does not exist" ;;
    esac
  fi
  if [ -n "$group" ]; then
    getent group "$group" >/dev/null 2>&1 || grep -q "^$group:" /etc/group || case $group in
      *[!0-9]*) fail UserGroupNotExists "group $group does not exist" ;;
    esac
  fi
}
describe
if [ "$compare" = 1 ] && [ "$kind" = file ] && [ "$digest" = "$sha256" ]; then
  if [ "$write" = 1 ]; then rm -rf "$stage"; fi
  if ! permissions_differ; then say state same; exit 0; fi
  may_set_permissions
  accounts_exist
  say state permissions
  [ "$write" = 1 ] || exit 0
  set_permissions
  describe
  exit 0
fi
case $kind in
  directory | other) fail FilePathInvalid "$file exists and is not a regular file" ;;
  link) [ ! -d "$file" ] || fail FilePathInvalid "$file is a link to a directory" ;;
esac
[ "$kind" = missing ] || [ "$overwrite" = 1 ] || fail FileAlreadyExists "$file exists, and overwrite is false"
accounts_exist
if [ "$kind" = missing ]; then say state missing; else say state content; fi
if [ "$write" = 1 ] && { [ "$staged" = 1 ] || [ "$kind" != missing ]; }; then
  [ "$compressed" = 0 ] || need gzip
  mkdir -p "$directory" 2>/dev/null || fail FilePathInvalid "$directory cannot be created"
  umask 077
  # anything there that is not a directory of our own is not to be trusted
  holder=$(stat -c %u "$stage" 2>/dev/null)
  if [ -L "$stage" ] || [ "${holder:-$(id -u)}" != "$(id -u)" ]; then rm -rf "$stage"; fi
  # another task that sends the same file may end, and remove the directory, at any moment
  tries=0
  until mkdir -p "$stage" 2>/dev/null && chmod 700 "$stage" 2>/dev/null && cd "$stage" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 10 ] || fail FileCreateFail "$stage cannot be created"
  done
  for entry in * .[!.]*; do
    case $entry in
      "$stream".*) ;;
      *) rm -rf "./$entry" ;;
    esac
  done
  whole_parts | while read -r word rest; do
    case $word in
      broken) rm -f "./$rest" ;;
      *) say "$word $rest" ;;
    esac
  done
elif [ "$write" = 1 ]; then
  rm -rf "$stage"
fi
if [ "$show" = 1 ] && [ "$kind" = file ] && [ "$size_now" -le "$shown_bytes" ]; then
  need base64
  say content
  base64 <"$file"
fi
"""

_ASSEMBLE = r"""
need sha256sum stat awk
umask 077
looked=0
# another task may have sent the same file meanwhile, and removed the parts that both share
same_by_now() {
  [ "$looked" = 0 ] && [ -f "$file" ] && [ ! -L "$file" ] || return 1
  looked=1
  now=$(sha256sum <"$file" 2>/dev/null)
  [ "${now%% *}" = "$sha256" ]
}
finish() {
  describe
  if permissions_differ; then
    may_set_permissions
    set_permissions
    describe
  fi
  tidy
  say state done
  exit 0
}
fail() {
  if same_by_now; then finish; fi
  tidy
  say "error $*"
  exit 0
}
if [ ! -e "$stage" ] && [ ! -L "$stage" ]; then
  if same_by_now; then finish; fi
  say "parts "
  say state incomplete
  exit 0
fi
[ ! -L "$stage" ] && [ "$(stat -c %u "$stage")" = "$(id -u)" ] && cd "$stage" && chmod 700 . ||
  fail FileCreateFail "$stage is not a directory of this transfer"
found=$(whole_parts)
printf '%s\n' "$found"
case "$found" in
  "parts $all") ;;
  *) say state incomplete; exit 0 ;;
esac
tidy() { cd / && rm -rf "$stage"; }
# a name of this run's own: two tasks may bring the same file at the same time
new=./new.$$
rm -f "$new"
if [ "$count" = 0 ]; then true >"$new"
elif [ "$compressed" = 1 ]; then cat "$stream".* | gzip -dc >"$new" 2>/dev/null
else cat "$stream".* >"$new"
fi || fail FileCreateFail "the file cannot be written beside $file"
digest=$(sha256sum <"$new")
[ "${digest%% *}" = "$sha256" ] || fail ChecksumMismatch "the SHA-256 of the received file does not match"
describe >/dev/null
[ "$kind" = missing ] || [ "$overwrite" = 1 ] || fail FileAlreadyExists "$file exists, and overwrite is false"
if [ -d "$file" ] || [ "$kind" = other ]; then fail FilePathInvalid "$file exists and is not a regular file"; fi
new_owner=${owner:-$uid_now}
new_group=${group:-$gid_now}
if [ -n "$new_owner$new_group" ]; then
  chown "$new_owner${new_group:+:$new_group}" "$new" 2>/dev/null ||
    fail UserGroupNotExists "the owner or group cannot be set"
fi
chmod "${mode:-${mode_now:-644}}" "$new" || fail FileAuthorityInvalid "the mode cannot be set"
mv -f "$new" "$file" || fail FileCreateFail "$file cannot be replaced"
tidy
say state done
describe
"""

_TIDY = r"""
if [ "$keep" = 1 ]; then rm -f "$stage"/new.*; else rm -rf "$stage"; fi
say state tidy
"""


def look_script(
    target: TargetFile,
    *,
    sha256: str,
    stream_id: str,
    compressed: bool,
    write: bool,
    overwrite: bool,
    staged: bool,
    show: bool,
    compare: bool = True,
) -> str:
    """Return the script that compares the file with what it should be; without ``compare`` any file counts as other.

    With ``write`` it also sets permissions where they alone differ, and prepares the staging directory where the
    content differs and ``staged``, or a file to replace, calls for one; then it names the parts already there. With
    ``show`` it prints a small old file for the diff.
    """
    values = _target_values(target) | {
        "sha256": sha256,
        "stream": stream_id,
        "compressed": compressed,
        "write": write,
        "overwrite": overwrite,
        "staged": staged,
        "show": show,
        "compare": compare,
        "shown_bytes": SHOWN_BYTES,
    }
    return script_with(values, _COMMON + _LOOK)


def assemble_script(
    target: TargetFile, *, sha256: str, stream_id: str, compressed: bool, count: int, overwrite: bool
) -> str:
    """Return the script that makes the file out of its parts, checks it and moves it into place.

    It changes nothing while a part is missing or broken. After any other failure the staging directory is gone.
    """
    values = _target_values(target) | {
        "sha256": sha256,
        "stream": stream_id,
        "compressed": compressed,
        "count": count,
        "all": f"1-{count}" if count else "",
        "overwrite": overwrite,
    }
    return script_with(values, _COMMON + _ASSEMBLE)


def tidy_script(target: TargetFile, *, keep_parts: bool) -> str:
    """Return the script that removes the staging directory, or only the unfinished file in it."""
    return script_with({"stage": target.staging, "keep": keep_parts}, _COMMON + _TIDY)


def _target_values(target: TargetFile) -> dict[str, str | int | bool]:
    return {
        "directory": target.directory,
        "file": target.path,
        "stage": target.staging,
        "mode": target.mode,
        "owner": target.owner,
        "group": target.group,
    }


@dataclass(frozen=True)
class Report:
    """What one of the scripts printed.

    ``state``: same, permissions, missing, content, incomplete, done, tidy, or empty when it did not get that far.
    ``facts`` are of the file at the end of the script. ``parts``: ranges of whole parts, None if they were not checked.
    ``content``: the old file where it was printed. ``error_code`` and ``error_info`` say why it gave up.
    """

    state: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    parts: str | None = None
    content: bytes | None = field(default=None, repr=False)
    error_code: str = ""
    error_info: str = ""


_FACTS = ("kind", "sha256", "size", "mode", "owner", "group")
# of at most 99999 parts, many times those of the largest file: an instance cannot make us count on without end
_PARTS = re.compile(r"(?:\d{1,5}-\d{1,5}(?:,(?=\d)|$))*")


def read_report(output: bytes, dropped: int = 0) -> Report:
    """Return what a script printed; ``dropped`` is the number of bytes that the service cut out of it.

    An output that is not a whole report becomes one with the error code INVALID_OUTPUT.
    """
    text, _mark, encoded = output.decode("utf-8", "replace").partition("\ncontent\n")
    described: list[dict[str, str]] = []
    found: dict[str, str] = {}
    error: tuple[str, str] | None = None
    for line in text.splitlines():
        word, _blank, value = line.partition(" ")
        if word == "kind":
            described.append({})
        if word in _FACTS and described:
            described[-1][word] = value
        elif word in ("state", "parts"):
            found[word] = value
        elif word == "error":
            code, _blank, info = value.partition(" ")
            error = (code, info)
    content = None
    if encoded:
        try:
            content = base64.b64decode(encoded)
        except binascii.Error:
            dropped = dropped or 1
    if dropped or not (error or "state" in found) or not _PARTS.fullmatch(found.get("parts", "")):
        error = invalid_output(text)
    return Report(
        state=found.get("state", ""),
        facts=described[-1] if described else {},
        before=described[0] if described else {},
        parts=found.get("parts"),
        content=content,
        error_code=error[0] if error else "",
        error_info=error[1] if error else "",
    )
