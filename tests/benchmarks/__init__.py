# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements side by side with other ways to do the same, printed as tables: ``python -m benchmarks`` from tests/."""

import support.loader  # noqa: F401
