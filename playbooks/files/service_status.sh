#!/bin/sh
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Shows whether a service is running (parameter: service). The script succeeds even if the service is stopped.
service="{{service}}"
if command -v systemctl >/dev/null 2>&1; then
    echo "$service: $(systemctl is-active "$service" 2>/dev/null || true)"
else
    echo "$service: unknown, there is no systemd here"
fi
