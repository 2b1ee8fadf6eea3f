# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The instance's side of the protocol: a library of POSIX shell functions that every request loads."""

from __future__ import annotations

import hashlib

from .compiler import COMPILER
from .protocol import MARK

# Runs under dash, bash and busybox. Before it loads this, the request sets N (its nonce), S (the folder of the store),
# R (this file), U (the umask of commands), D, G and Z (the tools for Base64, digests and compression), K (bytes in one
# block of an answer), M (the most bytes of an answer), X (the most kilobytes of the store) and P (cms for a sealed
# request). W is the request's own folder, C the certificate that the answer is sealed with, E is set when the store has
# grown. Where the disk of the store is full, W is on another one and can be found through a link, so that a command can
# free the disk. Y compiles an archive, Q is a command of the length of a file. Other requests may evict any member at
# any time, so a request takes what it needs into its own folder before it does anything (need). On a full disk the file
# stays empty that says that an interpreter makes no byte code (hold). What writes the lines of a frame writes no errors
# or warnings, which would stand among them. A command can kill the script that waits for it: the process that watches
# its time then ends nothing, for another process may have the command's number (born).
RUNNER = (
    (
        r"""
Y='COMPILER'
say() { printf '%s\n' "MARK $N $*"; }
has() { command -v "$1" >/dev/null 2>&1; }
drop() { [ -z "$W" ] || rm -rf "$W" "$S/w/$N"; } 2>/dev/null
die() { say broken "$*"; drop; exit 0; }
len() { echo $(($(wc -c <"$1"))); }
dec() {
  case $D in
    base64) base64 -d ;;
    openssl) openssl base64 -d ;;
    python3) python3 -c 'import base64,sys; sys.stdout.buffer.write(base64.b64decode(sys.stdin.read()))' ;;
    perl) perl -MMIME::Base64 -0777 -ne 'print decode_base64($_)' ;;
  esac
}
enc() {
  case $D in
    base64) base64 ;;
    openssl) openssl base64 ;;
    python3) python3 -c 'import base64,sys; print(base64.b64encode(sys.stdin.buffer.read()).decode())' ;;
    perl) perl -MMIME::Base64 -0777 -ne 'print encode_base64($_)' ;;
    *) od -An -v -tx1 ;;
  esac | tr -d ' \n'
} 2>/dev/null
zip() {
  case $Z in
    gzip) gzip -c ;;
    python3) python3 -c 'import gzip,sys; sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read()))' ;;
    *) cat ;;
  esac
}
unzip() {
  case $Z in
    gzip) gzip -dc ;;
    python3) python3 -c 'import gzip,sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))' ;;
    *) cat ;;
  esac
}
seal() { if [ -n "$C" ]; then openssl cms -encrypt -binary -aes256 -outform DER "$C"; else cat; fi; }
unseal() {
  if [ "$P" = cms ]; then openssl cms -decrypt -binary -inform DER -inkey "$S/key.pem" -recip "$S/key.pem"; else cat; fi
}
sum() {
  case $G in
    sha256sum) set -- $(sha256sum) ;;
    openssl) set -- $(openssl dgst -sha256 -r) ;;
    python3) set -- $(python3 -c 'import hashlib,sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())') ;;
    *) set -- - ;;
  esac
  echo "$1"
}
own() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }
room() { printf %32768s '' >"$1/out" && : >"$1/out" && : >"$1/err"; }
begin() {
  own "$S" || die "$S is not a directory of this user"
  W=$S/w/$N
  mkdir -p "$S/w" && mkdir "$W" && room "$W" && return
  rm -rf "$W"
  for d in "${TMPDIR:-/tmp}" /dev/shm; do
    W=$(mktemp -d "$d/ecs_assistant.XXXXXXXX") || continue
    if room "$W"; then ln -s "$W" "$S/w/$N"; return; fi
    rm -rf "$W"
  done
  W=
  die "no command can be run: $S, ${TMPDIR:-/tmp} and /dev/shm are full or cannot be written to"
} 2>/dev/null
lit() { dec >"$W/$1" || die "the instance cannot write $(len "$W/$1") bytes to $S"; }
litz() { dec | unzip >"$W/$1" || die "the instance cannot write $(len "$W/$1") bytes to $S"; }
part() { mkdir -p "$S/in" && mv "$W/part" "$S/in/$1" || die "the instance cannot write to $S"; }
lost() {
  j=0 l=
  while [ $j -lt "$2" ] && [ ${#l} -lt 3000 ]; do
    k=$3
    [ $j -lt $(($2 - 1)) ] || k=$4
    [ -r "$1.$j" ] && [ "$(len "$1.$j")" -eq "$k" ] || l="$l ${1##*/}.$j"
    j=$((j + 1))
  done
}
join() {
  t=0
  while lost "$2" "$3" "$4" "$5" && [ -n "$l" ] && [ $t -lt "$6" ]; do
    if sleep 0.1 2>/dev/null; then t=$((t + 1)); else sleep 1 && t=$((t + 10)); fi
  done
  [ -z "$l" ] || lacking $l
  (
    j=0
    while [ $j -lt "$3" ]; do
      cat "$2.$j" || exit 1
      j=$((j + 1))
    done
    [ -z "$8" ] || cat "$W/$8"
  ) >"$W/join" || die "the instance cannot write to $S"
  unseal <"$W/join" 2>/dev/null | unzip 2>/dev/null >"$W/$1" || unjoined
  rm -f "$W/join" "$2".* 2>/dev/null
  for j in "$2".*; do [ ! -f "$j" ] || : >"$j"; done
  [ "$G" = none ] || [ "$(sum <"$W/$1")" = "$7" ] || die "a file of the request arrived damaged"
}
unjoined() {
  unseal <"$W/join" >/dev/null 2>&1 || die "a file of the request cannot be decrypted; it may have arrived damaged"
  unseal <"$W/join" | unzip >/dev/null 2>&1 || die "a file of the request arrived damaged"
  die "the instance cannot write to $S"
}
members() { ls -t "$S/m" | head -n 500; } 2>/dev/null
lacking() {
  say missing "$*"
  members
  say end
  drop
  exit 0
}
damaged() {
  if [ "$G" = sha256sum ]; then sha256sum -- "$@" 2>/dev/null; else for i; do echo "$(sum <"$i")  $i"; done; fi |
    while read -r h i; do case $h in "$i"*) ;; *) echo "$i" ;; esac; done
}
split() {
  mkdir "$W/n" || die "the instance cannot write to $S"
  f=$W/$1
  shift
  (
    cd "$W/n" || exit 1
    while [ $# -gt 0 ]; do
      dd bs="$2" count=1 of="$1" 2>/dev/null || exit 1
      shift 2
    done <"$f"
    set -- *
    [ -z "$(damaged "$@")" ] && mv -- "$@" "$S/m"
  ) || die "a part of the request arrived damaged, or the instance cannot write to $S"
  rm -f "$f"
  E=1
}
archive() {
  [ ! -f "$S/m/$1" ] || return 0
  a=$1 f=$2
  shift 2
  (
    cd "$S/m" || exit 1
    for i; do [ -f "$i" ] || echo "$i"; done >"$W/l"
    [ ! -s "$W/l" ] || exit 0
    cat -- "$@" "$W/$f" | enc >"$W/$a"
    case $(sum <"$W/$a") in "$a"*) mv "$W/$a" "$S/m" ;; *) damaged "$@" >"$W/l" ;; esac
  ) || die "the instance cannot write to $S"
  [ ! -s "$W/l" ] || { (cd "$S/m" && rm -f -- $(cat "$W/l")); lacking $(cat "$W/l"); }
  E=1
}
need() {
  (
    cd "$S/m" && ! ln -- "$@" "$W" || exit 0
    for i; do [ -f "$W/$i" ] || cat "$i" >"$W/$i" || rm -f "$W/$i"; done
  ) 2>/dev/null
  l=$(cd "$W" && for i; do [ -f "$i" ] || echo "$i"; done)
  [ -n "$l" ] || l=$(cd "$W" && damaged "$@")
  [ -z "$l" ] || { (cd "$S/m" && rm -f -- $l); lacking $l; }
  (cd "$S/m" && touch -c -- "$@" "$R")
}
answer_to() { C=$W/$1; }
glue() {
  f=$1
  shift
  (cd "$W" && cat -- "$@") >"$W/$f" || die "the instance cannot write to $S"
}
ready() {
  for v in "$S/c/$1".*; do
    [ -f "$v" ] || continue
    case $(sum <"$v") in "${v##*.}"*) f=$v && touch -c -- "$v" && return ;; esac
    rm -f -- "$v"
  done
  return 1
}
hold() {
  f=$W/$1 o=$W/$3
  if p=$(command -v "$2") && i=$(ls -Lid -- "$p") && [ ! -s "$S/c/${i%% *}.not" ]; then
    i=${i%% *}
    ready "$1-$4.$i" || {
      E=1
      {
        mkdir -p "$S/c" && "$p" -I -S -c "$Y" "$S" "$W/$1" "$i" "$4" </dev/null || echo no >"$S/c/$i.not"
      } >/dev/null 2>&1
      ready "$1-$4.$i"
    }
  fi
  for f in "$f" "$W/$1"; do { ln -- "$f" "$o" || cp -- "$f" "$o"; } 2>/dev/null && return; done
  die "the instance cannot write to $S"
}
evict() {
  touch -c "$R"
  while :; do
    k=0
    for d in m c; do set -- $(du -sk "$S/$d" 2>/dev/null) && k=$((k + ${1:-0})); done
    [ $k -gt "$X" ] || return 0
    set -- $(cd "$S" && ls -td m/* c/* 2>/dev/null)
    [ $# -gt 1 ] || return 0
    shift $((($# + 1) / 2))
    (cd "$S" && rm -f -- "$@")
  done
}
clean() { find "$S/w" "$S/in" "$S/o" -mindepth 1 -maxdepth 1 -mtime +1 -exec rm -rf {} + 2>/dev/null; }
tidy() {
  set -- "$S"/w/* "$S"/in/* "$S"/o/*
  [ $# -lt 20 ] || clean
  [ -z "$E" ] || evict
}
regain() {
  W=$(mktemp -d "${TMPDIR:-/tmp}/ecs_assistant.XXXXXXXX") && cat <&8 >"$W/out" && cat <&9 >"$W/err" || return 1
  [ -z "$C" ] || { C=$W/crt && cat <&7 >"$C"; }
}
keep() {
  f=$S/o/$N
  mkdir -p "$S/o" && mv "$W/res" "$f" && return
  rm -f "$f"
  return 1
}
reply() {
  [ -d "$W" ] || regain || die "the command has removed $S, and its output with it"
  o=$(len "$W/out") e=$(len "$W/err")
  cat "$W/out" "$W/err" | zip | seal >"$W/res" || die "the instance cannot write to $S"
  n=$(len "$W/res")
  [ "$n" -le "$M" ] || { say "large $n"; say end; drop; exit 0; }
  f=$W/res
  [ "$n" -le "$K" ] || keep || die "the instance cannot write an output of $n bytes to $S"
  say "$*${C:+ seal=cms} out=$o err=$e size=$n sum=$(sum <"$f")"
  dd if="$f" bs="$K" count=1 2>/dev/null | enc
  echo
  drop
  say end
  tidy
  exit 0
}
block() {
  [ -f "$S/o/$1" ] || { say missing "$1"; say end; exit 0; }
  dd if="$S/o/$1" bs="$K" skip="$2" count=1 2>/dev/null >"$W/res"
  [ "$3" != last ] || rm -f "$S/o/$1"
  say "block size=$(len "$W/res") sum=$(sum <"$W/res")"
  enc <"$W/res"
  echo
  drop
  say end
  exit 0
}
step() {
  (umask "$U" && exec /bin/sh -c "$2") </dev/null >"$W/out" 2>"$W/err" || reply "step rc=$? step=$1"
}
put() {
  (umask "$U" && cat "$W/$2" >"$3") </dev/null >"$W/out" 2>"$W/err" || reply "step rc=$? step=$1"
  rm -f "$W/$2"
}
kin() {
  for c in $(pgrep -P "$1" 2>/dev/null); do kin "$c"; done
  echo "$1"
}
born() { { read -r j <"/proc/$1/stat" && set -- ${j##*) } && [ "$1" != Z ] && echo "${20}"; } 2>/dev/null; }
same() { { [ ! -r /proc/self/stat ] || [ -n "$b" ]; } && [ "$(born "$p")" = "$b" ]; }
watch() {
  until p=$(cat "$W/pid" 2>/dev/null) && [ -n "$p" ]; do sleep 0.05 2>/dev/null || sleep 1; done
  s= b=$(born "$p") t=$1
  trap 'kill "$s" 2>/dev/null; exit 0' TERM
  while [ "$t" -gt 0 ]; do
    n=$((t < 10 ? t : 10)) t=$((t - 10))
    sleep "$n" &
    s=$!
    wait "$s"
    same || exit 0
  done
  trap '' TERM
  : >"$W/late"
  k=$(kin "$p")
  kill -TERM -"$p" 2>/dev/null
  kill -TERM $k 2>/dev/null
  sleep 2
  kill -KILL -"$p" 2>/dev/null
  kill -KILL $k 2>/dev/null
}
tap() {
  : >"$W/in"
  mkfifo "$W/out.pipe" "$W/err.pipe" 2>/dev/null || return
  for i in out err; do { cat; : >"$W/$i.end"; } <"$W/$i.pipe" >"$W/$i" 2>/dev/null & done
  exec 5>"$W/out.pipe" 6>"$W/err.pipe"
  o=$W/out.pipe e=$W/err.pipe
}
come() { [ -f "$W/$1.end" ] || grep -q "$N" "/dev/fd/$2" 2>/dev/null; }
settle() {
  (trap '' PIPE; printf '%s\n' "$N" >&5; printf '%s\n' "$N" >&6) 2>/dev/null
  exec 5>&- 6>&-
  t=0
  until { come out 8 && come err 9; } || [ $t -ge 1500 ]; do
    sleep 0.02 2>/dev/null || sleep 1
    t=$((t + 1))
  done
  [ -d "$W" ] || regain || die "the command has removed $S, and its output with it"
  cut_off out && cut_off err || die "the instance cannot write the output of the command to $S"
}
ends() {
  k=$(($(len "$f") - ${#N} - 1))
  [ $k -ge 0 ] && [ "$(dd if="$f" bs=1 skip=$k 2>/dev/null)" = "$N" ]
}
cut_off() {
  f=$W/$1
  { [ -f "$f.end" ] && ends; } || {
    LC_ALL=C sed -e "/$N/{" -e "s/$N.*//" -e "s/\$/$N/" -e q -e '}' "$f" >"$f.new" && mv -f "$f.new" "$f" && ends
  } || return 1
  dd if=/dev/null of="$f" bs=1 seek=$k count=0 2>/dev/null
}
login() {
  USER=$(id -un) || return
  LOGNAME=$USER
  while IFS=: read -r i j j j j j l; do [ "$i" != "$USER" ] || SHELL=$l; done </etc/passwd
  export USER LOGNAME SHELL
}
run() {
  has "$1" || die "there is no program $1 on the instance to run commands with (ansible_ecs_assistant_executable)"
  o=$W/out e=$W/err
  [ -f "$W/in" ] || tap
  exec 7<"${C:-/dev/null}" 8<"$W/out" 9<"$W/err"
  watch "$3" </dev/null >/dev/null 2>&1 5>&- 6>&- &
  w=$!
  {
    (
      exec 5>&- 6>&- 7<&- 8<&- 9<&-
      rm -f "$W/in"
      read -r i j </proc/self/stat && echo "$i" >"$W/pid"
      umask "$U"
      login 2>/dev/null
      unset N S U D G Z K M X P C E B T R W Y Q
      if has setsid; then exec setsid "$1" -c "$2"; fi
      exec "$1" -c "$2"
    ) <"$W/in" >"$o" 2>"$e"
    r=$?
  } 2>/dev/null
  [ -f "$W/late" ] || kill "$w" 2>/dev/null
  wait "$w" 2>/dev/null
  l=done
  [ ! -f "$W/late" ] || l=late
  [ "$o" = "$W/out" ] || settle
  reply "$l rc=$r"
}
run_long() {
  Q=$(cat "$W/$2" && echo .) || die "the instance cannot read from $S"
  run "$1" "${Q%.}" "$3"
}
fetch() {
  if [ ! -e "$1" ]; then reply "absent rc=1"; fi
  cat -- "$1" >"$W/out" 2>"$W/err"
  reply "done rc=$?"
}
"""
    )
    .replace("MARK", MARK)
    .replace("COMPILER", COMPILER)
)

RUNNER_ID = hashlib.sha256(RUNNER.encode()).hexdigest()
