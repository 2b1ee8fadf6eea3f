# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the collection, by what they work on."""

from __future__ import annotations

from support.environments import REPOSITORY

ACTIONS = ["run_report"]
"""Work on the controller alone, with an action plugin of their own; the module is their documentation."""

MODULES = sorted({path.stem for path in (REPOSITORY / "plugins" / "modules").glob("[!_]*.py")} - set(ACTIONS))
"""Work on a cloud."""
