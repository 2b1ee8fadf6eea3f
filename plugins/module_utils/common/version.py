# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The version of the collection, as galaxy.yml states it."""

from __future__ import annotations

COLLECTION = "cloudops.cloud_assistant"
VERSION = "0.1.0"
