#!/bin/sh
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the scripts in /etc/decommission.d in order to take the machine out of service. If one fails, the others are
# skipped and the machine is kept. Then prints the last lines of the system logs.

status=0
for hook in /etc/decommission.d/*; do
    [ -x "$hook" ] || continue
    echo "== $hook"
    "$hook"
    status=$?
    if [ "$status" -ne 0 ]; then
        echo "== $hook failed with exit code $status"
        break
    fi
done
for log in /var/log/messages /var/log/syslog; do
    [ -r "$log" ] || continue
    echo "== end of $log"
    tail -n 100 "$log"
done
exit "$status"
