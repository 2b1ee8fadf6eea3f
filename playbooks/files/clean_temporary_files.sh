#!/bin/sh
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Deletes files under /tmp that nobody has read or written for a number of days (parameter: days).
days="{{days}}"
find /tmp -xdev -type f -atime "+$days" -mtime "+$days" -print -delete
