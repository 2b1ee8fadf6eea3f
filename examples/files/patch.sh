#!/bin/sh
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Install pending updates with the package manager of the instance. Replace this with your own script.
set -eu

if command -v dnf >/dev/null 2>&1; then
  dnf --assumeyes --quiet upgrade
elif command -v yum >/dev/null 2>&1; then
  yum --assumeyes --quiet update
else
  apt-get --quiet update
  DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes upgrade
fi
