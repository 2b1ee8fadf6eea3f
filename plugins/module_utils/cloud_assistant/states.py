# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The states of invocations, and of one instance in them."""

from __future__ import annotations

STATES = ("Pending", "Scheduled", "Running", "Stopping", "Success", "PartialFailed", "Failed", "Stopped")
"""States of an invocation as a whole (DescribeInvocations, InvocationStatus)."""

LIVE = frozenset({"Pending", "Scheduled", "Running", "Stopping"})
"""States of an invocation, or of one instance in it, that will still change by themselves."""

SKIPPED = "Skipped"
"""Our own status of an instance that was deliberately skipped: nothing was sent to it."""
