# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Where credentials come from; what they consist of is each cloud's own."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

Given_co = TypeVar("Given_co", covariant=True)
Held = TypeVar("Held")


class CredentialSource(Protocol[Given_co]):
    """Gives the credentials that are valid now."""

    def get(self) -> Given_co:
        """Return valid credentials, renewing them when they are about to expire. Raises CloudError."""


class StaticSource(Generic[Held]):
    """Credentials that stay the same: from options, the environment or a profile file."""

    def __init__(self, credentials: Held) -> None:
        self._credentials = credentials

    def get(self) -> Held:
        """Return the credentials."""
        return self._credentials
