# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instance's own reboot, shutdown, poweroff and halt, which never reach the machine that it runs on."""

from __future__ import annotations

import os

NAMES = ("reboot", "shutdown", "poweroff", "halt", "init", "telinit", "systemctl")
# below an instance's root directory: the program, the pipe to the emulator and the key to it
FOLDER = ".view/power"
# programs that the machine's names above may lead to; a program that does more than power, busybox, is not covered
_COVERED = {*NAMES, "systemd"}

# One program under all names. It reaches the emulator by a pipe that only the instance's root may write to, and waits
# for its end there: what comes after `reboot` in a script never runs.
_TEXT = r"""#!/bin/sh
here={folder}
name=${{0##*/}}

ask() {{
    if ! [ -w "$here/request" ]; then
        echo "$name: Operation not permitted" >&2
        exit 1
    fi
    read -r key <"$here/key"
    echo "$key $1 $2" >"$here/request"
}}

at_once() {{
    ask "$1" now
    exec sleep 60
}}

machine() {{
    [ -x "$here/machine/$name" ] && exec "$here/machine/$name" "$@"
    echo "$name: not available on this instance" >&2
    exit 1
}}

by_target() {{
    case $1 in
    reboot.target | kexec.target | soft-reboot.target | runlevel6.target | systemd-reboot.service) at_once reboot ;;
    poweroff.target | halt.target | runlevel0.target | systemd-poweroff.service | systemd-halt.service)
        at_once poweroff ;;
    esac
}}

change() {{
    verb=$1
    shift
    for word; do
        case $word in
        --reboot) verb=reboot ;;
        -p | --poweroff | --halt) verb=poweroff ;;
        -w | --wtmp-only) exit 0 ;;
        esac
    done
    at_once "$verb"
}}

later() {{
    verb=poweroff when=
    for word; do
        case $word in
        -c | --cancel) ask cancel now; exit ;;
        --show) exit 0 ;;
        --reboot) verb=reboot ;;
        -k) exit 0 ;;
        --*) ;;
        -*r*) verb=reboot ;;
        -*) ;;
        *) when=${{when:-$word}} ;;
        esac
    done
    when=${{when:-+1}}
    case $when in
    now | 0 | +0) at_once "$verb" ;;
    +[0-9]* | [0-9]*) ask "$verb" "$when"; echo "Shutdown scheduled, use 'shutdown -c' to cancel." >&2 ;;
    *) echo "shutdown: Failed to parse time specification: $when" >&2; exit 1 ;;
    esac
}}

control() {{
    verb=
    for word; do
        case "$verb $word" in
        " -"*) ;;
        " reboot" | " kexec" | " soft-reboot") at_once reboot ;;
        " poweroff" | " halt") at_once poweroff ;;
        " start" | " isolate") verb=$word ;;
        " "*) break ;;
        *) by_target "$word" ;;
        esac
    done
    machine "$@"
}}

level() {{
    for word; do
        case $word in
        0) at_once poweroff ;;
        6) at_once reboot ;;
        esac
    done
    machine "$@"
}}

case $name in
reboot) change reboot "$@" ;;
poweroff | halt) change poweroff "$@" ;;
shutdown) later "$@" ;;
systemctl) control "$@" ;;
init | telinit) level "$@" ;;
*) machine "$@" ;;
esac
"""


def text(folder: str) -> str:
    """Return the program for an instance whose ``FOLDER`` a script finds at ``folder``."""
    return _TEXT.format(folder=folder)


def machine_programs() -> dict[str, str]:
    """Return the machine's programs behind the names, links followed: {name: path}."""
    found: dict[str, str] = {}
    for folder in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        for name in NAMES:
            path = os.path.realpath(f"{folder}/{name}")
            if name not in found and os.path.isfile(path):
                found[name] = path
    return found | {os.path.basename(path): path for path in found.values()}


def covered(programs: dict[str, str]) -> list[str]:
    """Return the paths over which the instance's own program is laid, so that a script's absolute path finds it."""
    return sorted({path for path in programs.values() if os.path.basename(path) in _COVERED})
