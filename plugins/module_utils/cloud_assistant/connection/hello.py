# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The shell text of the first request to an instance: it chooses the place of the store and reports the tools."""

from __future__ import annotations

# It uses the functions of the runner, which it places in the store, and needs no tool but the shell.
# Of several that find no key at the same time, the first one to have made one gives it to all: a link replaces nothing.
# A store outside of the home is used again, lest each controller and each reset of a connection leave one there.
HELLO = r"""
placed() {
  for S in "$1"/ecs_assistant.*; do if [ -d "$S/m" ] && own "$S"; then return; fi; done
  return 1
}
for d in "$HOME" "${TMPDIR:-/tmp}" /dev/shm; do
  S=$HOME/.ansible/ecs_assistant n=
  [ "$d" = "$HOME" ] || placed "$d" || { n=1 && S=$(mktemp -d "$d/ecs_assistant.XXXXXXXX"); } || S=$d/ecs_assistant.$N
  mkdir -p "$S" && own "$S" && chmod 700 "$S" && mkdir -p "$S/m" "$S/in" "$S/o" "$S/w/$N" && room "$S/w/$N" && break
  rm -rf "$S/w/$N"
  [ -z "$n" ] || rm -rf "$S"
done 2>/dev/null
[ -d "$S/w/$N" ] || die "no command can be run: $HOME, ${TMPDIR:-/tmp} and /dev/shm are full or cannot be written to"
rm -rf "$S/w/$N"
D=none G=none Z=none
for t in base64 openssl python3; do [ "$D" != none ] || ! has "$t" || D=$t; done
for t in sha256sum openssl python3; do [ "$G" != none ] || ! has "$t" || G=$t; done
[ "$D" != none ] || ! perl -MMIME::Base64 -e 1 2>/dev/null || D=perl
for t in gzip python3; do [ "$Z" != none ] || ! has "$t" || Z=$t; done
c=
pair() { [ "$(C=$S/key.pem; echo x | seal | unseal)" = x ]; }
make_pair() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 7300 -subj /CN=ecs_assistant -keyout "$S/key.$N" -out "$S/crt.$N" &&
    cat "$S/crt.$N" >>"$S/key.$N" &&
    { ln "$S/key.$N" "$S/key.pem" || [ -s "$S/key.pem" ] || mv "$S/key.$N" "$S/key.pem"; }
  rm -f "$S/key.$N" "$S/crt.$N"
}
if [ "$P" = cms ] && has openssl; then
  {
    [ ! -s "$S/key.pem" ] || pair || rm -f "$S/key.pem"
    [ -s "$S/key.pem" ] || make_pair
  } >/dev/null 2>&1
  if pair 2>/dev/null; then
    c=$(openssl x509 -in "$S/key.pem" | while read -r l; do case $l in -*) ;; *) printf %s "$l" ;; esac; done)
  fi
fi
clean
printf %s "$L" >"$S/m/.new.$N" && mv "$S/m/.new.$N" "$S/m/$R" || die "the instance cannot write to $S"
say hello
printf '%s\n' "store=$S" "home=$HOME" "base64=$D" "digest=$G" "compression=$Z" "certificate=$c"
printf '%s\n' "members=$(members | tr '\n' ' ')"
say end
exit 0
"""
