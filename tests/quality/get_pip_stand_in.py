# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give an ansible-test environment the pip that ships with Python, where ansible-test would download one."""

from __future__ import annotations

import ensurepip
import pathlib
import sysconfig
import zipfile

for wheel in (pathlib.Path(ensurepip.__file__).parent / "_bundled").glob("*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(sysconfig.get_path("purelib"))
