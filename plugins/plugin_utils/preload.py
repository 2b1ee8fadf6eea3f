# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nearly every task of this collection needs and what takes long to load: the HTTP library and the client."""

from __future__ import annotations

import requests  # noqa: F401
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba import options  # noqa: F401
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant import models  # noqa: F401
