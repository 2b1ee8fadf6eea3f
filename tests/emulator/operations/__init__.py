# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations, one room a group; importing this package registers them all."""

from __future__ import annotations

from . import agents, commands, files, instances, invocations, power, regions, results, runs, tags

__all__ = ["agents", "commands", "files", "instances", "invocations", "power", "regions", "results", "runs", "tags"]
