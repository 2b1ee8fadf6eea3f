# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The form in which an inventory source keeps host records in a cache: whole and of this version, or not used."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..module_utils.common.version import VERSION

Records = list[dict[str, Any]]


def pack(records: Records) -> dict[str, str]:
    """Return what to keep of the records.

    They are kept as one text: Ansible's cache plugins read dictionaries as values of its own if a key, here one of a
    tag, looks like ``__ansible_vault`` or ``__ansible_type``, and fail on what they find there.
    """
    text = json.dumps(records)
    return {"version": VERSION, "sha256": _digest(text), "records": text}


def unpack(kept: Any) -> Records | None:
    """Return the records that were kept; None if another version kept them, or if they are damaged or foreign."""
    if not isinstance(kept, dict) or kept.get("version") != VERSION:
        return None
    text = kept.get("records")
    if not isinstance(text, str) or kept.get("sha256") != _digest(text):
        return None
    records: Records = json.loads(text)
    return records


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
