# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of single values, each with one wording."""

from __future__ import annotations

from ..common.errors import InputError


def is_text(value: str) -> bool:
    """Whether a value can be sent: Ansible hands on undecodable bytes as characters that have no UTF-8 form."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def refuse_empty(**selectors: str | None) -> None:
    """Raise InputError for a name or an id that is given and empty: the service takes such a filter for none at all."""
    for option, value in selectors.items():
        if value is not None and not value.strip():
            raise InputError(option, "must not be empty")
